"""Signal temporal logic: by how much a recorded run keeps a wish about its course; knows numbers over time, no robot.

Robustness after Donze and Maler (FORMATS 2010): above 0 the formula holds, below 0 it does not, and the size says how
much the signal could change before that turned. Windows slide in time linear in the trace (Lemire, Nordic Journal of
Computing 13, 2006). A window that reaches beyond the end of the trace is cut there; one that lies wholly beyond it has
no value that could break or keep anything: plus infinity for `always`, minus infinity for `eventually`. A sample that
is no number says nothing: a signal with one is refused (ValueError).

Legend: T samples, one every period.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Signals = Mapping[str, Values]
"""By name, [T] each."""


class Formula(Protocol):
    """What may be wished."""

    def robustness(self, signals: Signals, period_s: float) -> Values:
        """At each sample, [T]."""


@dataclass(frozen=True)
class Above:
    """A signal is above a number."""

    name: str
    least: float = 0.0

    def robustness(self, signals: Signals, period_s: float) -> Values:
        return _numbers(signals, self.name) - self.least


@dataclass(frozen=True)
class Below:
    """A signal is below a number."""

    name: str
    most: float

    def robustness(self, signals: Signals, period_s: float) -> Values:
        return self.most - _numbers(signals, self.name)


@dataclass(frozen=True)
class Not:
    """The opposite."""

    inner: Formula

    def robustness(self, signals: Signals, period_s: float) -> Values:
        return -self.inner.robustness(signals, period_s)


@dataclass(frozen=True)
class And:
    """Both."""

    first: Formula
    second: Formula

    def robustness(self, signals: Signals, period_s: float) -> Values:
        return np.minimum(*(one.robustness(signals, period_s) for one in (self.first, self.second)))


@dataclass(frozen=True)
class Or:
    """One of both."""

    first: Formula
    second: Formula

    def robustness(self, signals: Signals, period_s: float) -> Values:
        return np.maximum(*(one.robustness(signals, period_s) for one in (self.first, self.second)))


@dataclass(frozen=True)
class Always:
    """At every moment from `from_s` to `to_s` from now, both included."""

    inner: Formula
    from_s: float = 0.0
    to_s: float = np.inf

    def robustness(self, signals: Signals, period_s: float) -> Values:
        values_T = self.inner.robustness(signals, period_s)
        return -_window_most(-values_T, *_window(self, len(values_T), period_s))


@dataclass(frozen=True)
class Eventually:
    """At some moment from `from_s` to `to_s` from now, both included."""

    inner: Formula
    from_s: float = 0.0
    to_s: float = np.inf

    def robustness(self, signals: Signals, period_s: float) -> Values:
        values_T = self.inner.robustness(signals, period_s)
        return _window_most(values_T, *_window(self, len(values_T), period_s))


@dataclass(frozen=True)
class Until:
    """`second` comes true from `from_s` to `to_s` from now, and `first` holds at every moment before."""

    first: Formula
    second: Formula
    from_s: float = 0.0
    to_s: float = np.inf

    def robustness(self, signals: Signals, period_s: float) -> Values:
        first_T, second_T = (one.robustness(signals, period_s) for one in (self.first, self.second))
        start, stop = _window(self, len(first_T), period_s)
        found_T = np.full(len(first_T), -np.inf)
        for now in range(len(first_T)):
            kept = np.minimum.accumulate(np.concatenate(([np.inf], first_T[now : now + stop - 1])))
            later = second_T[now : now + stop]
            both = np.minimum(later, kept[: len(later)])[start:]
            found_T[now] = both.max(initial=-np.inf)
        return found_T


def _numbers(signals: Signals, name: str) -> Values:
    values_T = np.asarray(signals[name], dtype=np.float64)
    if np.isnan(values_T).any():  # it is neither above nor below anything: a window would pass over it
        raise ValueError(f"the signal {name!r} has samples that are no numbers")
    return values_T


def _window(formula: Always | Eventually | Until, length: int, period_s: float) -> tuple[int, int]:
    """Samples from now at which the window begins, and at which it has ended."""
    if not 0 <= formula.from_s <= formula.to_s:
        raise ValueError(f"a window goes from {formula.from_s} s to {formula.to_s} s")
    start = int(np.ceil(formula.from_s / period_s - 1e-9))
    stop = length if np.isinf(formula.to_s) else min(length, int(np.floor(formula.to_s / period_s + 1e-9)) + 1)
    return start, max(stop, start)


def _window_most(values_T: Values, start: int, stop: int) -> Values:
    """The largest of each window [now + start, now + stop), as far as the trace goes."""
    length = len(values_T)
    found_T = np.full(length, -np.inf)
    falling: deque[int] = deque()
    """Places whose values fall, the largest first."""
    reached = length
    for now in range(length - 1, -1, -1):
        if now + start < reached:
            for place in range(min(reached, length) - 1, now + start - 1, -1):
                while falling and values_T[falling[-1]] <= values_T[place]:
                    falling.pop()
                falling.append(place)
            reached = now + start
        while falling and falling[0] >= now + stop:
            falling.popleft()
        if falling:
            found_T[now] = values_T[falling[0]]
    return found_T
