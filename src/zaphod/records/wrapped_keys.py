"""The vault's table of envelopes, in a database; knows no cipher. Every call says whose keys it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, text, update

from zaphod.records.room import Room
from zaphod.records.tables import wrapped_keys
from zaphod.records.upsert import insert_if_absent
from zaphod.safety.vault.wrapped_key import WrappedKey

_columns = wrapped_keys.c
_IN_USE = text("retired_s IS NULL")


class WrappedKeys:
    """`KeyTable` in a database.

    Args:
        room: a tenant's room.
        tenants: names of all tenants, without their secrets.
        scrub: overwrites what a tenant deleted, wherever else the database keeps it.
    """

    def __init__(
        self, room: Callable[[str], Room], tenants: Callable[[], list[str]], scrub: Callable[[str], None]
    ) -> None:
        self._room, self._tenants, self._scrub = room, tenants, scrub

    def add(self, key: WrappedKey) -> bool:
        """Keep it as the one in use; False, and nothing is kept, if that tenant and subject has one in use already."""
        with self._room(key.tenant).writing() as connection:
            return insert_if_absent(connection, wrapped_keys, asdict(key), ("tenant", "subject"), _IN_USE)

    def replace(self, key: WrappedKey) -> None:
        """The same key in another envelope, or retired.

        Raises:
            KeyError: it was destroyed meanwhile.
        """
        changes = {"wrapping_key_id": key.wrapping_key_id, "wrapped": key.wrapped, "retired_s": key.retired_s}
        chosen = update(wrapped_keys).where(_of(key.tenant), _columns.key_id == key.key_id)
        with self._room(key.tenant).changing() as connection:
            if connection.execute(chosen.values(**changes)).rowcount == 0:
                raise KeyError(key.key_id)

    def find(self, tenant: str, key_id: str) -> WrappedKey | None:
        """By its name, within a tenant."""
        return self._first(tenant, _columns.key_id == key_id)

    def in_use(self, tenant: str, subject: str) -> WrappedKey | None:
        """The one to encrypt with."""
        return self._first(tenant, _columns.subject == subject, _columns.retired_s.is_(None))

    def destroy(self, tenant: str, subject: str) -> int:
        """Overwrite and remove all keys of a subject; how many there were.

        Raises:
            ConfigError: SQLite's log could not be emptied, because another program reads; the keys are removed all
                the same, and the next call empties it.
        """
        own = (_of(tenant), _columns.subject == subject)
        with self._room(tenant).changing() as connection:
            connection.execute(update(wrapped_keys).where(*own).values(wrapped=b""))
            num_keys = connection.execute(delete(wrapped_keys).where(*own)).rowcount
        self._scrub(tenant)
        return num_keys

    def of_tenant(self, tenant: str) -> Iterator[WrappedKey]:
        """All of a tenant, its own first."""
        query = select(wrapped_keys).where(_of(tenant))
        with self._room(tenant).reading() as connection:
            rows = connection.execute(query.order_by(_columns.subject, _columns.created_s, _columns.key_id)).all()
        yield from map(_key, rows)

    def tenants(self) -> list[str]:
        """All that have keys, sorted. Asks each tenant's room in turn: no query meets the keys of two tenants."""
        return [tenant for tenant in self._tenants() if self._first(tenant) is not None]

    def _first(self, tenant: str, *conditions: ColumnElement[bool]) -> WrappedKey | None:
        with self._room(tenant).reading() as connection:
            row = connection.execute(select(wrapped_keys).where(_of(tenant), *conditions).limit(1)).first()
        return None if row is None else _key(row)


def _of(tenant: str) -> ColumnElement[bool]:
    return _columns.tenant == tenant


def _key(row: Row[Any]) -> WrappedKey:
    return WrappedKey(
        key_id=row.key_id,
        tenant=row.tenant,
        subject=row.subject,
        wrapping_key_id=row.wrapping_key_id,
        wrapped=bytes(row.wrapped),
        created_s=row.created_s,
        retired_s=row.retired_s,
    )
