"""What the built-in model answers, read as steps of this scene: one carrying, or the reason why not; knows no numbers.

Its plans are carried out in the symbolic world that it was taught in, with the facts of this scene. What comes to
anything else than the load at its goal is declined: this robot has one skill.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from zaphod.agents.robotics.setting import Setting
from zaphod.data.tasks.robot_world import CONTAINERS, PlanError, World

_MOST_STEPS: Final = 40
_WHERE: Final = re.compile(r"unclear: where is (?:the )?(.+?)\?")
_SHOWN: Final = 120


class Wish(NamedTuple):
    """The load is to be carried to its goal."""


class Asks(NamedTuple):
    """The model would know how, if it were told where this is."""

    thing: str


class Refuses(NamedTuple):
    """Nothing is to be done, and why."""

    reason: str


def read_answer(said: str, setting: Setting) -> Wish | Asks | Refuses:
    """A model's answer; whatever it may be, it is one of the three."""
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):
        answer = None
    match answer:
        case {"refuse": str(reason), **others} if not others:
            where = _WHERE.fullmatch(reason)
            return Asks(where[1]) if where else Refuses(_refusal(reason, setting))
        case {"plan": list(steps), **others} if not others:
            return _read_steps(steps, setting)
    return Refuses(f"The model takes this for something else than work: it says {_shown(said)!r}. {setting.offer}")


def _refusal(reason: str, setting: Setting) -> str:
    """The model's own reason, and what there is here where it misses something."""
    reason = _shown(reason)
    return f"{reason}. {setting.offer}" if reason.startswith("unknown") else reason


def _read_steps(steps: Sequence[object], setting: Setting) -> Wish | Refuses:
    known: list[dict[str, str]] = []
    if not 0 < len(steps) <= _MOST_STEPS:
        return Refuses(f"The model's plan has {len(steps)} steps. {setting.offer}")
    for step in steps:
        if not isinstance(step, dict) or not all(isinstance(value, str) and value for value in step.values()):
            return Refuses(f"The model's plan has a step that is none: {_shown(str(step))}.")
        missing = _missing(step, setting)
        if missing:
            return Refuses(f"{missing} {setting.offer}")
        known.append(step | ({"object": setting.load.told} if "object" in step else {}))
    return _come_to(known, setting)


def _missing(step: Mapping[str, Any], setting: Setting) -> str:
    """What a step speaks of that is not here; empty where all of it is."""
    if "object" in step and not setting.load.is_meant(step["object"]):
        return f"There is no {_shown(step['object'])} here."
    for field in ("to", "on", "in", "target"):
        place = step.get(field)
        if place == "user":
            return "Nobody can be handed anything here."
        if place is not None and place not in (setting.start.told, setting.goal.told):
            return f"There is no {_shown(place)} here."
    return ""


def _come_to(steps: Sequence[Mapping[str, Any]], setting: Setting) -> Wish | Refuses:
    load = setting.load.told
    world = World(objects={load: setting.start.told}, open_containers=set(CONTAINERS))
    try:
        world.run(steps)
    except PlanError as error:
        return Refuses(f"The model's plan cannot be carried out: {_shown(str(error))}.")
    if world.held is not None:
        return Refuses(f"The {setting.load.name} would stay between the pads. Say where it is to be put.")
    if world.objects[load] != setting.goal.told or sum(step["do"] == "grasp" for step in steps) != 1:
        return Refuses(f"The {setting.load.name} would not be carried to another place, or more than once.")
    return Wish()


def _shown(text: str) -> str:
    """What a model says, as it may be printed."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
