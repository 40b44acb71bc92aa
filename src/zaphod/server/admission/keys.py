"""Keys: made, found, revoked, and what each has used, in one SQLite file. Knows no HTTP; all SQL is here.

A secret is 256 random bits. Only its SHA-256 is kept. A slow hash (Argon2, bcrypt) makes up for guessable passwords;
2^256 secrets cannot be guessed at any speed, and a slow hash on every request would itself be a way to overload the
server.

Secrets are found by the hash in an index. How long that takes can depend on how much of the hash is right, but nobody
can choose secrets by their hash without inverting SHA-256, so the time tells nothing about any secret. The hash that
was found is compared once more in constant time.

The command line and running servers use the file at the same time (write-ahead log): a server asks the file for
every request, so that a key that was made or revoked elsewhere counts at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
import os
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Self

from zaphod.core.errors import ConfigError
from zaphod.server.admission.private_file import make_private, require_private
from zaphod.server.caller import LOCAL, SCOPES, Caller, Limits, Scope

SECRET_PREFIX = "zk-"
DEFAULT_SCOPES: tuple[Scope, ...] = ("generate", "embed", "tokenize")

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    tenant TEXT NOT NULL,
    created_s INTEGER NOT NULL,
    expires_s INTEGER,
    revoked_s INTEGER,
    last_used_s INTEGER,
    requests_per_minute INTEGER,
    tokens_per_minute INTEGER,
    tokens_per_day INTEGER,
    max_concurrent INTEGER
);
CREATE TABLE usage (
    key_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (key_id, day)
);
"""
_COLUMNS = (
    "id, digest, name, scopes, tenant, created_s, expires_s, revoked_s, last_used_s, "
    "requests_per_minute, tokens_per_minute, tokens_per_day, max_concurrent"
)
_IS_USABLE = "revoked_s IS NULL AND (expires_s IS NULL OR expires_s > ?)"
_LAST_USED_STEP_S = 3600
"""Coarse on purpose: the file is written once an hour for a key, and does not log who worked when."""
_DAYS_KEPT = 92
_READ_TIMEOUT_S = 0.25
_WRITE_TIMEOUT_S = 5.0
_MAX_LIMIT = 2**53
_YEAR_10000_S = 253_402_300_800
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_FEWEST_LETTERS = 32
_UNLIMITED = Limits()

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is known of a key; not its secret. Times are seconds since 1970."""

    id: str
    name: str
    scopes: frozenset[Scope]
    tenant: str
    limits: Limits
    created_s: int
    expires_s: int | None
    revoked_s: int | None
    last_used_s: int | None

    def is_usable(self, now_s: float) -> bool:
        """Whether it opens anything."""
        return self.revoked_s is None and (self.expires_s is None or self.expires_s > now_s)

    @property
    def caller(self) -> Caller:
        """Whoever holds it."""
        return Caller(key_id=self.id, name=self.name, scopes=self.scopes, tenant=self.tenant, limits=self.limits)


def default_keys_path(environment: Mapping[str, str] | None = None) -> Path:
    """`zaphod/keys.sqlite` in `XDG_DATA_HOME`, or in `~/.local/share`."""
    base = (os.environ if environment is None else environment).get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "zaphod" / "keys.sqlite"


class KeyStore:
    """The keys in a file. Reading makes no file; `create` does, for its owner's eyes only.

    Finding and counting belong to one thread, the event loop's; `flush` may run in another.

    Args:
        path: of the SQLite file.
        api_key_file: a file that holds one more secret, as containers hand it over; it may do everything.
        clock: seconds since 1970.

    Raises:
        ConfigError: the file can be changed by others, or is no key store; the secret is too short.
    """

    def __init__(self, path: Path, *, api_key_file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._reading: sqlite3.Connection | None = None
        self._given = _given_digest(api_key_file) if api_key_file is not None else None
        self._lock = threading.Lock()
        self._new_usage: dict[tuple[str, int], int] = {}
        self._usage_being_written: dict[tuple[str, int], int] = {}
        self._newly_used: dict[str, int] = {}
        self._reader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def create(
        self,
        *,
        name: str,
        scopes: Collection[Scope] = DEFAULT_SCOPES,
        tenant: str | None = None,
        expires_s: float | None = None,
        limits: Limits = _UNLIMITED,
    ) -> tuple[str, Key]:
        """Make a key.

        Args:
            name: for people, up to 64 letters.
            scopes: what it may do.
            tenant: keys of one tenant share cached prefixes; a tenant of its own if None.
            expires_s: when it ends, in seconds since 1970; never if None.
            limits: what it may use.

        Returns:
            The secret, which is kept nowhere, and the key.

        Raises:
            ConfigError: an argument is impossible, or the file cannot be used.
        """
        now_s = int(self._clock())
        _check(name, scopes, tenant, expires_s, limits, now_s)
        secret, key_id = SECRET_PREFIX + secrets.token_urlsafe(32), f"key_{secrets.token_hex(6)}"
        ordered = " ".join(scope for scope in SCOPES if scope in scopes)
        expiry = None if expires_s is None else int(expires_s)
        row = (key_id, _digest(secret), name, ordered, tenant or key_id, now_s, expiry, None, None, *astuple(limits))
        with self._writing() as connection:
            connection.execute(f"INSERT INTO keys ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)
        return secret, _key(row)

    def find(self, secret: str) -> Caller | None:
        """Whoever holds a secret; None where it is unknown, expired or revoked, without telling which."""
        digest = _digest(secret)
        if self._given is not None and hmac.compare_digest(digest, self._given):
            return _GIVEN
        row = self._row("SELECT " + _COLUMNS + " FROM keys WHERE digest = ?", digest)
        if row is None or not hmac.compare_digest(digest, row[1]):
            return None
        key, now_s = _key(row), self._clock()
        if not key.is_usable(now_s):
            return None
        if key.last_used_s is None or now_s - key.last_used_s >= _LAST_USED_STEP_S:
            with self._lock:
                self._newly_used[key.id] = int(now_s // _LAST_USED_STEP_S) * _LAST_USED_STEP_S
        return key.caller

    def has_keys(self) -> bool:
        """Whether any key was made, usable or not: a server does not become open because its last key expired."""
        return self._given is not None or self._row("SELECT 1 FROM keys LIMIT 1") is not None

    def has_usable_key(self) -> bool:
        """Whether anybody could come in."""
        if self._given is not None:
            return True
        return self._row(f"SELECT 1 FROM keys WHERE {_IS_USABLE} LIMIT 1", self._clock()) is not None

    def keys(self) -> list[Key]:
        """All keys, the oldest first."""
        reader = self._reader()
        if reader is None:
            return []
        with _mapped(self.path):
            return [_key(row) for row in reader.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created_s, rowid")]

    def get(self, key_id: str) -> Key:
        """One key.

        Raises:
            ConfigError: there is none with that id.
        """
        row = self._row(f"SELECT {_COLUMNS} FROM keys WHERE id = ?", key_id)
        if row is None:
            raise self._unknown(key_id)
        return _key(row)

    def revoke(self, key_id: str) -> Key:
        """End a key for good; running servers refuse it from the next request on.

        Raises:
            ConfigError: there is none with that id.
        """
        self.get(key_id)
        with self._writing() as connection:
            connection.execute(
                "UPDATE keys SET revoked_s = ? WHERE id = ? AND revoked_s IS NULL", (int(self._clock()), key_id)
            )
        return self.get(key_id)

    def forget(self, key_id: str) -> None:
        """End a key and remove every trace of it. Where no key is left, loopback is open again.

        Raises:
            ConfigError: there is none with that id.
        """
        self.get(key_id)
        with self._writing() as connection:
            connection.execute("DELETE FROM keys WHERE id = ?", (key_id,))
            connection.execute("DELETE FROM usage WHERE key_id = ?", (key_id,))

    def used_tokens(self, key_id: str, day: int) -> int:
        """Tokens of a UTC day (days since 1970), those included that the file does not have yet."""
        # In this order: what is written in between is counted twice for a moment, and never not at all.
        with self._lock:
            place = (key_id, day)
            fresh = self._new_usage.get(place, 0) + self._usage_being_written.get(place, 0)
        row = self._row("SELECT tokens FROM usage WHERE key_id = ? AND day = ?", key_id, day)
        return fresh + (int(row[0]) if row else 0)

    def add_tokens(self, key_id: str, day: int, num_tokens: int) -> None:
        """Count tokens of a UTC day. They reach the file with the next `flush`. Callers without a row have no limit."""
        if key_id in (LOCAL.key_id, _GIVEN.key_id):
            return
        with self._lock:
            self._new_usage[key_id, day] = self._new_usage.get((key_id, day), 0) + num_tokens

    def usage(self, key_id: str) -> Mapping[int, int]:
        """Day to tokens, as far as the file has them."""
        reader = self._reader()
        if reader is None:
            return {}
        with _mapped(self.path):
            query = "SELECT day, tokens FROM usage WHERE key_id = ? ORDER BY day"
            return {int(day): int(tokens) for day, tokens in reader.execute(query, (key_id,))}

    def flush(self) -> None:
        """Write what was counted; several servers may share the file, so sums are added, not replaced.

        Raises:
            ConfigError: the file cannot be written; what was counted is kept for the next time.
        """
        with self._lock:
            self._usage_being_written, self._new_usage = self._new_usage, {}
            newly_used, self._newly_used = self._newly_used, {}
        try:
            if self._usage_being_written or newly_used:
                self._write_usage(newly_used)
        except ConfigError:
            with self._lock:
                for place, num_tokens in self._usage_being_written.items():
                    self._new_usage[place] = self._new_usage.get(place, 0) + num_tokens
                self._newly_used = newly_used | self._newly_used
            raise
        finally:
            with self._lock:
                self._usage_being_written = {}

    async def flush_often(self, interval_s: float = 2.0) -> None:
        """Write behind until cancelled, in another thread: a slow disk delays no request.

        A server that is killed forgets at most this much of what was used.
        """
        while True:
            await asyncio.sleep(interval_s)
            try:
                await asyncio.to_thread(self.flush)
            except ConfigError as error:
                _log.warning("used tokens are not written, and will be tried again: %s", error)

    def close(self) -> None:
        """Write what was counted, and let go of the file."""
        try:
            self.flush()
        finally:
            if self._reading is not None:
                self._reading.close()
                self._reading = None

    def _write_usage(self, newly_used: Mapping[str, int]) -> None:
        counted = [(*place, num_tokens) for place, num_tokens in self._usage_being_written.items()]
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO usage VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET tokens = tokens + excluded.tokens",
                counted,
            )
            used = [(used_s, key_id) for key_id, used_s in newly_used.items()]
            connection.executemany("UPDATE keys SET last_used_s = ? WHERE id = ?", used)
            connection.execute("DELETE FROM usage WHERE day < ?", (int(self._clock() // 86400) - _DAYS_KEPT,))

    def _row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        reader = self._reader()
        if reader is None:
            return None
        with _mapped(self.path):
            found: tuple[Any, ...] | None = reader.execute(query, values).fetchone()
        return found

    def _reader(self) -> sqlite3.Connection | None:
        """The connection that finds keys; None as long as nobody has made the file."""
        if self._reading is None and self.path.exists():
            require_private(self.path)
            with _mapped(self.path):
                self._reading = _connect(self.path, _READ_TIMEOUT_S)
        return self._reading

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for one transaction, so that any thread may write."""
        make_private(self.path)
        with _mapped(self.path), contextlib.closing(_connect(self.path, _WRITE_TIMEOUT_S)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _unknown(self, key_id: str) -> ConfigError:
        named = [key.id for key in self.keys() if key.name == key_id]
        hint = f"The key called {key_id!r} is {named[0]}." if len(named) == 1 else "See `zaphod keys list`."
        return ConfigError(f"There is no key {key_id!r} in {self.path}.", "It must be a key's id, like key_…", hint)


_GIVEN = Caller(key_id="key_file", name="--api-key-file", scopes=frozenset(SCOPES), tenant="key_file")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _given_digest(file: Path) -> bytes:
    try:
        secret = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file} cannot be read: {error}.", "It must hold a key.", "Correct --api-key-file."
        ) from error
    if len(secret) < _FEWEST_LETTERS or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ConfigError(
            f"The key in {file} has {len(secret)} letters, or letters that no header can hold.",
            f"It must be one line of at least {_FEWEST_LETTERS} random letters, because it is hashed fast.",
            "Make one: openssl rand -hex 32",
        )
    return _digest(secret)


