"""Two servers under the same closed-loop load, alternately, at several numbers of clients; knows servers, no table.

Both run all the time, and only one is asked at a time. Both get the same prompts in a pair, and new ones in the next.
Answers are held to letters and digits, so that every token is one letter: the letters that came must be as many as the
tokens that were asked for, on both sides, or the figures are refused.
"""

from __future__ import annotations

import asyncio
import os
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import uvloop

from zaphod.core.errors import ZaphodError
from zaphod.core.progress import SILENT, Progress
from zaphod.launch.models import its_tokenizer
from zaphod.model.files.weights import open_model
from zaphod.study.benchmarks.cases import Bar, Case
from zaphod.study.benchmarks.noise import Noise, Watch
from zaphod.study.benchmarks.samples import Record, Sample
from zaphod.study.benchmarks.serving.arrivals import Arrivals
from zaphod.study.benchmarks.serving.client import Client, Target, named
from zaphod.study.benchmarks.serving.goodput import Goals
from zaphod.study.benchmarks.serving.load import Load, Run, measure
from zaphod.study.benchmarks.serving.prompts import Calibration, Shape, source_of
from zaphod.study.benchmarks.serving.servers import RunningServer
from zaphod.study.benchmarks.serving.summary import figures
from zaphod.study.benchmarks.verdict import Outcome

Figure = Literal["throughput", "ttft-p50", "ttft-p99"]
_KEYS: Mapping[Figure, str] = {"throughput": "output_throughput", "ttft-p50": "p50_ttft_ms", "ttft-p99": "p99_ttft_ms"}
_MAX_BIAS = 100
_WARMUPS = 4


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two servers."""

    name: str
    server: RunningServer
    target: Target


@dataclass(frozen=True, kw_only=True)
class Points:
    """What is measured."""

    file: str
    """As the tables call the model."""
    clients: Sequence[int] = (1, 4, 16, 64)
    num_pairs: int = 5
    requests_per_client: int = 2
    min_requests: int = 8
    num_threads: int = 2
    shape: Shape = field(default_factory=lambda: Shape(input_tokens=128, output_tokens=64))
    bars: Mapping[str, Bar] = field(default_factory=dict)
    """What is asked for, by the name of the case."""

    def num_requests(self, clients: int) -> int:
        return max(self.min_requests, clients * self.requests_per_client)


def case_of(clients: int, figure: Figure) -> Case:
    """A row of the table. Times are of the kind `load`: their ratio is theirs over ours."""
    people = f"{clients} client{'s' if clients != 1 else ''}"
    if figure == "throughput":
        return Case(name=f"clients-{clients}-throughput", title=f"{people}, output tokens", kind="serving")
    return Case(name=f"clients-{clients}-{figure}", title=f"{people}, TTFT {figure.removeprefix('ttft-')}", kind="load")


def run_contest(points: Points, sides: Sequence[Side], record: Record, progress: Progress = SILENT) -> None:
    """Measure every point; samples go to the record as they come, and what is there is not measured again.

    Args:
        points: what is measured.
        sides: ours first.
        record: where samples go.
        progress: who is told how far it is.

    Raises:
        ZaphodError: a request fails, or an answer has not exactly the tokens asked for.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sides = [replace(side, target=runner.run(named(side.target))) for side in sides]
        words = runner.run(_same_words(sides, points.shape))
        total = len(points.clients) * points.num_pairs * len(sides)
        with progress.step(f"comparing on {points.file}", total, "runs") as advance:
            for clients in points.clients:
                for pair in range(points.num_pairs):
                    for side in sides if pair % 2 == 0 else sides[::-1]:
                        idle = [other for other in sides if other is not side]
                        run = _Run(points, clients, pair, words, side, idle)
                        names = [case_of(clients, figure).name for figure in _KEYS]
                        if not all(record.has(points.file, name, side.name, pair) for name in names):
                            for sample in runner.run(run.samples()):
                                _add_once(record, sample)
                        advance(1)


def outcomes_of(points: Points, samples: Sequence[Sample], ours: str) -> list[Outcome]:
    """Every figure at every number of clients, ours beside each other server."""
    outcomes = []
    for clients in points.clients:
        for figure in _KEYS:
            case = case_of(clients, figure)
            here = [each for each in samples if (each.file, each.case) == (points.file, case.name)]
            for peer in dict.fromkeys(each.engine for each in here if each.engine != ours):
                sides = [tuple(each for each in here if each.engine == name) for name in (ours, peer)]
                if all(sides):
                    bar = points.bars.get(case.name)
                    outcomes.append(Outcome(case=case, ours=sides[0], theirs=sides[1], bar=bar))
    return outcomes


def _add_once(record: Record, sample: Sample) -> None:
    """An interrupted run may have left some of its figures."""
    if not record.has(sample.file, sample.case, sample.engine, sample.pair):
        record.add(sample)


