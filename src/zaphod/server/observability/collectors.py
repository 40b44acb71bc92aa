"""Figures that others hold, read when Prometheus asks: the engine's, the energy ledger's, those of other servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from zaphod.server.engine_process.progress import Health
from zaphod.server.observability.energy import EnergyLedger
from zaphod.server.observability.engine_figures import EngineFigures
from zaphod.server.observability.labels import GUARD_CATEGORIES, OTHER, REASONS, reason_label, upstream_label

MODEL_LABELS = ("model_name", "engine")
ENGINE = "0"
"""vLLM numbers engines that share one front; ours is alone."""
UPSTREAM_STATES = ("unknown", "healthy", "unhealthy", "open", "half_open", "draining")


class UpstreamStatus(Protocol):
    """One of the servers that answer instead of an engine of our own."""

    @property
    def name(self) -> str:
        """Its address."""

    @property
    def state(self) -> str:
        """One of `UPSTREAM_STATES`."""

    @property
    def models(self) -> Sequence[str] | None:
        """What it serves, if it says so."""

    @property
    def in_flight(self) -> int:
        """Requests that it has now."""

    @property
    def num_requests(self) -> int:
        """Sent to it so far."""

    @property
    def num_failures(self) -> int:
        """Those that it did not answer."""


class EngineCollector(Collector):
    """vLLM's names for the scheduler's and the cache's figures, and ours for the process.

    Args:
        figures: of the engine.
        model: the name that they are filed under.
    """

    def __init__(self, figures: EngineFigures, model: Callable[[], str]) -> None:
        self._figures, self._model = figures, model

    def collect(self) -> Iterable[Metric]:
        self._figures.follow()
        stats, health = self._figures.engine.stats, self._figures.engine.health()
        labels = (self._model(), ENGINE)
        yield _gauge("vllm:num_requests_running", "Requests in the engine's passes.", stats.num_running, labels)
        yield _gauge("vllm:num_requests_waiting", "Requests that wait for the engine.", stats.num_waiting, labels)
        yield _gauge(
            "vllm:kv_cache_usage_perc", "Share of the KV cache in use; 1 is all.", stats.kv_cache_usage, labels
        )
        for name, meaning, counter in _ENGINE_COUNTERS:
            yield _counter(name, meaning, self._figures.total(counter), labels)
        yield _gauge("zaphod:engine_memory_bytes", "Resident memory of the engine process.", stats.rss_bytes)
        yield _counter("zaphod:engine_restarts", "Engine processes after the first.", self._figures.engine.num_restarts)
        yield from _health(health)


_ENGINE_COUNTERS = (
    ("vllm:prefix_cache_queries", "Prompt tokens looked for in the prefix cache.", "num_queried_tokens"),
    ("vllm:prefix_cache_hits", "Prompt tokens found in the prefix cache.", "num_hit_tokens"),
    ("vllm:num_preemptions", "Requests that had to give way and begin again.", "num_preemptions"),
    ("zaphod:engine_steps", "Forward passes.", "num_steps"),
    ("zaphod:computed_prompt_tokens", "Prompt tokens that passes computed, repetitions included.", "num_prompt_tokens"),
    ("zaphod:produced_tokens", "Tokens that the engine produced.", "num_produced_tokens"),
    ("zaphod:engine_cpu_seconds", "CPU time of the engine process.", "cpu_s"),
)


class AuditFigures(Protocol):
    """How the audit log is doing."""

    @property
    def num_waiting(self) -> int:
        """Events that are not on disk yet."""

    @property
    def num_written(self) -> int:
        """Since the server started."""

    @property
    def num_failed(self) -> int:
        """Those that could not be written."""


class GuardCollector(Collector):
    """What the guard found, and how the audit is doing. Categories are the rules' own words, a bounded number.

    Args:
        findings: how often, by stage, category and action.
        audit: how the audit is doing; None where there is none.
    """

    def __init__(self, findings: Mapping[tuple[str, str, str], int], audit: Callable[[], AuditFigures] | None) -> None:
        self._findings, self._audit = findings, audit

    def collect(self) -> Iterable[Metric]:
        labels = ("stage", "category", "action")
        family = CounterMetricFamily("zaphod:guard_findings", "What was found in texts and calls.", labels=labels)
        others: Counter[tuple[str, str, str]] = Counter()
        for (stage, category, action), count in dict(self._findings).items():
            others[(stage, category if category in GUARD_CATEGORIES else OTHER, action)] += count
        for place, count in sorted(others.items()):
            family.add_metric(place, count)
        yield family
        if self._audit is not None:
            figures = self._audit()
            yield _counter("zaphod:audit_records", "Events in the audit, on disk.", figures.num_written)
            yield _counter("zaphod:audit_failures", "Events that could not be written.", figures.num_failed)
            yield _gauge("zaphod:audit_waiting", "Events that are not on disk yet.", figures.num_waiting)


class UpstreamCollector(Collector):
    """The servers behind this gateway, and its own counts of what is on its way to them.

    Args:
        health: of all of them together.
        statuses: of each.
        model: the name that counts are filed under.
        in_flight: requests that wait for their first token, and those that had it.
    """

    def __init__(
        self,
        health: Callable[[], Health],
        statuses: Callable[[], Sequence[UpstreamStatus]],
        model: Callable[[], str],
        in_flight: Callable[[], tuple[int, int]],
    ) -> None:
        self._health, self._statuses, self._model, self._in_flight = health, statuses, model, in_flight

    def collect(self) -> Iterable[Metric]:
        num_waiting, num_running = self._in_flight()
        labels = (self._model(), ENGINE)
        yield _gauge("vllm:num_requests_running", "Requests that had their first token.", num_running, labels)
        yield _gauge("vllm:num_requests_waiting", "Requests without a first token.", num_waiting, labels)
        yield from self._servers()
        yield from _health(self._health())

    def _servers(self) -> Iterator[Metric]:
        named = ("upstream",)
        states = GaugeMetricFamily("zaphod:upstream_state", "1 for the state it is in.", labels=(*named, "state"))
        in_flight = GaugeMetricFamily("zaphod:upstream_requests_in_flight", "Requests that it has.", labels=named)
        requests = CounterMetricFamily("zaphod:upstream_requests", "Requests sent to it.", labels=named)
        failures = CounterMetricFamily("zaphod:upstream_failures", "Requests it did not answer.", labels=named)
        for one in self._statuses():
            name = upstream_label(one.name)
            for state in UPSTREAM_STATES:
                states.add_metric((name, state), float(state == one.state))
            in_flight.add_metric((name,), one.in_flight)
            requests.add_metric((name,), one.num_requests)
            failures.add_metric((name,), one.num_failures)
        yield from (states, in_flight, requests, failures)


class RejectionCollector(Collector):
    """Requests that were turned away, behind the gate and at it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.gate: Mapping[str, int] = {}
        """By the error's code."""

    def collect(self) -> Iterable[Metric]:
        counts = self.counts.copy()
        for code, number in self.gate.items():
            counts[reason_label(code)] += number
        family = CounterMetricFamily(
            "zaphod:requests_rejected", "Requests that were not let in, by why.", labels=("reason",)
        )
        for reason in (*sorted(REASONS), OTHER):
            family.add_metric((reason,), counts[reason])
        yield family


