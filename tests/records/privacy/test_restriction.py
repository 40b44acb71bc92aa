"""What is restricted is kept and not used: not opened, not deleted because it is old, not erased."""

from __future__ import annotations

import pytest
from tests.support.people import ALL_KINDS, admit, events

from zaphod.core.errors import AuditError, ConfigError, RequestError
from zaphod.records.privacy.expiry import apply_retention
from zaphod.records.privacy.office import Office
from zaphod.records.privacy.restriction import restrict, unrestrict
from zaphod.records.sealing import conversation_record


def read_of(office: Office, conversation_id: str) -> bytes:
    found = office.own.conversations.get(conversation_id)
    assert found is not None
    return office.sealing.open(found.sealed, subject=found.subject, record=conversation_record(conversation_id))


def test_restricted_records_are_kept_and_not_opened_until_it_is_lifted(office: Office) -> None:
    ids = {subject: admit(office, subject)["conv"] for subject in ("ada", "bob")}
    assert restrict(office, "ada", "objection").was_changed
    with pytest.raises(RequestError, match="not used"):
        read_of(office, ids["ada"])
    assert b"secret" in read_of(office, ids["bob"])
    assert office.own.count_of_subject("ada") == ALL_KINDS
    assert unrestrict(office, "ada").was_changed
    assert b"secret" in read_of(office, ids["ada"])


def test_restricted_records_outlive_their_time(office: Office) -> None:
    ids = {subject: admit(office, subject)["conv"] for subject in ("ada", "bob")}
    restrict(office, "ada", "claims")
    office.own.retention.set("conversations", 3600)
    done = apply_retention(office)
    assert (done.num_records, done.num_restricted) == ({"conversations": 1}, 1)
    assert (office.own.conversations.get(ids["ada"]) is None, office.own.conversations.get(ids["bob"])) == (False, None)


def test_once_more_changes_nothing_and_is_written_down(office: Office) -> None:
    first, again = (restrict(office, "ada", "accuracy") for _ in range(2))
    assert (first.was_changed, again.was_changed, first.since_s) == (True, False, again.since_s)
    assert [unrestrict(office, "ada").was_changed for _ in range(2)] == [True, False]
    actions = [action for action, _ in events(office, name=first.object)]
    assert actions == ["privacy.restrict"] * 2 + ["privacy.unrestrict"] * 2


def test_a_ground_is_one_of_four(office: Office) -> None:
    with pytest.raises(ConfigError, match="accuracy, unlawful, claims, objection"):
        restrict(office, "ada", "because")
    assert not office.own.restrictions.is_restricted("ada")


def test_nothing_is_restricted_that_cannot_be_written_down(office: Office) -> None:
    assert office.keeping.audit is not None
    office.keeping.audit.close()
    with pytest.raises(AuditError):
        restrict(office, "ada", "accuracy")
    assert not office.own.restrictions.is_restricted("ada")
