"""Which key opens which: KEK, tenant's key, subject's key; knows the table of envelopes, not what keys encrypt.

    KEK  wraps  a tenant's key  wraps  a subject's key  gives  a key for each record or stream

A tenant's key has two halves of 32 bytes. One wraps its subjects' keys. From the other come keys for keyed hashes;
it moves on when the tenant's key is rotated, because hashes and pseudonyms that are kept must stay comparable.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from zaphod.core.errors import ConfigError, DestroyedKeyError, IntegrityError, UnavailableError, WrongKeyError
from zaphod.safety.vault.kek import KekProvider, broken_envelope, unwrap_key, wrap_key
from zaphod.safety.vault.key_cache import KeyCache
from zaphod.safety.vault.place import joined
from zaphod.safety.vault.sealed_record import DataKey
from zaphod.safety.vault.secret_key import KEY_BYTES, SecretKey
from zaphod.safety.vault.wrapped_key import KeyTable, WrappedKey

_TENANT_KEY_BYTES = 2 * KEY_BYTES
_MAX_TRIES = 8


@dataclass(frozen=True, kw_only=True)
class VaultOptions:
    """How long unwrapped keys stay in memory.

    Args:
        cache_ttl_s: a key that another process has destroyed is not used any more after so long; 0 asks the table, and
            the KEK, every time.
        max_cached_keys: of tenants and of subjects, each.
    """

    cache_ttl_s: float = 30.0
    max_cached_keys: int = 4096

    def __post_init__(self) -> None:
        if not 0 <= self.cache_ttl_s <= 86400:
            raise ConfigError(
                f"cache_ttl_s is {self.cache_ttl_s}.", "It must be 0 to 86400 seconds.", "Destroying waits for it."
            )
        if self.max_cached_keys < 1:
            raise ConfigError(
                f"max_cached_keys is {self.max_cached_keys}.", "It must be 1 or more.", "0 seconds keep nothing."
            )


DEFAULT_OPTIONS = VaultOptions()


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantKey:
    """A tenant's key, out of its envelope.

    Args:
        key_id: its name.
        root: both halves.
    """

    key_id: str
    root: SecretKey

    @property
    def wrapping(self) -> SecretKey:
        """The half that wraps subjects' keys."""
        return SecretKey(self.root.reveal()[:KEY_BYTES])

    @property
    def digesting(self) -> SecretKey:
        """The half from which keys for hashes come."""
        return SecretKey(self.root.reveal()[KEY_BYTES:])


