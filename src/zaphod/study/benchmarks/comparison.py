"""Measures several programs on one file, pair by pair and alternately; knows processes and cases, no table.

A pair is one run of each program, close together, so that whatever slows the machine slows all of them. Every second
pair goes the other way round. Each program has a process of its own, which sleeps while another is measured.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil

from zaphod.core.progress import SILENT, Advance, Progress
from zaphod.engine.throughput import Work
from zaphod.study.benchmarks.cases import Case
from zaphod.study.benchmarks.divergence import divergences, probe_prompts
from zaphod.study.benchmarks.noise import Noise, Watch
from zaphod.study.benchmarks.process import Child, Launch, busy_neighbour
from zaphod.study.benchmarks.samples import Record, Sample

OURS = "zaphod"


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Who is compared on what."""

    file: str
    """As the tables call the model."""
    launches: Sequence[Launch]
    """Ours, named `OURS`, first."""
    packed: Launch | None
    """Ours from the packed form of the file; None where that is not measured."""
    oracles: Mapping[str, Launch]
    """For each program by name: who computes the same mathematics in float32."""
    weight_bytes: Mapping[str, int]
    """For each program by name: bytes of the tensors in what it opens."""
    vocab_size: int
    num_threads: int
    busy_core: int
    num_pairs: int


def run_contest(contest: Contest, cases: Sequence[Case], record: Record, progress: Progress = SILENT) -> None:
    """Measure every case; samples go to the record as they come, and those that are there are not measured again.

    Raises:
        ZaphodError: a program fails.
    """
    with ExitStack() as stack:
        runner = _Contest(contest, record, stack)
        total = len(cases) * contest.num_pairs * len(contest.launches)
        with progress.step(f"comparing on {contest.file}", total, "runs") as advance:
            for case in cases:
                runner.measure(case, advance)


