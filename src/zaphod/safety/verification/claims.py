"""What is to be proved: on a whole box, at every point, one of some polynomials is above 0; knows no plan."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from zaphod.safety.verification.box import Box, Point
from zaphod.safety.verification.polynomials import Polynomials


class Label(NamedTuple):
    """What a claim speaks of."""

    requirement: str
    """The contract's word for it: `grip`, `clearance`."""
    step: int
    """Of the plan, from 0."""
    piece: int
    """Of the whole path, from 0: a step may have several."""
    what: str
    """What would be wrong if the claim were: `the load slips`."""


class Explanation(NamedTuple):
    """A counterexample in words and in numbers."""

    text: str
    value: float
    """What the plan gives, in SI units."""
    wanted: float
    """What it must reach, or must not exceed."""


@dataclass(frozen=True)
class Claims:
    """N claims over the same box.

    Args:
        polynomials: those of the first claim, then those of the next.
        box: of every variable.
        labels: one for each claim.
        num_alternatives: how many polynomials a claim has: at each point one of them must be above 0. A body is
            outside a box if it is beyond one of its six sides.

    Raises:
        ValueError: the box has no point, so that every claim would hold on it.
    """

    polynomials: Polynomials
    box: Box
    labels: tuple[Label, ...]
    num_alternatives: int = 1

    def __post_init__(self) -> None:
        assert len(self.polynomials) == len(self.labels) * self.num_alternatives
        assert set(self.polynomials.variables) <= set(self.box)
        if any(low > high for low, high in self.box.values()):
            raise ValueError("a box without a point: on it anything holds")

    def __len__(self) -> int:
        return len(self.labels)

    def one(self, row: int) -> Claims:
        """One of them."""
        first = row * self.num_alternatives
        polynomials = self.polynomials.rows(range(first, first + self.num_alternatives))
        return Claims(polynomials, self.box, (self.labels[row],), self.num_alternatives)

    def best_value(self, row: int, point: Point) -> Fraction:
        """Of an exact claim at a point: above 0 if it holds there."""
        return max(self.one(row).polynomials.at(point))
