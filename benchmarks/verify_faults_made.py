"""Plans and contracts with something wrong in them: mutations, vacuous premises, wrong units, numbers that are none."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

Documents = dict[str, Any]
"""`plan`: parsed JSON; `contract`: parsed TOML."""

Change = Callable[[Documents], object]

_NUMBER = re.compile(r"(?<![\^\w.])[+-]?\d+\.?\d*(?:[eE][+-]?\d+)?")
_WORDS = {"name", "format", "do", "touching", "closing_axis", "may_be_touched"}

UNITS = ["", "kg", "m", "s", "m/s", "m/s^2", "N", "N m", "N/m", "V", "n", "Kg", "mm2"]
"""One of each dimension, and some that are none."""
DIMENSIONS = {
    "kg": "kg", "g": "kg", "m": "m", "mm": "m", "s": "s", "ms": "s", "mm/s": "m/s", "m/s": "m/s", "m/s^2": "m/s^2",
    "N": "N", "N/mm": "N/m", "": "", "%": "",
}  # fmt: skip


def leaves(inner: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every quantity of a document, and where it stands."""
    if isinstance(inner, dict | list):
        for key, value in inner.items() if isinstance(inner, dict) else enumerate(inner):
            if key not in _WORDS:
                yield from leaves(value, (*place, key))
    elif not isinstance(inner, bool):
        yield place, inner


def replaced(documents: Documents, place: tuple[str | int, ...], value: Any) -> Documents:
    """The same with another value at one place."""
    made = copy.deepcopy(documents)
    inner: Any = made
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return made


def varied(documents: Documents, rng: random.Random) -> Documents:
    """Another carrying plan of the same kind: higher, slower, further, with another force."""
    made = copy.deepcopy(documents)
    far, height = rng.uniform(0.36, 0.46), rng.uniform(0.27, 0.33)
    for step in made["plan"]["steps"]:
        for point in step.get("along", []):
            point[0] = f"{far:.4f} m" if point[0] == "0.4 m" else point[0]
            point[2] = f"{height:.4f} m" if point[2] in ("0.3 m", "0.30 m") else point[2]
        if "duration" in step:
            step["duration"] = f"{rng.uniform(2, 3):.3f} s"
        if "force" in step:
            step["force"] = f"{rng.uniform(2.9, 3.5):.3f} N"
    return made


def mutated(documents: Documents, rng: random.Random) -> Documents:
    """One to three things changed, in the plan or in the contract, by little or by much."""
    made = documents
    for _ in range(rng.choice((1, 1, 2, 3))):
        made = rng.choice(_MUTATIONS)(copy.deepcopy(made), rng)
    return made


def _scaled(documents: Documents, rng: random.Random) -> Documents:
    place, value = rng.choice(list(leaves(documents)))
    text = str(value)
    match = rng.choice(list(_NUMBER.finditer(text)))
    number = float(match[0])
    change = rng.choice([0.1, 0.5, 0.7, 0.9, 0.97, 1.03, 1.1, 1.4, 2, 10])
    changed = number * change if number else rng.choice([-1, 1]) * rng.choice([0.01, 0.05, 0.2, 1])
    return replaced(documents, place, f"{text[: match.start()]}{changed:.6f}{text[match.end() :]}")


def _moved_point(documents: Documents, rng: random.Random) -> Documents:
    """A point of the path elsewhere, wherever it occurs: the path stays whole."""
    steps = documents["plan"]["steps"]
    points = [tuple(point) for step in steps for point in step.get("along", [])]
    old, axis = rng.choice(points), rng.randrange(3)
    far = rng.choice([0.005, 0.02, 0.05, 0.1, 0.3]) * rng.choice([-1, 1])
    for step in steps:
        for point in step.get("along", []):
            if tuple(point) == old:
                point[axis] = f"{float(point[axis].split()[0]) + far:.4f} m"
    return documents


def _hurried(documents: Documents, rng: random.Random) -> Documents:
    step = rng.choice([step for step in documents["plan"]["steps"] if "duration" in step])
    step["duration"] = f"{float(step['duration'].split()[0]) * rng.uniform(0.2, 0.9):.3f} s"
    return documents


def _gripped(documents: Documents, rng: random.Random) -> Documents:
    for step in documents["plan"]["steps"]:
        if step["do"] == "grip":
            step["force"] = f"{rng.uniform(0.5, 7):.3f} N"
            step["closing_speed"] = f"{rng.choice([5, 5, 50, 300])} mm/s"
    return documents


def _without_step(documents: Documents, rng: random.Random) -> Documents:
    steps = documents["plan"]["steps"]
    del steps[rng.randrange(len(steps))]
    return documents


def _twice(documents: Documents, rng: random.Random) -> Documents:
    steps = documents["plan"]["steps"]
    steps.insert(rng.randrange(len(steps) + 1), copy.deepcopy(rng.choice(steps)))
    return documents


def _touches_all(documents: Documents, rng: random.Random) -> Documents:
    for step in documents["plan"]["steps"]:
        if step["do"] in ("move", "follow"):
            step["touching"] = rng.choice([[], ["wall", "table", "lamp"]])
    return documents


