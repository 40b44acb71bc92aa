"""API keys and the tokens each used a day; knows neither secrets nor who may do what. All of their SQL is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, exists, insert, literal_column, or_, select, update

from zaphod.records.room import Room
from zaphod.records.tables import keys, usage
from zaphod.records.upsert import insert_or_add

_columns = keys.c


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A row of the table of keys. Times are seconds since 1970.

    Args:
        id: names the key and is no secret.
        digest: SHA-256 of the secret.
        name: for people.
        scopes: what it may do, words with blanks between.
        tenant: whose records it opens.
    """

    id: str
    digest: bytes
    name: str
    scopes: str
    tenant: str
    created_s: int
    expires_s: int | None = None
    revoked_s: int | None = None
    last_used_s: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None
    max_concurrent: int | None = None


_NAMES = tuple(field.name for field in fields(ApiKey))
_ROW = select(*(_columns[name] for name in _NAMES))
_BY_DIGEST = _ROW.where(_columns.digest == bindparam("digest"))


class ApiKeys:
    """The keys of all tenants: they are asked before it is known whose request it is.

    Args:
        room: the accounts'.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    @property
    def place(self) -> str:
        """Where they lie, for people."""
        return self._room.place

    def version(self) -> int | None:
        """A number that changes whenever any program changes a key; None where the database does not tell."""
        return self._room.version()

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        with self._room.writing() as connection:
            connection.execute(insert(keys).values(**asdict(key)))

    def find(self, digest: bytes) -> ApiKey | None:
        """The key with that digest, usable or not: one read in an index."""
        with self._room.reading() as connection:
            row = connection.execute(_BY_DIGEST, {"digest": digest}).first()
        return None if row is None else _key(row)

    def get(self, key_id: str) -> ApiKey | None:
        """The key of that id."""
        with self._room.reading() as connection:
            row = connection.execute(_ROW.where(_columns.id == key_id)).first()
        return None if row is None else _key(row)

    def all(self) -> list[ApiKey]:
        """All, the oldest first; on PostgreSQL those of one second by their ids."""
        with self._room.reading() as connection:
            second = literal_column("rowid") if connection.dialect.name == "sqlite" else _columns.id
            return [_key(row) for row in connection.execute(_ROW.order_by(_columns.created_s, second))]

    def has_any(self) -> bool:
        """Whether there is any, usable or not."""
        return self._is_there(_columns.id.is_not(None))

    def has_usable(self, now_s: float) -> bool:
        """Whether any opens something at that time."""
        return self._is_there(
            _columns.revoked_s.is_(None), or_(_columns.expires_s.is_(None), _columns.expires_s > now_s)
        )

    def revoke(self, key_id: str, now_s: int) -> None:
        """End a key, unless it was ended before."""
        ended = update(keys).where(_columns.id == key_id, _columns.revoked_s.is_(None))
        with self._room.writing() as connection:
            connection.execute(ended.values(revoked_s=now_s))

    def forget(self, key_id: str) -> None:
        """Remove a key and all that it used."""
        with self._room.writing() as connection:
            connection.execute(delete(keys).where(_columns.id == key_id))
            connection.execute(delete(usage).where(usage.c.key_id == key_id))

    def used_tokens(self, key_id: str, day: int) -> int:
        """Tokens of a UTC day (days since 1970), of all programs that have written theirs."""
        query = select(usage.c.tokens).where(usage.c.key_id == key_id, usage.c.day == day)
        with self._room.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def usage(self, key_id: str) -> Mapping[int, int]:
        """UTC day to tokens, in order."""
        query = select(usage.c.day, usage.c.tokens).where(usage.c.key_id == key_id).order_by(usage.c.day)
        with self._room.reading() as connection:
            return {row.day: row.tokens for row in connection.execute(query)}

    def record_use(
        self, tokens: Mapping[tuple[str, int], int], last_used_s: Mapping[str, int], *, forget_before_day: int
    ) -> None:
        """Add what was used to what other programs wrote, in one transaction.

        Args:
            tokens: by key's id and UTC day.
            last_used_s: by key's id; never put back to an earlier time.
            forget_before_day: use of earlier days is removed.
        """
        with self._room.writing() as connection:
            for (key_id, day), num_tokens in sorted(tokens.items()):
                values = {"key_id": key_id, "day": day, "tokens": num_tokens}
                insert_or_add(connection, usage, values, ("key_id", "day"), "tokens")
            for key_id, used_s in sorted(last_used_s.items()):
                earlier = or_(_columns.last_used_s.is_(None), _columns.last_used_s < used_s)
                connection.execute(update(keys).where(_columns.id == key_id, earlier).values(last_used_s=used_s))
            connection.execute(delete(usage).where(usage.c.day < forget_before_day))

    def _is_there(self, *conditions: ColumnElement[bool]) -> bool:
        with self._room.reading() as connection:
            return bool(connection.execute(select(exists().where(*conditions))).scalar())


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(**{**row._mapping, "digest": bytes(row.digest)})
