"""Watches a robot while it moves, and takes over before a contract is broken; knows no plan, no model and no simulator.

The Simplex pattern (Sha 2001; ASTM F3269-21): whatever commands the robot is not trusted, this is. Every period it
looks at what was measured and says how fast the path may be followed and with which force the load is held:

    go -> clamp (the force) -> slow -> stop (along the path) -> hold

A stop is proved beforehand: the path is clear wherever the robot is on it, and the grip bears the braking (`[grip]
braking`). So the invariant is that a stop begun when next something is noticed ends in time; `proof` proves it
for the constants of every envelope. What ends in a stop stays stopped until a person resets it. A carried load is never
let go of: below everything else stands holding.

Legend: pace is the share of the planned speed, 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from zaphod.agents.robotics.monitoring.envelope import PERIOD_S as PERIOD_S
from zaphod.agents.robotics.monitoring.envelope import Envelope as Envelope
from zaphod.agents.robotics.monitoring.stopping import needed_m, speed_within_m_s

_AT_ONCE_S: Final = 1e-6
"""Clocks that differ by less tell the same time."""
_RESTS_M_S: Final = 0.02
"""A robot that is slower needs no stop: a pace of 0 keeps it at rest."""


class Rung(IntEnum):
    """How far the monitor has taken over."""

    GO = 0
    CLAMP = 1
    SLOW = 2
    STOP = 3
    HOLD = 4


class Reading(NamedTuple):
    """What was measured."""

    stamp_s: float
    """When."""
    position_m: Sequence[float]
    speed_m_s: Sequence[float]
    pad_forces_n: Sequence[float]
    slip_m_s: float
    people_m: Sequence[Sequence[float]] = ()
    """Where people are; empty where none are seen."""
    heartbeat_s: float = math.inf
    """When whatever plans was last heard of."""


class Wanted(NamedTuple):
    """What the untrusted side wants to do."""

    position_m: Sequence[float]
    speed_m_s: Sequence[float]
    """Planned, at full pace."""
    force_n: float
    """Of each pad; 0 where nothing is held."""


class Order(NamedTuple):
    """What is done instead."""

    rung: Rung
    pace: float
    force_n: float
    reason: str


GO: Final = Order(Rung.GO, 1.0, 0.0, "")


@dataclass
class Monitor:
    """One robot's. Not thread-safe: whoever reads the sensors calls it.

    Args:
        envelope: what must not be left.
    """

    envelope: Envelope
    log: list[tuple[float, Order]] = field(default_factory=list)
    """Each change of the rung, with its time."""
    _order: Order = field(default_factory=lambda: GO)
    _last: Reading | None = None
    _last_s: float | None = None
    _num_same: int = 0
    _last_forces_n: tuple[float, ...] = ()
    _force_n: float = 0.0
    _slipped_m: float = 0.0

    @property
    def rung(self) -> Rung:
        return self._order.rung

    def reset(self) -> None:
        """A person has looked, and allows the robot to go on."""
        self._order, self._last, self._last_s, self._num_same, self._slipped_m = GO, None, None, 0, 0.0

    def step(self, now_s: float, reading: Reading | None, wanted: Wanted) -> Order:
        """What to do for the next period.

        Args:
            now_s: by the monitor's own clock.
            reading: the newest one; None where none arrived.
            wanted: what the planner's side would do. It is not believed.
        """
        order = self._decided(now_s, reading, wanted)
        if self._order.rung >= Rung.STOP and order.rung <= self._order.rung:
            order = order._replace(rung=self._order.rung, pace=0.0, reason=self._order.reason)
        if order.rung != self._order.rung:
            self.log.append((now_s, order))
        self._order, self._last_s = order, now_s
        if reading is not None and not _broken(reading):
            self._num_same = self._num_same + 1 if self._is_same(reading) else 0
            self._last, self._last_forces_n = reading, tuple(reading.pad_forces_n)
        return order

    def _decided(self, now_s: float, reading: Reading | None, wanted: Wanted) -> Order:
        blind = self._blindness(now_s, reading, wanted)
        force = self._kept_force(wanted)
        if blind:
            return Order(Rung.HOLD, 0.0, force, blind)
        assert reading is not None
        stop = self._reason_to_stop(now_s, reading, wanted)
        force, clamped, slips = self._force(reading, wanted)
        pace, near, is_too_near = self._pace(reading, wanted)
        if stop or slips or is_too_near:
            return Order(Rung.STOP, 0.0, force, stop or slips or near)
        if pace < 1:
            return Order(Rung.SLOW, pace, force, near)
        return Order(Rung.CLAMP, 1.0, force, clamped) if clamped else Order(Rung.GO, 1.0, force, "")

    def _blindness(self, now_s: float, reading: Reading | None, wanted: Wanted) -> str:
        """Why nothing is known of the robot; empty where something is."""
        envelope = self.envelope
        if reading is None:
            return "no measurement arrived"
        if _broken(reading):
            return "a measurement is no number"
        age_s = now_s - reading.stamp_s
        if not -PERIOD_S <= age_s <= envelope.stale_s:
            return f"the measurement is {age_s * 1000:.0f} ms old"
        if self._last is not None and reading.stamp_s < self._last.stamp_s:
            return "a measurement came after a newer one"
        moves = math.hypot(*wanted.speed_m_s) * self._order.pace > 0.01
        if moves and self._num_same >= envelope.frozen_periods and self._is_same(reading):
            return "the measurements have stood still while the robot moves"
        return ""

    def _reason_to_stop(self, now_s: float, reading: Reading, wanted: Wanted) -> str:
        envelope = self.envelope
        away_s = now_s - self._last_s if self._last_s is not None else 0.0
        if away_s > PERIOD_S + envelope.jitter_s + _AT_ONCE_S:
            return f"the monitor was not called for {away_s * 1000:.0f} ms"
        if now_s - reading.heartbeat_s > envelope.heartbeat_s:
            return "the planner is not heard of"
        if not all(map(math.isfinite, (*wanted.position_m, *wanted.speed_m_s, wanted.force_n))):
            return "the planner wants what is no number"
        off_m = math.dist(reading.position_m, wanted.position_m)
        if off_m > envelope.margin_m:
            return f"the tool is {off_m * 1000:.1f} mm off its path"
        return ""

    def _pace(self, reading: Reading, wanted: Wanted) -> tuple[float, str, bool]:
        """The pace, who slows it down, and whether a stop begun after the horizon would come too late."""
        envelope = self.envelope
        if not reading.people_m:
            return 1.0, "", False
        nearest_m = min(math.dist(reading.position_m, person) for person in reading.people_m)
        free_m = nearest_m - envelope.reach_m - envelope.people_margin_m - 2 * envelope.margin_m
        told = f"a person is {nearest_m:.2f} m away"
        planned, measured = math.hypot(*wanted.speed_m_s), math.hypot(*reading.speed_m_s)
        if measured > _RESTS_M_S and free_m <= needed_m(measured, envelope.pursuit):
            return 0.0, told, True
        slow = speed_within_m_s(free_m - envelope.slowing_m, envelope.pursuit)
        return (1.0, "", False) if slow >= planned else (slow / planned, told, False)

    def _force(self, reading: Reading, wanted: Wanted) -> tuple[float, str, str]:
        """The force, why it is not the one wanted, and why it does not help."""
        low, high = self.envelope.force_n
        if not wanted.force_n:
            self._force_n = 0.0
            return 0.0, "", ""
        force = self._force_n or wanted.force_n
        told = ""
        measured = max(reading.pad_forces_n)
        last = max(self._last_forces_n, default=measured) if self._force_n else measured
        if measured + max(0.0, measured - last) >= self._most_pressing_n():
            force, told = low, f"a pad presses with {measured:.2f} N"
        elif reading.slip_m_s > self.envelope.slip_m_s:
            told = f"the load slips with {reading.slip_m_s * 1000:.0f} mm/s"
            if force >= high:
                self._slipped_m += reading.slip_m_s * PERIOD_S
                if self._slipped_m > self.envelope.slipped_m:
                    self._force_n = high
                    return high, "", told
            force += self.envelope.force_step_n
        else:
            self._slipped_m = 0.0
        kept = min(max(force, low), high)
        if kept != force and not told:
            told = f"{force:.2f} N was wanted, {low:.2f} to {high:.2f} N are proved"
        self._force_n = kept
        return kept, told, ""

    def _most_pressing_n(self) -> float:
        """Halfway from the hardest force that its error explains to the one that breaks: inertia has its part in it."""
        envelope = self.envelope
        return (envelope.force_n[1] + envelope.force_error_n + envelope.breaks_at_n) / 2

    def _kept_force(self, wanted: Wanted) -> float:
        """What holds the load while nothing is measured: the last force, inside what is proved."""
        low, high = self.envelope.force_n
        force = self._force_n or wanted.force_n
        return min(max(force, low), high) if math.isfinite(force) and force > 0 else 0.0

    def _is_same(self, reading: Reading) -> bool:
        last = self._last
        return last is not None and all(
            tuple(a) == tuple(b)
            for a, b in (
                (last.position_m, reading.position_m),
                (last.speed_m_s, reading.speed_m_s),
                (last.pad_forces_n, reading.pad_forces_n),
            )
        )


def _broken(reading: Reading) -> bool:
    """Whether anything measured is no number."""
    numbers = [reading.stamp_s, reading.slip_m_s, *reading.position_m, *reading.speed_m_s, *reading.pad_forces_n]
    numbers += [value for person in reading.people_m for value in person]
    return not all(map(math.isfinite, numbers)) or math.isnan(reading.heartbeat_s)
