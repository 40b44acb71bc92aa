"""What the samples of a comparison say, and when they say nothing; knows figures, no machine.

No verdict is given, whatever the median, when
- fewer than five pairs were measured,
- a program's own figures of one case lie further apart than a quarter of their median,
- a program used less than 85 % of its threads' time (for speeds, not for servers, which may rest between requests), so
  that something held it up, or
- others used more than a tenth of the machine meanwhile.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from zaphod.study.benchmarks.cases import Bar, Case
from zaphod.study.benchmarks.samples import Sample

MIN_PAIRS = 5
MAX_SPREAD = 0.25
MIN_CPU_SHARE = 0.85
MAX_FOREIGN_SHARE = 0.10


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One case on one file: ours beside one other program."""

    case: Case
    ours: tuple[Sample, ...]
    theirs: tuple[Sample, ...]
    bar: Bar | None

    @property
    def ratios(self) -> list[float]:
        """Pair by pair; above 1 ours is better, but for the divergence, which should be below."""
        pairs = {sample.pair: sample for sample in self.theirs}
        both = [(sample, pairs[sample.pair]) for sample in self.ours if sample.pair in pairs]
        if self.case.kind == "load":
            return [ratio(theirs.value, ours.value) for ours, theirs in both]
        return [ratio(ours.value, theirs.value) for ours, theirs in both]

    @property
    def measure(self) -> float:
        """The figure that the bar speaks of."""
        if self.case.kind in ("busy", "memory"):
            return statistics.median(sample.value for sample in self.ours)
        return statistics.median(self.ratios)

    @property
    def verdict(self) -> str:
        """`aim reached`, `reached`, `missed`, nothing where nothing is asked for, or why there is none."""
        reason = self.reason_for_none()
        if self.bar is None or reason:
            return reason
        if self.case.kind in ("memory", "accuracy"):
            return "reached" if self.measure <= self.bar.reach else "missed"
        if self.bar.aim is not None and self.measure >= self.bar.aim:
            return "aim reached"
        return "reached" if self.measure >= self.bar.reach else "missed"

    def reason_for_none(self) -> str:
        """Why the figures allow no verdict; empty where they do."""
        if self.case.kind in ("memory", "accuracy"):
            return "" if self.ours and self.theirs else "not measured"
        if not self.ratios:
            return "not measured"
        if len(self.ratios) < MIN_PAIRS:
            return f"no verdict: {len(self.ratios)} of {MIN_PAIRS} pairs"
        return _noise(self.case, self.ours) or _noise(self.case, self.theirs)


def ratio(one: float, other: float) -> float:
    """One over the other; 1 for two zeros, as when both compute exactly the same."""
    if other == 0:
        return 1.0 if one == 0 else float("inf")
    return one / other


def _noise(case: Case, samples: Sequence[Sample]) -> str:
    engine, values = samples[0].engine, [sample.value for sample in samples]
    noises = [sample.noise for sample in samples if sample.noise is not None]
    spread = (max(values) - min(values)) / statistics.median(values)
    if spread > MAX_SPREAD:
        return f"too noisy: {engine} spreads over {spread:.0%}"
    used = statistics.median(noise.cpu_share for noise in noises)
    if case.kind in ("speed", "busy") and used < MIN_CPU_SHARE:
        return f"too noisy: {engine} got {used:.0%} of its threads' time"
    foreign = [noise.foreign_share for noise in noises if noise.foreign_share is not None]
    if foreign and statistics.median(foreign) > MAX_FOREIGN_SHARE:
        return f"too noisy: others used {statistics.median(foreign):.0%} of the machine"
    return ""
