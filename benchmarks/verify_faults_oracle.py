"""What a plan really does, computed another way: dense sampling in plain floating point, from the documents alone.

It imports nothing of the verifier: units, paths and physics are written down here a second time. Unsafe is what it
finds to be wrong at one moment and one corner of the contract's ranges; what it does not find may still be wrong.

Legend: T moments of one piece.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Margins = dict[str, float]
"""By requirement, the smallest found; below 0 it is broken."""

NUM_MOMENTS = 160
_GRAVITY_M_S2 = 9.80665
_PER_UNIT = {
    "kg": 1, "g": 1e-3, "mg": 1e-6, "m": 1, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "s": 1, "ms": 1e-3, "min": 60,
    "m/s": 1, "cm/s": 1e-2, "mm/s": 1e-3, "m/s^2": 1, "mm/s^2": 1e-3, "N": 1, "mN": 1e-3, "kN": 1e3, "N/m": 1,
    "N/mm": 1e3, "kN/m": 1e3, "": 1, "%": 1e-2,
}  # fmt: skip


@dataclass(frozen=True)
class Moments:
    """One piece of a path, sampled."""

    duration_s: float
    time_T: Floats
    """Since the plan began."""
    at_T3: Floats
    speed_T3: Floats
    pull_T3: Floats
    force_n: float | None
    """Of each pad; None where nothing is held."""
    closing_m_s: float
    touching: frozenset[str]
    lets_go: bool


def number(value: Any) -> float:
    """One quantity in SI units."""
    match = re.fullmatch(r"\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(\S*)\s*", str(value))
    if match is None:
        raise ValueError(f"no quantity: {value!r}")
    return float(match[1]) * _PER_UNIT[match[2]]


def ends(value: Any) -> tuple[float, float]:
    """A range's lowest and highest value."""
    if isinstance(value, list):
        low, high = map(number, value)
        return low, high
    middle, *error = re.split(r"±|\+-", str(value))
    if not error:
        return number(middle), number(middle)
    unit = re.sub(r"[\d.eE+-]+", "", middle, count=1).strip()
    off = number(error[0]) * (number(middle) if "%" in error[0] else 1)
    assert "%" in error[0] or unit
    return number(middle) - off, number(middle) + off


def vector(value: Sequence[Any]) -> Floats:
    """Three lengths."""
    return np.array([number(one) for one in value])


def margins(plan: Mapping[str, Any], contract: Mapping[str, Any]) -> Margins:
    """The smallest margin of each requirement of the contract.

    Args:
        plan: parsed JSON, as it would be carried out.
        contract: parsed TOML.
    """
    found: Margins = {}
    pieces = list(_pieces(plan["steps"]))
    for name, margins_of in _REQUIREMENTS.items():
        if name in contract:
            of_pieces = (margins_of(pieces, place, contract) for place in range(len(pieces)))
            found[name] = min(itertools.chain.from_iterable(of_pieces), default=math.inf)
    return found


def _pieces(steps: Sequence[Mapping[str, Any]]) -> Iterator[Moments]:
    time_s, force, closing, touching = 0.0, None, 0.0, frozenset[str]()
    here = np.zeros(3)
    for number_of_step, step in enumerate(steps):
        made: list[tuple[float, Floats, Floats, Floats]] = []
        if step["do"] == "grip":
            force, closing = number(step["force"]), number(step["closing_speed"])
            made = [_rest(here, number(step.get("duration", "1 ms")))]
        elif step["do"] == "release":
            force = None
            made = [_rest(here, number(step["duration"]))] if "duration" in step else []
        elif step["do"] == "wait":
            made = [_rest(here, number(step["duration"]))]
        else:
            touching = frozenset(step.get("touching", []))
            made = _moved(step) if step["do"] == "move" else _followed(step)
        after = steps[number_of_step + 1]["do"] if number_of_step + 1 < len(steps) else ""
        for place, (duration_s, at, speed, pull) in enumerate(made):
            here, time_T = at[-1], time_s + np.linspace(0, duration_s, len(at))
            lets_go = after == "release" and place == len(made) - 1
            yield Moments(duration_s, time_T, at, speed, pull, force, closing, touching, lets_go)
            time_s += duration_s


def _rest(at: Floats, duration_s: float) -> tuple[float, Floats, Floats, Floats]:
    still = np.zeros((2, 3))
    return duration_s, np.stack([at, at]), still, still


