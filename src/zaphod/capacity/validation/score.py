"""Predictions beside measurements: signed errors, coverage of intervals, refusals; knows no models and no machines."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from zaphod.capacity.estimate import Estimate
from zaphod.capacity.validation.points import Point
from zaphod.capacity.validation.predictors import predictor_of
from zaphod.capacity.validation.units import in_unit
from zaphod.core.errors import ZaphodError


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one point."""

    point: Point
    predicted: Estimate | None
    """In the point's unit; None where it was refused."""
    refused_because: str = ""

    @property
    def error(self) -> float | None:
        """(predicted - measured) / measured; None where either is missing."""
        if self.predicted is None or not self.point.measured:
            return None
        return (self.predicted.value - self.point.measured) / self.point.measured

    @property
    def covered(self) -> bool | None:
        """Whether the measurement lies in the printed interval."""
        if self.predicted is None or not self.point.measured:
            return None
        slack = 1e-6 * abs(self.point.measured)
        return self.predicted.low - slack <= self.point.measured <= self.predicted.high + slack


@dataclass(frozen=True, kw_only=True)
class Score:
    """Of many points. Errors are relative; None where no point was answered."""

    num_points: int
    num_answered: int
    median: float | None
    mean: float | None
    p90: float | None
    bias: float | None
    """Mean of the signed errors."""
    coverage: float | None
    """Share of the measurements inside of their intervals."""

    @property
    def num_refused(self) -> int:
        return self.num_points - self.num_answered


def predict(point: Point, predictor: Callable[[Point], Estimate] | None = None) -> Outcome:
    """Never raises on account of the point: what cannot be answered is refused, with the reason."""
    if point.measured is None or point.measured == 0:
        because = " ".join(point.problems) or "There is no measured value."
        return Outcome(point=point, predicted=None, refused_because=because)
    try:
        found = (predictor or predictor_of(point))(point)
        return Outcome(point=point, predicted=in_unit(found, point.unit))
    except ZaphodError as error:
        because = " ".join(str(error).splitlines())
        return Outcome(point=point, predicted=None, refused_because=" ".join((*point.problems, because)))
    except (ArithmeticError, LookupError, ValueError, TypeError, AssertionError) as error:
        # A cell with a value that no formula expects (a context of 1e30, no devices at all) is no reason to stop.
        because = f"The row's values cannot be computed with: {type(error).__name__}: {error}."
        return Outcome(point=point, predicted=None, refused_because=" ".join((*point.problems, because)))


def score(outcomes: Iterable[Outcome]) -> Score:
    """A refusal counts as not answered, never as no error."""
    all_of_them = list(outcomes)
    errors = [each.error for each in all_of_them if each.error is not None]
    sizes = sorted(abs(each) for each in errors)
    covered = [each.covered for each in all_of_them if each.covered is not None]
    return Score(
        num_points=len(all_of_them),
        num_answered=len(errors),
        median=statistics.median(sizes) if sizes else None,
        mean=statistics.fmean(sizes) if sizes else None,
        p90=_quantile(sizes, 0.9) if sizes else None,
        bias=statistics.fmean(errors) if errors else None,
        coverage=statistics.fmean(covered) if covered else None,
    )


def by_category(outcomes: Iterable[Outcome]) -> dict[str, Score]:
    """A score for each category in the order of the file, and one for `all`."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.point.category or "?", []).append(outcome)
    every = [outcome for group in groups.values() for outcome in group]
    return {name: score(group) for name, group in groups.items()} | {"all": score(every)}


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear between the neighbours."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