def _dives(documents: Documents, rng: random.Random) -> Documents:
    """Down and up again, through what it names as touched."""
    steps = documents["plan"]["steps"]
    place = rng.choice([n for n, step in enumerate(steps) if "along" in step])
    here = steps[place]["along"][-1]
    deep = [here[0], here[1], f"{rng.uniform(-0.3, 0.1):.3f} m"]
    dive = {"do": "move", "along": [here, deep, here], "duration": "8 s", "touching": ["table"]}
    steps.insert(place + 1, dive)
    return documents


def _lets_go_early(documents: Documents, rng: random.Random) -> Documents:
    """In the air, on the way."""
    steps = documents["plan"]["steps"]
    places = [n for n, step in enumerate(steps) if step["do"] == "release"]
    if places:
        steps.insert(max(1, places[0] - rng.randrange(1, 3)), steps.pop(places[0]))
    return documents


def _comes_closer(documents: Documents, rng: random.Random) -> Documents:
    """An obstacle or a person elsewhere."""
    contract = documents["contract"]
    near = [f"{rng.uniform(-0.2, 0.6):.3f} m", f"{rng.uniform(-0.3, 0.3):.3f} m", f"{rng.uniform(0, 0.5):.3f} m"]
    if rng.random() < 0.5:
        balls = [obstacle for obstacle in contract["obstacles"] if "at" in obstacle]
        ball = rng.choice(balls)
        ball["at"] = near
        if rng.random() < 0.5:
            ball["speed"] = f"{rng.uniform(0.01, 0.3):.3f} m/s"
            for step in documents["plan"]["steps"]:
                if step["do"] in ("grip", "release"):
                    step["duration"] = "2 s"
    else:
        contract["people"]["at"] = [[f"{rng.uniform(0.5, 3):.3f} m", "0 m", "0 m"]]
    return documents


def _unsteady(documents: Documents, rng: random.Random) -> Documents:
    """A base that is lighter, narrower or elsewhere."""
    standing = documents["contract"]["standing"]
    kind = rng.randrange(3)
    if kind == 0:
        standing["base_mass"] = f"{rng.uniform(0.5, 8):.3f} kg"
    elif kind == 1:
        standing["high"][0] = f"{rng.uniform(0.02, 0.2):.3f} m"
    else:
        standing["base_centre"][rng.randrange(2)] = f"{rng.choice([-1, 1]) * rng.uniform(0.1, 0.4):.3f} m"
    return documents


def _bent(documents: Documents, rng: random.Random) -> Documents:
    """A straight move replaced by a polynomial that goes astray on its way, and comes to rest where it should."""
    steps = documents["plan"]["steps"]
    place = rng.choice([n for n, step in enumerate(steps) if len(step.get("along", [])) == 2])
    step = steps[place]
    piece: dict[str, Any] = {"duration": step["duration"]}
    for axis, start, end in zip("xyz", *step["along"], strict=True):
        a, b = float(start.split()[0]), float(end.split()[0])
        astray = rng.choice([0, 0, rng.uniform(-2, 2)])  # t^2 (1 - t)^2 is 1/16 at most, and at rest at both ends
        powers = [a, 0, astray, 10 * (b - a) - 2 * astray, astray - 15 * (b - a), 6 * (b - a)]
        piece[axis] = [f"{power:.9f} m" for power in powers]
    steps[place] = {"do": "follow", "pieces": [piece], "touching": step.get("touching", [])}
    return documents


_MUTATIONS: list[Callable[[Documents, random.Random], Documents]] = [
    _scaled, _scaled, _scaled, _moved_point, _moved_point, _hurried, _gripped, _without_step, _twice, _touches_all,
    _dives, _lets_go_early, _comes_closer, _comes_closer, _bent, _unsteady,
]  # fmt: skip


def _set(*path: str | int, to: Any) -> Change:
    def change(documents: Documents) -> None:
        inner: Any = documents
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = to

    return change


def _drop(*path: str | int) -> Change:
    def change(documents: Documents) -> None:
        inner: Any = documents
        for key in path[:-1]:
            inner = inner[key]
        inner.pop(path[-1])

    return change


def _drop_sections(*names: str) -> Change:
    return lambda documents: [documents["contract"].pop(name) for name in names]


