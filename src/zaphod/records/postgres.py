"""Rooms in PostgreSQL: one schema, and policies that hide every row but the room's. Knows no table's meaning.

Each transaction first says whose it is (`set_config(…, true)`, undone at its end, so it is safe behind a pooler). The
policies compare that with each row's tenant; they bind the tables' owner, too, and without a word nothing is visible.
What they guard against is a mistake in our own statements. Whoever may run any SQL with this role can say any tenant.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, select, text
from sqlalchemy.exc import ArgumentError

from zaphod.core.errors import ConfigError
from zaphod.records import migration
from zaphod.records.failures import mapped
from zaphod.records.migration import Status
from zaphod.records.postgres_checks import require_isolation
from zaphod.records.room import Room
from zaphod.records.sqlite_files import accounts_room
from zaphod.records.tables import tenants
from zaphod.records.upsert import insert_if_absent

SCHEMA = "zaphod"
_LINK = {"connect_timeout": 2, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
"""Seconds, and how often: the other end of a connection that was cut is missed after 25 s, not after two hours."""
_POOL_TIMEOUT_S = 5.0
_ACCOUNTS_TIMEOUT_S = 2.0
"""A server's event loop waits for an answer about a key, and so do all of its requests."""
_RECORDS_TIMEOUT_S = 30.0

_SET = (
    "SELECT set_config('zaphod.tenant', :tenant, true), set_config('zaphod.scope', :scope, true), "
    "set_config('statement_timeout', :timeout_ms, true)"
)
_BEGIN_WRITING = text(_SET)
_BEGIN_READING = text(_SET + ", set_config('transaction_read_only', 'on', true)")


class Postgres:
    """All rooms of a database. Thread-safe.

    Args:
        url: `postgresql://…`.
        keys_path: a SQLite file for the accounts; they lie in the database, too, if None.
        clock: seconds since 1970.

    Raises:
        ConfigError: the URL is none, the database cannot be used or is of another version, or the role could see the
            rows of all tenants.
        MissingExtraError: psycopg is not installed.
    """

    def __init__(self, url: str, keys_path: Path | None, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._url = parse_url(url)
        self.place = place_of(self._url)
        with self.mapped():
            self._engine = _engine(self._url)
        self._lock = threading.Lock()
        self._known_tenants: set[str] = set()
        try:
            self._require_ready()
        except BaseException:
            self._engine.dispose()
            raise
        self._keys_file = None if keys_path is None else accounts_room(keys_path, clock)
        self.accounts: Room = self._keys_file or _PostgresRoom(self, "", "accounts", _ACCOUNTS_TIMEOUT_S)

    def room(self, tenant: str) -> Room:
        """A tenant's room."""
        return _PostgresRoom(self, tenant, "", _RECORDS_TIMEOUT_S)

    def tenants(self) -> list[str]:
        """All that have written something, sorted. The table of names says no more than that."""
        names = _PostgresRoom(self, "", "tenants", _RECORDS_TIMEOUT_S)
        with names.reading() as connection:
            return sorted(connection.execute(select(tenants.c.tenant)).scalars())

    def scrub(self, tenant: str) -> None:
        """Nothing: PostgreSQL's own VACUUM removes old rows, and its logs and backups are the operator's."""

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()
        if self._keys_file is not None:
            self._keys_file.close()

    @contextlib.contextmanager
    def transaction(self, tenant: str, scope: str, timeout_s: float, *, is_reading: bool) -> Iterator[Connection]:
        """A transaction of one tenant, or of one scope beside tenants."""
        said = {
            # `=` and the name: a setting that was undone reads as '', and must not be the tenant ''.
            "tenant": "" if scope else f"={tenant}",
            "scope": scope,
            "timeout_ms": str(int(timeout_s * 1000)),
        }
        with self.mapped(), self._engine.begin() as connection:
            connection.execute(_BEGIN_READING if is_reading else _BEGIN_WRITING, said)
            yield connection

    def register(self, connection: Connection, tenant: str) -> None:
        """Write a tenant's name down, inside its own transaction; cheap from the second time on."""
        if tenant not in self._known_tenants:
            insert_if_absent(connection, tenants, {"tenant": tenant, "created_s": int(self._clock())}, ("tenant",))

    def registered(self, tenant: str) -> None:
        """The transaction that wrote the name down is done."""
        with self._lock:
            self._known_tenants.add(tenant)

    def mapped(self) -> contextlib.AbstractContextManager[None]:
        """PostgreSQL's errors as ours."""
        return _mapped(self.place)

    def _require_ready(self) -> None:
        with self.mapped(), self._engine.begin() as connection:
            for found in _statuses(connection, self.place):
                _require_current(found)
            require_isolation(connection, SCHEMA, self.place)


class _PostgresRoom:
    """`Room` in PostgreSQL."""

    def __init__(self, database: Postgres, tenant: str, scope: str, timeout_s: float) -> None:
        self._database, self.tenant, self._scope, self._timeout_s = database, tenant, scope, timeout_s

    @property
    def place(self) -> str:
        return self._database.place

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._database.transaction(self.tenant, self._scope, self._timeout_s, is_reading=True) as connection:
            yield connection

    @contextlib.contextmanager
    def changing(self) -> Iterator[Connection]:
        with self._database.transaction(self.tenant, self._scope, self._timeout_s, is_reading=False) as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        with self.changing() as connection:
            if not self._scope:
                self._database.register(connection, self.tenant)
            yield connection
        if not self._scope:
            self._database.registered(self.tenant)

    def version(self) -> int | None:
        return None


def statuses(url: str) -> list[Status]:
    """How far both chains of a database are; changes nothing, and any role may ask.

    Raises:
        ConfigError: the URL is none, or the database cannot be reached.
    """
    with _brief(url) as (connection, place):
        return _statuses(connection, place)


def upgrade(url: str, application_role: str | None = None) -> None:
    """Make or upgrade the schema in one transaction, under a lock; many programs may try at one time.

    Args:
        url: with a role that may create schemas, or owns this one.
        application_role: the role that servers use, which may then read and write rows and nothing more; None where it
            is the role of the URL.

    Raises:
        ConfigError: the database cannot be used, is newer than this program, or has no such role.
    """
    with _brief(url) as (connection, place):
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('zaphod.upgrade'))"))
        for found in _statuses(connection, place):
            if found.state == "newer":
                _require_current(found)
        known = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        if connection.execute(known, {"name": SCHEMA}).first() is None:
            connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        for chain in migration.HEADS:
            migration.upgrade(connection, chain, SCHEMA)
        if application_role is not None:
            _grant(connection, application_role)


