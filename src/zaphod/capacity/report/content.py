"""What a report tells of a plan: every figure under a stable key; knows plans, not how they are printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from zaphod.capacity.estimate import Estimate, exactly
from zaphod.capacity.plan import Plan, Running, Service


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of every table."""

    key: str
    """Stable; programs read it."""
    name: str
    group: str
    estimate: Estimate


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One replica with so many streams at once."""

    concurrency: int
    itl_s: Estimate
    ttft_s: Estimate
    output_tokens_per_s: Estimate


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What is drawn over a fleet's day in one picture: at most four lines, each as long as the day's times."""

    title: str
    unit: str
    lines: tuple[tuple[str, Sequence[float]], ...]
    limit: tuple[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Day:
    """A simulated fleet over time."""

    time_s: Sequence[float]
    panels: tuple[Panel, ...]
    figures: tuple[Figure, ...] = ()
    told: tuple[str, ...] = ()
    """What was simulated and assumed, as sentences."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that is told."""

    plan: Plan
    curve: tuple[CurvePoint, ...] = ()
    day: Day | None = None
    made_at: str = ""
    """Date and time, for people."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All of them, in the order in which they are told."""
        return figures_of(self.plan) + (self.day.figures if self.day else ())


_SERVICE: Final = {
    "ttft_s": "first token, mean",
    "ttft_p95_s": "first token, 95 of 100 within",
    "itl_s": "between two tokens",
    "output_tokens_per_s": "output of a replica",
    "requests_per_s": "requests of a replica",
}
_RUNNING: Final = {
    "cost_per_hour": "cost of an hour",
    "cost_per_million_output_tokens": "cost of a million output tokens",
    "break_even_months": "buying pays back after",
    "power_w": "power at the wall",
    "joules_per_output_token": "energy of an output token",
    "co2_kg_per_hour": "CO2 of an hour",
    "co2_g_per_million_output_tokens": "CO2 of a million output tokens",
}
_MONEY: Final = ("cost_per_hour", "cost_per_million_output_tokens", "break_even_months")
_MEMORY: Final = {
    "weights": "weights",
    "kv_cache": "keys and values",
    "activations": "activations",
    "overhead": "runtime and communication",
    "available": "usable by the engine",
}


def figures_of(plan: Plan) -> tuple[Figure, ...]:
    """Of the plan alone."""
    return (*_deployment(plan), *_service(plan), *_users(plan), *_running(plan.running), *_memory(plan))


def sources_of(figures: Sequence[Figure]) -> tuple[str, ...]:
    """What the figures rest on, each once, in the order of its first mention."""
    return tuple(dict.fromkeys(text for figure in figures for text in figure.estimate.basis))


def _deployment(plan: Plan) -> Iterator[Figure]:
    counts = {
        "devices": ("devices in all", plan.num_devices, "devices"),
        "replicas": ("replicas, the spare one included", plan.running.num_replicas, "replicas"),
        "devices_per_replica": ("devices of a replica", plan.replica.num_devices, "devices"),
        "concurrency_per_replica": ("streams of a replica at once", plan.service.concurrency, "streams"),
        "kv_tokens_per_replica": ("tokens that its cache holds", plan.memory.kv_tokens, "tokens"),
    }
    for key, (name, count, unit) in counts.items():
        yield Figure(key=key, name=name, group="Deployment", estimate=exactly(count, unit))


def _service(plan: Plan) -> Iterator[Figure]:
    assert {field.name for field in fields(Service)} >= _SERVICE.keys()
    for key, name in _SERVICE.items():
        yield Figure(key=key, name=name, group="Service", estimate=getattr(plan.service, key))


def _users(plan: Plan) -> Iterator[Figure]:
    for name, estimate in plan.concurrent.items():
        key = "users_" + name.lower().replace(" ", "_")
        yield Figure(key=key, name=name, group=f"{plan.workload.users:,} users", estimate=estimate)


def _running(running: Running) -> Iterator[Figure]:
    for key, name in _RUNNING.items():
        group, estimate = "Cost" if key in _MONEY else "Energy and CO2", getattr(running, key)
        if estimate is not None:  # buying may never pay back
            yield Figure(key=key, name=name, group=group, estimate=estimate)


def _memory(plan: Plan) -> Iterator[Figure]:
    for key, name in _MEMORY.items():
        estimate = exactly(getattr(plan.memory, key), "B")
        yield Figure(key=f"memory_{key}_bytes", name=name, group="Memory of one device", estimate=estimate)
