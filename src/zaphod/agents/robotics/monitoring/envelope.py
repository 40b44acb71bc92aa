"""What a monitor guards, in numbers; one whose numbers do not bear their proof cannot be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zaphod.agents.robotics.monitoring.proof import prove
from zaphod.agents.robotics.monitoring.stopping import Pursuit
from zaphod.core.errors import ConfigError

PERIOD_S: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What must not be left, in SI units.

    Raises:
        ConfigError: with these numbers a stop could come too late, or a force be too large.
    """

    breaks_at_n: float
    force_n: tuple[float, float]
    """Forces that were proved to keep the grip."""
    force_error_n: float
    braking_m_s2: float
    margin_m: float
    """How far from its path the tool may be."""
    reach_m: float
    """From the tool's point to the outermost part of robot and load."""
    proved_margin_m: float | None = None
    """How far from its path the tool may be and still be clear of everything; None where that was not proved."""
    drift_m_s: float = 0.03
    """How fast the tool leaves its path at most."""
    force_step_n: float = 0.05
    """So much harder may a pad press from one period to the next; the contact rings by as much."""
    most_speed_m_s: float = 1.0
    acceleration_m_s2: float = 1.0
    """How fast the robot gains speed at most: by its path, and by going on after it was slowed."""
    rest_within_s: float = 3.0
    """A stop takes no longer."""
    people_speed_m_s: float = 1.6
    people_margin_m: float = 0.1
    slowing_m: float = 0.15
    """So much before it would have to stop the robot slows down."""
    slip_m_s: float = 0.004
    """A load that moves faster than this between the pads slips."""
    slipped_m: float = 0.002
    """A load that slipped so far, though it is held as hard as was proved, slips on."""
    jitter_s: float = 0.005
    """The monitor is called no later than this after its period."""
    stale_s: float = 2.5 * PERIOD_S
    """A measurement older than this is none."""
    frozen_periods: int = 5
    """A robot that moves and whose measurements are the same to the bit for so long measures nothing."""
    horizon_s: float = 0.07
    """What is not noticed at once is noticed, and the stop begun, within this time."""
    heartbeat_s: float = 0.1
    """Whatever plans must be heard of so often."""

    def __post_init__(self) -> None:
        low, high = self.force_n
        if not 0 < low <= high:
            raise ConfigError(
                f"Forces from {low:g} to {high:g} N were given.",
                "A monitor guards forces above 0, the smaller one first.",
                "Take them from a plan that was proved.",
            )
        if not (self.braking_m_s2 > 0 and self.horizon_s > 0):
            raise ConfigError(
                f"A braking of {self.braking_m_s2:g} m/s^2 and a horizon of {self.horizon_s:g} s were given.",
                "A robot that cannot brake has no stop.",
                "Give both above 0.",
            )
        prove(self)

    @property
    def unnoticed_s(self) -> float:
        """From when something happens until a stop begins: two periods, or measurements that are old or frozen."""
        period_s = PERIOD_S + self.jitter_s
        return max(2 * period_s, self.stale_s + period_s, self.frozen_periods * PERIOD_S + period_s)

    @property
    def pursuit(self) -> Pursuit:
        """Of a person and the robot."""
        return Pursuit(self.braking_m_s2, self.people_speed_m_s, self.acceleration_m_s2, self.horizon_s)
