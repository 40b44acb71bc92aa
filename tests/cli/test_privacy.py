from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Outcome, Zaphod
from tests.support.people import ALL_KINDS, TENANT, admit, events, opened
from tests.support.records import a_response

from zaphod.records.keeping import KeepingOptions
from zaphod.records.privacy.office import Office

CLINIC = ("--tenant", TENANT)


@pytest.fixture
def place(tmp_path: Path) -> KeepingOptions:
    """Where the commands look, too."""
    tmp_path.chmod(0o700)
    return KeepingOptions(state_dir=tmp_path / "data/zaphod")


@pytest.fixture
def clinic(place: KeepingOptions) -> Callable[[], contextlib.AbstractContextManager[Office]]:
    """Opens what is kept, beside the commands, as a server does."""

    @contextlib.contextmanager
    def open_once() -> Iterator[Office]:
        with opened(place) as office:
            yield office

    with open_once() as office:
        for subject in ("ada", "bob"):
            admit(office, subject, secret=f"of {subject}")
    return open_once


Clinic = Callable[[], contextlib.AbstractContextManager[Office]]


def told(clinic: Clinic, action: str) -> list[str]:
    with clinic() as office:
        return [decision for _, decision in events(office, action)]


def test_a_persons_copy_is_written_for_its_owner_alone(zaphod: Zaphod, clinic: Clinic, tmp_path: Path) -> None:
    out = tmp_path / "ada.json"
    done = zaphod("privacy", "export", "ada", *CLINIC, "--out", str(out), "--json")
    assert (done.code, done.json["num_records"]["conversations"], done.json["num_unreadable"]) == (0, 1, 0)
    assert (out.stat().st_mode & 0o777, "of ada" in out.read_text(), "of bob" in out.read_text()) == (
        0o600,
        True,
        False,
    )
    assert told(clinic, "privacy.export") == ["allow"]


def test_without_a_file_the_copy_is_the_output(zaphod_process: Zaphod, clinic: Clinic) -> None:
    done = zaphod_process("privacy", "export", "ada", *CLINIC)
    assert (done.code, done.json["subject"], len(done.json["conversations"])) == (0, "ada", 1)


def test_a_copy_replaces_no_file_and_an_error_leaves_none(zaphod: Zaphod, clinic: Clinic, tmp_path: Path) -> None:
    out = tmp_path / "ada.json"
    out.write_text("mine")
    assert zaphod("privacy", "export", "ada", *CLINIC, "--out", str(out)).code == 2
    assert out.read_text() == "mine"
    assert zaphod("privacy", "export", "a\nb", *CLINIC, "--out", str(tmp_path / "x.json")).code == 5
    assert not list(tmp_path.glob("x.json*"))


def test_an_export_that_is_not_whole_says_so(zaphod: Zaphod, clinic: Clinic, tmp_path: Path) -> None:
    with clinic() as office:
        office.own.responses.add(a_response(subject="ada"))
    done = zaphod("privacy", "export", "ada", *CLINIC, "--out", str(tmp_path / "ada.json"))
    assert (done.code, "2 could not be opened" in done.out) == (10, True)


def test_erasing_tells_what_it_did_and_what_remains(zaphod: Zaphod, clinic: Clinic) -> None:
    done = zaphod("privacy", "erase", "ada", *CLINIC, "--yes")
    assert (done.code, "1 keys destroyed" in done.out, "What remains" in done.out) == (0, True, True)
    again = zaphod("privacy", "erase", "ada", *CLINIC, "--yes", "--json").json
    assert (again["was_nothing"], again["num_keys"]) == (True, 0)
    assert told(clinic, "privacy.erase") == ["begin", "done", "nothing_held"]
    assert zaphod("audit", "verify").code == 0


def test_nobody_is_erased_unasked(zaphod_process: Zaphod, clinic: Clinic) -> None:
    refused = zaphod_process("privacy", "erase", "ada", *CLINIC)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    with clinic() as office:
        assert office.own.count_of_subject("ada") == ALL_KINDS


def test_a_dry_run_of_an_erasure_counts(zaphod: Zaphod, clinic: Clinic) -> None:
    found = zaphod("privacy", "erase", "ada", *CLINIC, "--dry-run", "--json").json
    assert found == {"is_dry_run": True, "num_records": ALL_KINDS, "has_key": True}
    with clinic() as office:
        assert office.own.count_of_subject("ada") == ALL_KINDS


