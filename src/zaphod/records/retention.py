"""How long each kind of record is kept; knows no record and deletes none."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, delete, select

from zaphod.core.errors import ConfigError
from zaphod.records.room import Room
from zaphod.records.tables import retention
from zaphod.records.upsert import insert_or_change

KINDS = ("audit_index", "consents", "conversations", "pseudonyms", "responses")
"""What can grow old."""
_MAX_KEEP_S = 31_557_600_000


class Retention:
    """The settings of one tenant.

    Args:
        room: whose rows are met.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    def set(self, kind: str, keep_s: int | None) -> None:
        """Keep a kind of record so many seconds; None for as long as nobody deletes it.

        Raises:
            ConfigError: there is no such kind, or the time is negative.
        """
        _check(kind, keep_s)
        if keep_s is None:
            with self._room.changing() as connection:
                connection.execute(delete(retention).where(self._own(), retention.c.kind == kind))
            return
        values = {"tenant": self._room.tenant, "kind": kind, "keep_s": keep_s}
        with self._room.writing() as connection:
            insert_or_change(connection, retention, values, ("tenant", "kind"), keep_s=keep_s)

    def all(self) -> Mapping[str, int]:
        """Kind to seconds; kinds that are kept without end are not in it."""
        query = select(retention.c.kind, retention.c.keep_s).where(self._own()).order_by(retention.c.kind)
        with self._room.reading() as connection:
            return {row.kind: row.keep_s for row in connection.execute(query)}

    def _own(self) -> ColumnElement[bool]:
        return retention.c.tenant == self._room.tenant


def _check(kind: str, keep_s: int | None) -> None:
    if kind not in KINDS:
        raise ConfigError(f"There is no kind of record {kind!r}.", f"The kinds are {', '.join(KINDS)}.", "Name one.")
    if keep_s is not None and not 0 <= keep_s <= _MAX_KEEP_S:
        raise ConfigError(
            f"{kind} would be kept for {keep_s} seconds.",
            f"It must be 0 to {_MAX_KEEP_S} seconds, which are a thousand years.",
            "Correct it, or set no end.",
        )
