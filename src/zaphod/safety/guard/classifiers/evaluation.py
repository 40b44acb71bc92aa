"""How good a classifier is: rates with intervals, calibration, families that were left out; knows no model file.

Examples of one wording resemble each other, so intervals from single examples would be too narrow: the bootstrap draws
whole wordings (Cameron, Gelbach and Miller 2008, section 2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zaphod.core.progress import SILENT, Progress
from zaphod.safety.guard.classifiers.arithmetic import Floats
from zaphod.safety.guard.classifiers.calibration import expected_calibration_error
from zaphod.safety.guard.classifiers.examples import Example, Task, examples_of

Bools = npt.NDArray[np.bool_]
_Z = 1.959963984540054
_DRAWS = 1000
Scorer = Callable[[Sequence[str]], Floats]
"""Probabilities of texts."""
Trainer = Callable[[Sequence[Example]], Scorer]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share with its 95 % interval (Wilson 1927)."""

    count: int
    total: int

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return 0.0, 1.0
        middle = (self.share + _Z**2 / (2 * self.total)) / (1 + _Z**2 / self.total)
        half = _Z * math.sqrt(self.share * (1 - self.share) / self.total + (_Z / (2 * self.total)) ** 2)
        half /= 1 + _Z**2 / self.total
        return max(middle - half, 0.0), min(middle + half, 1.0)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.share:.1f} % ({100 * low:.1f} to {100 * high:.1f}; n = {self.total})"


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What a classifier did on one set, with the F1 score's 95 % interval over wordings."""

    num_examples: int
    num_wordings: int
    precision: float
    recall: Rate
    false_positives: Rate
    f1: float
    f1_interval: tuple[float, float]
    calibration_error: float


def quality(probabilities: Floats, examples: Sequence[Example], threshold: float) -> Quality:
    """How well these probabilities tell these examples apart."""
    is_harmful, is_hit = harmful(examples), probabilities >= threshold
    true, false = int((is_hit & is_harmful).sum()), int((is_hit & ~is_harmful).sum())
    return Quality(
        num_examples=len(examples),
        num_wordings=len({example.wording for example in examples}),
        precision=true / (true + false) if true + false else math.nan,
        recall=Rate(count=true, total=int(is_harmful.sum())),
        false_positives=Rate(count=false, total=int((~is_harmful).sum())),
        f1=f1_score(is_hit, is_harmful),
        f1_interval=_f1_interval(is_hit, is_harmful, examples),
        calibration_error=expected_calibration_error(probabilities, is_harmful),
    )


def harmful(examples: Sequence[Example]) -> Bools:
    """The label of each."""
    return np.array([example.is_harmful for example in examples], bool)


def f1_score(is_hit: Bools, is_harmful: Bools) -> float:
    """Harmonic mean of precision and recall; 0 where both are."""
    true = int((is_hit & is_harmful).sum())
    wrong = int((is_hit != is_harmful).sum())
    return 2 * true / (2 * true + wrong) if true else 0.0


def _f1_interval(is_hit: Bools, is_harmful: Bools, examples: Sequence[Example]) -> tuple[float, float]:
    names = sorted({example.wording for example in examples})
    number = {name: index for index, name in enumerate(names)}
    of_R = np.array([number[example.wording] for example in examples])
    true_W = np.bincount(of_R, is_hit & is_harmful, len(names))
    wrong_W = np.bincount(of_R, is_hit != is_harmful, len(names))
    dice = np.random.Generator(np.random.PCG64(0))
    drawn = dice.integers(len(names), size=(_DRAWS, len(names)))
    true, wrong = true_W[drawn].sum(axis=1), wrong_W[drawn].sum(axis=1)
    low, high = np.quantile(2 * true / np.maximum(2 * true + wrong, 1), (0.025, 0.975))
    return float(low), float(high)


def area_under_curve(scores: Floats, is_harmful: Bools) -> float:
    """The chance that a harmful example scores higher than a harmless one; ties count half."""
    ordered = np.sort(scores[~is_harmful])
    below = np.searchsorted(ordered, scores[is_harmful], "left") + np.searchsorted(ordered, scores[is_harmful], "right")
    return float(below.mean() / (2 * len(ordered)))


def group_rates(probabilities: Floats, examples: Sequence[Example], threshold: float) -> dict[str, Rate]:
    """Of harmless examples about each group, how many are hits."""
    rates: dict[str, Rate] = {}
    for group in sorted({example.group for example in examples if example.group}):
        mine = np.array([example.group == group and not example.is_harmful for example in examples])
        rates[group] = Rate(count=int((probabilities[mine] >= threshold).sum()), total=int(mine.sum()))
    return rates


def family_rates(probabilities: Floats, examples: Sequence[Example], threshold: float) -> dict[str, Rate]:
    """Of each family's examples, how many are hits."""
    families = np.array([example.family for example in examples])
    return {
        str(family): Rate(
            count=int((probabilities[families == family] >= threshold).sum()), total=int((families == family).sum())
        )
        for family in np.unique(families)
    }


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What a classifier that never saw a family says of it: its test examples against all harmless ones."""

    family: str
    recall: Rate
    area: float
    is_hit: Bools
    """Of each of the family's examples."""


def left_out_families(task: Task, trainer: Trainer, threshold: float, progress: Progress = SILENT) -> Iterator[LeftOut]:
    """For each harmful family: train without it, then look for it."""
    training, tests = examples_of(task, "train"), examples_of(task, "test")
    families = sorted({example.family for example in training if example.is_harmful})
    with progress.step("families left out", len(families), "families") as advance:
        for family in families:
            scorer = trainer([example for example in training if example.family != family])
            mine = [example for example in tests if example.family == family]
            others = [example for example in tests if not example.is_harmful]
            found = scorer([example.text for example in mine])
            scores = np.append(found, scorer([example.text for example in others]))
            labels = np.arange(len(scores)) < len(mine)
            is_hit = found >= threshold
            recall = Rate(count=int(is_hit.sum()), total=len(mine))
            yield LeftOut(family=family, recall=recall, area=area_under_curve(scores, labels), is_hit=is_hit)
            advance(1)
