"""Binds a monitor to a robot in the simulator: sensors in, orders out, and faults put in between for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from zaphod.agents.robotics.monitoring.monitor import Envelope, Monitor, Order, Reading, Wanted
from zaphod.agents.robotics.planning.carrying import MARGIN_M
from zaphod.agents.robotics.simulation.execution import Supervisor
from zaphod.agents.robotics.simulation.simulator import Sensed
from zaphod.safety.verification.bounds import highest, root_above
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.motion import TIME, WHOLE_PIECE, Axes, Motion
from zaphod.safety.verification.plans import Plan
from zaphod.safety.verification.requirements import grip

Fault = Callable[[Reading], Reading | None]
"""What becomes of a measurement on its way; None where it is lost."""

TRACKING_M = MARGIN_M * 2 / 3
"""A tool that is farther off its path is stopped; until then it may go on leaving it, up to the proved margin."""

_MOST_STEP_N = 0.05
_UNBREAKABLE_N = Fraction(10**9)


def envelope_of(plan: Plan, contract: Contract) -> Envelope:
    """What a monitor guards while this plan is carried out.

    Raises:
        ValueError: no force keeps the contract, so the plan was never accepted; or there is no grip in one of them.
    """
    force = _proved_force(plan, contract)
    if force is None or contract.grip is None or contract.load is None or contract.gripper is None:
        raise ValueError("a plan without a proved grip cannot be guarded")
    bodies = (*contract.gripper.bodies, *contract.load.bodies)
    reach_m = max(sum(float(x) ** 2 for x in body.at) ** 0.5 + float(body.radius) for body in bodies)
    people = contract.people
    motion = Motion(plan.pieces, is_exact=True)
    braking, error = contract.grip.braking, contract.gripper.force_error.magnitude
    breaks_at = contract.load.breaks_at or _UNBREAKABLE_N
    envelope = Envelope(
        breaks_at_n=float(breaks_at),
        force_n=(float(force.low), float(force.high)),
        force_error_n=float(error),
        force_step_n=min(_MOST_STEP_N, float(breaks_at - force.high - error) / 2),
        braking_m_s2=float(braking),
        margin_m=TRACKING_M,
        proved_margin_m=float(contract.clearance.margin) if contract.clearance else None,
        reach_m=reach_m,
        most_speed_m_s=float(_largest(motion.velocity)),
        # A plan gets faster by what it says, and by half the braking where it takes up its pace again.
        acceleration_m_s2=float(_largest(motion.acceleration) + braking / 2),
    )
    if people is None:
        return envelope
    return replace(envelope, people_speed_m_s=float(people.speed), people_margin_m=float(people.radius + people.margin))


def _proved_force(plan: Plan, contract: Contract) -> Interval | None:
    """Forces that keep the contract: all that closed forms prove, and the plan's own, for which nothing is rounded."""
    own = {piece.grip.force_n for piece in plan.pieces if piece.grip is not None}
    wide = grip.feasible_force(plan, contract)
    if len(own) != 1:
        return wide
    (force,) = own
    return Interval(force, force) if wide is None or force not in wide else wide


def _largest(axes: Axes) -> Fraction:
    """Not less than the length of the vector at any moment of any piece."""
    x, y, z = axes
    return max(map(root_above, highest(x.square() + y.square() + z.square(), {TIME: WHOLE_PIECE})))


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
