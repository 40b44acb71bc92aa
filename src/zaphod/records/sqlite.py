"""Rooms in SQLite files: the accounts' one, and one for each tenant. Knows versions and locks, no table's meaning.

A room that nobody has written to has no file; it reads as empty. Readers and the writer do not wait for each other
(write-ahead log). What is deleted is overwritten with zeros (`secure_delete`), in the log too once `scrub` has run.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, Select, create_engine, event, insert, select, text
from sqlalchemy.pool import QueuePool, StaticPool

from zaphod.core.errors import ConfigError
from zaphod.core.private_file import PrivateFile
from zaphod.records import migration
from zaphod.records.failures import mapped
from zaphod.records.migration import Chain, Status
from zaphod.records.tables import accounts, tenant_tables, tenants

READ_TIMEOUT_S = 0.25
"""A server's event loop reads keys: it gives up on a locked file rather than stand still."""
WRITE_TIMEOUT_S = 5.0
_POOL_TIMEOUT_S = 5.0


class SqliteRoom:
    """One file, and the tenant whose it is; `Room` in SQLite.

    Args:
        file: where it lies.
        chain: which tables it has.
        clock: seconds since 1970.
        tenant: whose it is; None for whosever it is.
        kind: what it holds, for people, like `keys`.
    """

    def __init__(
        self,
        file: PrivateFile,
        chain: Chain,
        *,
        clock: Callable[[], float],
        tenant: str | None = None,
        kind: str = "records",
    ) -> None:
        self._file, self._chain, self._clock, self._tenant, self._kind = file, chain, clock, tenant, kind
        self._lock, self._empty_lock = threading.Lock(), threading.RLock()
        self._watching_lock = threading.Lock()
        self._reader: Engine | None = None
        self._writer: Engine | None = None
        self._empty: Engine | None = None
        self._watching: Any = None
        self.num_open = 0
        """Transactions that run; the room may be closed only without any."""

    @property
    def tenant(self) -> str:
        """Whose rows."""
        return self._tenant or ""

    @property
    def place(self) -> str:
        """The file."""
        return str(self._file.path)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that can only read; of an empty room if there is no file."""
        engine = self.open()
        with self._empty_room() if engine is None else self._transaction(engine) as connection:
            yield connection

    @contextlib.contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction for rows that are there already; of an empty room if there is no file."""
        self.open()
        with self._empty_room() if self._writer is None else self.writing() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction; makes the file if there is none."""
        self._file.make()
        self.open()
        assert self._writer is not None
        with self._transaction(self._writer) as connection:
            yield connection

    def version(self) -> int | None:
        """SQLite's own number; asking for it takes a fraction of a query's time (`benchmarks/records.py`)."""
        engine = self.open()
        if engine is None:
            return 0
        with self._mapped(), self._watching_lock:
            if self._watching is None:
                self._watching = engine.raw_connection()
            found: int = self._watching.driver_connection.execute("PRAGMA data_version").fetchone()[0]
        return found

    def open(self) -> Engine | None:
        """The engine that reads; None as long as nobody has made the file. Upgrades an older one.

        Raises:
            ConfigError: others can change the file, it is none of ours, or it is newer than this program.
        """
        if self._reader is not None:
            return self._reader
        with self._lock:
            if self._reader is None and self._file.path.exists():
                self._file.require()
                with self._mapped():
                    self._open()
            return self._reader

    def status(self) -> Status:
        """How far the file is; changes nothing in it."""
        if not self._file.path.exists():
            return Status(chain=self._chain, place=self.place, version=None)
        self._file.require()
        engine = _engine(self._file, is_reader=True)
        try:
            with self._mapped(), engine.begin() as connection:
                return migration.status(connection, self._chain, self.place)
        finally:
            engine.dispose()

    def scrub(self) -> None:
        """Empty the write-ahead log, where what was deleted may still lie.

        Raises:
            ConfigError: another program reads from it right now.
        """
        self.open()
        if self._writer is None:
            return
        with self._mapped(), self._writer.connect() as connection:
            raw: Any = connection.connection.driver_connection
            is_busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if is_busy:
            raise ConfigError(
                f"What was deleted from {self.place} may still lie in {self.place}-wal.",
                "Nobody may read the file while its log is emptied.",
                "Do the same again when other programs have ended.",
            )

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, self._watching_lock:
            if self._watching is not None:
                self._watching.close()
            for engine in (self._reader, self._writer, self._empty):
                if engine is not None:
                    engine.dispose()
            self._reader = self._writer = self._empty = self._watching = None

    @contextlib.contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with self._mapped(), engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def _empty_room(self) -> Iterator[Connection]:
        """Tables without rows, in memory; one at a time, and whatever is done is undone."""
        with self._empty_lock, self._mapped():
            if self._empty is None:
                self._empty = _empty_engine(self._chain)
            with self._empty.connect() as connection:
                yield connection

    def _open(self) -> None:
        writer, reader = _engine(self._file, is_reader=False), _engine(self._file, is_reader=True)
        try:
            if not self._is_current(reader):
                self._upgrade(writer)
        except BaseException:
            writer.dispose()
            reader.dispose()
            raise
        self._writer, self._reader = writer, reader

    def _is_current(self, engine: Engine) -> bool:
        with engine.begin() as connection:
            found = migration.status(connection, self._chain, self.place)
            self._require_known_format(connection, found.version)
            if found.state == "current" and self._tenant is not None:
                self._require_owner(connection)
        _require_not_newer(found, self._kind)
        return found.state == "current"

    def _upgrade(self, engine: Engine) -> None:
        with engine.begin() as connection:
            # Asked again under the lock: two programs may have met the older file.
            if migration.status(connection, self._chain, self.place).state == "current":
                return
            migration.upgrade(connection, self._chain)
            if self._tenant is not None and connection.execute(_owner()).first() is None:
                connection.execute(insert(tenants).values(tenant=self._tenant, created_s=int(self._clock())))

    def _require_known_format(self, connection: Connection, version: str | None) -> None:
        """Before there were steps, a file of keys told its version here; it goes on to say 1."""
        format_version = int(connection.execute(text("PRAGMA user_version")).scalar_one())
        if format_version > (1 if self._chain == "accounts" else 0):
            raise _newer(self.place, self._kind, str(format_version), "1")
        has_tables = connection.execute(text("SELECT 1 FROM sqlite_master LIMIT 1")).first() is not None
        if has_tables and version is None and format_version == 0:
            raise ConfigError(
                f"The {self._kind} in {self.place} cannot be used: it is a database of another program.",
                f"It must be a file of {self._kind}.",
                self._file.elsewhere,
            )

    def _require_owner(self, connection: Connection) -> None:
        owners = set(connection.execute(_owner()).scalars())
        if owners != {str(self._tenant)}:
            raise ConfigError(
                f"{self.place} belongs to another tenant.",
                "Each tenant has a folder of its own.",
                "Put the file back where it came from.",
            )

    def _mapped(self) -> contextlib.AbstractContextManager[None]:
        return mapped(
            f"The {self._kind} in {self.place}",
            f"It must be a file of {self._kind} that can be read and written, on a local disk.",
            f"Check the file, its permissions and the free space. {self._file.elsewhere}",
        )


def _owner() -> Select[str]:
    return select(tenants.c.tenant)


def _require_not_newer(found: Status, kind: str) -> None:
    if found.state == "newer":
        raise _newer(found.place, kind, str(found.version), found.wanted)


def _newer(place: str, kind: str, version: str, known: str) -> ConfigError:
    return ConfigError(
        f"{place} holds {kind} of version {version}.",
        f"This program knows version {known}.",
        "Use a newer Zaphod, or name another place.",
    )


def _engine(file: PrivateFile, *, is_reader: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file.path)),
        poolclass=QueuePool,
        pool_size=2,
        max_overflow=7,
        pool_timeout=_POOL_TIMEOUT_S,
        hide_parameters=True,
        # Transactions are written out (isolation_level None), so that none stays open behind our back.
        connect_args={
            "timeout": READ_TIMEOUT_S if is_reader else WRITE_TIMEOUT_S,
            "isolation_level": None,
            "check_same_thread": False,
        },
    )
    # A reader changes nothing, not even the mode of a file that may be none of ours.
    writing = ("journal_mode = WAL", "secure_delete = ON", "foreign_keys = ON")
    _on_connect(engine, ("query_only = ON",) if is_reader else writing)
    _on_begin(engine, "BEGIN" if is_reader else "BEGIN IMMEDIATE")
    return engine


def _on_connect(engine: Engine, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").fetchall()


def _on_begin(engine: Engine, statement: str) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)


def _empty_engine(chain: Chain) -> Engine:
    """Tables without a row, in memory, on one connection."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    (accounts if chain == "accounts" else tenant_tables).create_all(engine)
    return engine
