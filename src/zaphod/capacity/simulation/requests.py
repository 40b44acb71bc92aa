"""Whose simulated requests are, and what became of them: times and quantiles; knows nothing of how they were served."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """Whose requests they are. Each turn repeats a share of the prompt that the turn before had already."""

    count: int
    """Open at once; each request is of one of them, by chance."""
    history_share: float
    """Of a prompt: what the session's turn before had, too."""


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """Of a time in seconds, over requests."""

    mean: float
    p50: float
    p95: float
    p99: float


def quantiles(values: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Quantiles:
    """Of some values, each counted `weights` times; all NaN where there is none."""
    if not len(values):
        return Quantiles(mean=np.nan, p50=np.nan, p95=np.nan, p99=np.nan)
    if weights is None:
        p50, p95, p99 = np.quantile(values, (0.5, 0.95, 0.99))
        return Quantiles(mean=float(values.mean()), p50=float(p50), p95=float(p95), p99=float(p99))
    order = np.argsort(values)
    until = np.cumsum(weights[order])
    at = np.minimum(np.searchsorted(until, np.array((0.5, 0.95, 0.99)) * until[-1]), len(order) - 1)
    p50, p95, p99 = values[order][at]
    return Quantiles(mean=float((values * weights).sum() / until[-1]), p50=float(p50), p95=float(p95), p99=float(p99))


@dataclass(frozen=True, kw_only=True, eq=False)
class Served:
    """Requests with the times at which they came, got their first token and ended, in seconds."""

    arrival_s: NDArray[np.float64]
    first_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    output: NDArray[np.int64]
    replica: NDArray[np.int64]
    busy_s: tuple[float, ...]
    """Of each replica: time in steps."""
    num_preempted: int

    @property
    def ttft_s(self) -> NDArray[np.float64]:
        """From arrival to the first token."""
        return self.first_s - self.arrival_s

    @property
    def e2e_s(self) -> NDArray[np.float64]:
        """From arrival to the last token."""
        return self.end_s - self.arrival_s

    @property
    def itl_s(self) -> NDArray[np.float64]:
        """Mean time between two tokens, of the requests that have two or more."""
        several = self.output > 1
        return ((self.end_s - self.first_s)[several]) / (self.output[several] - 1)

    def between(self, start_s: float, end_s: float) -> Served:
        """Those that arrived in [start_s, end_s)."""
        chosen = (self.arrival_s >= start_s) & (self.arrival_s < end_s)
        return Served(
            arrival_s=self.arrival_s[chosen],
            first_s=self.first_s[chosen],
            end_s=self.end_s[chosen],
            output=self.output[chosen],
            replica=self.replica[chosen],
            busy_s=self.busy_s,
            num_preempted=self.num_preempted,
        )
