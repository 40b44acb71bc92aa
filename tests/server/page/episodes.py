"""Recorded episodes for tests of the replay: made by arithmetic, so that no simulator is needed."""

from __future__ import annotations

import math
from typing import Any

SCENE = {
    "mass_kg": 0.15, "friction": 0.5, "radius_m": 0.024, "half_height_m": 0.038, "start_m": [-0.2, 0.05],
    "goal_m": [0.21, -0.06], "wall_x_m": 0.01, "wall_half_thickness_m": 0.01, "wall_height_m": 0.18, "breaks_at_n": 5.0,
    "force_bias_n": 0.05, "scale_bias_n": 0.0,
}  # fmt: skip
BELIEF = {
    "mass_kg": [0.135, 0.165], "friction": [0.45, 0.55], "radius_m": 0.024, "half_height_m": 0.038,
    "start_m": [-0.2, 0.05], "goal_m": [0.21, -0.06], "wall_x_m": 0.01, "wall_half_thickness_m": 0.01,
    "wall_height_m": [0.175, 0.185], "breaks_at_n": 5.0, "force_error_n": 0.15,
}  # fmt: skip
TURNS = (("-0.2", "0.05", "0.35"), ("-0.2", "0.05", "0.038"), ("-0.2", "0.05", "0.28"), ("0.21", "-0.06", "0.28"))
POINTS = [[f"{value} m" for value in point] for point in (*TURNS, ("0.21", "-0.06", "0.038"))]
PLAN = {
    "format": "zaphod-plan-1",
    "steps": [
        {"do": "move", "along": POINTS[:2], "duration": "1.5 s", "touching": ["table"]},
        {"do": "grip", "force": "3 N", "closing_speed": "10 mm/s"},
        {"do": "move", "along": POINTS[1:], "duration": "6 s", "touching": ["table"]},
        {"do": "release"},
    ],
}
CONTRACT = {
    "name": "fragile load over a wall",
    "load": {"mass": "150 g", "bodies": [{"at": ["0 m", "0 m", "0 m"], "radius": "45 mm"}]},
    "gripper": {"friction": "0.5", "bodies": [{"at": ["0 m", "0 m", "0.11 m"], "radius": "50 mm"}]},
    "obstacles": [
        {"name": "wall", "low": ["0 m", "-0.6 m", "0 m"], "high": ["0.02 m", "0.6 m", "185 mm"]},
        {"name": "table", "low": ["-1 m", "-1 m", "-40 mm"], "high": ["1 m", "1 m", "0 m"], "may_be_touched": True},
    ],
}
DIGEST = "sha256:" + "ab" * 32
NUM = 400
"""Samples: eight seconds."""


def episode(**changes: Any) -> dict[str, Any]:
    """One that was carried out as proved."""
    return {
        "format": "zaphod-episode-1",
        "instruction": "Pick up the fragile glass and place it carefully on the shelf.",
        "planner": "builtin",
        "scene": SCENE,
        "belief": BELIEF,
        "rounds": [
            {"proposal": {"force_n": 1.5}, "accepted": False, "findings": ["step 3: the load slips: mass 0.165 kg"]},
            {"proposal": {"force_n": 3.0}, "accepted": True, "findings": []},
        ],
        "plan": PLAN,
        "contract": CONTRACT,
        "assuming": "mass 0.135 to 0.165 kg; friction 0.45 to 0.55; force off by -0.15 to 0.15 N",
        "proof": {
            "accepted": True,
            "claims": {"grip": 24, "clearance": 22, "people": 0},
            "seconds": 0.0123,
            "subjects": {"plan": "sha256:" + "12" * 32, "contract": "sha256:" + "34" * 32, "zaphod": "0.1"},
        },
        "certificate_sha256": DIGEST,
        "refusal": "",
        "limits": {"breaks_at_n": 5.0, "force_n": [2.2, 4.1], "margin_m": 0.006},
        "samples": samples(),
        "outcome": outcome(),
        **changes,
    }


def outcome(**changes: Any) -> dict[str, Any]:
    return {
        "succeeded": True, "collisions": [], "peak_force_n": 3.21, "dropped": False, "misplaced_m": 0.0042,
        "upright": True, "seconds": 8.0, "stopped": "", **changes,
    }  # fmt: skip


def refused(**changes: Any) -> dict[str, Any]:
    """One whose plan was never proved."""
    proof = {**episode()["proof"], "accepted": False}
    rounds = [{"proposal": {}, "accepted": False, "findings": [f"step {n}: the load slips" for n in range(1, 10)]}]
    why = "No force holds it without breaking it: it must be at least 5.2 N; and at most 4.7 N."
    nothing: dict[str, Any] = {"certificate_sha256": None, "samples": {"time_s": []}, "outcome": None}
    return episode(**{"proof": proof, "rounds": rounds, "refusal": why, **nothing, **changes})


def stopped() -> dict[str, Any]:
    """One that the monitor slowed down, then stopped."""
    rungs = ["go"] * 200 + ["clamp"] * 20 + ["slow"] * 100 + ["stop"] * (NUM - 320)
    ending = outcome(succeeded=False, stopped="a person is 0.42 m away", misplaced_m=0.3)
    return episode(samples=samples(rung=rungs, pace=[1.0] * 220 + [0.4] * 100 + [0.0] * (NUM - 320)), outcome=ending)


def samples(**changes: Any) -> dict[str, Any]:
    """Down, closing, up, over, down; a blow when the pads close."""
    at = [_place(n / NUM) for n in range(NUM)]
    loads = [point if n > 0.3 * NUM else [-0.2, 0.05, 0.038] for n, point in enumerate(at)]
    holds = [3.0 + 0.2 * math.sin(n / 7) if n > 0.25 * NUM else 0.0 for n in range(NUM)]
    return {
        "time_s": [round(n / 50, 4) for n in range(NUM)],
        "position_m": at,
        "load_m": loads,
        "load_quaternion": [_turn(0.1 * math.sin(n / 40)) for n in range(NUM)],
        "pads_m": [[0.024, 0.024] if force else [0.045, 0.045] for force in holds],
        "pad_forces_n": [[force, force + 0.02 if force else 0.0] for force in holds],
        "clearance_m": [0.02 + 0.3 * abs(point[0] - 0.01) for point in at],
        "rung": ["go"] * NUM,
        "pace": [1.0] * NUM,
        **changes,
    }


def _turn(angle: float) -> list[float]:
    return [math.cos(angle / 2), 0.0, math.sin(angle / 2), 0.0]


def _place(share: float) -> list[float]:
    turns = [[float(value) for value in point] for point in (*TURNS, ("0.21", "-0.06", "0.038"))]
    leg = min(int(share * 4), 3)
    part = share * 4 - leg
    return [round(a + (b - a) * part, 4) for a, b in zip(turns[leg], turns[leg + 1], strict=True)]