VACUOUS: dict[str, Change] = {
    "nothing is required": _drop_sections("grip", "clearance", "limits", "standing", "people", "release"),
    "limits that limit nothing": _set("contract", "limits", to={}),
    "no obstacles": _drop("contract", "obstacles"),
    "obstacles without a rule": _drop_sections("clearance"),
    "an empty list of obstacles": _set("contract", "obstacles", to=[]),
    "a tool without balls": _drop("contract", "gripper", "bodies"),
    "a load without balls": _drop("contract", "load", "bodies"),
    "no load, but a grip": _drop_sections("load", "grip", "release"),
    "a load that weighs nothing": _set("contract", "load", "mass", to="0 g"),
    "a load that may weigh less than nothing": _set("contract", "load", "mass", to="5 g ± 10 g"),
    "a mass from high to low": _set("contract", "load", "mass", to=["2 kg", "1 kg"]),
    "a friction from high to low": _set("contract", "gripper", "friction", to=["0.6", "0.4"]),
    "an error from high to low": _set("contract", "gripper", "force_error", to=["1 N", "-1 N"]),
    "no friction": _set("contract", "gripper", "friction", to=["0", "0.5"]),
    "negative friction": _set("contract", "gripper", "friction", to=["-0.5", "0.5"]),
    "a load that breaks at nothing": _set("contract", "load", "breaks_at", to="0 N"),
    "a force that breaks, and no rule": _drop_sections("grip"),
    "a factor below 1": _set("contract", "grip", "safety_factor", to=0.5),
    "a negative margin": _set("contract", "clearance", "margin", to="-1 mm"),
    "negative braking": _set("contract", "grip", "braking", to="-1 m/s^2"),
    "negative gravity": _set("contract", "gravity", to="-9.8 m/s^2"),
    "balls of the load without a radius": _set("contract", "load", "bodies", 0, "radius", to="0 mm"),
    "balls of the tool without a radius": _set("contract", "gripper", "bodies", 0, "radius", to="0 mm"),
    "a ball as obstacle without a radius": _drop("contract", "obstacles", 2, "radius"),
    "a box upside down": _set("contract", "obstacles", 0, "low", to=["1 m", "0 m", "0 m"]),
    "half a box": _drop("contract", "obstacles", 0, "low"),
    "two obstacles of one name": _set("contract", "obstacles", 1, "name", to="wall"),
    "a space upside down": _set("contract", "limits", "low", to=["2 m", "0 m", "0 m"]),
    "a speed of 0": _set("contract", "limits", "speed", to="0 m/s"),
    "nobody": _set("contract", "people", "at", to=[]),
    "people before whom the load is lost": _set("contract", "people", "braking", to="3 m/s^2"),
    "people without a radius": _set("contract", "people", "radius", to="0 m"),
    "people, and a robot that never stops": _set("contract", "people", "braking", to="0 m/s^2"),
    "a base upside down": _set("contract", "standing", "high", to=["-1 m", "-1 m", "0 m"]),
    "a base that is all margin": _set("contract", "standing", "margin", to="0.3 m"),
    "a base that weighs nothing": _set("contract", "standing", "base_mass", to="0 kg"),
    "nothing to put it on": _drop("contract", "obstacles", 1, "may_be_touched"),
    "an unknown section": _set("contract", "clearence", to={"margin": "1 mm"}),
    "an unknown value": _set("contract", "grip", "safety", to=2),
    "no steps": _set("plan", "steps", to=[]),
    "only a wait": _set("plan", "steps", to=[{"do": "wait", "duration": "1 s"}]),
    "a step of no time": _set("plan", "steps", 0, "duration", to="0 s"),
    "a step back in time": _set("plan", "steps", 0, "duration", to="-1 s"),
    "a force of 0": _set("plan", "steps", 1, "force", to="0 N"),
    "pads that open when they close": _set("plan", "steps", 1, "closing_speed", to="-5 mm/s"),
    "a grip of what is held": lambda d: d["plan"]["steps"].insert(2, d["plan"]["steps"][1]),
    "a release of nothing": lambda d: d["plan"]["steps"].insert(0, {"do": "release"}),
    "an obstacle that moves while pads close, nobody knows how long": _set(
        "contract", "obstacles", 2, "speed", to="0.1 m/s"
    ),
}
"""Each would let any plan pass, or contradicts itself."""

NO_NUMBERS: list[Any] = [
    float("nan"), float("inf"), float("-inf"), 5e-324, 1e-300, 1e300, 10**400, True, None, "", " ", "nan", "inf",
    "-inf", "nan m", "inf N", "1e999 m", "1e-999 m", "5e-324 m", "1e99 kg", "9" * 400 + " m", "0." + "0" * 400 + "1 m",
    "1 m m", "1,5 m", "1/2 m", "0x10 m", "١ m", "1e m", "--1 m", "1_000 m", [], {}, ["1 m", "2 m", "3 m", "4 m"],
]  # fmt: skip
"""What stands for a quantity and is none."""

TEXTS = {
    "a key that stands twice": '{"format": "zaphod-plan-1", "steps": [], "steps": [{"do": "wait"}]}',
    "a key that stands twice, further in": '{"a": [{"force": "1 N", "force": "9 N"}]}',
    "NaN": '{"a": NaN}',
    "Infinity": '{"a": [-Infinity]}',
    "a float that is none": '{"a": 1e400}',
    "a number of 5000 digits": '{"a": ' + "9" * 5000 + "}",
    "a float of 5000 digits": '{"a": 0.' + "9" * 5000 + "}",
    "lists in lists": "[" * 100_000,
    "no JSON": "{'a': 1}",
    "nothing": "",
    "half": '{"a": [1, 2',
}
"""JSON that two readers could take for two things, or one not at all."""
