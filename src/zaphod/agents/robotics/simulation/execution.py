"""Carries a plan out in the world and notes what happens; knows no contract.

A grip closes under guard: pads approach with the plan's speed, and press only once they touch. A supervisor, if there
is one, says every period how fast the path is followed and with which force the load is held. A stop stays on the path:
the pace falls so that the tool gets slower by what was ordered, also where the plan would get faster.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from zaphod.agents.robotics.monitoring.monitor import GO, PERIOD_S, Order, Rung, Wanted
from zaphod.agents.robotics.simulation.simulator import Sensed, Simulator
from zaphod.safety.verification.plans import Piece, Plan

_OPENING_N: Final = -1.0
_STAYS_OPEN_N: Final = -0.2
_TOUCH_N: Final = 0.05
_RAMP_N_S: Final = 8.0
"""How fast a pad's force grows once it touches."""
_APPROACH_N_M: Final = 150.0
_APPROACH_N_S_M: Final = 5.0
_MOST_GUIDING_N: Final = 2.0
_MOST_CLOSING_S: Final = 12.0
_SETTLING_S: Final = 0.1
_RELEASE_S: Final = 0.6
_LANDED_M: Final = 0.03
_DROPPED_M: Final = 0.02
_UPRIGHT: Final = 0.98
_STANDING_S: Final = 1.0
"""A robot that was stopped is watched for so long."""
_PATIENCE_S: Final = 10.0
"""A robot that was slowed until it stands waits for so long."""
_HARDLY_MOVES_M_S: Final = 0.01
_REST: Final = (0.0, 0.0, 0.0)

Watch = Callable[[Sensed], None]

Supervisor = Callable[[Sensed, Wanted], Order]
"""Asked every period of the monitor."""


@dataclass
class Episode:
    """What happened."""

    collisions: set[str] = field(default_factory=set)
    peak_force_n: float = 0.0
    """Largest normal force of a pad."""
    dropped: bool = False
    misplaced_m: float = 0.0
    """From the goal, at the end."""
    upright: bool = True
    seconds: float = 0.0
    """Of simulated time."""
    stopped: str = ""
    """Why it was not carried through; empty where it was."""

    def succeeded(self, breaks_at_n: float) -> bool:
        """The load stands at its goal, whole, and nothing was touched that should not be."""
        is_there = self.misplaced_m <= _LANDED_M and self.upright and not self.stopped
        return is_there and self.kept(breaks_at_n)

    def kept(self, breaks_at_n: float) -> bool:
        """Whether nothing was broken, lost or touched that should not be, carried through or not."""
        return not self.dropped and not self.collisions and self.peak_force_n <= breaks_at_n


