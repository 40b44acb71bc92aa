"""Carries a plan out in the world and notes what happens; knows no contract.

A grip closes under guard: pads approach with the plan's speed, and press only once they touch. A supervisor, if there
is one, says every period how fast the path is followed and with which force the load is held; the pace falls no faster
than the robot may brake, so that a stop stays on the path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from zaphod.agents.robotics.monitor import GO, PERIOD_S, Order, Rung, Wanted
from zaphod.agents.robotics.world import MOST_OPEN_M, STEP_S, Sensed, Vector, World
from zaphod.safety.verification.plans import Piece, Plan

_OPENING_N: Final = -1.0
_TOUCH_N: Final = 0.05
_RAMP_N_S: Final = 8.0
"""How fast a pad's force grows once it touches."""
_APPROACH_N_M: Final = 150.0
_APPROACH_N_S_M: Final = 5.0
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
_STEPS_PER_PERIOD: Final = round(PERIOD_S / STEP_S)

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
        world: just reset.
        plan: what to do.
        is_guarded: whether pads close with the plan's speed; else the force is applied at once.
        watch: is told of every step.
        supervisor: is obeyed.
        braking_m_s2: how fast a stop may be.
    """

    def __init__(
        self,
        world: World,
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
        load, (x, y) = self.world.sensed().load_m, self.world.scene.goal_m
        self.episode.misplaced_m = float(np.hypot(load[0] - x, load[1] - y))
        self.episode.upright = self.world.load_uprightness >= _UPRIGHT
        self.episode.seconds = float(self.world.data.time)
        return self.episode

    def _follow(self, piece: Piece) -> None:
        path = [np.polynomial.Polynomial([float(c) for c in powers]) for powers in piece.path]
        rates = [axis.deriv() for axis in path]
        duration = float(piece.duration_s)
        planned_force = float(piece.grip.force_n) if piece.grip else 0.0
        share, stood_s, self._num_steps = 0.0, 0.0, 0  # a piece begins with an order of its own
        while share < 1 and stood_s < (_STANDING_S if self._order.rung >= Rung.STOP else _PATIENCE_S):
            share = min(1.0, share + self._pace * STEP_S / duration)
            position = np.array([axis(share) for axis in path])
            speed = np.array([rate(share) for rate in rates]) / duration
            order = self._asked(Wanted(position.tolist(), speed.tolist(), planned_force))
            force = order.force_n if self.supervisor is not None and piece.grip else planned_force
            sensed = self._step(position, speed * self._pace, np.full(2, force) if piece.grip else self._open_forces())
            self._change_pace(order.pace, float(np.linalg.norm(speed)))
            if piece.grip and np.abs(sensed.load_m - sensed.position_m).max() > _DROPPED_M:
                self.episode.dropped = True
            stood_s = stood_s + STEP_S if self._pace == 0 else 0.0
        if stood_s:
            self.episode.stopped = self._order.reason

    def _asked(self, wanted: Wanted) -> Order:
        """What the supervisor says; it is asked once a period."""
        if self.supervisor is not None and self._num_steps % _STEPS_PER_PERIOD == 0:
            self._order = self.supervisor(self.world.sensed(), wanted)
        self._num_steps += 1
        return self._order

    def _change_pace(self, target: float, speed_m_s: float) -> None:
        """Towards what was ordered, no faster than the robot brakes; it speeds up half as fast."""
        if speed_m_s < _HARDLY_MOVES_M_S:
            self._pace = target
            return
        most = self.braking_m_s2 / speed_m_s * STEP_S
        self._pace += min(max(target - self._pace, -most), most / 2)

    def _close(self, piece: Piece) -> None:
        assert piece.grip is not None
        target, speed = float(piece.grip.force_n), float(piece.grip.closing_speed_m_s)
        position, rest = np.array([float(value) for value in piece.start]), np.zeros(3)
        pressing, settled_s = 0.0, 0.0
        begun_m = self.world.sensed().pads_m
        for number in range(round(_MOST_CLOSING_S / STEP_S)):
            sensed = self.world.sensed()
            if not self.is_guarded:
                pressing = target
            elif pressing or sensed.pad_forces_n.min() > _TOUCH_N:
                pressing = min(max(pressing, _TOUCH_N) + _RAMP_N_S * STEP_S, target)
            late_m = sensed.pads_m - (begun_m - speed * number * STEP_S)
            approach = np.clip(_APPROACH_N_M * late_m + _APPROACH_N_S_M * (sensed.pad_speeds_m_s + speed), -2.0, 2.0)
            sensed = self._step(position, rest, np.full(2, pressing) if pressing else approach)
            settled_s = settled_s + STEP_S if sensed.pad_forces_n.min() > 0.8 * target else 0.0
            if settled_s > _SETTLING_S:
                return
        self.episode.dropped = True

    def _open(self, piece: Piece) -> None:
        position, rest = np.array([float(value) for value in piece.start]), np.zeros(3)
        for _ in range(round(_RELEASE_S / STEP_S)):
            self._step(position, rest, self._open_forces())

    def _open_forces(self) -> Vector:
        """Pads go outwards and stay there."""
        pads = self.world.sensed().pads_m
        return np.where(pads < MOST_OPEN_M, _OPENING_N, -0.2)

    def _step(self, position: Vector, speed: Vector, forces: Vector) -> Sensed:
        sensed = self.world.step(position.tolist(), speed.tolist(), forces.tolist())
        self.episode.collisions |= self.world.collisions()
        self.episode.peak_force_n = max(self.episode.peak_force_n, float(sensed.pad_forces_n.max()))
        if self.watch is not None:
            self.watch(sensed)
        return sensed
