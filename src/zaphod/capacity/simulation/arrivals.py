"""When requests come: Poisson, bursty (Gamma), with the hours of the day; knows nothing of what they ask."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zaphod.core.errors import ConfigError

DAY_S = 86_400.0
_SHAPE = 3
"""How much narrower than a cosine the busy part of the day is."""


@dataclass(frozen=True, kw_only=True)
class DayCurve:
    """Use over a day as a share of its peak: one smooth hump, `peak_to_mean` times as high as its mean.

    1 is a day without hours. Public services see 2 to 3 in one time zone, less when users live in several.
    """

    peak_to_mean: float = 1.0
    peak_s: float = 15 * 3600.0
    """Time of the peak, seconds after midnight."""

    def __post_init__(self) -> None:
        if not 1 <= self.peak_to_mean <= 3:
            raise ConfigError(
                f"The peak is {self.peak_to_mean} times the mean.",
                "It must lie in [1, 3].",
                "Public services see 2 to 3.",
            )

    def at(self, time_s: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Share of the peak, in (0, 1]."""
        hump = (0.5 + 0.5 * np.cos(2 * math.pi * (np.asarray(time_s) - self.peak_s) / DAY_S)) ** _SHAPE
        low = self._lowest()
        return low + (1 - low) * hump

    def _lowest(self) -> float:
        """The night's share, so that the mean comes out."""
        angles = (np.arange(4096) + 0.5) / 4096 * 2 * math.pi
        mean = float(((0.5 + 0.5 * np.cos(angles)) ** _SHAPE).mean())
        return max((1 / self.peak_to_mean - mean) / (1 - mean), 0.01)


def gamma_times(
    random: np.random.Generator, requests_per_s: float, duration_s: float, cv: float = 1.0
) -> NDArray[np.float64]:
    """Arrival times in [0, duration_s): gaps are Gamma distributed with this coefficient of variation (1: Poisson)."""
    if not (requests_per_s > 0 and cv > 0):
        raise ConfigError(f"{requests_per_s} requests a second, cv {cv}.", "Both must be above 0.", "Raise them.")
    shape = 1 / cv**2
    # The gap that time 0 falls into is met more often the longer it is.
    times = random.random(1) * random.gamma(shape + 1, 1 / (shape * requests_per_s))
    last_s = float(times[-1])
    while last_s < duration_s:
        missing = (duration_s - last_s) * requests_per_s
        gaps = random.gamma(shape, 1 / (shape * requests_per_s), int(missing + 4 * cv * math.sqrt(missing) + 8))
        times = np.concatenate([times, last_s + np.cumsum(gaps)])
        last_s = float(times[-1])
    return times[(times >= 0) & (times < duration_s)]


def curved_times(
    random: np.random.Generator, peak_per_s: float, duration_s: float, curve: DayCurve, cv: float = 1.0
) -> NDArray[np.float64]:
    """As `gamma_times`, on a clock that runs faster when the day is busier."""
    clock_s = np.linspace(0, duration_s, max(int(duration_s / 10), 2) + 1)
    share = curve.at(clock_s)
    passed = np.concatenate([[0.0], np.cumsum((share[1:] + share[:-1]) / 2 * np.diff(clock_s))])
    return np.interp(gamma_times(random, peak_per_s, float(passed[-1]), cv), passed, clock_s)
