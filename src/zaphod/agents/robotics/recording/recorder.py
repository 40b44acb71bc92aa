"""Watches an execution and notes 50 times a second what was measured and what the monitor ordered; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zaphod.agents.robotics.monitoring.monitor import Monitor, Order, Rung, Wanted
from zaphod.agents.robotics.monitoring.supervised import Fault, envelope_of, supervised
from zaphod.agents.robotics.planning.carrying import BRAKING_M_S2
from zaphod.agents.robotics.recording.clearance import Clearance
from zaphod.agents.robotics.recording.recording import SAMPLES_PER_S, Samples
from zaphod.agents.robotics.simulation.execution import Episode, Execution, Supervisor
from zaphod.agents.robotics.simulation.world import STEP_S, Sensed, World
from zaphod.core.progress import SILENT, Progress
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.plans import Plan

_BARELY_S: Final = 1e-6
_FARTHEST_M: Final = 10.0
"""What is further away, or not there, is told as this far."""

Array = NDArray[np.float64]


class Recorder:
    """Is given to `Execution` as `watch`, and around its supervisor.

    Args:
        world: in which it happens; its present state is the first sample.
        contract: what clearance is measured by.
    """

    def __init__(self, world: World, contract: Contract) -> None:
        self._world, self._clearance = world, Clearance(contract)
        self._load = world.model.body("load").id
        self._steps: list[tuple[Sensed, Array]] = []
        self._rung, self._orders = Rung.GO, [1.0]
        self._highest = Rung.GO
        self._found: dict[str, list[object]] = {name: [] for name in Samples.__dataclass_fields__}
        self(world.sensed())

    def __call__(self, sensed: Sensed) -> None:
        """Of every step of the simulation."""
        self._steps.append((sensed, self._world.data.xquat[self._load].copy()))
        if sensed.time_s >= len(self._found["time_s"]) / SAMPLES_PER_S - _BARELY_S:
            self._sample()

    def around(self, supervisor: Supervisor) -> Supervisor:
        """The same supervisor, whose orders are noted."""

        def ask(sensed: Sensed, wanted: Wanted) -> Order:
            order = supervisor(sensed, wanted)
            self._rung, self._highest = order.rung, max(self._highest, order.rung)
            self._orders.append(order.pace)
            return order

        return ask

    def samples(self) -> Samples:
        """Everything noted so far."""
        if self._steps:
            self._sample()
        columns: dict[str, Any] = {name: tuple(values) for name, values in self._found.items()}
        return Samples(**columns)

    def _sample(self) -> None:
        sensed, turn = self._steps[-1]
        time_S = np.array([one.time_s for one, _ in self._steps])
        tool_SX = np.stack([one.position_m for one, _ in self._steps])
        load_SX = np.stack([one.load_m for one, _ in self._steps])
        turn_SQ = np.stack([one for _, one in self._steps])
        forces_S2 = np.stack([one.pad_forces_n for one, _ in self._steps])
        nearest_m = self._clearance(time_S, tool_SX, load_SX, turn_SQ).min()
        noted: dict[str, object] = {
            "time_s": round(sensed.time_s, 4),
            "position_m": _rounded(sensed.position_m, 4),
            "load_m": _rounded(sensed.load_m, 4),
            "load_quaternion": _rounded(turn, 4),
            "pads_m": _rounded(sensed.pads_m, 4),
            "pad_forces_n": _rounded(forces_S2.max(axis=0), 3),
            "clearance_m": round(min(float(nearest_m), _FARTHEST_M), 4),
            "rung": self._highest.name.lower(),
            "pace": round(min(self._orders), 3),
        }
        for name, value in noted.items():
            self._found[name].append(value)
        self._steps, self._orders, self._highest = [], self._orders[-1:], self._rung


def carried_out(
    world: World, plan: Plan, contract: Contract, fault: Fault | None, progress: Progress = SILENT
) -> tuple[Episode, Samples]:
    """A plan that was proved, under the monitor.

    Raises:
        ValueError: it was never proved.
    """
    recorder, monitor = Recorder(world, contract), Monitor(envelope_of(plan, contract))
    planned_s = float(sum(piece.duration_s for piece in plan.pieces))
    with progress.step("acting", planned_s, "simulated seconds") as advance:

        def watch(sensed: Sensed) -> None:
            recorder(sensed)
            advance(STEP_S)

        episode = Execution(
            world,
            plan,
            watch=watch,
            supervisor=recorder.around(supervised(monitor, None, fault)),
            braking_m_s2=float(contract.grip.braking) if contract.grip else BRAKING_M_S2,
        ).run()
    return episode, recorder.samples()


def _rounded(values: Array | Sequence[float], digits: int) -> tuple[float, ...]:
    return tuple(round(float(value), digits) + 0.0 for value in values)
