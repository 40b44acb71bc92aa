"""One benchmark from its options to its summary: the model's name, the length of words, the load, Ctrl-C.

Knows no table and no command line.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop

from zaphod.core.progress import SILENT, Progress
from zaphod.study.benchmarks.serving.client import Client, Target, named
from zaphod.study.benchmarks.serving.goodput import Goals
from zaphod.study.benchmarks.serving.load import Load, Run, measure
from zaphod.study.benchmarks.serving.prompts import Calibration, Shape, source_of
from zaphod.study.benchmarks.serving.summary import PERCENTILES, details, summarise


@dataclass(frozen=True, kw_only=True)
class Session:
    """What is measured, and how it is judged."""

    target: Target
    """Its model may be empty: the first that the server names."""
    shape: Shape
    load: Load
    goals: Goals = field(default_factory=Goals)
    percentiles: Sequence[float] = PERCENTILES
    is_detailed: bool = False
    """Whether the summary lists every request."""


def run_session(session: Session, progress: Progress = SILENT) -> dict[str, Any]:
    """Measure and summarise. Ctrl-C ends it early, and what was measured until then is summarised all the same.

    Raises:
        ZaphodError: the server cannot be asked at all.
    """
    # NOTE: a chunk costs the client 35 µs with uvloop and 43 µs without; on one machine that is the server's time.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        target, run = runner.run(_measure(session, progress))
    result = summarise(run, session.load, session.shape, target, session.goals, session.percentiles)
    return result | (details(run) if session.is_detailed else {})


async def _measure(session: Session, progress: Progress) -> tuple[Target, Run]:
    target = await named(session.target)
    async with Client(target) as client:
        words = Calibration() if session.shape.dataset == "tasks" else await client.calibrate()
        stop = asyncio.Event()
        with _on_interrupt(stop):
            return target, await measure(client, source_of(session.shape, words), session.load, progress, stop)


@contextmanager
def _on_interrupt(stop: asyncio.Event) -> Iterator[None]:
    """Ctrl-C sets `stop`; a second one ends the program as always."""
    loop = asyncio.get_running_loop()

    def once() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, once)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
