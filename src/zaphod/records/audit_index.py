"""Where in the audit log each record lies, and what it is about; knows no chain. The log is the truth, this is a copy.

It can be thrown away and made again from the log, so it is not asked whether something happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select

from zaphod.records.collection import BATCH
from zaphod.records.room import Room
from zaphod.records.tables import audit_index
from zaphod.records.upsert import insert_if_absent

_columns = audit_index.c
_MAX_FOUND = 1000


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One record of the log.

    Args:
        seq: its number in the tenant's chain.
        created_s: seconds since 1970.
        actor: who, by the id of a key.
        action: did what.
        object: to what, by its id.
        decision: and whether it was allowed.
        segment: the log's file.
        offset_bytes: where in that file.
    """

    seq: int
    created_s: int
    actor: str
    action: str
    object: str
    decision: str
    segment: str
    offset_bytes: int


@dataclass(frozen=True, kw_only=True)
class AuditQuery:
    """What is looked for; None matches everything. Times are seconds since 1970, `until_s` is left out itself."""

    actor: str | None = None
    action: str | None = None
    object: str | None = None
    decision: str | None = None
    since_s: int | None = None
    until_s: int | None = None


class AuditIndex:
    """The index of one tenant's log.

    Args:
        room: whose rows are met.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    def add(self, entries: Iterable[AuditEntry]) -> int:
        """Add entries; how many were new. One that is there already stays as it is."""
        with self._room.writing() as connection:
            return sum(
                insert_if_absent(
                    connection, audit_index, {"tenant": self._room.tenant, **asdict(entry)}, ("tenant", "seq")
                )
                for entry in entries
            )

    def last_seq(self) -> int | None:
        """The highest number; None if there is none."""
        with self._room.reading() as connection:
            found = connection.execute(select(func.max(_columns.seq)).where(self._own())).scalar()
        return None if found is None else int(found)

    def find(self, query: AuditQuery, *, after_seq: int = -1, limit: int = 100) -> list[AuditEntry]:
        """Entries in the order of the log.

        Args:
            query: what they must match, letter for letter.
            after_seq: the last one of the page before.
            limit: at most so many, and never more than 1000.
        """
        wanted = select(audit_index).where(self._own(), _columns.seq > after_seq, *_conditions(query))
        with self._room.reading() as connection:
            rows = connection.execute(wanted.order_by(_columns.seq).limit(min(limit, _MAX_FOUND))).all()
        return [_entry(row) for row in rows]

    def count_before(self, moment_s: int) -> int:
        """How many are older than a moment, in seconds since 1970."""
        query = select(func.count()).select_from(audit_index).where(self._own(), _columns.created_s < moment_s)
        with self._room.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def delete_before(self, moment_s: int, max_rows: int = BATCH) -> int:
        """Remove some that are older than a moment, in one transaction; how many. 0 means that nothing is left."""
        old = select(_columns.seq).where(self._own(), _columns.created_s < moment_s)
        chosen = old.order_by(_columns.created_s).limit(max_rows)
        with self._room.changing() as connection:
            return connection.execute(delete(audit_index).where(self._own(), _columns.seq.in_(chosen))).rowcount

    def _own(self) -> ColumnElement[bool]:
        return _columns.tenant == self._room.tenant


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    exact = {name: getattr(query, name) for name in ("actor", "action", "object", "decision")}
    conditions = [_columns[name] == value for name, value in exact.items() if value is not None]
    if query.since_s is not None:
        conditions.append(_columns.created_s >= query.since_s)
    if query.until_s is not None:
        conditions.append(_columns.created_s < query.until_s)
    return conditions


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**{field.name: getattr(row, field.name) for field in fields(AuditEntry)})
