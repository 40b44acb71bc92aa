"""Insert a row, or do something else where its key is taken; knows how both databases spell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, TextClause
from sqlalchemy.dialects import postgresql, sqlite


def insert_if_absent(
    connection: Connection,
    table: Table,
    values: Mapping[str, object],
    key: Sequence[str],
    where: TextClause | None = None,
) -> bool:
    """Insert a row; False, and nothing is changed, where its key is taken.

    Args:
        connection: of a writing room.
        table: where to.
        values: column to value.
        key: the columns of a primary key or unique index.
        where: the condition of that index, if it is partial.
    """
    statement: Any = _insert(connection, table).values(**values)
    inserted = statement.on_conflict_do_nothing(index_elements=list(key), index_where=where)
    # Of an INSERT, SQLAlchemy forgets how many rows it met unless it is told to remember.
    return connection.execute(inserted, execution_options={"preserve_rowcount": True}).rowcount > 0


def insert_or_change(
    connection: Connection, table: Table, values: Mapping[str, object], key: Sequence[str], **changes: Any
) -> None:
    """Insert a row; where its key is taken, change that row.

    Args:
        connection: of a writing room.
        table: where to.
        values: column to value.
        key: the columns of a primary key.
        changes: column to its new value.
    """
    statement: Any = _insert(connection, table).values(**values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changes))


def insert_or_add(
    connection: Connection, table: Table, values: Mapping[str, object], key: Sequence[str], column: str
) -> None:
    """Insert a row; where its key is taken, add this row's number to that one's.

    Args:
        connection: of a writing room.
        table: where to.
        values: column to value.
        key: the columns of a primary key.
        column: the number's.
    """
    statement: Any = _insert(connection, table).values(**values)
    total = {column: table.c[column] + statement.excluded[column]}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=total))


def _insert(connection: Connection, table: Table) -> Any:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
