"""Boxes of parameters: every value that each may have, all combinations meant; exact ends, both included."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple


class Interval(NamedTuple):
    """From `low` to `high`, both included."""

    low: Fraction
    high: Fraction

    @property
    def width(self) -> Fraction:
        return self.high - self.low

    @property
    def middle(self) -> Fraction:
        return (self.low + self.high) / 2

    @property
    def magnitude(self) -> Fraction:
        """The largest absolute value in it."""
        return max(abs(self.low), abs(self.high))

    def halves(self) -> tuple[Interval, Interval]:
        return Interval(self.low, self.middle), Interval(self.middle, self.high)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | Fraction) and self.low <= value <= self.high


Box = Mapping[str, Interval]
"""An interval for each variable."""

Point = Mapping[str, Fraction]
"""A value for each variable."""


def corners(box: Box) -> Iterator[dict[str, Fraction]]:
    """All of the box's corners; a variable of one value adds none."""
    ends = [sorted({interval.low, interval.high}) for interval in box.values()]
    for values in itertools.product(*ends):
        yield dict(zip(box, values, strict=True))


def middle(box: Box) -> dict[str, Fraction]:
    """The point in the middle."""
    return {name: interval.middle for name, interval in box.items()}
