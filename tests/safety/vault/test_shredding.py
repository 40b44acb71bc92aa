from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.support.key_table import MemoryKeyTable

from zaphod.core.errors import ConfigError, DestroyedKeyError, IntegrityError
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.keyring import Keyring
from zaphod.safety.vault.vault import Vault

ALICE = {"tenant": "acme", "subject": "alice"}
OpenVault = Callable[..., Vault]


def test_every_copy_of_a_shredded_subject_is_closed_for_good(vault: Vault, open_vault: OpenVault) -> None:
    copies = [vault.encrypt(b"a secret", **ALICE, record=f"{number}") for number in range(3)]
    assert vault.shred(**ALICE) == 1
    for number, copy in enumerate(copies):
        for one in (vault, open_vault()):
            with pytest.raises(DestroyedKeyError):
                one.decrypt(copy, **ALICE, record=f"{number}")


def test_retired_keys_are_shredded_too(vault: Vault) -> None:
    old = vault.encrypt(b"old", **ALICE, record="1")
    vault.rotate_subject(**ALICE)
    vault.encrypt(b"new", **ALICE, record="1")
    assert vault.shred(**ALICE) == 2
    with pytest.raises(DestroyedKeyError):
        vault.decrypt(old, **ALICE, record="1")


def test_neither_the_kek_nor_the_tenants_key_opens_what_was_shredded(
    vault: Vault, table: MemoryKeyTable, kek: KekProvider
) -> None:
    """The thief has everything that is left: the copy, the table, the KEK."""
    sealed = vault.encrypt(b"a secret", **ALICE, record="1")
    vault.shred(**ALICE)
    tenant_key = Keyring(table, kek).tenant_key_in_use("acme")
    for half in (tenant_key.wrapping, tenant_key.digesting):
        for key in (half, half.derive(b"zaphod record v1" + sealed[30:46])):
            with pytest.raises(InvalidTag):
                AESGCM(key.reveal()).decrypt(sealed[46:58], sealed[58:], sealed[:58])
    assert [row.subject for row in table.rows.values()] == [""]


def test_a_new_key_after_shredding_is_another_one(vault: Vault, table: MemoryKeyTable) -> None:
    old = vault.encrypt(b"old", **ALICE, record="1")
    vault.shred(**ALICE)
    new = vault.encrypt(b"new", **ALICE, record="1")
    assert old[6:22] != new[6:22]
    assert vault.decrypt(new, **ALICE, record="1") == b"new"
    forged = new[:58] + old[58:]  # the new key's id on the old bytes
    with pytest.raises(IntegrityError):
        vault.decrypt(forged, **ALICE, record="1")


def test_a_row_put_back_from_a_back_up_is_what_a_back_up_must_not_keep(
    vault: Vault, table: MemoryKeyTable, open_vault: OpenVault
) -> None:
    """The limit that docs/vault.md states: an older copy of the table of keys undoes an erasure."""
    sealed = vault.encrypt(b"a secret", **ALICE, record="1")
    back_up = dict(table.rows)
    vault.shred(**ALICE)
    table.rows |= back_up
    assert open_vault().decrypt(sealed, **ALICE, record="1") == b"a secret"


def test_others_are_not_touched(vault: Vault) -> None:
    bob = vault.encrypt(b"of Bob", tenant="acme", subject="bob", record="1")
    namesake = vault.encrypt(b"of another Alice", tenant="other", subject="alice", record="1")
    vault.encrypt(b"a secret", **ALICE, record="1")
    vault.shred(**ALICE)
    assert vault.decrypt(bob, tenant="acme", subject="bob", record="1") == b"of Bob"
    assert vault.decrypt(namesake, tenant="other", subject="alice", record="1") == b"of another Alice"


def test_shredding_someone_unknown_destroys_nothing(vault: Vault) -> None:
    assert vault.shred(tenant="acme", subject="nobody") == 0


