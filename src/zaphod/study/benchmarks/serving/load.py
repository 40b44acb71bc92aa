"""Sends a load and keeps every reply: warm-up, open or closed loop, an end by number, by time or by Ctrl-C.

Knows when to send, not how; and no statistics.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Advance, Progress
from zaphod.study.benchmarks.serving.arrivals import Arrivals
from zaphod.study.benchmarks.serving.client import Client
from zaphod.study.benchmarks.serving.prompts import Source
from zaphod.study.benchmarks.serving.reply import Reply


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much is sent, and when.

    Raises:
        ConfigError: no end is given, or two, or none can be reached.
    """

    arrivals: Arrivals = field(default_factory=Arrivals)
    num_prompts: int | None = None
    duration_s: float | None = None
    """Nothing is sent after so many seconds; what is on its way then is waited for."""
    num_warmups: int = 0
    """Requests before the clock starts; they do not count, and their prompts are not among the measured ones."""
    seed: int = 0
    """Of the schedule."""

    def __post_init__(self) -> None:
        if (self.num_prompts is None) == (self.duration_s is None):
            raise ConfigError("A load needs one end.", "It has a number of prompts or a duration.", "Give one of them.")
        end = self.duration_s if self.num_prompts is None else self.num_prompts
        if end is None or not 0 < end < math.inf or self.num_warmups < 0:
            raise ConfigError("Nothing would be sent.", "Numbers of prompts and seconds must be above 0, and finite.")
        if self.duration_s is not None and self.arrivals.is_open and self.num_offered is None:
            raise ConfigError(
                "All requests at once, for some time, are infinitely many.",
                "An open loop with a duration needs a rate.",
                "Give --request-rate, or --num-prompts.",
            )

    @property
    def num_offered(self) -> int | None:
        """How many requests will be sent; None where the answers decide."""
        if self.num_prompts is not None:
            return self.num_prompts
        assert self.duration_s is not None, "checked above"
        offered = self.arrivals.request_rate * self.duration_s
        return max(1, round(offered)) if self.arrivals.is_open and math.isfinite(offered) else None


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of a load."""

    replies: tuple[Reply, ...]
    """In the order in which they ended."""
    duration_s: float
    """From the start, which is before the first request, to the end of the last reply."""
    client_cpu_s: float
    num_unfinished: int
    """Requests that were on their way when it was stopped; they are no failures."""
    was_stopped: bool


async def measure(
    client: Client, source: Source, load: Load, progress: Progress = SILENT, stop: asyncio.Event | None = None
) -> Run:
    """Send a load and wait for its end.

    Args:
        client: opened.
        source: the prompts.
        load: how much, and when.
        progress: who is told how far it is.
        stop: set it to end early; replies so far are returned.
    """
    return await _Sender(client, source, load, progress).run(stop or asyncio.Event())


class _Sender:
    """The state of one run."""

    def __init__(self, client: Client, source: Source, load: Load, progress: Progress) -> None:
        self._client, self._source, self._load, self._progress = client, source, load, progress
        self._replies: list[Reply] = []
        self._num_on_their_way = 0
        self._start_s = self._cpu_s = 0.0

    async def run(self, stop: asyncio.Event) -> Run:
        work, stopped = asyncio.ensure_future(self._work()), asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            end_s, unfinished = time.perf_counter(), self._num_on_their_way
        finally:
            for task in (work, stopped):
                task.cancel()
        was_stopped = not work.done()
        with suppress(asyncio.CancelledError):
            await work
        ends_s = [reply.ended_s for reply in self._replies]
        return Run(
            replies=tuple(self._replies),
            duration_s=(end_s if was_stopped else max(ends_s, default=end_s)) - self._start_s if self._start_s else 0.0,
            client_cpu_s=time.process_time() - self._cpu_s if self._start_s else 0.0,
            num_unfinished=unfinished,
            was_stopped=was_stopped,
        )

    async def _work(self) -> None:
        await self._warm_up()
        self._start_s, self._cpu_s = time.perf_counter(), time.process_time()
        async with self._shown() as advance:
            await (self._open(advance) if self._load.arrivals.is_open else self._closed(advance))

    async def _warm_up(self) -> None:
        left = iter(range(-self._load.num_warmups, 0))
        with self._progress.step("warming up", self._load.num_warmups, "requests") as advance:

            async def one_client() -> None:
                for index in left:
                    await self._client.send(self._source(index), index)
                    advance(1)

            await _all(one_client() for _ in range(min(self._load.num_warmups, self._num_clients)))

    @property
    def _num_clients(self) -> int:
        return self._load.arrivals.max_concurrency or max(1, self._load.num_warmups)

    async def _closed(self, advance: Advance) -> None:
        numbers = itertools.count() if self._load.num_prompts is None else iter(range(self._load.num_prompts))
        end_s = self._start_s + (self._load.duration_s or math.inf)

        async def one_client() -> None:
            pause_s = 0.0
            for index in numbers:
                await asyncio.sleep(min(pause_s, max(0.0, end_s - time.perf_counter())))
                if time.perf_counter() >= end_s:
                    return
                pause_s = (await self._send(index, None, advance)).pause_s

        await _all(one_client() for _ in range(self._num_clients))

    async def _open(self, advance: Advance) -> None:
        count = self._load.num_offered
        assert count is not None, "an open loop's schedule is known before it starts"
        cap = self._load.arrivals.max_concurrency
        free = asyncio.Semaphore(count if cap is None else cap)

        async def one(index: int, due_s: float) -> None:
            async with free:
                await self._send(index, due_s, advance)

        async with asyncio.TaskGroup() as group:
            for index, offset_s in enumerate(self._load.arrivals.offsets(count, self._load.seed)):
                due_s = self._start_s + offset_s
                # NOTE: counted from the start, so that a late request delays none after it.
                await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
                group.create_task(one(index, due_s))

    async def _send(self, index: int, due_s: float | None, advance: Advance) -> Reply:
        self._num_on_their_way += 1
        try:
            reply = await self._client.send(self._source(index), index, due_s)
        finally:
            self._num_on_their_way -= 1
        self._replies.append(reply)
        if self._load.num_offered is not None:
            advance(1)
        return reply

    @asynccontextmanager
    async def _shown(self) -> AsyncIterator[Advance]:
        """A step that counts replies; or seconds, where nobody knows how many replies there will be."""
        if self._load.num_offered is not None:
            with self._progress.step("measuring", self._load.num_offered, "requests") as advance:
                yield advance
            return
        assert self._load.duration_s is not None, "either end is given"
        with self._progress.step("measuring", self._load.duration_s, "seconds") as advance:
            clock = asyncio.ensure_future(_tell_time(advance))
            try:
                yield advance
            finally:
                clock.cancel()
                with suppress(asyncio.CancelledError):
                    await clock


async def _tell_time(advance: Callable[[float], None], period_s: float = 0.25) -> None:
    while True:
        await asyncio.sleep(period_s)
        advance(period_s)


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines together; the first fault ends the others."""
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)
