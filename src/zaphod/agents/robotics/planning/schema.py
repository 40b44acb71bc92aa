"""The two languages of plans as JSON Schema, and the reader of the small one; knows no model, no proof, no simulator.

A model writes no path. It proposes what is carried where, and five quantities; `carrying` makes a path of them:

    {"reason": "the wall is 160 mm high", "proposal": {"carry": "glass", "to": "shelf", "grip_force": "2.5 N",
     "crossing_height": "300 mm", "lift_time": "1.5 s", "crossing_time": "2 s", "closing_speed": "10 mm/s"}}

`"proposal": null` proposes nothing, and `reason` says why. Everything follows from the fields of `Carry`: what the
schema lets through can be read, so that decoding under it makes only proposals that can be held against a contract.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, get_args, get_type_hints

from zaphod.agents.robotics.setting import Setting
from zaphod.core.errors import ConfigError
from zaphod.safety.verification.plans import FORMAT
from zaphod.safety.verification.quantities import UNITS, Dimension, quantity

if TYPE_CHECKING:
    from zaphod.agents.robotics.planning.carrying import Proposal

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MOST_CHARACTERS: Final = 4000
"""Of an answer: what is longer is no proposal."""
_REASON: Final = "[ -~]{1,160}"
_FENCED: Final = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*", re.DOTALL)


class Spelling(NamedTuple):
    """How a quantity is written."""

    dimension: Dimension
    pattern: str
    """What a grammar lets a model write: always within the range."""
    low: Fraction
    high: Fraction
    """The range, in SI units, that the reader takes; it takes any unit of the dimension."""
    example: str


_FORCE: Final = Spelling(
    Dimension.FORCE, r"(0\.[1-9][0-9]?|[1-9][0-9]?(\.[0-9]{1,2})?) N", Fraction(1, 10), Fraction(100), "2.5 N"
)
_HEIGHT: Final = Spelling(Dimension.LENGTH, r"[1-9][0-9]{1,2}(\.[0-9])? mm", Fraction(1, 100), Fraction(1), "300 mm")
_TIME: Final = Spelling(
    Dimension.TIME, r"(0\.[1-9][0-9]?|[1-9](\.[0-9]{1,2})?) s", Fraction(1, 10), Fraction(10), "1.5 s"
)
# Pads that come more slowly than this would not have met the load in the time that closing may take.
_CLOSING: Final = Spelling(
    Dimension.SPEED, r"([3-9]|[1-9][0-9])(\.[0-9])? mm/s", Fraction(3, 1000), Fraction(1, 10), "10 mm/s"
)


@dataclass(frozen=True, kw_only=True)
class Carry:
    """What a model proposes; the docstrings of the quantities are what a schema tells of them."""

    carry: str
    to: str
    grip_force: Annotated[Fraction, _FORCE, "force of each of the two pads"]
    crossing_height: Annotated[Fraction, _HEIGHT, "of the point between the pads above the table, over the wall"]
    lift_time: Annotated[Fraction, _TIME, "of going straight up at the start, and down at the goal"]
    crossing_time: Annotated[Fraction, _TIME, "of going across the wall"]
    closing_speed: Annotated[Fraction, _CLOSING, "of each pad until it touches the load"]

    def proposal(self) -> Proposal:
        """The same in the numbers that plans are made of."""
        from zaphod.agents.robotics.planning.carrying import (
            Proposal,  # it needs the simulator's extra, a schema does not
        )

        return Proposal(
            force_n=float(self.grip_force),
            height_m=float(self.crossing_height),
            lift_s=float(self.lift_time),
            cross_s=float(self.crossing_time),
            closing_speed_m_s=float(self.closing_speed),
        )


def written(proposal: Proposal, setting: Setting) -> dict[str, str]:
    """A proposal in the language of models."""
    return {
        "carry": setting.load.name,
        "to": setting.goal.name,
        "grip_force": f"{proposal.force_n:.2f} N",
        "crossing_height": f"{proposal.height_m * 1000:.1f} mm",
        "lift_time": f"{proposal.lift_s:.2f} s",
        "crossing_time": f"{proposal.cross_s:.2f} s",
        "closing_speed": f"{proposal.closing_speed_m_s * 1000:.1f} mm/s",
    }


class Nothing(NamedTuple):
    """A model proposes nothing."""

    reason: str


def read_proposal(text: str, setting: Setting) -> Carry | Nothing:
    """A model's answer.

    Args:
        text: JSON, alone or fenced as in Markdown.
        setting: the names that there are.

    Raises:
        ConfigError: it is no JSON or too long, a field is missing or unknown, a name is of nothing that is here, or a
            quantity has no unit, another one, or is outside its range.
    """
    if len(text) > MOST_CHARACTERS:
        raise _refused(f"It has {len(text)} characters", f"{MOST_CHARACTERS} are enough.")
    fenced = _FENCED.fullmatch(text)
    try:
        document = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError) as error:
        raise _refused(f"It is no JSON ({type(error).__name__})", "An answer is one JSON object.") from error
    answer = _object(document, ("reason", "proposal"), "The answer")
    reason = answer["reason"]
    if not isinstance(reason, str):
        raise _refused("Its reason is no text", "One sentence says why.")
    if answer["proposal"] is None:
        return Nothing(_printable(reason) or "no reason was given")
    given = _object(answer["proposal"], tuple(field.name for field in fields(Carry)), "The proposal")
    _check_name(given["carry"], setting.load.name, "carry")
    _check_name(given["to"], setting.goal.name, "to")
    return Carry(
        carry=setting.load.name,
        to=setting.goal.name,
        **{name: _in_range(given[name], spelling, name) for name, (spelling, _) in _quantities().items()},
    )


def proposal_schema(setting: Setting) -> dict[str, Any]:
    """JSON Schema of a model's answer. It keeps to what grammars and servers know: no `oneOf`, no lengths."""
    properties: dict[str, Any] = {
        "carry": {"type": "string", "enum": [setting.load.name]},
        "to": {"type": "string", "enum": [setting.goal.name]},
    }
    for name, (spelling, meaning) in _quantities().items():
        told = f"{meaning}, like {spelling.example}"
        properties[name] = {"type": "string", "pattern": f"^{spelling.pattern}$", "description": told}
    return {
        "$schema": DIALECT,
        "title": "zaphod-proposal-1",
        **_closed(
            {
                "reason": {"type": "string", "pattern": f"^{_REASON}$", "description": "why so, or why nothing"},
                "proposal": {"anyOf": [_closed(properties), {"type": "null"}]},
            }
        ),
    }