def test_another_process_stops_within_the_stated_time(vault: Vault, open_vault: OpenVault, clock) -> None:  # type: ignore[no-untyped-def]
    other = open_vault(cache_ttl_s=30)
    sealed = vault.encrypt(b"a secret", **ALICE, record="1")
    assert other.decrypt(sealed, **ALICE, record="1") == b"a secret"
    vault.shred(**ALICE)
    clock.now_s += 29.9
    assert other.decrypt(sealed, **ALICE, record="1") == b"a secret"  # this is what the time is for
    clock.now_s += 0.1
    with pytest.raises(DestroyedKeyError):
        other.decrypt(sealed, **ALICE, record="1")


def test_a_vault_that_asks_every_time_stops_at_once(vault: Vault, open_vault: OpenVault) -> None:
    other = open_vault(cache_ttl_s=0)
    sealed = vault.encrypt(b"a secret", **ALICE, record="1")
    assert other.decrypt(sealed, **ALICE, record="1") == b"a secret"
    vault.shred(**ALICE)
    with pytest.raises(DestroyedKeyError):
        other.decrypt(sealed, **ALICE, record="1")


def test_a_key_that_is_being_looked_up_while_it_is_shredded_is_not_kept(vault: Vault, table: MemoryKeyTable) -> None:
    sealed = vault.encrypt(b"a secret", **ALICE, record="1")
    vault.forget()
    find = table.find

    def shredding_find(tenant: str, key_id: str):  # type: ignore[no-untyped-def]
        row = find(tenant, key_id)
        if row is not None and row.subject:
            table.find = find  # type: ignore[method-assign]
            vault.shred(**ALICE)
        return row

    table.find = shredding_find  # type: ignore[method-assign]
    assert vault.decrypt(sealed, **ALICE, record="1") == b"a secret"  # it had been read before
    with pytest.raises(DestroyedKeyError):
        vault.decrypt(sealed, **ALICE, record="1")


def test_a_shredded_tenant_leaves_nothing(vault: Vault, table: MemoryKeyTable) -> None:
    sealed = [vault.encrypt(b"x", tenant="acme", subject=subject, record="1") for subject in ("alice", "bob")]
    old_digest = vault.digest_key("acme")
    assert vault.shred_tenant(tenant="acme") == 3
    assert table.rows == {}
    for subject, one in zip(("alice", "bob"), sealed, strict=True):
        with pytest.raises(DestroyedKeyError):
            vault.decrypt(one, tenant="acme", subject=subject, record="1")
    assert vault.digest_key("acme") != old_digest


def test_a_tenants_keys_go_even_if_one_of_them_resists(vault: Vault, table: MemoryKeyTable) -> None:
    for subject in ("alice", "bob"):
        vault.encrypt(b"x", tenant="acme", subject=subject, record="1")
    destroy = table.destroy

    def resisting(tenant: str, subject: str) -> int:
        if subject == "alice":
            raise ConfigError("Somebody reads.")
        return destroy(tenant, subject)

    table.destroy = resisting  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match="Somebody reads"):
        vault.shred_tenant(tenant="acme")
    assert [row.subject for row in table.rows.values()] == ["alice"]  # whose wrapping key is gone


def test_a_subject_whose_tenant_was_shredded_gets_a_usable_key(vault: Vault, table: MemoryKeyTable) -> None:
    """A process that had not noticed yet has left a key under the tenant's destroyed one."""
    vault.encrypt(b"x", **ALICE, record="1")
    orphan = next(row for row in table.rows.values() if row.subject)
    vault.shred_tenant(tenant="acme")
    table.add(orphan)
    sealed = vault.encrypt(b"new", **ALICE, record="2")
    assert vault.decrypt(sealed, **ALICE, record="2") == b"new"
    assert vault.rotate(tenant="acme") == 1


def test_a_table_that_answers_with_another_row_is_not_believed(vault: Vault, table: MemoryKeyTable) -> None:
    sealed = vault.encrypt(b"a secret", **ALICE, record="1")
    vault.forget()
    row = table.find("acme", sealed[6:22].hex())
    assert row is not None
    table.rows["acme", row.key_id] = dataclasses.replace(row, key_id="0" * 32)
    with pytest.raises(IntegrityError):
        vault.decrypt(sealed, **ALICE, record="1")
