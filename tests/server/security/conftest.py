"""Two servers that all attacks share: one open on loopback, one with keys. After each attack both must be as before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
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


@pytest.fixture
def victim(_open: RunningServer) -> Iterator[RunningServer]:
    """A server without keys, on loopback. It survives whatever a test does to it."""
    engine = _open.engine.pid
    yield _open
    _require_unharmed(_open, engine)


@pytest.fixture
def guarded(_closed: Guarded) -> Iterator[Guarded]:
    """A server with keys. It survives, too."""
    engine = _closed.server.engine.pid
    yield _closed
    _require_unharmed(_closed.server, engine)


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


def _require_unharmed(server: RunningServer, engine: int) -> None:
    assert httpx.get(f"{server.url}/live", timeout=30).status_code == 200
    assert server.engine.pid == engine, "the engine was started again"
    said = server.log.read_text() + (server.folder / "access.log").read_text()
    assert "Traceback" not in said
    assert "its message is withheld" not in said, "an exception that nobody foresaw"


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
