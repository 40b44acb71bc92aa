"""Which of several measured settings is best, by Zeus' four measures or under a limit on latency; knows no devices.

Zeus: You et al., NSDI 2023; `ZeusCost` is its equation 2, `MaxSlowdown` its constraint on time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from zaphod.capacity.estimate import RefusedError
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One setting and what the same work took under it."""

    setting: float
    """Watts of a power limit, or megahertz of a locked clock."""
    unit: str
    """`W` or `MHz`."""
    time_s: float
    energy_j: float
    itl_p99_s: float | None = None
    """99th percentile of the time between two tokens, where a server was measured."""

    def __post_init__(self) -> None:
        if self.unit not in ("W", "MHz"):
            raise ConfigError(f"The unit is {self.unit!r}.", "It must be W or MHz.", "Mend the row.")
        for name in ("setting", "time_s", "energy_j"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be above 0.", "Mend the row.")
        if self.itl_p99_s is not None and not 0 < self.itl_p99_s < float("inf"):
            raise ConfigError(f"itl_p99_s is {self.itl_p99_s}.", "It must be above 0.", "Mend the row.")

    @property
    def power_w(self) -> float:
        """Mean."""
        return self.energy_j / self.time_s


class Selector(Protocol):
    """Chooses."""

    def choose(self, measured: Sequence[Measured]) -> Measured:
        """The best setting; of equals the one with the higher setting.

        Raises:
            RefusedError: none keeps the limit, or what decides was not measured.
        """


@dataclass(frozen=True)
class Energy:
    """The least energy."""

    def choose(self, measured: Sequence[Measured]) -> Measured:
        return min(_some(measured), key=lambda each: (each.energy_j, -each.setting))


@dataclass(frozen=True)
class Time:
    """The least time."""

    def choose(self, measured: Sequence[Measured]) -> Measured:
        return min(_some(measured), key=lambda each: (each.time_s, -each.setting))


@dataclass(frozen=True, kw_only=True)
class ZeusCost:
    """The least of `eta E + (1 - eta) Pmax t`, in joules: 1 counts energy alone, 0 time alone."""

    eta: float
    max_power_w: float

    def __post_init__(self) -> None:
        if not 0 <= self.eta <= 1:
            raise ConfigError(f"eta is {self.eta}.", "It must lie in [0, 1].", "0.5 weighs both alike.")
        if not self.max_power_w > 0:
            raise ConfigError(f"max_power_w is {self.max_power_w}.", "It must be above 0.", "Give the device's limit.")

    def cost_j(self, measured: Measured) -> float:
        """Of one setting."""
        return self.eta * measured.energy_j + (1 - self.eta) * self.max_power_w * measured.time_s

    def choose(self, measured: Sequence[Measured]) -> Measured:
        return min(_some(measured), key=lambda each: (self.cost_j(each), -each.setting))


@dataclass(frozen=True, kw_only=True)
class MaxSlowdown:
    """The least energy of those that take at most `factor` times the least time."""

    factor: float

    def __post_init__(self) -> None:
        if not self.factor >= 1:
            raise ConfigError(
                f"The factor is {self.factor}.", "Nothing is faster than the fastest: 1 or more.", "Like 1.05"
            )

    def choose(self, measured: Sequence[Measured]) -> Measured:
        limit_s = self.factor * min(each.time_s for each in _some(measured))
        return Energy().choose([each for each in measured if each.time_s <= limit_s])


@dataclass(frozen=True, kw_only=True)
class MeetItl:
    """The least energy of those whose 99th percentile between two tokens stays within `limit_s`."""

    limit_s: float

    def __post_init__(self) -> None:
        if not self.limit_s > 0:
            raise ConfigError(f"The limit is {self.limit_s} s.", "It must be above 0.", "Like 0.05")

    def choose(self, measured: Sequence[Measured]) -> Measured:
        told = [each.itl_p99_s for each in _some(measured) if each.itl_p99_s is not None]
        if len(told) < len(measured):
            raise RefusedError(
                "The time between tokens was not measured at every setting.",
                "It decides here.",
                "Sweep a server with --metrics URL, or add a column itl_p99_s.",
            )
        kept = [each for each in measured if each.itl_p99_s is not None and each.itl_p99_s <= self.limit_s]
        if not kept:
            raise RefusedError(
                f"No setting keeps {self.limit_s * 1000:g} ms; the best has {min(told) * 1000:.4g} ms.",
                "",
                "Allow more time, or lower the load.",
            )
        return Energy().choose(kept)


def _some(measured: Sequence[Measured]) -> Sequence[Measured]:
    if not measured:
        raise RefusedError("No setting was measured.", "There is nothing to choose from.", "Measure some.")
    if len({each.unit for each in measured}) > 1:
        raise ConfigError("Power limits and clocks are mixed.", "One of them is swept at a time.", "Part the rows.")
    return measured
