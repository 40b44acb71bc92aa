from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.key_table import MemoryKeyTable

from zaphod.core.errors import DestroyedKeyError, WrongKeyError
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.vault import Vault
from zaphod.safety.vault.wrapped_key import WrappedKey

HERE = {"tenant": "acme", "subject": "alice", "record": "conv_1"}
ALICE = {"tenant": "acme", "subject": "alice"}
OpenVault = Callable[..., Vault]
NewKek = Callable[[], KekProvider]


def test_a_new_kek_opens_what_the_former_one_closed(
    vault: Vault, open_vault: OpenVault, kek: KekProvider, new_kek: NewKek
) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    newer = new_kek()
    assert open_vault(newer, kek).rotate_kek() == 1
    assert open_vault(newer).decrypt(sealed, **HERE) == b"a secret"
    with pytest.raises(WrongKeyError):
        open_vault(kek).decrypt(sealed, **HERE)


def test_rotating_the_kek_touches_tenants_keys_only(
    vault: Vault, open_vault: OpenVault, kek: KekProvider, new_kek: NewKek, table: MemoryKeyTable
) -> None:
    vault.encrypt(b"a secret", **HERE)
    before = dict(table.rows)
    open_vault(new_kek(), kek).rotate_kek()
    changed = [row.subject for name, row in table.rows.items() if row != before[name]]
    assert changed == [""]


def test_rotating_the_kek_goes_on_where_it_was_stopped(
    vault: Vault, open_vault: OpenVault, kek: KekProvider, new_kek: NewKek, table: MemoryKeyTable
) -> None:
    places = [{"tenant": tenant, "subject": "s", "record": "r"} for tenant in ("a", "b", "c")]
    sealed = [vault.encrypt(b"x", **place) for place in places]
    newer, replace = new_kek(), table.replace

    def stopping_replace(row: WrappedKey) -> None:
        if row.tenant == "b":
            raise KeyboardInterrupt
        replace(row)

    table.replace = stopping_replace  # type: ignore[method-assign]
    both = open_vault(newer, kek)
    with pytest.raises(KeyboardInterrupt):
        both.rotate_kek()
    table.replace = replace  # type: ignore[method-assign]
    assert [both.decrypt(one, **place) for one, place in zip(sealed, places, strict=True)] == [b"x"] * 3
    both.rotate_kek()
    assert [open_vault(newer).decrypt(one, **place) for one, place in zip(sealed, places, strict=True)] == [b"x"] * 3


def test_a_rotated_tenant_has_a_new_key_in_use_and_old_records_open(
    vault: Vault, open_vault: OpenVault, table: MemoryKeyTable
) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    assert vault.rotate(tenant="acme") == 1
    own = [row for row in table.rows.values() if not row.subject]
    assert [row.retired_s is None for row in own] == [False, True]
    assert {row.wrapping_key_id for row in table.rows.values() if row.subject} == {own[1].key_id}
    for one in (vault, open_vault()):
        assert one.decrypt(sealed, **HERE) == b"a secret"


def test_a_rotation_that_was_stopped_leaves_everything_open(
    vault: Vault, open_vault: OpenVault, table: MemoryKeyTable
) -> None:
    """Stopped at each of its writes in turn."""
    sealed, digest = vault.encrypt(b"a secret", **HERE), vault.digest_key("acme")
    replace, add = table.replace, table.add
    for last in range(4):
        left = last

        def counted(write):  # type: ignore[no-untyped-def]
            def counting(row: WrappedKey):  # type: ignore[no-untyped-def]
                nonlocal left
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
                return write(row)

            return counting

        table.replace, table.add = counted(replace), counted(add)  # type: ignore[method-assign]
        if last < 3:
            with pytest.raises(KeyboardInterrupt):
                vault.rotate(tenant="acme")
        else:
            assert vault.rotate(tenant="acme") == 1
        table.replace, table.add = replace, add  # type: ignore[method-assign]
        fresh = open_vault()
        assert fresh.decrypt(sealed, **HERE) == b"a secret"
        assert fresh.decrypt(fresh.encrypt(b"more", **HERE), **HERE) == b"more"
        assert fresh.digest_key("acme") == digest


def test_a_rotated_subject_seals_with_a_new_key_and_reads_with_both(vault: Vault) -> None:
    old = vault.encrypt(b"old", **HERE)
    vault.rotate_subject(**ALICE)
    new = vault.encrypt(b"new", **HERE)
    assert old[6:22] != new[6:22]
    assert (vault.decrypt(old, **HERE), vault.decrypt(new, **HERE)) == (b"old", b"new")


def test_a_subject_without_a_key_is_not_rotated(vault: Vault) -> None:
    with pytest.raises(DestroyedKeyError):
        vault.rotate_subject(**ALICE)
    vault.encrypt(b"x", **HERE)
    vault.shred(**ALICE)
    with pytest.raises(DestroyedKeyError):
        vault.rotate_subject(**ALICE)


def test_reencrypting_moves_a_record_to_the_key_in_use_and_keeps_its_version(vault: Vault) -> None:
    old = vault.encrypt(b"old", **HERE, sequence=3)
    assert vault.reencrypt(old, **HERE) == old
    vault.rotate_subject(**ALICE)
    new = vault.reencrypt(old, **HERE)
    assert new[6:22] == vault.encrypt(b"", **HERE)[6:22] != old[6:22]
    assert vault.decrypt(new, **HERE, sequence=3) == b"old"


def test_a_key_destroyed_in_the_middle_of_a_rotation_does_not_come_back(
    vault: Vault, open_vault: OpenVault, table: MemoryKeyTable
) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    replace, other = table.replace, open_vault()

    def shredding_replace(row: WrappedKey) -> None:
        if row.subject:
            table.replace = replace  # type: ignore[method-assign]
            other.shred(**ALICE)
        replace(row)

    table.replace = shredding_replace  # type: ignore[method-assign]
    assert vault.rotate(tenant="acme") == 0
    with pytest.raises(DestroyedKeyError):
        vault.decrypt(sealed, **HERE)


def test_digest_keys_differ_by_tenant_and_purpose_and_outlive_rotations(
    vault: Vault, open_vault: OpenVault, kek: KekProvider, new_kek: NewKek
) -> None:
    keys = {vault.digest_key(tenant, purpose) for tenant in ("", "a", "b") for purpose in ("", "pseudonyms", "audit")}
    assert {len(key) for key in keys} == {32}
    assert len(keys) == 9
    vault.rotate(tenant="a")
    newer = new_kek()
    open_vault(newer, kek).rotate_kek()
    assert open_vault(newer).digest_key("a", "audit") in keys
    assert open_vault(newer).digest_key("a", "audit") == open_vault(newer, kek).digest_key("a", "audit")


def test_two_processes_that_rotate_at_once_leave_one_key_in_use(
    vault: Vault, open_vault: OpenVault, table: MemoryKeyTable
) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    replace, other = table.replace, open_vault()

    def racing_replace(row: WrappedKey) -> None:
        table.replace = replace  # type: ignore[method-assign]
        replace(row)
        other.rotate(tenant="acme")

    table.replace = racing_replace  # type: ignore[method-assign]
    vault.rotate(tenant="acme")
    assert len([row for row in table.rows.values() if not row.subject and row.retired_s is None]) == 1
    assert open_vault().decrypt(sealed, **HERE) == b"a secret"