def letter_ids(model: Path) -> list[int]:
    """Token ids of ASCII letters and digits. Raises `ZaphodError` where one of them is not a single token."""
    with open_model(model) as weights:
        tokenizer = its_tokenizer(weights)
    each = [tokenizer.encode(letter, add_bos=False) for letter in string.ascii_letters + string.digits]
    if any(len(token_ids) != 1 for token_ids in each):
        raise ZaphodError(f"Some letters are no single token of {model}.", "Answers are counted by their letters.")
    return [token_ids[0] for token_ids in each]


def held_to_letters(token_ids: Sequence[int]) -> dict[str, Any]:
    """Fields of a request whose answer has only these tokens, and hardly one of them twice.

    Without the penalty a random model repeats one letter, and with it the experts that compute it.
    """
    bias = {str(token_id): _MAX_BIAS for token_id in token_ids}
    return {"logit_bias": bias, "temperature": 1.0, "frequency_penalty": 2.0}


async def _same_words(sides: Sequence[Side], shape: Shape) -> Calibration:
    """How both count words. Raises `ZaphodError` where they differ: the comparison would not be of the same work."""
    found = []
    for side in sides:
        async with Client(side.target) as client:
            words = await client.calibrate()
            usage = await client.usage(source_of(shape, words)(0))
        found.append((words, usage.prompt_tokens, usage.completion_tokens))
    if len({repr(each) for each in found}) > 1:
        names = ", ".join(f"{side.name}: {each}" for side, each in zip(sides, found, strict=True))
        raise ZaphodError(f"The servers count tokens differently ({names}).", "They must do the same work.")
    return found[0][0]


@dataclass(frozen=True)
class _Run:
    """One side at one number of clients in one pair."""

    points: Points
    clients: int
    pair: int
    words: Calibration
    side: Side
    idle: Sequence[Side]

    async def samples(self) -> list[Sample]:
        shape = replace(self.points.shape, seed=self.points.shape.seed + 1000 * self.clients + self.pair)
        load = Load(
            arrivals=Arrivals(max_concurrency=self.clients),
            num_prompts=self.points.num_requests(self.clients),
        )
        async with Client(self.side.target) as client:
            source = source_of(shape, self.words)
            warm = Load(arrivals=load.arrivals, num_prompts=min(self.clients, _WARMUPS))
            await measure(client, lambda index: source(-1 - index), warm)
            watch, before_s, idle_s = Watch(), self.side.server.cpu_seconds(), self._idle_cpu_s()
            run = await measure(client, source, load)
        server_s = self.side.server.cpu_seconds() - before_s
        self._check(run, shape)
        foreign = watch.foreign_share(server_s + run.client_cpu_s)
        return self._as_samples(run, server_s, self._idle_cpu_s() - idle_s, foreign)

    def _idle_cpu_s(self) -> float:
        return sum(each.server.cpu_seconds() for each in self.idle)

    def _check(self, run: Run, shape: Shape) -> None:
        """Refuse figures of answers that are not what was asked for."""
        for reply in run.replies:
            if reply.failure is not None:
                raise ZaphodError(f"{self.side.name} failed: {reply.failure.kind}, {reply.failure.message}")
            if not reply.num_tokens == reply.num_letters == shape.output_tokens:
                raise ZaphodError(
                    f"{self.side.name} answered {reply.num_letters} letters and counts {reply.num_tokens} tokens.",
                    f"{shape.output_tokens} of both were asked for.",
                )

    def _as_samples(self, run: Run, server_s: float, idle_s: float, foreign: float | None) -> list[Sample]:
        result = figures(run.replies, run.duration_s, Goals(), (50.0, 99.0))
        cores_s = run.duration_s * self.points.num_threads
        # NOTE: server and client share the cores, so both make the share of the time that was used. No verdict depends
        # on it: a server that leaves cores idle between requests is slow by its own fault.
        used = (server_s + run.client_cpu_s) / cores_s
        noise = Noise(load_average=os.getloadavg()[0], cpu_share=used, foreign_share=foreign)
        details: dict[str, Any] = {
            "clients": self.clients,
            "duration_s": run.duration_s,
            "server_cpu_share": server_s / cores_s,
            "client_cpu_share": run.client_cpu_s / cores_s,
            "idle_server_cpu_share": idle_s / cores_s,
            **{name: value for name, value in result.items() if not name.startswith(("std", "request_goodput"))},
        }
        samples = []
        for figure, key in _KEYS.items():
            value = result[key] if figure == "throughput" else result[key] / 1e3
            case = case_of(self.clients, figure)
            kept = details if figure == "throughput" else {}
            samples.append(self._sample(case, value, noise, kept))
        return samples

    def _sample(self, case: Case, value: float, noise: Noise, details: dict[str, Any]) -> Sample:
        return Sample(
            file=self.points.file,
            case=case.name,
            engine=self.side.name,
            pair=self.pair,
            value=value,
            noise=noise,
            details=details,
        )