class Keyring:
    """Finds, makes and unwraps keys. Threads may share it.

    Args:
        table: keeps the envelopes.
        kek: wraps new tenants' keys.
        former: KEKs that older ones are still wrapped by.
        options: how long keys stay in memory.
        clock: seconds, monotonic.
        now_s: seconds since 1970.
    """

    def __init__(
        self,
        table: KeyTable,
        kek: KekProvider,
        *,
        former: Sequence[KekProvider] = (),
        options: VaultOptions = DEFAULT_OPTIONS,
        clock: Callable[[], float] = time.monotonic,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.table, self.kek = table, kek
        self._keks = {one.key_id: one for one in (*former, kek)}
        self._now_s = now_s
        limits = {"ttl_s": options.cache_ttl_s, "max_entries": options.max_cached_keys}
        self._tenant_keys: KeyCache[TenantKey] = KeyCache(clock=clock, **limits)  # type: ignore[arg-type]
        self._data_keys: KeyCache[DataKey] = KeyCache(clock=clock, **limits)  # type: ignore[arg-type]

    def data_key_in_use(self, tenant: str, subject: str) -> DataKey:
        """The subject's key to encrypt with, made where there is none."""
        generation = self._data_keys.generation
        key = self._data_keys.get((tenant, subject, None))
        if key is None:
            key = self._usable_data_key(tenant, subject)
            self._data_keys.put((tenant, subject, None), key, generation)
        return key

    def data_key(self, tenant: str, subject: str, key_id: str) -> DataKey:
        """The subject's key of that name.

        Raises:
            DestroyedKeyError: the tenant has no such key (any more).
            IntegrityError: it is another subject's.
        """
        generation = self._data_keys.generation
        key = self._data_keys.get((tenant, subject, key_id))
        if key is None:
            row = self._row(tenant, key_id)
            if row.subject != subject or not subject:
                raise IntegrityError(
                    "The sealed bytes belong to another subject.", "They open only where they were sealed."
                )
            key = self._unwrapped_data_key(row)
            self._data_keys.put((tenant, subject, key_id), key, generation)
        return key

    def tenant_key_in_use(self, tenant: str) -> TenantKey:
        """The tenant's key to wrap with, made where there is none."""
        generation = self._tenant_keys.generation
        key = self._tenant_keys.get((tenant, None))
        if key is None:
            key = self.unwrapped_tenant_key(self._row_in_use(tenant, "", lambda tenant, _: self.add_tenant_key(tenant)))
            self._tenant_keys.put((tenant, None), key, generation)
        return key

    def add_data_key(self, tenant: str, subject: str) -> bool:
        """A new key for a subject that has none in use; False if another process was faster."""
        return self.table.add(
            self.wrapped_data_key(tenant, subject, SecretKey.random(), self.tenant_key_in_use(tenant))
        )

    def add_tenant_key(self, tenant: str) -> bool:
        """A new key for a tenant that has none in use; False if another process was faster."""
        older = next((row for row in self.table.of_tenant(tenant) if not row.subject), None)
        digesting = SecretKey.random() if older is None else self.unwrapped_tenant_key(older).digesting
        root = SecretKey(SecretKey.random().reveal() + digesting.reveal())
        row = WrappedKey(
            key_id=secrets.token_hex(16),
            tenant=tenant,
            subject="",
            wrapping_key_id=self.kek.key_id,
            wrapped=b"",
            created_s=int(self._now_s()),
        )
        return self.table.add(replace(row, wrapped=self.kek.wrap(root, _bound(row))))

    def wrapped_data_key(self, tenant: str, subject: str, secret: SecretKey, under: TenantKey) -> WrappedKey:
        """A subject's new key in its envelope."""
        row = WrappedKey(
            key_id=secrets.token_hex(16),
            tenant=tenant,
            subject=subject,
            wrapping_key_id=under.key_id,
            wrapped=b"",
            created_s=int(self._now_s()),
        )
        return replace(row, wrapped=wrap_key(under.wrapping, secret, _bound(row)))

    def rewrapped_data_key(self, row: WrappedKey, under: TenantKey) -> WrappedKey:
        """The same key under another tenant's key."""
        secret = self._unwrapped_data_key(row).secret
        row = replace(row, wrapping_key_id=under.key_id)
        return replace(row, wrapped=wrap_key(under.wrapping, secret, _bound(row)))

    def rewrapped_tenant_key(self, row: WrappedKey) -> WrappedKey:
        """The same key under the KEK."""
        root = self.unwrapped_tenant_key(row).root
        row = replace(row, wrapping_key_id=self.kek.key_id)
        return replace(row, wrapped=self.kek.wrap(root, _bound(row)))

    def retired(self, row: WrappedKey) -> WrappedKey:
        """The same key, from now on for decrypting only."""
        return replace(row, retired_s=int(self._now_s()))

    def unwrapped_tenant_key(self, row: WrappedKey) -> TenantKey:
        """A tenant's key out of its envelope.

        Raises:
            WrongKeyError: its KEK is not at hand.
            IntegrityError: the envelope does not open.
        """
        kek = self._keks.get(row.wrapping_key_id)
        if kek is None:
            raise WrongKeyError(
                f"A key of tenant {row.tenant!r} is wrapped by {row.wrapping_key_id}.",
                f"At hand is {', '.join(self._keks)}.",
                "Give the KEK that it was wrapped by; after a change of the KEK, give the former one beside the new.",
            )
        root = kek.unwrap(row.wrapped, _bound(row))
        if len(root) != _TENANT_KEY_BYTES:
            raise broken_envelope()
        return TenantKey(key_id=row.key_id, root=root)

    def forget(self) -> None:
        """Drop every unwrapped key."""
        self._tenant_keys.clear()
        self._data_keys.clear()

    def close(self) -> None:
        """Drop every unwrapped key, and end what the KEKs have open."""
        self.forget()
        for kek in self._keks.values():
            kek.close()

    def _usable_data_key(self, tenant: str, subject: str) -> DataKey:
        """A process that did not know yet that a tenant was destroyed may have left a key which nothing opens."""
        row = self._row_in_use(tenant, subject, self.add_data_key)
        try:
            return self._unwrapped_data_key(row)
        except DestroyedKeyError:
            with suppress(KeyError):
                self.table.replace(self.retired(row))
            return self._unwrapped_data_key(self._row_in_use(tenant, subject, self.add_data_key))

    def _unwrapped_data_key(self, row: WrappedKey) -> DataKey:
        wrapping = self._tenant_key(row.tenant, row.wrapping_key_id).wrapping
        secret = unwrap_key(wrapping, row.wrapped, _bound(row))
        if len(secret) != KEY_BYTES:
            raise broken_envelope()
        return DataKey(key_id=row.key_id, secret=secret)

    def _tenant_key(self, tenant: str, key_id: str) -> TenantKey:
        generation = self._tenant_keys.generation
        key = self._tenant_keys.get((tenant, key_id))
        if key is None:
            row = self._row(tenant, key_id)
            if row.subject:
                raise broken_envelope()
            key = self.unwrapped_tenant_key(row)
            self._tenant_keys.put((tenant, key_id), key, generation)
        return key

    def _row(self, tenant: str, key_id: str) -> WrappedKey:
        row = self.table.find(tenant, key_id)
        if row is None:
            raise DestroyedKeyError(
                f"Tenant {tenant!r} has no key {key_id}.",
                "It was destroyed, or the sealed bytes were changed or belong to another tenant.",
                "What was sealed with a destroyed key stays closed for good.",
            )
        # NOTE: what a table says must be what was asked for, and what the envelope is bound to.
        if (row.tenant, row.key_id) != (tenant, key_id):
            raise broken_envelope()
        return row

    def _row_in_use(self, tenant: str, subject: str, make: Callable[[str, str], bool]) -> WrappedKey:
        for _ in range(_MAX_TRIES):
            row = self.table.in_use(tenant, subject)
            if row is None:
                make(tenant, subject)
            elif (row.tenant, row.subject) == (tenant, subject):
                return row
            else:
                raise broken_envelope()
        raise UnavailableError(
            "A new key is gone again as soon as it is kept.", "Someone is destroying this subject's keys.", "Try later."
        )


def _bound(row: WrappedKey) -> bytes:
    """What an envelope is bound to, so that it opens in no other row."""
    return joined("zaphod key v1", row.tenant, row.subject, row.key_id, row.wrapping_key_id)