def parse_url(url: str) -> URL:
    """A PostgreSQL URL.

    Raises:
        ConfigError: it is none; the message does not repeat it, because it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.drivername != "postgresql":
        raise ConfigError(
            "The setting database holds no URL of a PostgreSQL database.",
            "It must look like postgresql://user:password@host:5432/name.",
            "Correct ZAPHOD_DATABASE or the configuration file, or leave it out for SQLite.",
        ) from None
    return parsed.set(drivername="postgresql+psycopg")


def place_of(url: URL) -> str:
    """Where it leads, for people: no password, and none of what stands behind the question mark."""
    known = URL.create("postgresql", username=url.username, host=url.host, port=url.port, database=url.database)
    return known.render_as_string()


@contextlib.contextmanager
def _brief(url: str) -> Iterator[tuple[Connection, str]]:
    """One transaction on a connection of its own."""
    parsed = parse_url(url)
    place = place_of(parsed)
    with _mapped(place):
        engine = _engine(parsed)
        try:
            with engine.begin() as connection:
                yield connection, place
        finally:
            engine.dispose()


def _engine(url: URL) -> Engine:
    # What the URL says goes before.
    given: dict[str, Any] = {name: value for name, value in _LINK.items() if name not in url.query}
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_timeout=_POOL_TIMEOUT_S,
        hide_parameters=True,
        # No statement is prepared on the server: a pooler hands its connections to others between transactions.
        connect_args={**given, "prepare_threshold": None},
        execution_options={"schema_translate_map": {None: SCHEMA}},
    )


def _statuses(connection: Connection, place: str) -> list[Status]:
    return [migration.status(connection, chain, place, SCHEMA) for chain in migration.HEADS]


def _require_current(found: Status) -> None:
    if found.state == "current":
        return
    holds = "nothing yet" if found.version is None else f"{found.chain} of version {found.version}"
    is_newer = found.state == "newer"
    raise ConfigError(
        f"{found.place} holds {holds}.",
        f"This program knows version {found.wanted}.",
        "Use a newer Zaphod." if is_newer else "Run: zaphod database upgrade",
    )


def _grant(connection: Connection, role: str) -> None:
    known = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
    if connection.execute(known, {"role": role}).first() is None:
        raise ConfigError(
            f"PostgreSQL has no role {role!r}.",
            "Servers need one that is neither superuser nor BYPASSRLS.",
            f"Make it first: CREATE ROLE {role} LOGIN PASSWORD '…'",
        )
    quoted = connection.dialect.identifier_preparer.quote(role)
    rows = "SELECT, INSERT, UPDATE, DELETE ON"
    versions = ", ".join(f"{SCHEMA}.{migration.version_table(chain)}" for chain in migration.HEADS)
    for statement in (
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {quoted}",
        f"GRANT {rows} ALL TABLES IN SCHEMA {SCHEMA} TO {quoted}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMA} GRANT {rows} TABLES TO {quoted}",
        f"REVOKE INSERT, UPDATE, DELETE ON {versions} FROM {quoted}",
    ):
        connection.exec_driver_sql(statement)


def _mapped(place: str) -> contextlib.AbstractContextManager[None]:
    return mapped(
        f"The database {place}",
        "It must be a PostgreSQL database that can be reached, with Zaphod's schema in it.",
        "Check ZAPHOD_DATABASE or `database` in the configuration file, and `zaphod database status`.",
    )
