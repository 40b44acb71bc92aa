"""A key in its envelope, and the table that keeps envelopes; knows no cipher and no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class WrappedKey:
    """A key that only the key above it can open.

    Args:
        key_id: names it in what is encrypted with it; unique among all tenants.
        tenant: whose it is.
        subject: the person whose data it encrypts; empty for the tenant's own key, which wraps its subjects' keys.
        wrapping_key_id: which key opens the envelope: a KEK's id for a tenant's key, a tenant key's id for a subject's.
        wrapped: the envelope.
        created_s: when, in seconds since 1970.
        retired_s: since when it only decrypts; None for the one in use.
    """

    key_id: str
    tenant: str
    subject: str
    wrapping_key_id: str
    wrapped: bytes
    created_s: int
    retired_s: int | None = None


class KeyTable(Protocol):
    """Keeps envelopes. `zaphod.records` has one in a database."""

    def add(self, key: WrappedKey) -> bool:
        """Keep it as the one in use; False, and nothing is kept, if that tenant and subject has one in use already."""

    def replace(self, key: WrappedKey) -> None:
        """The same key in another envelope, or retired. KeyError if it was destroyed meanwhile."""

    def find(self, tenant: str, key_id: str) -> WrappedKey | None:
        """By its name, within a tenant."""

    def in_use(self, tenant: str, subject: str) -> WrappedKey | None:
        """The one to encrypt with."""

    def destroy(self, tenant: str, subject: str) -> int:
        """Overwrite and remove all keys of a subject; how many there were."""

    def of_tenant(self, tenant: str) -> Iterator[WrappedKey]:
        """All of a tenant, its own first."""

    def tenants(self) -> list[str]:
        """All that have keys."""
