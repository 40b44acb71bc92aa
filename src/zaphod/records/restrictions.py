"""Subjects whose records may be kept and not used; knows not what using means."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, delete, select

from zaphod.records.room import Room
from zaphod.records.tables import restrictions
from zaphod.records.upsert import insert_if_absent

_columns = restrictions.c


class Restrictions:
    """The restricted subjects of one tenant.

    Args:
        room: whose rows are met.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    def add(self, subject: str, since_s: int) -> bool:
        """Restrict a subject; False, and nothing is changed, if it is already."""
        values = {"tenant": self._room.tenant, "subject": subject, "since_s": since_s}
        with self._room.writing() as connection:
            return insert_if_absent(connection, restrictions, values, ("tenant", "subject"))

    def lift(self, subject: str) -> bool:
        """Let the subject's records be used again; False if they could be."""
        with self._room.changing() as connection:
            gone = delete(restrictions).where(self._own(), _columns.subject == subject)
            return connection.execute(gone).rowcount > 0

    def is_restricted(self, subject: str) -> bool:
        """Whether the subject's records may only be kept."""
        query = select(_columns.subject).where(self._own(), _columns.subject == subject)
        with self._room.reading() as connection:
            return connection.execute(query).first() is not None

    def all(self) -> Mapping[str, int]:
        """Subject to since when, in seconds since 1970."""
        query = select(_columns.subject, _columns.since_s).where(self._own()).order_by(_columns.subject)
        with self._room.reading() as connection:
            return {row.subject: row.since_s for row in connection.execute(query)}

    def _own(self) -> ColumnElement[bool]:
        return _columns.tenant == self._room.tenant
