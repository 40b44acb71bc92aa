"""Erasing a person destroys the keys, removes the rows and stays provable, whenever it is stopped."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.people import ALL_KINDS, TENANT, admit, as_words, events, opened

from zaphod.core.errors import AuditError, DestroyedKeyError, RequestError
from zaphod.core.progress import Advance
from zaphod.records.keeping import KeepingOptions
from zaphod.records.privacy.erasure import erase, held
from zaphod.records.privacy.office import Office
from zaphod.records.privacy.restriction import restrict, unrestrict
from zaphod.records.sealing import conversation_record
from zaphod.safety.audit.verify import verify

NUM_STOPS = 9


def is_open(office: Office, subject: str, conversation_id: str, sealed: bytes) -> bool:
    record = conversation_record(conversation_id)
    try:
        office.keeping.vault.forget()
        return b"secret" in office.sealing.open(sealed, subject=subject, record=record)
    except DestroyedKeyError:
        return False


def test_an_erased_persons_copies_are_closed_and_everybody_elses_open(office: Office) -> None:
    ids = {subject: admit(office, subject)["conv"] for subject in ("ada", "bob")}
    copies = {subject: office.own.conversations.get(ids[subject]) for subject in ids}
    done = erase(office, "ada")
    assert (done.num_keys, done.num_records, done.was_nothing, done.is_resumed) == (1, ALL_KINDS, False, False)
    assert held(office, "ada").is_nothing
    assert office.own.subjects() == ["bob"]
    for subject, is_left in (("ada", False), ("bob", True)):
        copy = copies[subject]
        assert copy is not None
        assert is_open(office, subject, ids[subject], copy.sealed) == is_left


def test_the_audit_tells_of_it_by_digest_and_still_verifies(office: Office) -> None:
    admit(office, "ada-lovelace")
    done = erase(office, "ada-lovelace")
    assert events(office, "privacy.erase", done.object) == [("privacy.erase", "begin"), ("privacy.erase", "done")]
    options = office.keeping.options
    text = b"".join(path.read_bytes() for path in options.audit_folder.rglob("*.jsonl"))
    assert (b"ada-lovelace" in text, done.object.encode() in text) == (False, True)
    office.keeping.close()
    assert verify(options.audit_folder, options.witness).is_sound


def test_it_says_what_remains_and_why(office: Office) -> None:
    admit(office, "ada")
    remains = erase(office, "ada").remains
    words = " ".join(remain.what for remain in remains)
    assert ("audit" in words, "table of keys" in words) == (True, True)
    assert ("PostgreSQL" in words) == (office.keeping.options.database is not None)
    assert all(remain.why and remain.until for remain in remains)


def test_once_more_finds_nothing_and_says_so(office: Office) -> None:
    admit(office, "ada")
    first = erase(office, "ada")
    again = erase(office, "ada")
    assert (again.was_nothing, again.num_keys, sum(again.num_records.values())) == (True, 0, 0)
    assert [decision for _, decision in events(office, "privacy.erase", first.object)] == [
        "begin", "done", "nothing_held",
    ]  # fmt: skip


def test_whoever_comes_back_gets_a_new_key_and_can_be_erased_again(office: Office) -> None:
    admit(office, "ada")
    erase(office, "ada")
    admit(office, "ada")
    assert erase(office, "ada").num_records == ALL_KINDS


def test_restricted_records_are_not_erased_until_the_restriction_is_lifted(office: Office) -> None:
    admit(office, "ada")
    restrict(office, "ada", "claims")
    with pytest.raises(RequestError, match="restricted"):
        erase(office, "ada")
    assert held(office, "ada").num_records == ALL_KINDS
    unrestrict(office, "ada")
    assert erase(office, "ada").num_records == ALL_KINDS


def test_nothing_is_done_that_cannot_be_written_down(office: Office) -> None:
    admit(office, "ada")
    assert office.keeping.audit is not None
    office.keeping.audit.close()
    with pytest.raises(AuditError):
        erase(office, "ada")
    assert (held(office, "ada").num_records, held(office, "ada").has_key) == (ALL_KINDS, True)


def test_where_the_end_cannot_be_written_it_says_how_far_it_came(office: Office) -> None:
    admit(office, "ada")
    audit = office.keeping.audit
    assert audit is not None

    class ClosesAfterTheKeys:
        """Listens, and closes the audit once the keys are gone."""

        num_steps = 0

        @contextlib.contextmanager
        def step(self, label: str, total: float, unit: str = "B") -> Iterator[Advance]:
            yield self.count if label == "erasing" else lambda amount: None

        def count(self, amount: float) -> None:
            self.num_steps += 1
            if self.num_steps == 2:
                audit.close()

    with pytest.raises(AuditError, match="1 keys were destroyed and 4 rows removed"):
        erase(office, "ada", progress=ClosesAfterTheKeys())
    assert held(office, "ada").is_nothing


def test_no_file_of_sqlite_still_names_the_person_or_holds_the_envelope(tmp_path: Path) -> None:
    with opened(KeepingOptions(state_dir=tmp_path / "state")) as office:
        admit(office, "ada-lovelace")
        row = office.keeping.store.wrapped_keys.in_use(TENANT, "ada-lovelace")
        assert row is not None
        before = b"".join(path.read_bytes() for path in (tmp_path / "state/tenants").rglob("records.sqlite*"))
        assert (b"ada-lovelace" in before, row.wrapped in before) == (True, True)
        erase(office, "ada-lovelace")
        after = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
        assert (b"ada-lovelace" in after, row.wrapped in after) == (False, False)


def test_killed_between_any_two_steps_it_goes_on_where_it_was(place: KeepingOptions) -> None:
    subjects = [f"person-{number}" for number in range(NUM_STOPS)]
    with opened(place) as office:
        for subject in subjects:
            admit(office, subject)
        admit(office, "bob")
    told = subprocess.run(
        [sys.executable, "-m", "tests.records.privacy.children", "erase", as_words(place)],
        input="\n".join(subjects), capture_output=True, text=True, check=True,
    )  # fmt: skip
    killed = told.stdout.split()
    assert killed == ["killed"] * (NUM_STOPS - 1) + ["done"]  # one batch for each kind, so eight steps are announced
    with opened(place) as office:
        for subject, how in zip(subjects, killed, strict=True):
            _finish(office, subject, how)
        assert held(office, "bob").num_records == ALL_KINDS
    assert verify(place.audit_folder, place.witness).is_sound


def _finish(office: Office, subject: str, how: str) -> None:
    name = office.object_of(subject)
    before = [decision for _, decision in events(office, "privacy.erase", name)]
    again = erase(office, subject)
    assert held(office, subject).is_nothing
    after = [decision for _, decision in events(office, "privacy.erase", name)]
    assert after.count("done") == 1
    if how == "done" or before == ["begin", "done"]:
        assert again.was_nothing
    else:
        assert (again.is_resumed, after) == (True, ["begin", "begin", "done"])


def _plain(place: KeepingOptions) -> dict[str, str | None]:
    return {"state_dir": str(place.state_dir), "database": place.database}
