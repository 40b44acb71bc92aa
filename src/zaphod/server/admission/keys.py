"""Keys: made, found, revoked, and what each has used. Knows no HTTP and no SQL; `zaphod.records` keeps the rows.

A secret is 256 random bits. Only its SHA-256 is kept. A slow hash (Argon2, bcrypt) makes up for guessable passwords;
2^256 secrets cannot be guessed at any speed, and a slow hash on every request would itself be a way to overload the
server.

Secrets are found by the hash in an index. How long that takes can depend on how much of the hash is right, but nobody
can choose secrets by their hash without inverting SHA-256, so the time tells nothing about any secret. The hash that
was found is compared once more in constant time.

The command line and running servers use the keys at the same time. In a SQLite file, a server asks for every request,
so that a key that was made or revoked elsewhere counts at once. In PostgreSQL, a key that was made counts at once, and
one that was revoked elsewhere opens nothing after `MAX_AGE_S`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from zaphod.core.errors import ConfigError
from zaphod.core.places import state_folder
from zaphod.records.api_keys import ApiKey
from zaphod.records.recent import Recent, RecentOptions
from zaphod.records.store import Store, StoreOptions
from zaphod.server.caller import LOCAL, SCOPES, Caller, Limits, Scope

SECRET_PREFIX = "zk-"
DEFAULT_SCOPES: tuple[Scope, ...] = ("generate", "embed", "tokenize")
MAX_AGE_S = 1.0
"""How long a server believes what PostgreSQL told it of a key."""
TIMEOUT_S = 2.0
"""How long it waits for that, and all of its requests with it; it asks again after as long."""

_LAST_USED_STEP_S = 3600
"""Coarse on purpose: the file is written once an hour for a key, and does not log who worked when."""
_DAYS_KEPT = 92
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
    return state_folder(None, environment) / "keys.sqlite"


class KeyStore:
    """The keys in a file or database. Reading makes no file; `create` does, for its owner's eyes only.

    Finding and counting are fast enough for an event loop; `flush` may take as long as a disk does.

    Args:
        path: of the SQLite file; None for the database, or for `keys.sqlite` in the state folder.
        database: PostgreSQL's URL; a path goes before it.
        state_dir: the folder that is meant where there is neither path nor database; the user's own if None.
        api_key_file: a file that holds one more secret, as containers hand it over; it may do everything.
        clock: seconds since 1970.

    Raises:
        ConfigError: the file can be changed by others, or is no key store; the database cannot be used; the secret is
            too short.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        database: str | None = None,
        state_dir: Path | None = None,
        api_key_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        is_far = path is None and database is not None
        self.path = path or state_folder(state_dir) / "keys.sqlite"
        self._clock = clock
        self._given = _given_digest(api_key_file) if api_key_file is not None else None
        self._lock = threading.Lock()
        self._new_usage: dict[tuple[str, int], int] = {}
        self._usage_being_written: dict[tuple[str, int], int] = {}
        self._newly_used: dict[str, int] = {}
        self._store = Store.open(
            StoreOptions(state_dir=state_dir, database=database, keys_path=None if is_far else self.path, clock=clock)
        )
        self._rows = self._store.api_keys
        self._recent = Recent(
            RecentOptions(max_age_s=MAX_AGE_S, timeout_s=TIMEOUT_S, retry_after_s=TIMEOUT_S), self._rows.version
        )
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def place(self) -> str:
        """The file or the database, for people."""
        return self._rows.place

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
        row = ApiKey(
            id=key_id,
            digest=_digest(secret),
            name=name,
            scopes=ordered,
            tenant=tenant or key_id,
            created_s=now_s,
            expires_s=None if expires_s is None else int(expires_s),
            **asdict(limits),
        )
        self._rows.add(row)
        self._recent.forget()
        return secret, _key(row)

    def find(self, secret: str) -> Caller | None:
        """Whoever holds a secret; None where it is unknown, expired or revoked, without telling which."""
        digest = _digest(secret)
        if self._given is not None and hmac.compare_digest(digest, self._given):
            return _GIVEN
        row = self._recent.ask(digest, lambda: self._rows.find(digest))
        if row is None or not hmac.compare_digest(digest, row.digest):
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
        return self._given is not None or self._recent.ask("has_keys", self._rows.has_any)

    def has_usable_key(self) -> bool:
        """Whether anybody could come in."""
        return self._given is not None or self._rows.has_usable(self._clock())

    def keys(self) -> list[Key]:
        """All keys, the oldest first."""
        return [_key(row) for row in self._rows.all()]

    def get(self, key_id: str) -> Key:
        """One key.

        Raises:
            ConfigError: there is none with that id.
        """
        row = self._rows.get(key_id)
        if row is None:
            raise self._unknown(key_id)
        return _key(row)

    def revoke(self, key_id: str) -> Key:
        """End a key for good; running servers refuse it from the next request on, or after `MAX_AGE_S`.

        Raises:
            ConfigError: there is none with that id.
        """
        self.get(key_id)
        self._rows.revoke(key_id, int(self._clock()))
        self._recent.forget()
        return self.get(key_id)

    def forget(self, key_id: str) -> None:
        """End a key and remove every trace of it. Where no key is left, loopback is open again.

        Raises:
            ConfigError: there is none with that id.
        """
        self.get(key_id)
        self._rows.forget(key_id)
        self._recent.forget()

    def used_tokens(self, key_id: str, day: int) -> int:
        """Tokens of a UTC day (days since 1970), those included that are not written yet."""
        # In this order: what is written in between is counted twice for a moment, and never not at all.
        place = (key_id, day)
        with self._lock:
            fresh = self._new_usage.get(place, 0) + self._usage_being_written.get(place, 0)
        return fresh + self._recent.ask(place, lambda: self._rows.used_tokens(key_id, day))

    def add_tokens(self, key_id: str, day: int, num_tokens: int) -> None:
        """Count tokens of a UTC day. They are written with the next `flush`. Callers without a row have no limit."""
        if key_id in (LOCAL.key_id, _GIVEN.key_id):
            return
        with self._lock:
            self._new_usage[key_id, day] = self._new_usage.get((key_id, day), 0) + num_tokens

    def usage(self, key_id: str) -> Mapping[int, int]:
        """Day to tokens, as far as they are written."""
        return self._rows.usage(key_id)

    def flush(self) -> None:
        """Write what was counted; several servers may share the keys, so sums are added, not replaced.

        Raises:
            ConfigError: nothing can be written; what was counted is kept for the next time.
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
        """Write what was counted, and let go of the file or database."""
        try:
            self.flush()
        finally:
            self._store.close()

    def _open(self) -> None:
        try:
            self._rows.has_any()
        except BaseException:
            self._store.close()
            raise

    def _write_usage(self, newly_used: Mapping[str, int]) -> None:
        oldest_day = int(self._clock() // 86400) - _DAYS_KEPT
        self._rows.record_use(self._usage_being_written, newly_used, forget_before_day=oldest_day)
        self._recent.forget()

    def _unknown(self, key_id: str) -> ConfigError:
        named = [key.id for key in self.keys() if key.name == key_id]
        hint = f"The key called {key_id!r} is {named[0]}." if len(named) == 1 else "See `zaphod keys list`."
        return ConfigError(f"There is no key {key_id!r} in {self.place}.", "It must be a key's id, like key_…", hint)


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


def _key(row: ApiKey) -> Key:
    words = row.scopes.split()
    return Key(
        id=row.id,
        name=row.name,
        scopes=frozenset(scope for scope in SCOPES if scope in words),
        tenant=row.tenant,
        limits=Limits(
            requests_per_minute=row.requests_per_minute,
            tokens_per_minute=row.tokens_per_minute,
            tokens_per_day=row.tokens_per_day,
            max_concurrent=row.max_concurrent,
        ),
        created_s=row.created_s,
        expires_s=row.expires_s,
        revoked_s=row.revoked_s,
        last_used_s=row.last_used_s,
    )


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
