"""A figure that was not measured: its value, its interval, and what it rests on; knows no models, no machines."""

from __future__ import annotations

import math
from dataclasses import dataclass

from zaphod.core.errors import ZaphodError

COVERAGE = 0.8
"""Share of the measurements that are expected inside of an interval."""


class RefusedError(ZaphodError):
    """The planner does not answer: nothing that was measured is near enough to what was asked."""

    exit_code = 16


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A predicted figure. `low` and `high` bound the interval that holds it in 80 of 100 cases."""

    value: float
    low: float
    high: float
    unit: str
    basis: tuple[str, ...] = ()
    """Formulas, assumptions and sources, each a short sentence or an address."""

    def __post_init__(self) -> None:
        assert self.low <= self.value <= self.high, f"{self.low} <= {self.value} <= {self.high} does not hold"
        assert all(math.isfinite(number) for number in (self.low, self.value, self.high)), self

    def scaled(self, factor: float, unit: str, *basis: str) -> Estimate:
        """The same figure in another unit, or times a number that is exact. `factor` must be positive."""
        assert factor > 0, factor
        return Estimate(
            value=self.value * factor,
            low=self.low * factor,
            high=self.high * factor,
            unit=unit,
            basis=(*self.basis, *basis),
        )

    def inverse(self, numerator: float, unit: str, *basis: str) -> Estimate:
        """`numerator` over the figure, which must be above 0: a rate out of a time."""
        assert self.low > 0, self
        return Estimate(
            value=numerator / self.value,
            low=numerator / self.high,
            high=numerator / self.low,
            unit=unit,
            basis=(*self.basis, *basis),
        )


def exactly(value: float, unit: str, *basis: str) -> Estimate:
    """A figure that follows from definitions alone."""
    return Estimate(value=value, low=value, high=value, unit=unit, basis=basis)


def within(value: float, relative_error: float, unit: str, *basis: str) -> Estimate:
    """A figure that is wrong by at most this factor in 80 of 100 cases: from `value / (1 + e)` to `value * (1 + e)`."""
    assert value > 0, value
    return Estimate(
        value=value, low=value / (1 + relative_error), high=value * (1 + relative_error), unit=unit, basis=basis
    )


def product(first: Estimate, second: Estimate, unit: str, *basis: str) -> Estimate:
    """Of two figures above 0 whose errors do not depend on each other: their logarithms' half-widths add as squares."""
    assert min(first.low, second.low) > 0, (first, second)
    value = first.value * second.value
    down = math.hypot(math.log(first.value / first.low), math.log(second.value / second.low))
    up = math.hypot(math.log(first.high / first.value), math.log(second.high / second.value))
    return Estimate(
        value=value,
        low=value * math.exp(-down),
        high=value * math.exp(up),
        unit=unit,
        basis=(*first.basis, *second.basis, *basis),
    )
