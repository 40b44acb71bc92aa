"""New keys in place of old ones; knows which envelopes to write, not what keys encrypt.

Every rotation can be stopped at any point and run again: at each moment every key that is kept can be unwrapped.
"""

from __future__ import annotations

from contextlib import suppress

from zaphod.core.errors import DestroyedKeyError
from zaphod.core.progress import SILENT, Progress
from zaphod.safety.vault.keyring import Keyring
from zaphod.safety.vault.wrapped_key import WrappedKey


def rotate_kek(keys: Keyring, progress: Progress = SILENT) -> int:
    """Wrap all tenants' keys by the KEK, whichever one of those at hand wrapped them; how many there were.

    Nothing that is sealed changes, and no subject's key does. Where the KEK has versions of its own (Vault's transit),
    this moves all to its newest one.
    """
    tenants = keys.table.tenants()
    num_wrapped = 0
    with progress.step("wrapping tenants' keys", len(tenants), "tenants") as advance:
        for tenant in tenants:
            for row in _own(keys, tenant):
                num_wrapped += _replace(keys, keys.rewrapped_tenant_key(row))
            advance(1)
    keys.forget()
    return num_wrapped


def rotate_tenant(keys: Keyring, tenant: str, progress: Progress = SILENT) -> int:
    """A new key for the tenant, and all its subjects' keys under it; how many there were."""
    row = keys.table.in_use(tenant, "")
    if row is not None:
        _replace(keys, keys.retired(row))
    keys.add_tenant_key(tenant)
    keys.forget()
    under = keys.tenant_key_in_use(tenant)
    rows = [row for row in keys.table.of_tenant(tenant) if row.subject and row.wrapping_key_id != under.key_id]
    num_wrapped = 0
    with progress.step("wrapping subjects' keys", len(rows), "keys") as advance:
        for row in rows:
            with suppress(DestroyedKeyError):  # its tenant's key is gone, and so is it
                num_wrapped += _replace(keys, keys.rewrapped_data_key(row, under))
            advance(1)
    keys.forget()
    return num_wrapped


def rotate_subject(keys: Keyring, tenant: str, subject: str) -> None:
    """A new key for what is sealed from now on; the old one still opens what it has sealed.

    Raises:
        DestroyedKeyError: the subject has no key.
    """
    row = keys.table.in_use(tenant, subject)
    if row is None or not _replace(keys, keys.retired(row)):
        raise DestroyedKeyError(
            f"The subject {subject!r} of tenant {tenant!r} has no key.",
            "It was destroyed, or nothing was ever sealed for it.",
            "It gets one with the next record.",
        )
    keys.add_data_key(tenant, subject)
    keys.forget()


def _own(keys: Keyring, tenant: str) -> list[WrappedKey]:
    own: list[WrappedKey] = []
    for row in keys.table.of_tenant(tenant):
        if row.subject:
            break
        own.append(row)
    return own


def _replace(keys: Keyring, row: WrappedKey) -> bool:
    """False if it was destroyed meanwhile, which is right: it must not come back."""
    with suppress(KeyError):
        keys.table.replace(row)
        return True
    return False
