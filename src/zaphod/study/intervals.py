"""How far a counted share may be off; knows counts only.

Wilson (1927) for tables; Clopper and Pearson (1934) where a share of nothing or of all must not promise too much: their
interval covers the true share in at least 95 of 100 cases, whatever it is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

_QUANTILE_95 = 1.959963984540054
_TAIL = 0.025
_STEPS = 60  # of bisection: far below what is printed


class Interval(NamedTuple):
    """Of a share, 0 to 1."""

    low: float
    high: float


class Share(NamedTuple):
    """How many of how many."""

    num: int
    of: int

    @property
    def value(self) -> float:
        """0 to 1; not a number where nothing was tried."""
        return self.num / self.of if self.of else math.nan

    @property
    def interval(self) -> Interval:
        """95 %, Wilson."""
        return wilson(self.num, self.of)

    def __str__(self) -> str:
        if not self.of:
            return "none tried"
        low, high = self.interval
        return f"{self.value:.1%} ({low:.1%} to {high:.1%}, n={self.of})"


def wilson(num: int, of: int) -> Interval:
    """95 % score interval of a share; all of 0 to 1 where nothing was tried."""
    if not of:
        return Interval(0.0, 1.0)
    z2, share = _QUANTILE_95**2, num / of
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    spread = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * of)) / of) / (1 + z2 / of)
    return Interval(max(0.0, centre - spread), min(1.0, centre + spread))


def clopper_pearson(num: int, of: int) -> Interval:
    """95 % exact interval of a share; all of 0 to 1 where nothing was tried."""
    if not of:
        return Interval(0.0, 1.0)
    low = 0.0 if num == 0 else 1 - _upper_limit(of - num, of)
    return Interval(low, 1.0 if num == of else _upper_limit(num, of))


def _upper_limit(num: int, of: int) -> float:
    """The share at which so few, or fewer, come up in one case of forty."""
    low, high = num / of, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(num, of, middle) > _TAIL else (low, middle)
    return (low + high) / 2


def _at_most(num: int, of: int, share: float) -> float:
    """Probability of `num` or fewer successes in `of` trials."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if share <= 0.0 or num >= of else 0.0
    of_all, yes, no = math.lgamma(of + 1), math.log(share), math.log1p(-share)
    return sum(
        math.exp(of_all - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * yes + (of - k) * no)
        for k in range(num + 1)
    )
