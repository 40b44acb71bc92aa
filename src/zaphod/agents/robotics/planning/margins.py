"""How far a proved plan stays from what it must not reach, for people to see; proves nothing.

Values are sampled along the planned path: the proof is the verifier's, these numbers only show how much is left.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zaphod.agents.robotics.recording.clearance import Clearance
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.plans import Piece, Plan
from zaphod.safety.verification.requirements import grip

_MOMENTS: Final = 101
"""Of each piece."""

Array = NDArray[np.float64]


class Margin(NamedTuple):
    """One limit."""

    requirement: str
    limit: str
    """What must hold, in words."""
    plan: str
    """What the plan does."""
    left: str
    """How much is left."""


def margins(plan: Plan, contract: Contract) -> list[Margin]:
    """One for each limit that this contract sets and that a number can be told of."""
    found = []
    force = grip.feasible_force(plan, contract) if contract.grip and any(one.grip for one in plan.pieces) else None
    if force is not None:
        low, high = float(force.low), float(force.high)
        given = next(float(piece.grip.force_n) for piece in plan.pieces if piece.grip)
        left = f"{min(given - low, high - given):.2f} N"
        found.append(Margin("grip", f"each pad presses with {low:.2f} to {high:.2f} N", f"{given:.2f} N", left))
    paths = [_path(piece) for piece in plan.pieces]
    if contract.clearance is not None:
        wanted_m, least_m = float(contract.clearance.margin), _clearance_m(plan, contract, [path for path, *_ in paths])
        left = f"{(least_m - wanted_m) * 1000:.1f} mm"
        limit = f"tool and load stay {wanted_m * 1000:g} mm away"
        found.append(Margin("clearance", limit, f"{least_m * 1000:.1f} mm", left))
    if contract.limits is not None:
        for which, name, unit, most in (
            (1, "speed", "m/s", contract.limits.speed),
            (2, "acceleration", "m/s^2", contract.limits.acceleration),
        ):
            if most is not None:
                value = max(float(np.linalg.norm(path[which], axis=1).max()) for path in paths)
                limit = f"{name} at most {float(most):g} {unit}"
                found.append(Margin("limits", limit, f"{value:.2f} {unit}", f"{float(most) - value:.2f} {unit}"))
    return found


def _path(piece: Piece) -> tuple[Array, Array, Array]:
    """Position, speed and acceleration at some moments, each [S, 3], in SI units."""
    shares_S = np.linspace(0, 1, _MOMENTS)
    duration_s = float(piece.duration_s)
    axes = [np.polynomial.Polynomial([float(power) for power in powers]) for powers in piece.path]
    position, speed, acceleration = (
        np.stack([(axis.deriv(order) if order else axis)(shares_S) / duration_s**order for axis in axes], axis=1)
        for order in range(3)
    )
    return position, speed, acceleration


def _clearance_m(plan: Plan, contract: Contract, positions: list[Array]) -> float:
    """The smallest of the whole path; a load that is not held stands where it was last."""
    clearance, upright = Clearance(contract), np.tile([1.0, 0.0, 0.0, 0.0], (_MOMENTS, 1))
    grasped = next((path[0] for piece, path in zip(plan.pieces, positions, strict=True) if piece.grip), positions[0][0])
    least_m = np.inf
    for piece, path in zip(plan.pieces, positions, strict=True):
        time_S = float(piece.start_s) + np.linspace(0, 1, _MOMENTS) * float(piece.duration_s)
        load = path if piece.grip else np.broadcast_to(grasped, path.shape)
        least_m = min(least_m, float(clearance(time_S, path, load, upright).min()))
        grasped = path[-1] if piece.grip else grasped
    return least_m