class EnergyCollector(Collector):
    """What was used, by whom it was measured, and for what."""

    def __init__(self, ledger: EnergyLedger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterable[Metric]:
        power = self._ledger.power()
        family = CounterMetricFamily(
            "zaphod:energy_joules", "Energy of this machine, for requests or idle.", labels=("source", "spent_on")
        )
        for spent_on in ("requests", "idle"):
            self._ledger.spent_j.setdefault((self._ledger.source, spent_on), 0.0)
        for (source, spent_on), joules in sorted(self._ledger.spent_j.items()):
            family.add_metric((source, spent_on), joules)
        yield family
        watts = GaugeMetricFamily("zaphod:power_watts", "Mean power of the last window.", labels=("source",))
        if power.watts is not None:
            watts.add_metric((power.source,), power.watts)
        yield watts


def _health(health: Health) -> Iterator[Metric]:
    yield _gauge("zaphod:ready", "1 if requests will be answered.", float(health.is_ready))
    yield _gauge("zaphod:engine_step_age_seconds", "Since the engine's loop turned last.", health.step_age_s)
    yield _gauge("zaphod:engine_expected_step_seconds", "How long it was expected to be away.", health.expected_step_s)


def _gauge(name: str, meaning: str, value: float, labels: tuple[str, ...] = ()) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=MODEL_LABELS[: len(labels)])
    family.add_metric(labels, value)
    return family


def _counter(name: str, meaning: str, value: float, labels: tuple[str, ...] = ()) -> CounterMetricFamily:
    family = CounterMetricFamily(name, meaning, labels=MODEL_LABELS[: len(labels)])
    family.add_metric(labels, value)
    return family
