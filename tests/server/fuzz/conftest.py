"""A server whose answers are short, and a client that holds each of them against the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.probing import Probe
from tests.support.running_server import RunningServer, started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """With a context of 128 tokens, nobody can ask for a long answer. Its log must hold nothing unforeseen."""
    with started(tmp_path_factory.mktemp("server"), "--max-model-len", "128") as running:
        engine = running.engine.pid
        yield running
        assert running.engine.pid == engine, "the engine was started anew"
        log = running.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:5000]


@pytest.fixture
def probe(server: RunningServer) -> Iterator[Probe]:
    """A client with a connection of its own; the server is alive when it has done its work."""
    client = Probe(server)
    yield client
    client.alive()
    client.close()
