"""Conversations and what was said in them, sealed; knows no message and no key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, tuple_, update

from zaphod.records.collection import Collection
from zaphod.records.ids import require_id
from zaphod.records.tables import conversation_items, conversations

_items = conversation_items.c


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What holds items together.

    Args:
        id: made by `new_id`.
        subject: the person whose it is; empty if nobody's in particular.
        created_s: seconds since 1970.
        updated_s: when the last item came, or the conversation was changed.
        sealed: title, metadata and whatever else; only the vault can open it.
    """

    id: str
    subject: str
    created_s: int
    updated_s: int
    sealed: bytes


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that was said, called or answered.

    Args:
        id: made by `new_id`.
        created_s: seconds since 1970.
        sealed: only the vault can open it.
        position: its place in the conversation, from 0; chosen by `append`.
    """

    id: str
    created_s: int
    sealed: bytes
    position: int = -1


class Conversations(Collection[Conversation]):
    """The conversations of one tenant; their age is that of the last change."""

    table = conversations
    age_column = "updated_s"

    def add(self, conversation: Conversation) -> None:
        """Keep a new one.

        Raises:
            ValueError: its id could be guessed.
            ConfigError: the database cannot be used, or the tenant has one of that id.
        """
        require_id(conversation.id)
        self._insert(asdict(conversation))

    def get(self, conversation_id: str) -> Conversation | None:
        """One, without its items."""
        return self._one(conversation_id)

    def change(self, conversation_id: str, *, sealed: bytes, updated_s: int) -> bool:
        """Put other sealed bytes in its place; False if there is none."""
        return self._change(conversation_id, sealed=sealed, updated_s=updated_s)

    def delete(self, conversation_id: str) -> bool:
        """Remove it with all its items; False if there is none."""
        return self._remove(conversation_id)

    def latest(
        self, limit: int, *, subject: str | None = None, before: tuple[int, str] | None = None
    ) -> list[Conversation]:
        """The last changed ones, the newest first.

        Args:
            limit: at most so many.
            subject: of this one only.
            before: `(updated_s, id)` of the last one of the page before.
        """
        columns = self.table.c
        query = select(self.table).where(self._own())
        if subject is not None:
            query = query.where(columns.subject == subject)
        if before is not None:
            query = query.where(tuple_(columns.updated_s, columns.id) < tuple_(*before))
        newest = query.order_by(columns.updated_s.desc(), columns.id.desc()).limit(limit)
        return [self._record(row) for row in self._rows(newest)]

    def append(self, conversation_id: str, items: Sequence[Item], *, updated_s: int) -> bool:
        """Add items behind the last one, all or none; False if there is no such conversation.

        Raises:
            ValueError: an id could be guessed.
            ConfigError: the database cannot be used, or the tenant has an item of that id.
        """
        for item in items:
            require_id(item.id)
        with self._room.changing() as connection:
            # The row is locked first: two programs that append wait for each other.
            changed = update(self.table).where(self._is(conversation_id)).values(updated_s=updated_s)
            if connection.execute(changed).rowcount == 0:
                return False
            first = self._next_position(connection, conversation_id)
            rows = [self._item_row(conversation_id, first + n, item) for n, item in enumerate(items)]
            if rows:
                connection.execute(insert(conversation_items), rows)
        return True

    def items(self, conversation_id: str, *, after: int = -1, limit: int | None = None) -> list[Item]:
        """Its items in their order.

        Args:
            conversation_id: whose.
            after: only those behind this position.
            limit: at most so many.
        """
        query = select(conversation_items).where(*self._in(conversation_id), _items.position > after)
        return [_item(row) for row in self._rows(query.order_by(_items.position).limit(limit))]

    def item(self, conversation_id: str, item_id: str) -> Item | None:
        """One item."""
        rows = self._rows(select(conversation_items).where(*self._in(conversation_id), _items.id == item_id))
        return _item(rows[0]) if rows else None

    def change_item(self, conversation_id: str, item_id: str, sealed: bytes) -> bool:
        """Put other sealed bytes in its place; False if there is none."""
        changed = update(conversation_items).where(*self._in(conversation_id), _items.id == item_id)
        with self._room.changing() as connection:
            return connection.execute(changed.values(sealed=sealed)).rowcount > 0

    def delete_item(self, conversation_id: str, item_id: str) -> bool:
        """Remove one item; the others keep their positions. False if there is none."""
        removed = delete(conversation_items).where(*self._in(conversation_id), _items.id == item_id)
        with self._room.changing() as connection:
            return connection.execute(removed).rowcount > 0

    def _in(self, conversation_id: str) -> tuple[Any, Any]:
        return _items.tenant == self._room.tenant, _items.conversation_id == conversation_id

    def _next_position(self, connection: Connection, conversation_id: str) -> int:
        last = connection.execute(select(func.max(_items.position)).where(*self._in(conversation_id))).scalar()
        return 0 if last is None else int(last) + 1

    def _item_row(self, conversation_id: str, position: int, item: Item) -> dict[str, object]:
        place = {"tenant": self._room.tenant, "conversation_id": conversation_id, "position": position}
        return {**place, "id": item.id, "created_s": item.created_s, "sealed": item.sealed}

    def _record(self, row: Row[Any]) -> Conversation:
        return Conversation(
            id=row.id,
            subject=row.subject,
            created_s=row.created_s,
            updated_s=row.updated_s,
            sealed=bytes(row.sealed),
        )


def _item(row: Row[Any]) -> Item:
    return Item(id=row.id, created_s=row.created_s, sealed=bytes(row.sealed), position=row.position)
