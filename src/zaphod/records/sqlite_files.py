"""The state folder's SQLite files: one for the accounts, one for each tenant; knows which are open."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from zaphod.core.places import tenant_folder_name
from zaphod.core.private_file import PrivateFile
from zaphod.records.migration import Status
from zaphod.records.room import Room
from zaphod.records.sqlite import SqliteRoom
from zaphod.records.tables import tenants

MAX_OPEN_TENANTS = 64
"""Files that stay open; those beyond are closed when nobody uses them, the one that was silent longest first."""
_FILE = "records.sqlite"


class SqliteFiles:
    """All rooms of a state folder. Thread-safe.

    Args:
        folder: the state folder.
        keys_path: the accounts' file; `keys.sqlite` in the folder if None.
        clock: seconds since 1970.
    """

    def __init__(self, folder: Path, keys_path: Path | None, clock: Callable[[], float]) -> None:
        self._folder = folder / "tenants"
        self._clock = clock
        self.accounts = accounts_room(keys_path or folder / "keys.sqlite", clock)
        self._lock = threading.Lock()
        self._rooms: OrderedDict[str, SqliteRoom] = OrderedDict()

    def room(self, tenant: str) -> Room:
        """A tenant's room; makes no file."""
        return _TenantRoom(self, tenant)

    def tenants(self) -> list[str]:
        """All that have a file, sorted."""
        found: list[str] = []
        for room in self._all_rooms():
            with contextlib.closing(room), room.reading() as connection:
                found.extend(connection.execute(select(tenants.c.tenant)).scalars())
        return sorted(found)

    def scrub(self, tenant: str) -> None:
        """Empty the log of a tenant's file, where what was deleted may still lie."""
        with self.using(tenant) as room:
            room.scrub()

    def statuses(self) -> list[Status]:
        """How far each file is; changes none."""
        return [room.status() for room in (self.accounts, *self._all_rooms())]

    def upgrade(self) -> None:
        """Upgrade every file that is there, each under its lock."""
        self.accounts.open()
        for room in self._all_rooms():
            with contextlib.closing(room):
                room.open()

    def close(self) -> None:
        """Let go of all files."""
        with self._lock:
            for room in (self.accounts, *self._rooms.values()):
                room.close()
            self._rooms.clear()

    @contextlib.contextmanager
    def using(self, tenant: str) -> Iterator[SqliteRoom]:
        """A tenant's room, which stays open meanwhile."""
        with self._lock:
            room = self._rooms.get(tenant) or self._room(self._folder / tenant_folder_name(tenant) / _FILE, tenant)
            self._rooms[tenant] = room
            self._rooms.move_to_end(tenant)
            room.num_open += 1
            self._close_silent()
        try:
            yield room
        finally:
            with self._lock:
                room.num_open -= 1

    def _close_silent(self) -> None:
        silent = [tenant for tenant, room in self._rooms.items() if room.num_open == 0]
        for tenant in silent[: max(0, len(self._rooms) - MAX_OPEN_TENANTS)]:
            self._rooms.pop(tenant).close()

    def _all_rooms(self) -> list[SqliteRoom]:
        """One for each file that is there."""
        return [self._room(path, None) for path in sorted(self._folder.glob(f"*/{_FILE}"))]

    def _room(self, path: Path, tenant: str | None) -> SqliteRoom:
        file = PrivateFile(
            path=path,
            holds="It holds what is kept for a tenant.",
            danger="They could change what is kept for a tenant.",
            elsewhere="Name another folder: state-dir in the configuration file, or ZAPHOD_STATE_DIR.",
        )
        return SqliteRoom(file, "tenants", clock=self._clock, tenant=tenant)


class _TenantRoom:
    """`Room` of a tenant whose file may be closed between two transactions."""

    def __init__(self, files: SqliteFiles, tenant: str) -> None:
        self._files, self.tenant = files, tenant

    @property
    def place(self) -> str:
        with self._files.using(self.tenant) as room:
            return room.place

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._files.using(self.tenant) as room, room.reading() as connection:
            yield connection

    @contextlib.contextmanager
    def changing(self) -> Iterator[Connection]:
        with self._files.using(self.tenant) as room, room.changing() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._files.using(self.tenant) as room, room.writing() as connection:
            yield connection

    def version(self) -> int | None:
        with self._files.using(self.tenant) as room:
            return room.version()


def accounts_room(path: Path, clock: Callable[[], float]) -> SqliteRoom:
    """The room of a file of keys."""
    file = PrivateFile(
        path=path,
        holds="It holds the keys.",
        danger="They could make themselves a key.",
        elsewhere="Name another file with --keys-file.",
    )
    return SqliteRoom(file, "accounts", clock=clock, kind="keys")
