"""Binds a monitor to a robot in the simulator: sensors in, orders out, and faults put in between for tests."""

from __future__ import annotations

from collections.abc import Callable

from zaphod.agents.robotics.carrying import MARGIN_M
from zaphod.agents.robotics.execution import Supervisor
from zaphod.agents.robotics.monitor import Envelope, Monitor, Order, Reading, Wanted
from zaphod.agents.robotics.world import Sensed
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.plans import Plan
from zaphod.safety.verification.requirements import grip

Fault = Callable[[Reading], Reading | None]
"""What becomes of a measurement on its way; None where it is lost."""

TRACKING_M = 2 * MARGIN_M


def envelope_of(plan: Plan, contract: Contract) -> Envelope:
    """What a monitor guards while this plan is carried out.

    Raises:
        ValueError: no force keeps the contract, so the plan was never accepted.
    """
    force = grip.feasible_force(plan, contract)
    if force is None or contract.grip is None or contract.load is None or contract.gripper is None:
        raise ValueError("a plan without a proved grip cannot be guarded")
    bodies = (*contract.gripper.bodies, *contract.load.bodies)
    reach_m = max(sum(float(x) ** 2 for x in body.at) ** 0.5 + float(body.radius) for body in bodies)
    return Envelope(
        breaks_at_n=float(contract.load.breaks_at or 1e9),
        force_n=(float(force.low), float(force.high)),
        force_error_n=float(contract.gripper.force_error.magnitude),
        braking_m_s2=float(contract.grip.braking),
        margin_m=TRACKING_M,
        reach_m=reach_m,
    )


def supervised(
    monitor: Monitor, people_m: Callable[[float], list[list[float]]] | None, fault: Fault | None
) -> Supervisor:
    """A supervisor for `Execution`.

    Args:
        monitor: what decides.
        people_m: where people are, by the time; None where there are none.
        fault: spoils measurements; None where all arrive as they are.
    """

    def ask(sensed: Sensed, wanted: Wanted) -> Order:
        people = people_m(sensed.time_s) if people_m is not None else []
        reading: Reading | None = Reading(
            stamp_s=sensed.time_s,
            position_m=sensed.position_m.tolist(),
            speed_m_s=sensed.speed_m_s.tolist(),
            pad_forces_n=sensed.pad_forces_n.tolist(),
            slip_m_s=sensed.slip_m_s,
            people_m=people,
            heartbeat_s=sensed.time_s,
        )
        if fault is not None and reading is not None:
            reading = fault(reading)
        return monitor.step(sensed.time_s, reading, wanted)

    return ask
