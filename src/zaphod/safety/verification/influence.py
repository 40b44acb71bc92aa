"""Which numbers of a plan and of its contract decide the verdict: each is changed, stepwise, until it turns.

A number that can be anything has either no influence on this plan, and somebody should be able to say why, or the
verifier does not look at it. A point of a path is changed wherever the path comes by, so that it stays whole.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from zaphod.core.errors import ZaphodError
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.paths import vector
from zaphod.safety.verification.plans import read_plan
from zaphod.safety.verification.verify import verify

FACTORS: Final = (0.99, 1.01, 0.9, 1.1, 0.5, 2.0, 0.1, 10.0, 0.001, 1000.0, 1e5, 0.0, -1.0)
"""What a number that is not 0 becomes, in this order."""
SHIFTS: Final = (0.01, -0.01, 0.1, -0.1, 1.0, -1.0, 10.0, -10.0, 1000.0, -1000.0)
"""What is added to a 0, in its own unit; lengths in millimetres take a thousand times as much."""
_WORDS: Final = {"name", "format", "do", "touching", "closing_axis"}
"""Fields that are no quantities."""
_NUMBER: Final = re.compile(r"(?<![\^\w.])[+-]?\d+\.?\d*(?:[eE][+-]?\d+)?")

Place = tuple[str | int, ...]
"""Keys from the document inwards; the last counts the numbers of one text."""


@dataclass(frozen=True, kw_only=True)
class Influence:
    """Of one number."""

    place: Place
    value: float
    turns_at: float | None
    """The first value tried at which the plan is refused; None where there was none."""
    told: str
    """Why it is refused, or why it cannot even be read; empty where neither."""

    @property
    def is_noticed(self) -> bool:
        """Whether some value is refused, by the verdict or by the reader."""
        return bool(self.told)

    def __str__(self) -> str:
        return ".".join(map(str, self.place))


def influences(plan: dict[str, Any], contract: dict[str, Any], within: str = "") -> Iterator[Influence]:
    """Of every number in both documents, one after the other.

    Args:
        plan: of which the contract is kept; parsed JSON.
        contract: parsed TOML.
        within: only of numbers whose place begins like this: `contract.people`.

    Raises:
        ZaphodError: either is malformed, or the plan is refused as it is.
    """
    both = {"plan": plan, "contract": contract}
    if (refused := _refusal(both)) is not None:
        raise ZaphodError(f"The plan is refused as it is: {refused[1]}.", "Changes begin at what is accepted.")
    for place, text, match in _numbers(both, ()):
        if ".".join(map(str, place)).startswith(within):
            yield _influence(both, place, text, match)


def _influence(both: dict[str, Any], place: Place, text: str, match: re.Match[str]) -> Influence:
    value = float(match[0])
    unread = ""
    for changed in _changed(value, text[match.end() :]):
        refused = _refusal(_with(both, place[:-1], text[: match.start()] + f"{changed:.9g}" + text[match.end() :]))
        if refused is not None and refused[0]:
            return Influence(place=place, value=value, turns_at=changed, told=refused[1])
        unread = unread or (refused[1] if refused is not None else "")
    return Influence(place=place, value=value, turns_at=None, told=unread)


def _changed(value: float, unit: str) -> Sequence[float]:
    if value:
        return [value * factor for factor in FACTORS]
    times = 1000.0 if unit.strip().startswith("mm") else 1.0
    return [shift * times for shift in SHIFTS]


def _refusal(both: dict[str, Any]) -> tuple[bool, str] | None:
    """Whether the verifier said it, and why; None where the plan is accepted."""
    try:
        plan, contract = read_plan(both["plan"]), read_contract(both["contract"])
        report = verify(plan, contract)
    except ZaphodError as error:
        return False, error.found
    return None if report.is_accepted else (True, str(report.findings[0]))


def _numbers(inner: Any, place: Place) -> Iterator[tuple[Place, str, re.Match[str]]]:
    if isinstance(inner, dict | list):
        for key, value in inner.items() if isinstance(inner, dict) else enumerate(inner):
            if key not in _WORDS:
                yield from _numbers(value, (*place, key))
    elif not isinstance(inner, bool):
        for number, match in enumerate(_NUMBER.finditer(str(inner))):
            yield (*place, number), str(inner), match


def _with(both: dict[str, Any], place: Place, text: str) -> dict[str, Any]:
    made = copy.deepcopy(both)
    inner: Any = made
    for key in place[:-1]:
        inner = inner[key]
    if "along" in place:
        here = vector(inner, "the point")
        for point in [point for point in _points(made["plan"]) if vector(point, "a point") == here]:
            point[place[-1]] = text
    inner[place[-1]] = text
    return made


def _points(plan: dict[str, Any]) -> list[Any]:
    return [point for step in plan["steps"] for point in step.get("along", [])]
