"""How time and power of one piece of work follow the clock, as a model; knows no devices.

    t(f) = t_mem + t_comp f_max / f
    P(f) = P_idle + c_mem u + c f V(f)^2,   u = t_mem / t(f)

Memory's time does not follow the core's clock. Voltage stays at its floor up to a knee and then rises with the clock,
so energy against the clock is U-shaped (GreenLLM, arXiv 2508.16449). It stands for devices in tests and in what-if
questions; real ones are swept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zaphod.capacity.operation.selectors import Measured
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One piece of work on one device."""

    memory_s: float
    """Time that memory takes, whatever the clock."""
    compute_s: float
    """Time that the cores take at the highest clock."""
    max_mhz: float
    idle_w: float
    memory_w: float
    """More, while memory is busy all the time."""
    core_w: float
    """More, of cores at the highest clock."""
    knee: float = 0.6
    """Share of the highest clock up to which the voltage is at its floor."""
    floor: float = 0.75
    """The floor, as a share of the voltage at the highest clock."""

    def __post_init__(self) -> None:
        if not (0 < self.knee < 1 and 0 < self.floor <= 1):
            raise ConfigError(
                f"knee is {self.knee}, floor is {self.floor}.", "Both are shares of the highest.", "Mend them."
            )
        if min(self.memory_s, self.compute_s, self.idle_w, self.memory_w, self.core_w) < 0 or self.max_mhz <= 0:
            raise ConfigError("A figure of the curve is below 0.", "Times and powers are not.", "Mend it.")

    def time_s(self, mhz: float) -> float:
        """Of the work at a clock."""
        return self.memory_s + self.compute_s * self.max_mhz / mhz

    def voltage(self, mhz: float) -> float:
        """As a share of that at the highest clock."""
        above = max(0.0, mhz / self.max_mhz - self.knee) / (1 - self.knee)
        return self.floor + (1 - self.floor) * above

    def power_w(self, mhz: float) -> float:
        """Mean while the work runs."""
        cores = self.core_w * mhz / self.max_mhz * self.voltage(mhz) ** 2
        return self.idle_w + self.memory_w * self.memory_s / self.time_s(mhz) + cores

    def measured(self, clocks_mhz: Iterable[float], *, itl_per_s: float | None = None) -> tuple[Measured, ...]:
        """What a sweep of these clocks would find; `itl_per_s` makes a time between tokens of the work's time."""
        return tuple(
            Measured(
                setting=mhz,
                unit="MHz",
                time_s=self.time_s(mhz),
                energy_j=self.time_s(mhz) * self.power_w(mhz),
                itl_p99_s=None if itl_per_s is None else itl_per_s * self.time_s(mhz),
            )
            for mhz in clocks_mhz
        )
