"""Servers for tests; see `tests.support.running_server`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.support.running_server import RunningServer, StartServer, started


@pytest.fixture
def start_server(tmp_path: Path) -> StartServer:
    """Starts servers for one test: `with start_server("--max-queue", "1") as server`."""
    counter = iter(range(1000))

    def start(*flags: str, key: str | None = None, folder: Path | None = None) -> AbstractContextManager[RunningServer]:
        own = folder or tmp_path / f"server-{next(counter)}"
        own.mkdir(exist_ok=True)
        return started(own, *flags, key=key)

    return start


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests of a file."""
    with started(tmp_path_factory.mktemp("server")) as running:
        yield running