class Execution:
    """One plan in one world.

    Args:
        world: as the plan's beginning needs it.
        plan: what to do.
        is_guarded: whether pads close with the plan's speed; else the force is applied at once.
        watch: is told of every step.
        supervisor: is obeyed.
        braking_m_s2: how fast a stop is.
    """

    def __init__(
        self,
        world: Simulator,
        plan: Plan,
        *,
        is_guarded: bool = True,
        watch: Watch | None = None,
        supervisor: Supervisor | None = None,
        braking_m_s2: float = 1.0,
    ) -> None:
        self.world, self.plan, self.is_guarded, self.watch = world, plan, is_guarded, watch
        self.supervisor, self.braking_m_s2 = supervisor, braking_m_s2
        self.episode = Episode()
        self._pace, self._order = 1.0, GO
        self._step_s, self._sensed = world.step_s, world.sensed()
        self._steps_per_period = round(PERIOD_S / world.step_s)
        self._num_steps = 0

    def run(self) -> Episode:
        """To the end; the load may be lost on the way."""
        held = None
        for piece in self.plan.pieces:
            if piece.grip is not None and held is None:
                self._close(piece)
            elif piece.grip is None and held is not None:
                self._open(piece)
            held = piece.grip
            if not self.episode.stopped:
                self._follow(piece)
            if self.episode.stopped:
                break
        load, (x, y) = self._sensed.load_m.tolist(), self.world.scene.goal_m
        self.episode.misplaced_m = math.hypot(load[0] - x, load[1] - y)
        self.episode.upright = self.world.load_uprightness >= _UPRIGHT
        self.episode.seconds = self._sensed.time_s
        return self.episode

    def _follow(self, piece: Piece) -> None:
        path = _Path(piece)
        planned_force = float(piece.grip.force_n) if piece.grip else 0.0
        share, stood_s, self._num_steps = 0.0, 0.0, 0  # a piece begins with an order of its own
        position, speed = path.at(share)
        while share < 1 and stood_s < (_STANDING_S if self._order.rung >= Rung.STOP else _PATIENCE_S):
            order = self._asked(Wanted(position, speed, planned_force))
            share = min(1.0, share + self._pace * self._step_s / path.duration_s)
            position, speed = path.at(share)
            force = order.force_n if self.supervisor is not None else planned_force
            forces = [force, force] if piece.grip else self._open_forces()
            sensed = self._step(position, [v * self._pace for v in speed], forces)
            if order.pace != self._pace:
                self._change_pace(order.pace, speed, path.acceleration(share))
            if piece.grip and _farthest(sensed.load_m.tolist(), sensed.position_m.tolist()) > _DROPPED_M:
                self.episode.dropped = True
            stood_s = stood_s + self._step_s if self._pace == 0 else 0.0
        if stood_s:
            self.episode.stopped = self._order.reason

    def _asked(self, wanted: Wanted) -> Order:
        """What the supervisor says; it is asked once a period."""
        if self.supervisor is not None and self._num_steps % self._steps_per_period == 0:
            self._order = self.supervisor(self._sensed, wanted)
        self._num_steps += 1
        return self._order

    def _change_pace(self, target: float, speed: Sequence[float], acceleration: Sequence[float]) -> None:
        """Towards what was ordered, so that the tool brakes as fast as it may, no faster; it speeds up half as fast.

        Where the plan itself gets faster by b, a pace p loses a + p^2 b, so that the tool loses a.
        """
        planned = math.hypot(*speed)
        if planned < _HARDLY_MOVES_M_S:
            self._pace = target
            return
        along = sum(v * b for v, b in zip(speed, acceleration, strict=True)) / planned
        falls = max(0.0, self.braking_m_s2 + self._pace**2 * along) / planned * self._step_s
        grows = self.braking_m_s2 / 2 / planned * self._step_s
        self._pace += min(max(target - self._pace, -falls), grows)

    def _close(self, piece: Piece) -> None:
        assert piece.grip is not None
        target, speed = float(piece.grip.force_n), float(piece.grip.closing_speed_m_s)
        position = [float(value) for value in piece.start]
        pressing, settled_s = 0.0, 0.0
        begun_m = self._sensed.pads_m.tolist()
        for number in range(round(_MOST_CLOSING_S / self._step_s)):
            if self._asked(Wanted(position, _REST, 0.0)).rung >= Rung.STOP:
                self._stand(position, pressing)
                return
            if not self.is_guarded:
                pressing = target
            elif pressing or self._sensed.pad_forces_n.min() > _TOUCH_N:
                pressing = min(max(pressing, _TOUCH_N) + _RAMP_N_S * self._step_s, target)
            moved_m = speed * number * self._step_s
            forces = [pressing] * 2 if pressing else self._guiding([at - moved_m for at in begun_m], speed)
            sensed = self._step(position, _REST, forces)
            settled_s = settled_s + self._step_s if sensed.pad_forces_n.min() > 0.8 * target else 0.0
            if settled_s > _SETTLING_S:
                return
        self.episode.dropped = True

    def _open(self, piece: Piece) -> None:
        position = [float(value) for value in piece.start]
        for _ in range(round(_RELEASE_S / self._step_s)):
            if self._asked(Wanted(position, _REST, 0.0)).rung >= Rung.STOP:
                self._stand(position, 0.0)
                return
            self._step(position, _REST, self._open_forces())

    def _stand(self, position: Sequence[float], pressing: float) -> None:
        """Stopped while the pads move and the arm rests: everything stays as it is."""
        pads_m = self._sensed.pads_m.tolist()
        for _ in range(round(_STANDING_S / self._step_s)):
            order = self._asked(Wanted(position, _REST, 0.0))
            self._step(position, _REST, [pressing] * 2 if pressing else self._guiding(pads_m, 0.0))
        self.episode.stopped = order.reason

    def _guiding(self, pads_m: Sequence[float], closing_m_s: float) -> list[float]:
        """Forces that bring the pads there, while they close with this speed."""
        is_at, moves = self._sensed.pads_m.tolist(), self._sensed.pad_speeds_m_s.tolist()
        forces = [
            _APPROACH_N_M * (at - wanted) + _APPROACH_N_S_M * (v + closing_m_s)
            for at, v, wanted in zip(is_at, moves, pads_m, strict=True)
        ]
        return [min(max(force, -_MOST_GUIDING_N), _MOST_GUIDING_N) for force in forces]

    def _open_forces(self) -> list[float]:
        """Pads go outwards and stay there."""
        most_m = self.world.most_open_m
        return [_OPENING_N if pad < most_m else _STAYS_OPEN_N for pad in self._sensed.pads_m.tolist()]

    def _step(self, position: Sequence[float], speed: Sequence[float], forces: Sequence[float]) -> Sensed:
        sensed = self._sensed = self.world.step(position, speed, forces)
        self.episode.collisions |= self.world.collisions()
        self.episode.peak_force_n = max(self.episode.peak_force_n, *sensed.pad_forces_n.tolist())
        if self.watch is not None:
            self.watch(sensed)
        return sensed


class _Path:
    """A piece of a path in floats: polynomials of the share of its time, by Horner's rule."""

    def __init__(self, piece: Piece) -> None:
        self.duration_s = float(piece.duration_s)
        self._places = [[float(c) for c in powers] for powers in piece.path]
        self._rates = [_derived(axis) for axis in self._places]
        self._changes = [_derived(axis) for axis in self._rates]

    def at(self, share: float) -> tuple[list[float], list[float]]:
        """Position and planned speed."""
        duration = self.duration_s
        return [_value(c, share) for c in self._places], [_value(c, share) / duration for c in self._rates]

    def acceleration(self, share: float) -> list[float]:
        """Planned, in m/s^2."""
        return [_value(c, share) / self.duration_s**2 for c in self._changes]


def _derived(powers: list[float]) -> list[float]:
    return [n * c for n, c in enumerate(powers)][1:]


def _value(powers: list[float], share: float) -> float:
    value = 0.0
    for power in reversed(powers):
        value = value * share + power
    return value


def _farthest(a: Sequence[float], b: Sequence[float]) -> float:
    """The largest difference along an axis."""
    return max(abs(one - other) for one, other in zip(a, b, strict=True))
