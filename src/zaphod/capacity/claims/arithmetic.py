"""Arithmetic of figures that a claim gives itself, and what sources say; knows no models and no machines."""

from __future__ import annotations

import math
from collections.abc import Sequence

from zaphod.capacity.claims.claim import Computed
from zaphod.capacity.claims.registry import named
from zaphod.capacity.estimate import Estimate


@named
def times(factors: Sequence[float]) -> float:
    """All of them multiplied."""
    return math.prod(factors)


@named
def over(above: Sequence[float], below: Sequence[float]) -> float:
    """One product over another."""
    return math.prod(above) / math.prod(below)


@named
def saved(before: float, after: float) -> float:
    """Share by which the second is smaller."""
    return 1 - after / before


@named
def raised(base: float, exponent: float) -> float:
    """A power."""
    return math.pow(base, exponent)


@named
def read_as(value: str | float | Sequence[float]) -> Computed:
    """What a source says; the row names it."""
    if isinstance(value, str | int | float):
        return value
    return Estimate(value=sum(value) / len(value), low=min(value), high=max(value), unit="")
