"""What may be a mistake although it can be read: numbers that are odd for a robot, told beside the verdict.

A wrong dimension is refused when a number is read. A wrong size, metres for millimetres, is still a number, and whether
it was meant no proof can know: a verdict speaks of the numbers that were written. So a doubt changes no verdict. The
ranges are wide: a hand that carries up to 50 kg in a room of 20 m.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from zaphod.safety.verification.contracts import Body, Contract
from zaphod.safety.verification.paths import Vector
from zaphod.safety.verification.plans import Plan

Doubt = tuple[str, Fraction, str, str, str]
"""What it is, its value, the lowest and the highest that nobody wonders about, its unit."""


def doubts(plan: Plan, contract: Contract) -> list[str]:
    """In words, each with what would be usual; a value of 0 where it means that nothing is given is not doubted."""
    told = []
    for name, value, low, high, unit in (*_of_plan(plan), *_of_contract(contract)):
        if not Fraction(low) <= value <= Fraction(high):
            found = f"{float(value):g} {unit}".strip()
            told.append(f"{name} is {found}; from {low} to {high} is usual. Is the unit meant?")
    return list(dict.fromkeys(told))


def _of_plan(plan: Plan) -> Iterator[Doubt]:
    for piece in plan.pieces:
        name = f"step {piece.step + 1}"
        yield from (_reach(f"{name}: a coordinate", value) for value in (*piece.start, *piece.end))
        if any(len(powers) > 1 for powers in piece.path):
            yield f"{name}: the time of a piece", piece.duration_s, "0.02", "300", "s"
        if piece.grip is not None:
            yield f"{name}: the force", piece.grip.force_n, "0.05", "500", "N"
            yield from _given(f"{name}: the closing speed", piece.grip.closing_speed_m_s, "0.0005", "0.5", "m/s")


def _of_contract(contract: Contract) -> Iterator[Doubt]:
    yield "gravity", contract.gravity, "9.7", "9.9", "m/s^2"
    yield from _of_hand(contract)
    for obstacle in contract.obstacles:
        name = f"obstacle {obstacle.name!r}"
        for corner in (obstacle.low, obstacle.high, obstacle.at):
            yield from _place(name, corner)
        if obstacle.low is not None and obstacle.high is not None:
            sizes = [high - low for low, high in zip(obstacle.low, obstacle.high, strict=True)]
            yield f"{name}: its thickness", min(sizes), "0.0005", "20", "m"
        yield from _given(f"{name}: its radius", obstacle.radius, "0.002", "5", "m")
        yield from _given(f"{name}: its speed", obstacle.speed, "0.01", "10", "m/s")
    if contract.clearance is not None:
        yield "[clearance] margin", contract.clearance.margin, "0.0005", "0.5", "m"
    yield from _of_rules(contract)


def _of_hand(contract: Contract) -> Iterator[Doubt]:
    if (load := contract.load) is not None:
        yield from (("[load] mass", end, "0.0005", "50", "kg") for end in load.mass)
        if load.breaks_at is not None:
            yield "[load] breaks_at", load.breaks_at, "0.05", "2000", "N"
        yield from (doubt for body in load.bodies for doubt in _ball("[load]", body))
    if (gripper := contract.gripper) is not None:
        yield from (("[gripper] friction", end, "0.05", "1.5", "") for end in gripper.friction)
        yield "[gripper] force_error", gripper.force_error.magnitude, "0", "50", "N"
        yield from _given("[gripper] finger_mass", gripper.finger_mass, "0.0005", "5", "kg")
        yield from _given("[gripper] contact_stiffness", gripper.contact_stiffness, "20", "10000000", "N/m")
        yield from _given("[gripper] pad_radius", gripper.pad_radius, "0.0005", "0.1", "m")
        yield from _given("[gripper] off_centre", gripper.off_centre, "0.0001", "0.2", "m")
        yield from (doubt for body in gripper.bodies for doubt in _ball("[gripper]", body))


def _of_rules(contract: Contract) -> Iterator[Doubt]:
    if (grip := contract.grip) is not None:
        yield "[grip] safety_factor", grip.safety_factor, "1", "5", ""
        yield from _given("[grip] braking", grip.braking, "0.02", "50", "m/s^2")
    if (limits := contract.limits) is not None:
        yield from _given("[limits] speed", limits.speed or Fraction(0), "0.005", "10", "m/s")
        yield from _given("[limits] touch_speed", limits.touch_speed or Fraction(0), "0.001", "2", "m/s")
        yield from _given("[limits] acceleration", limits.acceleration or Fraction(0), "0.02", "100", "m/s^2")
        yield from (doubt for corner in (limits.low, limits.high) for doubt in _place("[limits]", corner))
    if (standing := contract.standing) is not None:
        yield from (("[standing] base_mass", end, "0.2", "5000", "kg") for end in standing.base_mass)
        yield from _given("[standing] arm_mass", standing.arm_mass.high, "0.05", "500", "kg")
        for corner in (standing.low, standing.high, standing.base_centre):
            yield from _place("[standing]", corner)
    if (people := contract.people) is not None:
        yield "[people] radius", people.radius, "0.15", "1", "m"
        yield "[people] speed", people.speed, "1", "5", "m/s"
        yield "[people] reaction", people.reaction, "0.005", "2", "s"
        yield "[people] braking", people.braking, "0.1", "50", "m/s^2"
        yield "[people] margin", people.margin, "0", "2", "m"
        yield from (doubt for at in people.at for doubt in _place("[people]", at))
    if contract.release is not None:
        yield "[release] may_fall", contract.release.may_fall, "0", "0.05", "m"


def _ball(name: str, body: Body) -> Iterator[Doubt]:
    yield f"{name}: a ball's radius", body.radius, "0.002", "1", "m"
    yield from (_reach(f"{name}: a ball's place", value, "3") for value in body.at)


def _place(name: str, at: Vector | None) -> Iterator[Doubt]:
    yield from (_reach(f"{name}: a coordinate", value) for value in at or ())


def _reach(name: str, value: Fraction, most: str = "20") -> Doubt:
    return name, value, f"-{most}", most, "m"


def _given(name: str, value: Fraction, low: str, high: str, unit: str) -> Iterator[Doubt]:
    """What is 0 where it is left out."""
    if value:
        yield name, value, low, high, unit
