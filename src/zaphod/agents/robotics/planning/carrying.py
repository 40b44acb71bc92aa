"""From a few numbers to the plan of carrying something over a wall, and from what is believed to its contract."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from zaphod.agents.robotics.scene import TABLE_HALF_M, Belief
from zaphod.agents.robotics.simulation.world import FINGER_KG, HAND_ABOVE_M, HAND_RADIUS_M, PAD_PATCH_M

MARGIN_M = 0.006
"""Errors of following the path and of the model."""
HOVER_M = 0.35
"""Height at which a plan begins."""
BRAKING_M_S2 = 0.8
"""With which a stop may come at any moment."""
_SAFETY_FACTOR = 1.05
_FINGER_BALLS = tuple((side * 0.042, height) for side in (1, -1) for height in (0.0, 0.035, 0.065))
_FINGER_RADIUS_M = 0.037
_NUM_LOAD_BALLS = 3
_GROWN = 4
"""Times its error that the load's balls grow: their centres move by 2.2 errors at most, their radii by 1.4."""
# Of pad and load pressed together in the simulator, measured by closing at several speeds.
_CONTACT_STIFFNESS_N_M = 4000.0


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a planner decides."""

    force_n: float
    height_m: float
    """Of the tool's point while it crosses the wall."""
    lift_s: float
    """Up at the start, and down at the goal."""
    cross_s: float
    closing_speed_m_s: float


def plan_document(proposal: Proposal, belief: Belief) -> dict[str, Any]:
    """The plan as `safety.verification` reads it."""
    grasp = belief.half_height_m
    (sx, sy), (gx, gy) = belief.start_m, belief.goal_m
    above, down = _point(sx, sy, HOVER_M), _point(sx, sy, grasp)
    up, over, there = _point(sx, sy, proposal.height_m), _point(gx, gy, proposal.height_m), _point(gx, gy, grasp)
    lift, cross = f"{proposal.lift_s:.4f} s", f"{proposal.cross_s:.4f} s"
    speed = f"{proposal.closing_speed_m_s * 1000:.3f} mm/s"
    return {
        "format": "zaphod-plan-1",
        "steps": [
            {"do": "move", "along": [above, down], "duration": "1.5 s", "touching": ["table"]},
            {"do": "grip", "force": f"{proposal.force_n:.4f} N", "closing_speed": speed},
            {"do": "move", "along": [down, up], "duration": lift, "touching": ["table"]},
            {"do": "move", "along": [up, over], "duration": cross},
            {"do": "move", "along": [over, there], "duration": lift, "touching": ["table"]},
            {"do": "release"},
            {"do": "move", "along": [there, over], "duration": "1.5 s", "touching": ["table"]},
        ],
    }


def contract_document(belief: Belief) -> dict[str, Any]:
    """What must hold, as `safety.verification` reads it."""
    radius, half, error = belief.radius_m, belief.half_height_m, belief.load_error_m
    slice_m, grown_m = half / _NUM_LOAD_BALLS, _GROWN * error
    load_balls = [
        _ball(0, 0, -half + slice_m * (2 * n + 1), math.hypot(radius, slice_m) + grown_m)
        for n in range(_NUM_LOAD_BALLS)
    ]
    hand = [_ball(0, 0, HAND_ABOVE_M, HAND_RADIUS_M), *(_ball(0, y, z, _FINGER_RADIUS_M) for y, z in _FINGER_BALLS)]
    thickness, side = belief.wall_half_thickness_m + belief.wall_error_m, TABLE_HALF_M
    return {
        "name": "fragile load over a wall",
        "load": {
            "mass": [f"{mass:.6f} kg" for mass in belief.mass_kg],
            "breaks_at": f"{belief.breaks_at_n} N",
            "bodies": load_balls,
        },
        "gripper": {
            "friction": [f"{friction:.6f}" for friction in _friction(belief)],
            "force_error": [f"-{belief.force_error_n} N", f"{belief.force_error_n} N"],
            "closing_axis": "y",
            "finger_mass": f"{FINGER_KG} kg",
            "contact_stiffness": f"{_CONTACT_STIFFNESS_N_M} N/m",
            "pad_radius": f"{PAD_PATCH_M} m",
            **({"off_centre": f"{math.sqrt(2) * error:.6f} m"} if error else {}),
            "bodies": hand,
        },
        "obstacles": [
            {
                "name": "wall",
                "low": _point(belief.wall_x_m - thickness, -side, 0),
                "high": _point(belief.wall_x_m + thickness, side, belief.wall_height_m[1]),
            },
            {
                "name": "table",
                "low": _point(-side, -side, -0.04),
                "high": _point(side, side, 0),
                "may_be_touched": True,
            },
        ],
        "grip": {"safety_factor": _SAFETY_FACTOR, "braking": f"{BRAKING_M_S2} m/s^2"},
        "clearance": {"margin": f"{MARGIN_M} m"},
        "release": {},
        "limits": {"speed": "1 m/s", "acceleration": "5 m/s^2", "touch_speed": "0.6 m/s"},
    }


def _friction(belief: Belief) -> tuple[float, float]:
    """A load beside the pads' axis meets them at an angle, and some friction keeps it from being squeezed out."""
    low, high = belief.friction
    error = belief.load_error_m
    return max(0.0, low - error / (belief.radius_m - error)), high


def slowed(proposal: Proposal, factor: float) -> Proposal:
    """The same with moves that take longer."""
    return replace(proposal, lift_s=proposal.lift_s * factor, cross_s=proposal.cross_s * factor)


def _point(x: float, y: float, z: float) -> list[str]:
    return [f"{value:.6f} m" for value in (x, y, z)]


def _ball(x: float, y: float, z: float, radius: float) -> dict[str, Any]:
    return {"at": _point(x, y, z), "radius": f"{radius:.6f} m"}
