"""A contract's assumptions in one sentence, and what would keep it; proves nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.plans import Plan
from zaphod.safety.verification.requirements import grip
from zaphod.safety.verification.verify import Finding

_GRAVITY: Final = Fraction(980665, 100000)


def assumptions(contract: Contract) -> str:
    """For which values it was proved: everything outside them is not covered."""
    return "; ".join(_assumed(contract))


def advice(plan: Plan, contract: Contract, findings: Sequence[Finding]) -> list[str]:
    """Values that would keep what was broken, where they can be told."""
    told = []
    if any(finding.label.requirement == grip.NAME for finding in findings):
        force = grip.feasible_force(plan, contract)
        if force is None:
            told.append("No force both holds the load and leaves it whole: accelerate less, or close more slowly.")
            if (conflict := grip.conflict(plan, contract)) is not None:
                told.append(f"Proof: it must be {conflict.told[0]}; and {conflict.told[1]}.")
        else:
            low, high = math.ceil(force.low * 1000) / 1000, math.floor(force.high * 1000) / 1000
            told.append(f"With this motion a force from {low:g} to {high:g} N keeps the grip.")
    return told


def _assumed(contract: Contract) -> Iterator[str]:
    if contract.load is not None:
        yield f"mass {_range(contract.load.mass)} kg"
    if contract.grip is not None and contract.load is not None and contract.load.breaks_at is None:
        yield "no force breaks the load"
    if contract.grip is not None and contract.release is None:
        yield "where the load is let go is not looked at"
    if contract.gripper is not None:
        yield f"friction {_range(contract.gripper.friction)}"
        yield f"force off by {_range(contract.gripper.force_error)} N"
    if contract.standing is not None:
        yield f"base {_range(contract.standing.base_mass)} kg, arm {_range(contract.standing.arm_mass)} kg"
    if contract.clearance is not None:
        yield f"path, sensing and model together off by {float(contract.clearance.margin) * 1000:g} mm at most"
    moving = [obstacle for obstacle in contract.obstacles if obstacle.speed]
    yield from (f"{obstacle.name} no faster than {float(obstacle.speed):g} m/s" for obstacle in moving)
    if contract.people is not None:
        people = contract.people
        yield f"people no faster than {float(people.speed):g} m/s, braking at {float(people.braking):g} m/s^2"
    if contract.gravity != _GRAVITY:
        yield f"gravity {float(contract.gravity):g} m/s^2"


def _range(interval: Interval) -> str:
    low, high = float(interval.low), float(interval.high)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
