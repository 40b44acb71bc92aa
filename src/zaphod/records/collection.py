"""Rows of one kind that belong to subjects and grow old; knows whose they are, not what they hold.

Every statement names the room's tenant, and the room lets nothing else through: in SQLite because the file has no
other tenant, in PostgreSQL because its policies hide every other row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, Table, and_, delete, func, insert, select, tuple_, update

from zaphod.records.room import Room
from zaphod.records.tables import restrictions

BATCH = 500
"""Rows that one transaction removes, unless told otherwise: others do not wait long for their turn."""

Record = TypeVar("Record")


class Collection(Generic[Record]):
    """One table, one tenant.

    Args:
        room: whose rows are met.
    """

    table: ClassVar[Table]
    id_columns: ClassVar[tuple[str, ...]] = ("id",)
    age_column: ClassVar[str] = "created_s"

    def __init__(self, room: Room) -> None:
        self._room = room

    def of_subject(self, subject: str) -> Iterator[Record]:
        """Everything of one subject, in the order of its ids; read in batches, so what is deleted meanwhile is not."""
        yield from self._in_batches(self.table.c.subject == subject)

    def all(self) -> Iterator[Record]:
        """Everything, in the order of ids, in batches."""
        yield from self._in_batches()

    def count(self, subject: str | None = None) -> int:
        """How many there are, of one subject or of all."""
        query = select(func.count()).select_from(self.table).where(self._own())
        if subject is not None:
            query = query.where(self.table.c.subject == subject)
        with self._room.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def subjects(self) -> list[str]:
        """Whoever has something here, sorted."""
        query = select(self.table.c.subject).distinct().where(self._own())
        with self._room.reading() as connection:
            return sorted(connection.execute(query).scalars())

    def delete_of_subject(self, subject: str, max_rows: int = BATCH) -> int:
        """Remove some of a subject's, in one transaction; how many. 0 means that nothing is left."""
        return self._delete_some(self.table.c.subject == subject, max_rows=max_rows)

    def count_before(self, moment_s: int) -> int:
        """How many are older than a moment, in seconds since 1970; without those of restricted subjects."""
        query = select(func.count()).select_from(self.table).where(self._own(), self._is_due(moment_s))
        with self._room.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def delete_before(self, moment_s: int, max_rows: int = BATCH) -> int:
        """Remove some that are older than a moment, in one transaction; how many. 0 means that nothing is left.

        What belongs to a restricted subject stays: it is kept and not used, and to delete it is one more use.
        """
        return self._delete_some(self._is_due(moment_s), max_rows=max_rows)

    def _record(self, row: Row[Any]) -> Record:
        raise NotImplementedError

    def _own(self) -> ColumnElement[bool]:
        return self.table.c.tenant == self._room.tenant

    def _age(self) -> ColumnElement[int]:
        return self.table.c[self.age_column]

    def _is_due(self, moment_s: int) -> ColumnElement[bool]:
        restricted = select(restrictions.c.subject).where(restrictions.c.tenant == self._room.tenant)
        return and_(self._age() < moment_s, self.table.c.subject.not_in(restricted))

    def _is(self, *values: object) -> ColumnElement[bool]:
        pairs = zip(self.id_columns, values, strict=True)
        return and_(self._own(), *(self.table.c[name] == value for name, value in pairs))

    def _insert(self, values: Mapping[str, object]) -> None:
        with self._room.writing() as connection:
            connection.execute(insert(self.table).values(tenant=self._room.tenant, **values))

    def _one(self, *values: object) -> Record | None:
        with self._room.reading() as connection:
            row = connection.execute(select(self.table).where(self._is(*values))).first()
        return None if row is None else self._record(row)

    def _change(self, *values: object, **changes: object) -> bool:
        with self._room.changing() as connection:
            return connection.execute(update(self.table).where(self._is(*values)).values(**changes)).rowcount > 0

    def _remove(self, *values: object) -> bool:
        with self._room.changing() as connection:
            return connection.execute(delete(self.table).where(self._is(*values))).rowcount > 0

    def _delete_some(self, *conditions: ColumnElement[bool], max_rows: int) -> int:
        names = tuple_(*(self.table.c[name] for name in self.id_columns))
        chosen = select(*names.clauses).where(self._own(), *conditions).order_by(self._age()).limit(max_rows)
        with self._room.changing() as connection:
            return connection.execute(delete(self.table).where(self._own(), names.in_(chosen))).rowcount

    def _in_batches(self, *conditions: ColumnElement[bool]) -> Iterator[Record]:
        names = [self.table.c[name] for name in self.id_columns]
        query = select(self.table).where(self._own(), *conditions).order_by(*names).limit(BATCH)
        rows = self._rows(query)
        while rows:
            yield from map(self._record, rows)
            last = [rows[-1]._mapping[name] for name in self.id_columns]
            rows = self._rows(query.where(tuple_(*names) > tuple_(*last)))

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with self._room.reading() as connection:
            return connection.execute(query).all()