def plan_schema() -> dict[str, Any]:
    """JSON Schema of whole plans, `zaphod-plan-1`. That a path has no jumps is seen by the reader of plans alone."""
    point = {"type": "array", "items": _quantity(Dimension.LENGTH), "minItems": 3, "maxItems": 3}
    powers = {"type": "array", "items": _quantity(Dimension.LENGTH), "minItems": 1, "maxItems": 10}
    names = {"type": "array", "items": {"type": "string"}}
    piece = _closed({"duration": _quantity(Dimension.TIME), "x": powers, "y": powers, "z": powers})
    along = {"type": "array", "items": point, "minItems": 2}
    pieces = {"type": "array", "items": piece, "minItems": 1}
    duration = _quantity(Dimension.TIME)
    pressing = {"force": _quantity(Dimension.FORCE), "closing_speed": _quantity(Dimension.SPEED)}
    steps = [
        _step("move", {"along": along, "duration": duration}, {"touching": names}),
        _step("follow", {"pieces": pieces}, {"touching": names}),
        _step("grip", pressing, {"duration": duration}),
        _step("release", {}, {"duration": duration}),
        _step("wait", {"duration": duration}),
    ]
    return {
        "$schema": DIALECT,
        "title": FORMAT,
        **_closed(
            {
                "format": {"const": FORMAT},
                "steps": {"type": "array", "items": {"anyOf": steps}, "minItems": 1, "maxItems": 1000},
            }
        ),
    }


def _quantities() -> dict[str, tuple[Spelling, str]]:
    hints = get_type_hints(Carry, include_extras=True)
    return {name: (args[1], args[2]) for name, hint in hints.items() if len(args := get_args(hint)) == 3}


def _quantity(dimension: Dimension) -> dict[str, str]:
    units = "|".join(re.escape(unit) for unit, (_, measured) in UNITS.items() if measured is dimension)
    return {"type": "string", "pattern": rf"^-?[0-9]{{1,6}}(\.[0-9]{{1,9}})? ({units})$"}


def _step(kind: str, required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    step = _closed({"do": {"const": kind}, **required})
    step["properties"] |= optional or {}
    return step


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _object(value: object, names: tuple[str, ...], what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _refused(f"{what} is no object", f"It has {', '.join(names)}.")
    missing, unknown = [name for name in names if name not in value], [name for name in value if name not in names]
    if missing or unknown:
        found = f"{what} lacks {', '.join(missing)}" if missing else f"{what} has {_printable(str(unknown[0]))!r}"
        raise _refused(found, f"It has {', '.join(names)}, and nothing else.")
    return value


def _check_name(value: object, name: str, field: str) -> None:
    if value != name:
        raise _refused(f"{field} is {_printable(str(value))!r}", f"There is only {name!r}.")


def _in_range(value: object, spelling: Spelling, name: str) -> Fraction:
    if not isinstance(value, str):
        raise _refused(f"{name} is no text", f"Write it like {spelling.example!r}.")
    found = quantity(value, spelling.dimension, name)
    if not spelling.low <= found < spelling.high:
        low, high = float(spelling.low), float(spelling.high)
        wanted = f"It is from {low:g} {spelling.dimension} to less than {high:g} {spelling.dimension}."
        raise _refused(f"{name} is {_printable(value)}", wanted)
    return found


def _printable(text: str) -> str:
    """What a model says is shown to people and put into files: no control characters, and not more than a line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:160].strip()


def _refused(found: str, wanted: str) -> ConfigError:
    return ConfigError(f"{found}.", wanted, "Answer in the form of the schema.")
