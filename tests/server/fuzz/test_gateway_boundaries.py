"""The same values through a gateway: what it reads, sends on and passes back, none of them breaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.boundary_values import ALL, HARSHEST, TEXTS
from tests.support.field_cases import SHORT, new_places, others_of
from tests.support.openapi_places import Document
from tests.support.probing import Probe
from tests.support.running_server import RunningServer, started


@pytest.fixture(scope="module")
def gateway(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with started(tmp_path_factory.mktemp("gateway"), "--upstream", server.url) as running:
        running.wait_until_ready()
        yield running
        log = running.log.read_text()
    assert "Traceback" not in log, log[-5000:]


@pytest.mark.parametrize("operation", SHORT)
def test_no_value_of_any_field_breaks_a_gateway(server: RunningServer, gateway: RunningServer, operation: str) -> None:
    """The places are those of the server's own document: a gateway's says little of what it passes on."""
    probe = Probe(gateway)
    for place in new_places(Document(server.get("/openapi.json")), operation):
        for name in (*HARSHEST, "1", "true"):
            if place.is_key and name not in TEXTS:
                continue
            answer = probe.post(operation, place.filled(ALL[name], others_of(place, streams=name == "1")))
            assert answer.status in (200, 400, 404), (place.name, name, answer.body[:300])
    assert probe.num_sent >= 30
    probe.alive()
    probe.close()
