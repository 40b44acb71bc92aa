"""Consents, restrictions, retention and pseudonyms: what is kept because somebody has a right to it."""

from __future__ import annotations

import dataclasses

import pytest
from tests.support.records import a_consent, a_conversation, a_pseudonym, a_response, an_entry

from zaphod.core.errors import ConfigError
from zaphod.records.store import Store
from zaphod.records.tenant_store import TenantStore
from zaphod.safety.guard.pii.pseudonym_table import Seal
from zaphod.safety.guard.pii.pseudonyms import Pseudonyms
from zaphod.safety.guard.verdict import Hit
from zaphod.safety.vault.kek_environment import EnvironmentKek
from zaphod.safety.vault.vault import Vault


@pytest.fixture
def lab(store: Store) -> TenantStore:
    return store.tenant("lab")


def test_the_last_word_about_a_purpose_counts(lab: TenantStore) -> None:
    assert not lab.consents.is_given("ada", "training")
    lab.consents.add(a_consent(subject="ada", created_s=1))
    assert lab.consents.is_given("ada", "training")
    lab.consents.add(a_consent(subject="ada", created_s=2, is_given=False))
    assert not lab.consents.is_given("ada", "training")
    lab.consents.add(a_consent(subject="ada", created_s=3))
    assert lab.consents.is_given("ada", "training")
    assert not lab.consents.is_given("ada", "research")


def test_of_a_yes_and_a_no_in_one_second_the_no_counts(lab: TenantStore) -> None:
    lab.consents.add(a_consent(created_s=1, is_given=False))
    lab.consents.add(a_consent(created_s=1, is_given=True))
    assert not lab.consents.is_given("s", "training")


def test_every_consent_stays_provable(lab: TenantStore) -> None:
    given = [a_consent(created_s=n, is_given=n % 2 == 0) for n in range(3)]
    for consent in given:
        lab.consents.add(consent)
    assert lab.consents.change(given[0].id, sealed=b"again")
    again = dataclasses.replace(given[0], sealed=b"again")
    assert sorted(lab.consents.of_subject("s"), key=lambda one: one.created_s) == [again, *given[1:]]


def test_a_restriction_holds_until_it_is_lifted(lab: TenantStore) -> None:
    assert lab.restrictions.add("ada", 7)
    assert not lab.restrictions.add("ada", 9)
    assert lab.restrictions.all() == {"ada": 7}
    assert (lab.restrictions.is_restricted("ada"), lab.restrictions.is_restricted("bob")) == (True, False)
    assert lab.restrictions.lift("ada")
    assert not lab.restrictions.lift("ada")
    assert not lab.restrictions.is_restricted("ada")


def test_what_is_older_than_retention_allows_is_deleted_and_nothing_else(lab: TenantStore) -> None:
    for age_s in (10, 20, 30):
        lab.conversations.add(a_conversation(created_s=0, updated_s=100 - age_s))
        lab.responses.add(a_response(created_s=100 - age_s))
        lab.audit_index.add([an_entry(age_s, created_s=100 - age_s)])
    lab.retention.set("conversations", 20)
    lab.retention.set("audit_index", 5)
    assert lab.delete_expired(100, batch=1) == {"audit_index": 3, "conversations": 1}
    assert sorted(one.updated_s for one in lab.conversations.all()) == [80, 90]
    assert lab.responses.count() == 3
    assert lab.delete_expired(100) == {"audit_index": 0, "conversations": 0}


def test_retention_can_be_changed_and_ended(lab: TenantStore) -> None:
    lab.retention.set("responses", 5)
    lab.retention.set("responses", 6)
    lab.retention.set("consents", 0)
    assert lab.retention.all() == {"consents": 0, "responses": 6}
    lab.retention.set("consents", None)
    assert lab.retention.all() == {"responses": 6}


@pytest.mark.parametrize(("kind", "keep_s"), [("conversation", 5), ("responses", -1), ("responses", 2**63), ("", 1)])
def test_an_impossible_retention_is_refused(lab: TenantStore, kind: str, keep_s: int) -> None:
    with pytest.raises(ConfigError, match=r"kinds are|must be 0"):
        lab.retention.set(kind, keep_s)
    assert lab.retention.all() == {}


def test_a_pseudonym_leads_back_to_the_sealed_word(lab: TenantStore) -> None:
    kept = a_pseudonym(subject="ada", sealed=b"word")
    assert lab.pseudonyms.add(kept)
    assert not lab.pseudonyms.add(dataclasses.replace(kept, sealed=b"other"))
    assert lab.pseudonyms.get("ada", kept.pseudonym) == kept
    assert lab.pseudonyms.get("bob", kept.pseudonym) is None
    assert lab.pseudonyms.change("ada", kept.pseudonym, sealed=b"again")
    assert lab.pseudonyms.get("ada", kept.pseudonym) == dataclasses.replace(kept, sealed=b"again")


def test_the_guard_keeps_its_pseudonyms_here(store: Store) -> None:
    with Vault(store.wrapped_keys, EnvironmentKek("KEK", {"KEK": bytes(range(32)).hex()})) as vault:
        text = guarded(store, vault, "ada").pseudonymise("ada@example.org", [EMAIL])
        assert "ada" not in text
        assert guarded(store, vault, "ada").restore(text) == "ada@example.org"
        assert guarded(store, vault, "bob").restore(text) == text
        assert guarded(store, vault, "ada", tenant="other").restore(text) == text


def test_the_guards_word_that_stands_is_not_overwritten(store: Store) -> None:
    table = store.pseudonym_table
    place = {"tenant": "lab", "subject": "ada", "pseudonym": "NAME_a"}
    assert table.get(**place) is None
    assert [table.put(**place, sealed=sealed) for sealed in (b"1", b"2")] == [b"1", b"1"]
    assert table.get(**place) == b"1"


EMAIL = Hit(rule="pii.email", title="an address", start=0, end=15)


def guarded(store: Store, vault: Vault, subject: str, tenant: str = "lab") -> Pseudonyms:
    def seal(value: bytes, word: str) -> bytes:
        return vault.encrypt(value, tenant=tenant, subject=subject, record=word)

    def unseal(sealed: bytes, word: str) -> bytes:
        return vault.decrypt(sealed, tenant=tenant, subject=subject, record=word)

    own_seal = Seal(seal=seal, open=unseal)
    return Pseudonyms(b"k" * 32, store.pseudonym_table, tenant=tenant, subject=subject, seal=own_seal)


def test_a_subject_is_counted_and_deleted_everywhere(lab: TenantStore) -> None:
    for subject in ("ada", "bob"):
        lab.conversations.add(a_conversation(subject=subject))
        lab.responses.add(a_response(subject=subject))
        lab.consents.add(a_consent(subject=subject))
        lab.pseudonyms.add(a_pseudonym(subject=subject))
    lab.restrictions.add("ada", 1)
    lab.restrictions.add("eve", 1)
    all_of_one = {"conversations": 1, "responses": 1, "consents": 1, "pseudonyms": 1}
    assert lab.subjects() == ["ada", "bob", "eve"]
    assert lab.count_of_subject("ada") == all_of_one
    assert lab.delete_of_subject("ada") == all_of_one
    assert lab.count_of_subject("ada") == dict.fromkeys(all_of_one, 0)
    assert lab.count_of_subject("bob") == all_of_one
    assert lab.restrictions.is_restricted("ada")