def _key(row: tuple[Any, ...]) -> Key:
    key_id, _, name, scopes, tenant, created_s, expires_s, revoked_s, last_used_s, *limits = row
    requests_per_minute, tokens_per_minute, tokens_per_day, max_concurrent = map(_whole, limits)
    words = str(scopes).split()
    return Key(
        id=str(key_id),
        name=str(name),
        scopes=frozenset(scope for scope in SCOPES if scope in words),
        tenant=str(tenant),
        limits=Limits(
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            tokens_per_day=tokens_per_day,
            max_concurrent=max_concurrent,
        ),
        created_s=_whole(created_s) or 0,
        expires_s=_whole(expires_s),
        revoked_s=_whole(revoked_s),
        last_used_s=_whole(last_used_s),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _check(
    name: str, scopes: Collection[Scope], tenant: str | None, expires_s: float | None, limits: Limits, now_s: int
) -> None:
    for what, text in (("name", name), ("tenant", tenant)):
        if text is not None and not (_NAME.fullmatch(text) and text.strip()):
            raise ConfigError(f"The {what} is {text!r}.", "It must have 1 to 64 printable letters.", "Correct it.")
    if tenant is not None and tenant.startswith("key_"):
        raise ConfigError(
            f"The tenant is {tenant!r}.", "Names that begin with key_ are those of single keys.", "Name it otherwise."
        )
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        found = f"There is no scope {unknown[0]!r}." if unknown else "The key would have no scope."
        raise ConfigError(found, f"The scopes are {', '.join(SCOPES)}.", "Give one or more of them.")
    if expires_s is not None and not now_s < int(expires_s) < _YEAR_10000_S:
        found = "The key would have expired already, or would never expire."
        raise ConfigError(found, "Its end must lie ahead, before the year 10000.", "Give another time for --expires.")
    for limit, value in vars(limits).items():
        if value is not None and not 1 <= value <= _MAX_LIMIT:
            raise ConfigError(
                f"{limit} is {value}.", f"It must lie from 1 to {_MAX_LIMIT}.", "Leave it out for no limit."
            )


def _connect(path: Path, timeout_s: float) -> sqlite3.Connection:
    # Transactions are written out (isolation_level None), so that none stays open behind our back.
    connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        _require_schema(path, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_schema(path: Path, connection: sqlite3.Connection) -> None:
    """Make the tables in a new file; refuse one of a later version."""
    version = _schema_version(connection)
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        # Asked again under the lock: two programs may have met the new file.
        if _schema_version(connection) == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        connection.execute("COMMIT")
    elif version != _SCHEMA_VERSION:
        raise ConfigError(
            f"{path} is a key store of version {version}.",
            f"This program knows version {_SCHEMA_VERSION}.",
            "Use a newer Zaphod, or name another file with --keys-file.",
        )


def _schema_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ConfigError(
            f"The keys in {path} cannot be used: {error}.",
            "It must be a key store that can be read and written, on a local disk.",
            "Check the file, its permissions and the free space, or name another one with --keys-file.",
        ) from error
