"""From values of single problems to a figure with its 95 % interval; knows no problem.

Values that are 0 or 1 get Wilson's interval; others one from the bootstrap: problems are drawn again with replacement,
1,000 times with a fixed seed, and the 2.5 % highest and lowest means are left off.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zaphod.study.intervals import Interval, wilson

_NUM_DRAWS = 1000
_MAX_DRAWN_AT_ONCE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A mean over problems.

    Args:
        name: what was counted.
        num: problems.
        value: their mean.
        interval: 95 %.
        chance: what blind guessing gets; None where it gets nothing worth naming.
    """

    name: str
    num: int
    value: float
    interval: Interval
    chance: float | None = None

    @property
    def is_chance(self) -> bool:
        """Whether blind guessing could have got that."""
        return self.chance is not None and self.interval.low <= self.chance <= self.interval.high

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "n": self.num,
            "value": self.value,
            "interval_95": list(self.interval),
            "chance": self.chance,
            "chance_is_inside": self.is_chance,
        }


def figure(name: str, values: Sequence[float], chance: float | None = None, seed: int = 0) -> Figure:
    """The mean of some values and how far it may be off."""
    assert values, "a mean of nothing is asked for"
    is_share = all(value in (0.0, 1.0) for value in values)
    interval = wilson(round(sum(values)), len(values)) if is_share else bootstrap(values, seed)
    return Figure(name=name, num=len(values), value=sum(values) / len(values), interval=interval, chance=chance)


def bootstrap(values: Sequence[float], seed: int = 0) -> Interval:
    """95 % percentile interval of a mean (Efron 1979)."""
    values_N = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    num_together = min(_NUM_DRAWS, max(1, _MAX_DRAWN_AT_ONCE // len(values_N)))
    means: list[float] = []
    while len(means) < _NUM_DRAWS:
        drawn = rng.integers(0, len(values_N), (num_together, len(values_N)))
        means += values_N[drawn].mean(axis=1).tolist()
    low, high = np.percentile(means[:_NUM_DRAWS], (2.5, 97.5))
    return Interval(float(low), float(high))


def pass_at(k: int, num_samples: int, num_right: int) -> float:
    """Probability that one of `k` answers drawn from `num_samples` is right, without bias (arXiv 2107.03374, eq. 1)."""
    if not 1 <= k <= num_samples or not 0 <= num_right <= num_samples:
        raise ValueError(f"pass@{k} of {num_right} right in {num_samples}")
    if num_samples - num_right < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / place for place in range(num_samples - num_right + 1, num_samples + 1))


def exact_match(first: str, second: str) -> float:
    """1 where two texts are the same words, but for case, articles and punctuation (SQuAD's rules)."""
    return float(_words(first) == _words(second))


def f1(first: str, second: str) -> float:
    """Harmonic mean of precision and recall of the words of `first` in `second` (SQuAD's)."""
    one, other = Counter(_words(first)), Counter(_words(second))
    if not one or not other:
        return float(one == other)
    common = (one & other).total()
    return 2 * common / (one.total() + other.total())


def _words(text: str) -> list[str]:
    bare = text.lower().translate(str.maketrans("", "", string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()