class _Contest:
    """The state of one contest: processes that are open, and what they are prepared for."""

    def __init__(self, contest: Contest, record: Record, stack: ExitStack) -> None:
        self._contest, self._record, self._stack = contest, record, stack
        self._children: dict[str, Child] = {}
        self._details: dict[str, dict[str, object]] = {}

    def measure(self, case: Case, advance: Advance) -> None:
        """All pairs of one case."""
        ways: Mapping[str, Callable[[Case, Launch], Sample]] = {
            "speed": self._speed,
            "busy": self._busy,
            "load": self._load,
            "memory": self._memory,
        }
        if case.kind == "accuracy":
            self._accuracy(case, advance)
            return
        self._details = {}
        for pair in range(self._contest.num_pairs):
            launches = self._contest.launches if pair % 2 == 0 else self._contest.launches[::-1]
            for launch in launches:
                if not self._has(case, launch.name, pair):
                    self._record.add(replace(ways[case.kind](case, launch), pair=pair))
                advance(1)

    def _has(self, case: Case, engine: str, pair: int) -> bool:
        return self._record.has(self._contest.file, case.name, engine, pair)

    def _child(self, launch: Launch) -> Child:
        """The program's long-lived process."""
        if launch.name not in self._children:
            self._children[launch.name] = self._stack.enter_context(Child(launch))
        return self._children[launch.name]

    def _ready(self, case: Case, launch: Launch) -> Child:
        """Its process, prepared for the case and run once."""
        child = self._child(launch)
        if launch.name not in self._details:
            self._details[launch.name] = child.order("about") | child.order("prepare", **as_options(case.work))
            child.order("time")
        return child

    def _sample(
        self, case: Case, launch: Launch, value: float, noise: Noise | None = None, **details: object
    ) -> Sample:
        details = self._details.get(launch.name, {}) | details
        return Sample(
            file=self._contest.file,
            case=case.name,
            engine=launch.name,
            pair=0,
            value=value,
            noise=noise,
            details=details,
        )

    def _timed(self, child: Child, work: Work, neighbour: psutil.Process | None = None) -> tuple[float, Noise]:
        """Tokens a second, and how undisturbed they were."""
        watch, before_s = Watch(), _cpu_seconds(neighbour)
        answer = child.order("time")
        own_s = answer["order_cpu_s"] + _cpu_seconds(neighbour) - before_s
        noise = Noise(
            load_average=os.getloadavg()[0],
            cpu_share=answer["cpu_s"] / (answer["wall_s"] * self._contest.num_threads),
            foreign_share=watch.foreign_share(own_s),
        )
        return work.num_tokens / answer["wall_s"], noise

    def _speed(self, case: Case, launch: Launch) -> Sample:
        value, noise = self._timed(self._ready(case, launch), case.work)
        return self._sample(case, launch, value, noise)

    def _busy(self, case: Case, launch: Launch) -> Sample:
        """The share of its quiet speed that is left beside a process which never rests."""
        child = self._ready(case, launch)
        quiet, quiet_noise = self._timed(child, case.work)
        with busy_neighbour(self._contest.busy_core) as process:
            busy, noise = self._timed(child, case.work, psutil.Process(process.pid))
        noise = replace(noise, cpu_share=quiet_noise.cpu_share)
        return self._sample(case, launch, busy / quiet, noise, quiet=quiet, busy=busy)

    def _load(self, case: Case, launch: Launch) -> Sample:
        """Seconds from the start of a fresh process until its first token."""
        if case.from_packed and launch.name == OURS:
            assert self._contest.packed is not None, "the case is left out where there is no packed form"
            launch = self._contest.packed
        watch = Watch()
        with Child(_with(launch, case.work)) as child:
            whole_s, after_imports_s = child.ready_s - child.started_s, child.ready_s - child.imported_s
            foreign = watch.foreign_share(child.cpu_seconds())
        noise = Noise(load_average=os.getloadavg()[0], cpu_share=1.0, foreign_share=foreign)
        return self._sample(case, launch, whole_s, noise, after_imports_s=after_imports_s)

    def _memory(self, case: Case, launch: Launch) -> Sample:
        """Resident bytes of a fresh process that has run the case, less those of the weights and of the cache."""
        with Child(_with(launch, case.work)) as child:
            kv_bytes = child.order("prepare", **as_options(case.work), trials=False)["kv_bytes"]
            child.order("time")
            found = child.order("memory")
        weight_bytes = self._contest.weight_bytes[launch.name]
        beyond = found["resident_bytes"] - weight_bytes - kv_bytes
        return self._sample(case, launch, beyond, None, **found, weight_bytes=weight_bytes, kv_bytes=kv_bytes)

    def _accuracy(self, case: Case, advance: Advance) -> None:
        """Once for each program: another pair would give the same figure."""
        prompts = probe_prompts(self._contest.vocab_size)
        with tempfile.TemporaryDirectory() as scratch:
            for launch in self._contest.launches:
                if not self._has(case, launch.name, 0):
                    exact = _logits(Child(self._contest.oracles[launch.name]), prompts, Path(scratch) / "exact.npy")
                    found = _logits(Child(launch), prompts, Path(scratch) / "found.npy")
                    each = divergences(exact, found)
                    details = {"positions": len(each), "median": float(np.median(each))}
                    details["same_best_token"] = float(np.mean(exact.argmax(-1) == found.argmax(-1)))
                    self._record.add(self._sample(case, launch, float(each.mean()), None, **details))
                advance(self._contest.num_pairs)


def as_options(work: Work) -> dict[str, int]:
    """A case as a peer's `prepare` takes it."""
    return {"prompt": work.prompt, "generate": work.generate, "depth": work.depth, "batch": work.batch}


def _with(launch: Launch, work: Work) -> Launch:
    """The same with a first case, and a cache no larger than that case needs."""
    room = {"num_tokens": work.length, "max_len": work.length}
    known = {name: size for name, size in room.items() if name in launch.options}
    return replace(launch, options={**launch.options, **known, "first": as_options(work)})


def _logits(child: Child, prompts: list[list[int]], out: Path) -> np.ndarray:
    with child:
        child.order("logits", prompts=prompts, out=str(out))
    return np.asarray(np.load(out))


def _cpu_seconds(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    times = process.cpu_times()
    return float(times.user + times.system)
