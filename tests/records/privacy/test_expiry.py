"""The retention clock removes what is due, and nothing else, whenever it is stopped."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.support.people import admit, as_words, events, opened
from tests.support.records import a_conversation, a_response, an_entry

from zaphod.core.errors import AuditError, ConfigError
from zaphod.records.keeping import KeepingOptions
from zaphod.records.privacy.expiry import apply_retention, due, set_retention
from zaphod.records.privacy.office import Office
from zaphod.safety.audit.verify import verify

DAY_S = 86400


def test_what_is_due_goes_and_the_rest_stays(office: Office) -> None:
    now_s = int(office.now_s())
    for age_days in (1, 2, 3):
        office.own.conversations.add(a_conversation(updated_s=now_s - age_days * DAY_S))
        office.own.responses.add(a_response(created_s=now_s - age_days * DAY_S))
    office.own.audit_index.add([an_entry(1, created_s=1)])
    for kind, keep_s in (("conversations", 2 * DAY_S - 60), ("audit_index", 0)):
        set_retention(office, kind, keep_s)
    assert due(office) == {"audit_index": 1, "conversations": 2}
    assert apply_retention(office, batch=1).num_records == {"audit_index": 1, "conversations": 2}
    assert (office.own.conversations.count(), office.own.responses.count()) == (1, 3)


def test_a_dry_run_counts_and_removes_nothing(office: Office) -> None:
    admit(office, "ada")
    set_retention(office, "responses", DAY_S)
    told = apply_retention(office, is_dry_run=True)
    assert (told.num_records, told.is_dry_run, office.own.responses.count()) == ({"responses": 1}, True, 1)
    assert events(office, "privacy.retention.apply") == [("privacy.retention.apply", "dry_run")]


def test_each_tenant_has_its_own_clock(office: Office) -> None:
    other = Office(office.keeping, "other", actor="cli:ada")
    for one in (office, other):
        admit(one, "ada")
    set_retention(office, "responses", DAY_S)
    apply_retention(office)
    apply_retention(other)
    assert (office.own.responses.count(), other.own.responses.count()) == (0, 1)


def test_a_time_can_be_taken_back(office: Office) -> None:
    admit(office, "ada")
    set_retention(office, "responses", DAY_S)
    set_retention(office, "responses", None)
    assert (due(office), apply_retention(office).num_records) == ({}, {})


@pytest.mark.parametrize(("kind", "keep_s"), [("conversation", 1), ("responses", -1), ("x" * 500, 1)])
def test_an_impossible_time_is_refused_and_written_down_as_failed(office: Office, kind: str, keep_s: int) -> None:
    with pytest.raises(ConfigError):
        set_retention(office, kind, keep_s)
    assert [decision for _, decision in events(office, "privacy.retention.set")] == ["allow", "fail"]


def test_nothing_is_removed_that_cannot_be_written_down(office: Office) -> None:
    admit(office, "ada")
    set_retention(office, "responses", DAY_S)
    assert office.keeping.audit is not None
    office.keeping.audit.close()
    for do in (apply_retention, lambda office: set_retention(office, "responses", None)):
        with pytest.raises(AuditError):
            do(office)
    assert (office.own.responses.count(), office.own.retention.all()) == (1, {"responses": DAY_S})


def test_killed_between_two_batches_it_goes_on(place: KeepingOptions) -> None:
    with opened(place) as office:
        for _ in range(9):
            office.own.responses.add(a_response(created_s=1))
        set_retention(office, "responses", DAY_S)
    command = [sys.executable, "-m", "tests.records.privacy.children", "apply", as_words(place)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, input="")
    assert told.stdout.split() == ["killed"] * 3  # after one batch of two, after two more, after three more
    with opened(place) as office:
        assert due(office) == {} or office.own.responses.count() == 0
        assert apply_retention(office).num_records == {"responses": 0}
    assert verify(place.audit_folder, place.witness).is_sound
