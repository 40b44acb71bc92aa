"""Two servers that all attacks share: one open on loopback, one with keys. After each attack both must be as before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.server.security.attacking import get
from tests.support.running_server import RunningServer, started

from zaphod.cli.main import main
from zaphod.server.admission.keys import KeyStore
from zaphod.server.caller import SCOPES, Limits, Scope


@dataclass(frozen=True)
class Guarded:
    """A server with keys, and their secrets by what they are."""

    server: RunningServer
    keys: Mapping[str, str]
    store: Path

    def holding(self, name: str) -> RunningServer:
        """The server as the holder of that key meets it."""
        server = self.server
        return RunningServer(server.url, server.process, server.facts, server.log, server.folder, self.keys[name])


@pytest.fixture(scope="session")
def _open(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("victim")
    with started(folder, "--log-file", str(folder / "access.log")) as running:
        yield running


@pytest.fixture(scope="session")
def _closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    store = folder / "data" / "zaphod" / "keys.sqlite"
    keys = _make_keys(store)
    with started(folder, "--log-file", str(folder / "access.log"), key=keys["all"]) as running:
        yield Guarded(running, keys, store)


class Watch:
    """How a server was before an attack, and whether it still is so after it."""

    def __init__(self, server: RunningServer) -> None:
        self._server, self._engine = server, server.engine
        self._read = {server.log: 0, server.folder / "access.log": 0}

    def require_unharmed(self) -> None:
        """Alive, with the same engine, and without an exception that nobody foresaw in what it said since."""
        assert get(self._server, "/live").status_code == 200
        assert self._engine.is_running(), "the engine was started again"
        for file, place in self._read.items():
            with file.open() as lines:
                lines.seek(place)
                said = lines.read()
                self._read[file] = lines.tell()
            assert "Traceback" not in said
            assert "its message is withheld" not in said, said


@pytest.fixture(scope="session")
def _open_watch(_open: RunningServer) -> Watch:
    return Watch(_open)


@pytest.fixture(scope="session")
def _closed_watch(_closed: Guarded) -> Watch:
    return Watch(_closed.server)


@pytest.fixture
def victim(_open: RunningServer, _open_watch: Watch) -> Iterator[RunningServer]:
    """A server without keys, on loopback. It survives whatever a test does to it."""
    yield _open
    _open_watch.require_unharmed()


@pytest.fixture
def guarded(_closed: Guarded, _closed_watch: Watch) -> Iterator[Guarded]:
    """A server with keys. It survives, too."""
    yield _closed
    _closed_watch.require_unharmed()


class Ended(NamedTuple):
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


Here = Callable[..., Ended]


@pytest.fixture
def zaphod_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """Runs a command that is refused, inside this process: a process of its own takes a second to start."""
    for kind in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / "own" / kind.lower()))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        exit_code = main(arguments)
        said = capsys.readouterr()
        return Ended(exit_code, said.out, said.err)

    return run


def _make_keys(store: Path) -> dict[str, str]:
    with KeyStore(store, clock=lambda: time.time() - 7200) as early:
        keys = {"expired": early.create(name="expired", expires_s=time.time() - 3600)[0]}
    with KeyStore(store) as keep:
        for scope in SCOPES:
            keys[scope] = keep.create(name=scope, scopes=[scope])[0]
        keys["all"] = keep.create(name="all", scopes=SCOPES)[0]
        keys["alice"] = keep.create(name="alice", tenant="lab")[0]
        keys["bob"] = keep.create(name="bob", tenant="lab")[0]
        keys["mallory"] = keep.create(name="mallory", scopes=_USUAL)[0]
        keys["slow"] = keep.create(name="slow", limits=Limits(requests_per_minute=1))[0]
        keys["revoked"], key = keep.create(name="revoked", scopes=SCOPES)
        keep.revoke(key.id)
    return keys


_USUAL: tuple[Scope, ...] = ("generate", "embed", "tokenize")
