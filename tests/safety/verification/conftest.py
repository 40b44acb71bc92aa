"""A fragile glass, a plan that carries it over a wall, and what really happens, computed another way."""

from __future__ import annotations

import copy
import itertools
import json
import math
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.plans import Plan, read_plan

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.fixture
def plan_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / "plan.json").read_text())
    return document


@pytest.fixture
def contract_document() -> dict[str, Any]:
    return tomllib.loads((EXAMPLES / "fragile.toml").read_text())


@pytest.fixture
def plan(plan_document: dict[str, Any]) -> Plan:
    return read_plan(plan_document)


@pytest.fixture
def contract(contract_document: dict[str, Any]) -> Contract:
    return read_contract(contract_document)


@pytest.fixture
def carrying(plan_document: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """A plan document with another force, height, duration or distance."""

    def make(*, force: str = "3 N", height: str = "0.3 m", duration: str = "2 s", far: str = "0.4 m") -> dict[str, Any]:
        made = copy.deepcopy(plan_document)
        steps = made["steps"]
        steps[1]["force"] = force
        steps[3]["duration"] = duration
        for step in steps:
            for point in step.get("along", []):
                point[0] = far if point[0] == "0.4 m" else point[0]
                point[2] = height if point[2] in ("0.3 m", "0.30 m") else point[2]
        return made

    return make


def margins(plan: Plan, contract: Contract, num_times: int = 400) -> dict[str, float]:
    """The smallest margin of each requirement at many times and at all corners, in floats, by another way of computing.

    Above 0: kept. Positions come from the plan's points; speeds and accelerations are numerical derivatives.
    """
    found: dict[str, float] = {}

    def note(name: str, margin: float) -> None:
        found[name] = min(found.get(name, math.inf), margin)

    gravity = float(contract.gravity)
    load, gripper, limits = contract.load, contract.gripper, contract.limits
    assert load is not None
    assert gripper is not None
    for piece in plan.pieces:
        duration = float(piece.duration_s)
        t = np.linspace(0, 1, num_times)
        path = [np.polynomial.Polynomial([float(c) for c in powers]) for powers in piece.path]
        at = np.stack([axis(t) for axis in path])
        speed = np.stack([axis.deriv(1)(t) for axis in path]) / duration
        pull = np.stack([axis.deriv(2)(t) for axis in path]) / duration**2
        if limits is not None and limits.speed is not None:
            note("limits", float((float(limits.speed) - np.linalg.norm(speed, axis=0)).min()))
        if limits is not None and limits.touch_speed is not None and piece.touching:
            note("limits", float((float(limits.touch_speed) - np.linalg.norm(speed, axis=0)).min()))
        if limits is not None and limits.acceleration is not None:
            note("limits", float((float(limits.acceleration) - np.linalg.norm(pull, axis=0)).min()))
        bodies = [*gripper.bodies, *(load.bodies if piece.grip else ())]
        for obstacle, body in itertools.product(contract.obstacles, bodies):
            if contract.clearance is None or (obstacle.may_be_touched and obstacle.name in piece.touching):
                continue
            centre = at + np.array([[float(v)] for v in body.at])
            if obstacle.at is not None:
                gap = np.linalg.norm(centre - np.array([[float(v)] for v in obstacle.at]), axis=0)
                gap = gap - float(obstacle.radius)
            else:
                assert obstacle.low is not None
                assert obstacle.high is not None
                low, high = (np.array([[float(v)] for v in end]) for end in (obstacle.low, obstacle.high))
                gap = np.maximum(low - centre, centre - high).max(axis=0)
            note("clearance", float(gap.min()) - float(body.radius + contract.clearance.margin))
        if piece.grip is None or contract.grip is None:
            continue
        along = "xyz".index(gripper.closing_axis)
        ends = (load.mass, gripper.friction, gripper.force_error)
        for mass, friction, error in itertools.product(*[(float(i.low), float(i.high)) for i in ends]):
            stop = mass * float(contract.grip.braking)
            weight = mass * np.hypot(pull[1 - along], pull[2] + gravity) + stop
            for side in (-1, 1):
                pressed = float(piece.grip.force_n) + error + side * mass * pull[along]
                borne = 2 * friction * (pressed - stop) - float(contract.grip.safety_factor) * weight
                note("grip", float(borne.min()))
                if load.breaks_at is not None:
                    blow = float(piece.grip.closing_speed_m_s) * math.sqrt(
                        float(gripper.contact_stiffness * gripper.finger_mass)
                    )
                    note("grip", float((float(load.breaks_at) - blow - pressed - stop).min()))
    return found