def test_a_misspelt_tenant_is_no_duty_done(zaphod: Zaphod, clinic: Clinic, place: KeepingOptions) -> None:
    for verb in (("export", "ada"), ("erase", "ada", "--yes"), ("unrestrict", "ada"), ("retention", "apply")):
        refused = zaphod("privacy", *verb, "--tenant", "clinik")
        assert (refused.code, "'clinic'" in refused.err) == (2, True)
    assert not (place.audit_folder / "t-clinik").exists()


def test_a_record_is_put_right(zaphod: Zaphod, clinic: Clinic, tmp_path: Path) -> None:
    copy = zaphod_export(zaphod, "ada", tmp_path)
    record = copy["responses"][0]["body"]["record"]
    (tmp_path / "right").write_text("right")
    flags = (*CLINIC, "--record", record, "--content", str(tmp_path / "right"))
    assert zaphod("privacy", "rectify", "ada", *flags).code == 0
    assert zaphod_export(zaphod, "ada", tmp_path)["responses"][0]["body"]["text"] == "right"
    assert zaphod("privacy", "rectify", "bob", *flags).code == 5
    assert told(clinic, "privacy.rectify") == ["allow"]


def zaphod_export(zaphod: Zaphod, subject: str, folder: Path) -> Any:
    out = folder / "copy.json"
    assert zaphod("privacy", "export", subject, *CLINIC, "--out", str(out)).code == 0
    found = json.loads(out.read_text())
    out.unlink()
    return found


def test_a_person_is_restricted_and_not_erased_meanwhile(zaphod: Zaphod, clinic: Clinic) -> None:
    assert zaphod("privacy", "restrict", "ada", *CLINIC, "--ground", "claims", "--json").json["is_restricted"]
    assert "Already restricted since" in zaphod("privacy", "restrict", "ada", *CLINIC, "--ground", "claims").out
    assert zaphod("privacy", "erase", "ada", *CLINIC, "--yes").code == 5
    assert "Now not restricted" in zaphod("privacy", "unrestrict", "ada", *CLINIC).out
    assert zaphod("privacy", "erase", "ada", *CLINIC, "--yes").code == 0
    assert told(clinic, "privacy.restrict") + told(clinic, "privacy.unrestrict") == ["allow"] * 3
    assert zaphod("privacy", "restrict", "ada", *CLINIC, "--ground", "why").code == 2


def test_a_consent_is_to_certain_words(zaphod: Zaphod, clinic: Clinic, tmp_path: Path) -> None:
    asked = tmp_path / "asked.txt"
    asked.write_bytes(b"May we?")
    digest = hashlib.sha256(b"May we?").hexdigest()
    given = zaphod("privacy", "consent", "record", "eve", "news", *CLINIC, "--wording", str(asked), "--json").json
    assert (given["is_given"], given["wording_sha256"]) == (True, digest)
    zaphod("privacy", "consent", "withdraw", "eve", "news", *CLINIC)
    zaphod("privacy", "consent", "record", "eve", "news", *CLINIC, "--wording-sha256", digest, "--actor", "desk-3")
    words = zaphod("privacy", "consent", "show", "eve", *CLINIC, "--json").json["consents"]
    assert [(word["is_given"], word["actor"]) for word in words] == [(True, USER), (False, USER), (True, "desk-3")]
    assert "taken back" in zaphod("privacy", "consent", "show", "eve", *CLINIC).out
    assert zaphod("privacy", "consent", "record", "eve", "news", *CLINIC).code == 2
    assert zaphod("privacy", "consent", "record", "eve", "news", *CLINIC, "--wording", "absent").code == 2


USER = f"cli:{pwd.getpwuid(os.geteuid()).pw_name}"


