"""The speed of one model on one runner, in llama-bench's columns; knows a runner, not how it was opened."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zaphod.capacity.measurement import Kind, peak_ops, read_bandwidth
from zaphod.core.progress import SILENT, Progress
from zaphod.engine.throughput import Work, measure
from zaphod.study.benchmarks.opened import OpenedRunner
from zaphod.study.benchmarks.traffic import Traffic, traffic_of


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What this machine can do at most, measured on the same threads."""

    read_bytes_per_s: float
    peak_ops_per_s: float | None
    """Of the number format that the runner multiplies in; None where it could not be measured."""
    peak_kind: Kind


@dataclass(frozen=True, kw_only=True)
class Row:
    """One test."""

    work: Work
    samples: tuple[float, ...]
    """Tokens a second."""
    traffic: Traffic
    limits: Limits

    @property
    def tokens_per_s(self) -> float:
        return statistics.fmean(self.samples)

    @property
    def stddev(self) -> float:
        return statistics.stdev(self.samples) if len(self.samples) > 1 else 0.0

    @property
    def read_bytes_per_s(self) -> float:
        """Bytes a second that must have been read."""
        return self.traffic.read_bytes * self.tokens_per_s / self.work.num_tokens

    @property
    def ops_per_s(self) -> float:
        """Operations a second that must have been computed."""
        return self.traffic.operations * self.tokens_per_s / self.work.num_tokens

    @property
    def bandwidth_share(self) -> float:
        return self.read_bytes_per_s / self.limits.read_bytes_per_s

    @property
    def compute_share(self) -> float | None:
        peak = self.limits.peak_ops_per_s
        return None if peak is None else self.ops_per_s / peak

    def as_dict(self) -> dict[str, Any]:
        """One entry of `results`."""
        work = self.work
        return {
            "test": work.name,
            "n_prompt": work.prompt,
            "n_gen": work.generate,
            "n_depth": work.depth,
            "n_batch": work.batch,
            "tokens_per_s": self.tokens_per_s,
            "stddev": self.stddev,
            "samples": list(self.samples),
            "read_bytes_per_s": self.read_bytes_per_s,
            "bandwidth_share": self.bandwidth_share,
            "ops_per_s": self.ops_per_s,
            "compute_share": self.compute_share,
        }


def tests_of(prompt: int, generate: int, depth: int, batch: int) -> list[Work]:
    """The tests that llama-bench would run: reading, generating, one after the other; none of no tokens."""
    shapes = [(prompt, 0), (0, generate)] + ([(prompt, generate)] if prompt and generate else [])
    return [Work(prompt=p, generate=g, depth=depth, batch=batch) for p, g in shapes if p or g]


def measure_limits(num_threads: int, kind: Kind) -> Limits:
    """A few seconds of reading and multiplying."""
    return Limits(
        read_bytes_per_s=read_bandwidth(num_threads), peak_ops_per_s=peak_ops(kind, num_threads), peak_kind=kind
    )


def measure_model(
    opened: OpenedRunner, tests: Sequence[Work], limits: Limits, *, repeat: int, progress: Progress = SILENT
) -> list[Row]:
    """Run every test.

    Args:
        opened: what is measured.
        tests: one row each.
        limits: what the machine can do.
        repeat: how many runs of a test count.
        progress: who is told how far it is.
    """
    rows = []
    for work in tests:
        with progress.step(f"measuring {work.name}", repeat, "runs") as advance:
            samples = measure(opened.runner, work, repeat=repeat, done=functools.partial(advance, 1))
        traffic = traffic_of(work, opened.config, opened.storage)
        rows.append(Row(work=work, samples=tuple(samples), traffic=traffic, limits=limits))
    return rows