def _moved(step: Mapping[str, Any]) -> list[tuple[float, Floats, Floats, Floats]]:
    points = [vector(point) for point in step["along"]]
    duration_s = number(step["duration"]) / (len(points) - 1)
    u = np.linspace(0, 1, NUM_MOMENTS)[:, None]
    way = u**3 * (10 + u * (6 * u - 15))
    rate, change = 30 * u**2 * (1 - u) ** 2, 60 * u * (1 - u) * (1 - 2 * u)
    return [
        (duration_s, a + (b - a) * way, (b - a) * rate / duration_s, (b - a) * change / duration_s**2)
        for a, b in itertools.pairwise(points)
    ]


def _followed(step: Mapping[str, Any]) -> list[tuple[float, Floats, Floats, Floats]]:
    made = []
    u = np.linspace(0, 1, NUM_MOMENTS)
    for piece in step["pieces"]:
        duration_s = number(piece["duration"])
        axes = [np.array([number(c) for c in piece[axis]][::-1]) for axis in "xyz"]
        at, speed, pull = (
            np.stack([np.polyval(np.polyder(axis, order), u) for axis in axes], axis=1) / duration_s**order
            for order in range(3)
        )
        made.append((duration_s, at, speed, pull))
    return made


def _balls(contract: Mapping[str, Any], *, is_carrying: bool) -> Iterator[tuple[Floats, float]]:
    for section in ("gripper", "load") if is_carrying else ("gripper",):
        for ball in contract.get(section, {}).get("bodies", []):
            yield vector(ball["at"]), number(ball["radius"])


def _grip(pieces: Sequence[Moments], place: int, contract: Mapping[str, Any]) -> Iterator[float]:
    piece, load, gripper, rules = pieces[place], contract["load"], contract["gripper"], contract["grip"]
    if piece.force_n is None:
        return
    along = "xyz".index(gripper.get("closing_axis", "x"))
    gravity = number(contract.get("gravity", _GRAVITY_M_S2))
    braking, factor = number(rules.get("braking", 0)), number(rules.get("safety_factor", 1))
    twist = 1.0
    if off := number(gripper.get("off_centre", 0)):
        twist = math.hypot(1, 3 * off / (2 * number(gripper["pad_radius"])))
    blow = piece.closing_m_s * math.sqrt(
        number(gripper.get("contact_stiffness", 0)) * number(gripper.get("finger_mass", 0))
    )
    across_T = np.hypot(piece.pull_T3[:, 1 - along], piece.pull_T3[:, 2] + gravity)
    ranges = (ends(load["mass"]), ends(gripper["friction"]), ends(gripper.get("force_error", 0)))
    for mass, friction, error in itertools.product(*ranges):
        for side in (1, -1):
            pressed_T = piece.force_n + error + side * mass * piece.pull_T3[:, along]
            borne_T = 2 * friction * (pressed_T - mass * braking)
            yield float((borne_T - factor * twist * mass * (across_T + braking)).min())
            if "breaks_at" in load:
                yield float((number(load["breaks_at"]) - blow - pressed_T - mass * braking).min())


def _clearance(pieces: Sequence[Moments], place: int, contract: Mapping[str, Any]) -> Iterator[float]:
    piece, margin = pieces[place], number(contract["clearance"].get("margin", 0))
    for at, radius in _balls(contract, is_carrying=piece.force_n is not None):
        centre_T3 = piece.at_T3 + at
        for obstacle in contract["obstacles"]:
            touched = bool(obstacle.get("may_be_touched")) and obstacle["name"] in piece.touching
            if "at" in obstacle:
                grown_T = number(obstacle["radius"]) + number(obstacle.get("speed", 0)) * piece.time_T
                gap_T = np.linalg.norm(centre_T3 - vector(obstacle["at"]), axis=1) - grown_T
            else:
                low, high = vector(obstacle["low"]), vector(obstacle["high"])
                beyond_T3 = np.maximum(low - centre_T3, centre_T3 - high)
                outside_T = np.linalg.norm(np.maximum(beyond_T3, 0), axis=1)
                gap_T = np.where(beyond_T3.max(axis=1) > 0, outside_T, beyond_T3.max(axis=1))
            yield float(gap_T.min() if touched else (gap_T - radius - margin).min())