def test_the_actor_is_who_the_system_says(zaphod: Zaphod, clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert getpass.getuser() == "somebody-else"
    zaphod("privacy", "unrestrict", "ada", *CLINIC)
    found = zaphod("audit", "search", *CLINIC, "--action", "privacy.unrestrict", "--json").json["records"]
    assert [record["actor"] for record in found] == [USER]


def test_what_is_due_is_counted_and_then_removed(zaphod: Zaphod, clinic: Clinic) -> None:
    assert zaphod("privacy", "retention", "set", "responses", "2w", *CLINIC, "--json").json["keep_s"] == 14 * 86400
    due = zaphod("privacy", "retention", "apply", *CLINIC, "--dry-run", "--json").json["tenants"]
    assert (due[0]["num_records"], due[0]["is_dry_run"]) == ({"responses": 2}, True)
    assert "removed" in zaphod("privacy", "retention", "apply", "--all-tenants").out
    with clinic() as office:
        assert (office.own.responses.count(), office.own.conversations.count()) == (0, 2)
    kinds = zaphod("privacy", "retention", "show", *CLINIC, "--json").json["kinds"]
    shown = {one["kind"]: one["keep_s"] for one in kinds}
    assert (shown["responses"], shown["conversations"]) == (14 * 86400, None)
    zaphod("privacy", "retention", "set", "responses", "none", *CLINIC)
    assert "nothing is due" in zaphod("privacy", "retention", "apply", *CLINIC).out
    assert told(clinic, "privacy.retention.apply") == ["dry_run", "begin", "done", "begin", "done"]


@pytest.mark.parametrize(("kind", "time"), [("conversation", "3d"), ("responses", "3"), ("responses", "-3d"), ("", "")])
def test_an_impossible_time_is_refused(zaphod: Zaphod, clinic: Clinic, kind: str, time: str) -> None:
    assert zaphod("privacy", "retention", "set", *CLINIC, "--", kind, time).code == 2


def test_without_an_audit_nothing_is_done(zaphod: Zaphod, clinic: Clinic, place: KeepingOptions) -> None:
    for path in place.audit_folder.glob("t-clinic/*.jsonl"):
        path.write_bytes(path.read_bytes()[:-10])
    refused: list[Outcome] = [
        zaphod("privacy", "erase", "ada", *CLINIC, "--yes"),
        zaphod("privacy", "restrict", "ada", *CLINIC, "--ground", "claims"),
        zaphod("privacy", "retention", "set", "responses", "1d", *CLINIC),
        zaphod("privacy", "consent", "withdraw", "ada", "training", *CLINIC),
        zaphod("privacy", "export", "ada", *CLINIC, "--out", str(place.folder / "x")),
    ]
    assert [outcome.code for outcome in refused] == [12] * 5
    assert not (place.folder / "x").exists()


def test_every_verb_works_on_postgresql(
    zaphod: Zaphod, postgres_url: str, place: KeepingOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZAPHOD_DATABASE", postgres_url)
    with opened(KeepingOptions(state_dir=place.state_dir, database=postgres_url)) as office:
        admit(office, "ada")
    (tmp_path / "asked").write_text("May we?")
    out = tmp_path / "ada.json"
    for verb in (
        ("consent", "record", "ada", "news", "--wording", str(tmp_path / "asked")), ("consent", "show", "ada"),
        ("consent", "withdraw", "ada", "news"), ("restrict", "ada", "--ground", "claims"), ("unrestrict", "ada"),
        ("export", "ada", "--out", str(out)), ("retention", "set", "responses", "1d"), ("retention", "apply"),
        ("erase", "ada", "--yes"),
    ):  # fmt: skip
        assert zaphod("privacy", *verb, *CLINIC, "--json").code == 0
    assert "PostgreSQL" in zaphod("privacy", "report").out
    assert (len(json.loads(out.read_text())["consents"]), zaphod("audit", "verify").code) == (3, 0)


def test_every_privacy_verb_has_an_example_that_names_it(zaphod: Zaphod) -> None:
    verbs = ("export", "erase", "rectify", "restrict", "unrestrict", "report", "retention show", "retention set",
             "retention apply", "consent record", "consent withdraw", "consent show")  # fmt: skip
    for verb in verbs:
        outcome = zaphod("privacy", *verb.split(), "--help")
        assert (outcome.code, f"zaphod privacy {verb}" in outcome.out, "--json" in outcome.out) == (0, True, True)


def test_the_report_is_printed_written_as_a_page_or_as_json(zaphod: Zaphod, clinic: Clinic, tmp_path: Path) -> None:
    assert "45 CFR 164.312(b) · audit controls · required" in zaphod("privacy", "report").out
    page = tmp_path / "report.html"
    assert zaphod("privacy", "report", "--html", str(page)).out == f"{page}\n"
    assert (page.stat().st_mode & 0o777, page.read_text().startswith("<!doctype html>")) == (0o600, True)
    found = zaphod("privacy", "report", "--json").json
    assert (len(found["controls"]), found["installation"]["kek"]["kind"]) == (24, "file")
    told = zaphod("audit", "search", "--action", "privacy.report", "--json").json["records"]
    assert [record["actor"] for record in told] == [USER] * 3


def test_a_breach_tells_who_may_be_concerned(zaphod: Zaphod, clinic: Clinic) -> None:
    flags = ("--breach", "--since", "1h", "--people")
    (found,) = zaphod("privacy", "report", *flags, *CLINIC, "--json").json["breach"]["tenants"]
    assert (found["num_people"], found["people"]) == (2, ["ada", "bob"])
    assert "clinic: ada, bob" in zaphod("privacy", "report", *flags).out
    assert zaphod("privacy", "report", "--since", "1h").code == 2
    assert zaphod("privacy", "report", "--breach", "--since", "soon").code == 2
