"""What a server does when ten times more is asked of it than it can answer; knows no server by name, and no table.

Capacity is what a closed loop gets with as many clients as the server lets run and wait: then it is full, as it is in
the overload, and latencies compare. Who is refused all the same comes again when it was told to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import uvloop

from zaphod.core.progress import SILENT, Progress
from zaphod.study.benchmarks.serving.arrivals import Arrivals
from zaphod.study.benchmarks.serving.client import Client, Target, named
from zaphod.study.benchmarks.serving.goodput import Goals
from zaphod.study.benchmarks.serving.load import Load, Run, measure
from zaphod.study.benchmarks.serving.prompts import Shape, Source, source_of
from zaphod.study.benchmarks.serving.servers import ProcessTrack, ProcessWatch, RunningServer
from zaphod.study.benchmarks.serving.summary import summarise

PERCENTILES = (50.0, 99.0)


@dataclass(frozen=True, kw_only=True)
class Overload:
    """What is done to the server."""

    clients: int
    """Of the closed loop: as many as the server lets run and wait."""
    capacity_s: float = 30.0
    """How long capacity is measured."""
    overload_s: float = 120.0
    factor: float = 10.0
    """Requests offered, over requests answered at capacity."""
    shape: Shape = field(default_factory=lambda: Shape(input_tokens=64, output_tokens=32))
    weighing_period_s: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What came of it."""

    capacity: dict[str, Any]
    """The closed loop, as `summarise` tells it."""
    overload: dict[str, Any]
    offered_rate: float
    """Requests a second."""
    processes: Sequence[ProcessTrack]
    """Of each of the server's processes, during the overload."""
    skipped_s: float
    """Of the overload's begin, which slopes of memory leave out: queues and caches fill then."""

    @property
    def num_refused(self) -> int:
        return int(self.overload["failures"].get("429", 0))

    @property
    def num_other_failures(self) -> int:
        """Of both runs."""
        return sum(int(run["failed"] - run["failures"].get("429", 0)) for run in (self.capacity, self.overload))

    @property
    def refused_without_retry_after(self) -> int:
        return self.num_refused - int(self.overload["refused_with_retry_after"])

    def ratio(self, key: str) -> float | None:
        """A latency under overload over the same at capacity; None where one of them was not measured."""
        under, before = self.overload[key], self.capacity[key]
        return None if under is None or not before else under / before

    def as_dict(self) -> dict[str, Any]:
        """Everything, fit for JSON."""
        return {
            "offered_rate": self.offered_rate,
            "num_refused": self.num_refused,
            "num_other_failures": self.num_other_failures,
            "refused_without_retry_after": self.refused_without_retry_after,
            "capacity": self.capacity,
            "overload": self.overload,
            "processes": [
                {
                    "process": number,
                    "first_bytes": track.resident_bytes[0],
                    "last_bytes": track.resident_bytes[-1],
                    "max_bytes": max(track.resident_bytes),
                    "cpu_share": track.cpu_share,
                    "slope_bytes_per_min": track.slope_bytes_per_min(self.skipped_s),
                    "times_s": [round(at_s, 2) for at_s in track.times_s],
                    "resident_bytes": list(track.resident_bytes),
                }
                for number, track in enumerate(self.processes)
            ],
        }


def run_overload(overload: Overload, server: RunningServer, target: Target, progress: Progress = SILENT) -> Findings:
    """Measure capacity, then offer a multiple of it, weighing the server meanwhile.

    Raises:
        ZaphodError: the server cannot be asked.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(overload, server, target, progress))


async def _measure(overload: Overload, server: RunningServer, target: Target, progress: Progress) -> Findings:
    target = await named(target)
    async with Client(target) as client:
        source = source_of(overload.shape, await client.calibrate())
        closed = Load(
            arrivals=Arrivals(max_concurrency=overload.clients),
            duration_s=overload.capacity_s,
            num_warmups=overload.clients,
        )
        capacity = _summary(await measure(client, source, closed, progress), closed, overload, target)
        rate = max(overload.factor * capacity["request_throughput"], 1 / overload.overload_s)
        open_load = Load(arrivals=Arrivals(request_rate=rate), duration_s=overload.overload_s, seed=overload.shape.seed)
        with ProcessWatch(server, overload.weighing_period_s) as watch:
            run = await measure(client, _after(source, capacity["num_sent"]), open_load, progress)
    return Findings(
        capacity=capacity,
        overload=_summary(run, open_load, overload, target),
        offered_rate=rate,
        processes=watch.tracks(),
        skipped_s=overload.overload_s / 4,
    )


def _summary(run: Run, load: Load, overload: Overload, target: Target) -> dict[str, Any]:
    return summarise(run, load, overload.shape, target, Goals(), PERCENTILES)


def _after(source: Source, count: int) -> Source:
    """Prompts that were not asked before."""
    return lambda index: source(index + count)
