"""Who agreed to what, in which words, when, and who wrote it down."""

from __future__ import annotations

import pytest
from tests.support.people import events

from zaphod.core.errors import AuditError, RequestError
from zaphod.records.privacy import consent
from zaphod.records.privacy.office import Office

WORDING = consent.digest_of(b"May we train with what you say?")


def test_a_consent_names_purpose_wording_time_and_actor(office: Office) -> None:
    word = consent.record(office, "ada", "training", WORDING)
    assert (word.purpose, word.is_given, word.wording_sha256, word.actor) == ("training", True, WORDING, "cli:ada")
    assert word.created_s >= 1_700_000_000
    assert office.own.consents.is_given("ada", "training")


def test_it_is_taken_back_as_easily_and_at_once(office: Office) -> None:
    for _ in range(3):
        consent.record(office, "ada", "training", WORDING)
        assert office.own.consents.is_given("ada", "training")
        consent.withdraw(office, "ada", "training")
        assert not office.own.consents.is_given("ada", "training")


def test_a_clock_that_was_put_back_does_not_revive_an_older_word(office: Office) -> None:
    consent.record(office, "ada", "training", WORDING)
    office.now_s = lambda: 1000.0
    consent.withdraw(office, "ada", "training")
    assert not office.own.consents.is_given("ada", "training")


def test_every_word_stays_provable(office: Office) -> None:
    consent.record(office, "ada", "training", WORDING)
    consent.withdraw(office, "ada", "training")
    consent.record(office, "bob", "training", WORDING)
    told = [(word.is_given, word.wording_sha256) for word in consent.words_of(office, "ada")]
    assert told == [(True, WORDING), (False, "")]
    assert [action for action, _ in events(office)] == [
        "privacy.consent.record", "privacy.consent.withdraw", "privacy.consent.record", "privacy.consent.show",
    ]  # fmt: skip


@pytest.mark.parametrize("purpose", ["", "Training", "a b", "x" * 65, "é"])
def test_a_purpose_is_one_word(office: Office, purpose: str) -> None:
    with pytest.raises(RequestError, match="purpose"):
        consent.record(office, "ada", purpose, WORDING)
    assert events(office) == []


@pytest.mark.parametrize("digest", ["", "abc", "g" * 64, WORDING.upper()])
def test_a_wording_has_a_digest(office: Office, digest: str) -> None:
    with pytest.raises(RequestError, match="digest"):
        consent.record(office, "ada", "training", digest)
    assert office.own.consents.count() == 0


def test_no_consent_is_kept_that_cannot_be_written_down(office: Office) -> None:
    assert office.keeping.audit is not None
    office.keeping.audit.close()
    with pytest.raises(AuditError):
        consent.record(office, "ada", "training", WORDING)
    assert office.own.consents.count() == 0
