"""A PostgreSQL server of our own for one test session: real binaries, an empty cluster, gone at the end.

Every test may ask for: `postgres` (the server); `postgres_url` (an upgraded database without rows, for the role that
servers use; tests have it one after the other, so they may not change its tables); `postgres_own_url` (the same, and
the test's own); `postgres_empty_url` (one that was never upgraded, for the role that owns it).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

OWNER, APPLICATION = "zaphod_owner", "zaphod_app"
_START_TIMEOUT_S = 60.0
_number = itertools.count()


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """A running server; `superuser` may do everything."""

    port: int
    superuser: str

    def url(self, role: str, database: str) -> str:
        """The URL of a database for a role."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def run(self, statements: str | Sequence[str], database: str = "postgres", role: str | None = None) -> list[Any]:
        """Run statements one by one; the rows of the last one, if it has any."""
        import psycopg

        with contextlib.closing(psycopg.connect(self.url(role or self.superuser, database), autocommit=True)) as link:
            for statement in [statements] if isinstance(statements, str) else statements:
                cursor = link.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """A database of its own, owned by `OWNER`; its name."""
        name = f"test_{os.getpid()}_{next(_number)}"
        self.run(f"CREATE DATABASE {name} OWNER {OWNER}")
        try:
            yield name
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


def binaries() -> Path | None:
    """Where PostgreSQL's programs lie: in PATH, or where Debian puts them; the newest."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return folders[-1] if folders else None


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server on a free port of loopback, in a folder of its own. PostgreSQL refuses root, so root becomes nobody."""
    folder = binaries()
    if folder is None:
        pytest.skip("PostgreSQL's initdb was found neither in PATH nor in /usr/lib/postgresql: install postgresql")
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'zaphod[postgres]'")
    # Not under pytest's folder: another user must reach it.
    with tempfile.TemporaryDirectory(prefix="zaphod-postgres-") as made:
        place = Path(made)
        options = _as_another_user(place)
        _run([folder / "initdb", "-D", place / "data", "-U", "super", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
             place, options)  # fmt: skip
        server = PostgresServer(port=_free_port(), superuser="super")
        with _started(folder, place, server, options):
            server.run([f"CREATE ROLE {OWNER} LOGIN", f"CREATE ROLE {APPLICATION} LOGIN"])
            yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole session."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_shared(postgres: PostgresServer) -> Iterator[str]:
    """The name of an upgraded database."""
    with postgres.database() as name:
        _upgrade(postgres, name)
        yield name


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_shared: str) -> str:
    """An upgraded database without rows, for the role that servers use. Its tables stay as they are."""
    tables = postgres.run(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'zaphod' AND tablename NOT LIKE '%version'", postgres_shared
    )
    postgres.run([f"DELETE FROM zaphod.{table}" for (table,) in tables], postgres_shared)
    return postgres.url(APPLICATION, postgres_shared)


@pytest.fixture
def postgres_own_url(postgres: PostgresServer) -> Iterator[str]:
    """An upgraded database of the test's own, for the role that servers use."""
    with postgres.database() as name:
        _upgrade(postgres, name)
        yield postgres.url(APPLICATION, name)


@pytest.fixture
def postgres_empty_url(postgres: PostgresServer) -> Iterator[str]:
    """An empty database, for the role that owns it."""
    with postgres.database() as name:
        yield postgres.url(OWNER, name)


def _upgrade(server: PostgresServer, name: str) -> None:
    from zaphod.records.postgres import upgrade

    upgrade(server.url(OWNER, name), APPLICATION)


def _as_another_user(place: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _started(folder: Path, place: Path, server: PostgresServer, options: dict[str, Any]) -> Iterator[None]:
    settings = {
        "port": server.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": place, "fsync": "off",
        "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 50, "shared_buffers": "16MB",
    }  # fmt: skip
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (place / "log").open("wb") as log:
        command = [folder / "postgres", "-D", place / "data", *flags]
        with subprocess.Popen(command, cwd=place, stdout=log, stderr=log, **options) as process:
            try:
                _wait_until(lambda: _answers(server), process, place / "log")
                yield
            finally:
                process.send_signal(signal.SIGINT)  # at once; SIGTERM would wait for clients


def _wait_until(is_there: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    end_s = time.monotonic() + _START_TIMEOUT_S
    while not is_there():
        if process.poll() is not None or time.monotonic() > end_s:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.05)


def _answers(server: PostgresServer) -> bool:
    """It listens before it answers."""
    import psycopg

    try:
        server.run("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _run(command: Sequence[str | Path], place: Path, options: dict[str, Any]) -> None:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stderr}")
