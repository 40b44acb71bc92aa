"""An observer over an engine whose figures the test writes, with a clock and a meter of its own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from zaphod.server.caller import LOCAL
from zaphod.server.engine_process.messages import Stats
from zaphod.server.engine_process.progress import Health
from zaphod.server.observability.energy import EnergyLedger
from zaphod.server.observability.logs import ServerLog
from zaphod.server.observability.observation import Observation, Observer, ObserverOptions
from zaphod.server.observability.tracing import Tracer


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class WrittenEngine:
    """What an `EngineClient` shows."""

    def __init__(self) -> None:
        self.stats, self.num_restarts = Stats(), 0
        self.is_ready = True

    def health(self) -> Health:
        return Health(self.is_ready, "as written", 0.25, 0.5)


class SteadyMeter:
    """So many watts, all the time."""

    source = "RAPL"

    def __init__(self, clock: Clock, watts: float) -> None:
        self._clock, self._watts = clock, watts

    def read_j(self) -> float:
        return self._clock() * self._watts


class Watched:
    """An observer and all that it told."""

    def __init__(self, *names: str, tracer: Tracer | None = None) -> None:
        self.clock, self.engine, self.text = Clock(), WrittenEngine(), io.StringIO()
        ledger = EnergyLedger(
            SteadyMeter(self.clock, 10.0),
            num_computed=lambda: self.engine.stats.num_prompt_tokens,
            assumed_busy_w=10.0,
            fallback=lambda: SteadyMeter(self.clock, 5.0),
            clock=self.clock,
        )
        self.observer = Observer(
            ObserverOptions(served_model_names=names or ("builtin",)),
            self.engine,
            log=ServerLog(stream=self.text),
            tracer=tracer,
            ledger=ledger,
            clock=self.clock,
        )

    def begin(self, **changes: Any) -> Observation:
        facts = {
            "route": "/v1/chat/completions",
            "model": "builtin",
            "caller": LOCAL,
            "request_id": "req-1",
            "headers": {},
        }
        return self.observer.begin(**{**facts, **changes})

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.getvalue().splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        """The last one."""
        return self.lines[-1]

    def samples(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        text, _ = self.observer.render_metrics("")
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """The sum of all series of that name that have these labels."""
        found = [value for (one, its), value in self.samples().items() if one == name and labels.items() <= set(its)]
        assert found, f"{name} {labels} is not exposed"
        return sum(found)


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.observer.close()


@pytest.fixture
def watch() -> Iterator[Callable[..., Watched]]:
    """Makes observers with other names or a tracer."""
    made: list[Watched] = []

    def make(*names: str, tracer: Tracer | None = None) -> Watched:
        made.append(Watched(*names, tracer=tracer))
        return made[-1]

    yield make
    for one in made:
        one.observer.close()