def _limits(pieces: Sequence[Moments], place: int, contract: Mapping[str, Any]) -> Iterator[float]:
    piece, rules = pieces[place], contract["limits"]
    fastest = float(np.linalg.norm(piece.speed_T3, axis=1).max())
    if "speed" in rules:
        yield number(rules["speed"]) - fastest
    if "touch_speed" in rules and piece.touching:
        yield number(rules["touch_speed"]) - fastest
    if "acceleration" in rules:
        yield number(rules["acceleration"]) - float(np.linalg.norm(piece.pull_T3, axis=1).max())
    if "low" in rules:
        yield float((piece.at_T3 - vector(rules["low"])).min())
    if "high" in rules:
        yield float((vector(rules["high"]) - piece.at_T3).min())


def _standing(pieces: Sequence[Moments], place: int, contract: Mapping[str, Any]) -> Iterator[float]:
    piece, rules = pieces[place], contract["standing"]
    gravity = number(contract.get("gravity", _GRAVITY_M_S2))
    low, high = vector(rules["low"]), vector(rules["high"])
    base_at, edge = vector(rules["base_centre"]), number(rules.get("margin", 0))
    carried = ends(contract["load"]["mass"]) if piece.force_n is not None else (0.0, 0.0)
    stop = max(number(contract.get(name, {}).get("braking", 0)) for name in ("grip", "people"))
    masses = (ends(rules["base_mass"]), ends(rules.get("arm_mass", 0)), carried)
    # A stop in one direction, upwards or sideways, is what this looks at; the contract means all of them.
    for base, arm, load, (sway, heave) in itertools.product(*masses, [(0, 0), (stop, 0), (-stop, 0), (0, -stop)]):
        rising_T = (arm + load) * (piece.pull_T3[:, 2] + heave + gravity)
        press_T = base * gravity + rising_T
        yield float(press_T.min())
        for axis in (0, 1):
            lever_T = (arm + load) * (piece.at_T3[:, 2] - low[2]) * (piece.pull_T3[:, axis] + sway)
            point_T = (base * gravity * base_at[axis] + rising_T * piece.at_T3[:, axis] - lever_T) / press_T
            yield float((high[axis] - edge - point_T).min())
            yield float((point_T - low[axis] - edge).min())


def _people(pieces: Sequence[Moments], place: int, contract: Mapping[str, Any]) -> Iterator[float]:
    piece, rules = pieces[place], contract["people"]
    walking, braking = number(rules.get("speed", "1.6 m/s")), number(rules["braking"])
    reaction = number(rules["reaction"])
    time_T = np.concatenate([one.time_T for one in pieces])
    speed_T = np.concatenate([np.linalg.norm(one.speed_T3, axis=1) for one in pieces])
    others = [vector(person) for person in rules["at"]]
    balls = list(_balls(contract, is_carrying=piece.force_n is not None))
    kept_m = number(rules["radius"]) + number(rules.get("margin", 0))
    for now, at in list(zip(piece.time_T, piece.at_T3, strict=True))[::4]:
        # When somebody begins to come now, the robot brakes a reaction later, from whatever speed it then has.
        speed = float(speed_T[(time_T >= now) & (time_T <= now + reaction)].max())
        stopping_s = speed / braking
        gone = min(speed * reaction, float(_way_gone(time_T, speed_T, now, reaction))) + speed * stopping_s / 2
        comes = walking * (reaction + stopping_s)
        for (where, radius), person in itertools.product(balls, others):
            yield float(np.linalg.norm(at + where - person)) - radius - kept_m - comes - gone


def _way_gone(time_T: Floats, speed_T: Floats, now: float, reaction: float) -> float:
    inside = (time_T >= now) & (time_T <= now + reaction)
    return float(np.trapezoid(speed_T[inside], time_T[inside])) if inside.sum() > 1 else 0.0


def _release(pieces: Sequence[Moments], place: int, contract: Mapping[str, Any]) -> Iterator[float]:
    piece = pieces[place]
    if not piece.lets_go:
        return
    x, y, z = piece.at_T3[-1]
    bottom = z + min(vector(ball["at"])[2] - number(ball["radius"]) for ball in contract["load"]["bodies"])
    best = -math.inf
    for obstacle in contract["obstacles"]:
        if obstacle.get("may_be_touched") and obstacle["name"] in piece.touching and "low" in obstacle:
            low, high = vector(obstacle["low"]), vector(obstacle["high"])
            falls = high[2] + number(contract["release"].get("may_fall", 0)) - bottom
            best = max(best, min(falls, x - low[0], high[0] - x, y - low[1], high[1] - y))
    yield best


_REQUIREMENTS = {
    "grip": _grip,
    "clearance": _clearance,
    "limits": _limits,
    "standing": _standing,
    "people": _people,
    "release": _release,
}
