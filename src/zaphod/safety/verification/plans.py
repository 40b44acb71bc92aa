"""What a robot is about to do, as data: moves of its tool, grips and releases, in exact SI numbers; knows no contract.

A plan is JSON, for any robot whose tool follows a path:

    {"format": "zaphod-plan-1", "steps": [
        {"do": "move", "along": [["0 m", "0 m", "0.3 m"], ["0 m", "0 m", "0.1 m"]], "duration": "1.5 s"},
        {"do": "grip", "force": "2.5 N", "closing_speed": "10 mm/s"},
        {"do": "move", "along": […], "duration": "2 s", "touching": ["table"]},
        {"do": "release"}]}

`move` goes straight from point to point and rests at each, in equal times, by a quintic (no jump of the acceleration).
`follow` takes any piecewise polynomial: {"do": "follow", "pieces": [{"duration": "0.5 s", "x": ["0 m", "0.2 m"],
"y": …, "z": …}]}, ascending powers of the share of the piece's time, 0 to 1. Position and speed must not jump, and a
plan begins and ends at rest. `grip` and `release` happen at rest; how long they take at most is their `duration`, which
is wanted where something moves meanwhile.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.paths import MOST_PIECES, Path, Vector, followed, moved, only_known, positive_time
from zaphod.safety.verification.quantities import Dimension, quantity, shown

FORMAT: Final = "zaphod-plan-1"
_MOST_STEPS: Final = 1000
_REST: Final = (Fraction(0), Fraction(0), Fraction(0))
_MOMENT_S: Final = Fraction(1, 1000)
"""Of a grip that does not say how long it takes: its load is held even so."""
_FIELDS: Final = {
    "move": {"along", "duration", "touching"},
    "follow": {"pieces", "touching"},
    "grip": {"force", "closing_speed", "duration"},
    "release": {"duration"},
    "wait": {"duration"},
}


@dataclass(frozen=True, kw_only=True)
class Grip:
    """Two pads that press on what lies between them."""

    force_n: Fraction
    """Commanded, of each pad."""
    closing_speed_m_s: Fraction


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of time in which the tool follows one polynomial in each axis."""

    step: int
    """Of the plan, from 0."""
    number: int
    """Of the piece itself, from 0."""
    start_s: Fraction
    duration_s: Fraction
    path: Path
    """Metres, by powers of the share of the piece's time."""
    grip: Grip | None
    """What holds the load; None if nothing is carried."""
    touching: frozenset[str] = frozenset()
    """Obstacles that the load or the tool is meant to touch."""
    lets_go: bool = False
    """Whether the load is released at its end."""

    @property
    def start(self) -> Vector:
        x, y, z = (powers[0] for powers in self.path)
        return x, y, z

    @property
    def end(self) -> Vector:
        x, y, z = (sum(powers, Fraction(0)) for powers in self.path)
        return x, y, z

    @property
    def start_speed(self) -> Vector:
        """Metres per second."""
        x, y, z = ((powers[1] if len(powers) > 1 else Fraction(0)) / self.duration_s for powers in self.path)
        return x, y, z

    @property
    def end_speed(self) -> Vector:
        """Metres per second."""
        x, y, z = (
            sum((n * value for n, value in enumerate(powers)), Fraction(0)) / self.duration_s for powers in self.path
        )
        return x, y, z


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All pieces in their order; they follow each other without a jump."""

    pieces: tuple[Piece, ...]
    document: Mapping[str, Any]
    """A copy of what it was read from."""
    untimed_steps: tuple[int, ...] = ()
    """Grips and releases of which is not said how long they take."""


def read_plan(document: object) -> Plan:
    """A plan out of parsed JSON.

    Raises:
        ConfigError: it is malformed, a quantity lacks its unit, the path jumps, or something is gripped twice.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ConfigError(
            "This is no plan.", f'A plan is a JSON object with "format": "{FORMAT}".', "docs/verification.md shows one."
        )
    only_known(document, {"format", "steps"}, "The plan", has_kind=False)
    steps = document.get("steps")
    if not isinstance(steps, list) or not 0 < len(steps) <= _MOST_STEPS:
        raise ConfigError('The plan has no "steps".', f"It has 1 to {_MOST_STEPS} of them.", "Add a list of steps.")
    reader = _Reader()
    for number, step in enumerate(steps):
        reader.read(number, step)
    if not reader.pieces:
        raise ConfigError("The plan moves nothing.", "It has at least one move.", "Add one.")
    if reader.pieces[-1].end_speed != _REST:
        raise ConfigError("The plan ends in motion.", "It ends at rest.", "Add a piece that brakes.")
    kept = copy.deepcopy(document)  # who wrote it may go on writing
    return Plan(pieces=tuple(reader.pieces), document=kept, untimed_steps=tuple(reader.untimed_steps))


class _Reader:
    """Goes through the steps and remembers where the tool is, when, and what it holds."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.untimed_steps: list[int] = []
        self._time_s = Fraction(0)
        self._grip: Grip | None = None

    def read(self, number: int, step: object) -> None:
        name = f"Step {number + 1}"
        kind = step.get("do") if isinstance(step, Mapping) else None
        if not isinstance(step, Mapping) or not isinstance(kind, str) or kind not in _FIELDS:
            raise ConfigError(
                f"{name} does {shown(kind)}.", f"A step does one of {', '.join(_FIELDS)}.", "Mend it, or leave it out."
            )
        only_known(step, _FIELDS[kind], name)
        if kind == "grip":
            self._hold(number, step, name)
        elif kind == "release":
            self._let_go(number, step, name)
        elif kind == "wait":
            self._stay(number, positive_time(step.get("duration"), f"{name}: duration"), name)
        else:
            self._go(number, step, name)

    def _hold(self, number: int, step: Mapping[str, Any], name: str) -> None:
        if self._grip is not None:
            raise ConfigError(
                f"{name} grips while something is held.", "One thing is held at a time.", "Release it before."
            )
        force = quantity(step.get("force"), Dimension.FORCE, f"{name}: force")
        speed = quantity(step.get("closing_speed"), Dimension.SPEED, f"{name}: closing_speed")
        if force <= 0 or speed < 0:
            raise ConfigError(
                f"{name}: the force is {shown(step['force'])}, the closing speed {shown(step['closing_speed'])}.",
                "The force is above 0, the speed 0 or more.",
                "Mend them.",
            )
        self._grip = Grip(force_n=force, closing_speed_m_s=speed)
        self._stay(number, self._time_of(number, step, name) or _MOMENT_S, name)

    def _let_go(self, number: int, step: Mapping[str, Any], name: str) -> None:
        if self._grip is None:
            raise ConfigError(f"{name} releases, but nothing is held.", "A grip comes before.", "Leave the step out.")
        if self.pieces[-1].end_speed != _REST:
            raise ConfigError(f"{name} releases in motion.", "What is let go must rest.", "Brake before.")
        self._grip = None
        self.pieces[-1] = dataclasses.replace(self.pieces[-1], lets_go=True)
        if (duration_s := self._time_of(number, step, name)) is not None:
            self._stay(number, duration_s, name)

    def _time_of(self, number: int, step: Mapping[str, Any], name: str) -> Fraction | None:
        """How long pads take at most; None, and noted, where it is not said."""
        if "duration" in step:
            return positive_time(step["duration"], f"{name}: duration")
        self.untimed_steps.append(number)
        return None

    def _stay(self, number: int, duration_s: Fraction, name: str) -> None:
        """A load that is only held must hold too: even a moment without motion is a piece."""
        if not self.pieces:
            raise ConfigError(
                f"{name} comes before any move.", "It must be known where the tool is.", "Begin with a move."
            )
        x, y, z = self.pieces[-1].end
        touching = self.pieces[-1].touching
        self._add(number, duration_s, ((x,), (y,), (z,)), touching, name)

    def _go(self, number: int, step: Mapping[str, Any], name: str) -> None:
        touching = step.get("touching", [])
        if not isinstance(touching, list) or not all(isinstance(word, str) for word in touching):
            raise ConfigError(
                f"{name}: touching is {shown(touching)}.", "It lists names.", 'Write "touching": ["table"].'
            )
        pieces = followed(step, name) if step["do"] == "follow" else moved(step, name)
        for duration_s, path in pieces:
            self._add(number, duration_s, path, frozenset(touching), name)

    def _add(
        self,
        number: int,
        duration_s: Fraction,
        path: Path,
        touching: frozenset[str],
        name: str,
    ) -> None:
        piece = Piece(
            step=number,
            number=len(self.pieces),
            start_s=self._time_s,
            duration_s=duration_s,
            path=path,
            grip=self._grip,
            touching=touching,
        )
        if self.pieces and self.pieces[-1].end != piece.start:
            here, there = (_told(point) for point in (self.pieces[-1].end, piece.start))
            raise ConfigError(
                f"{name} begins at {there}, but the tool is at {here}.",
                "A path has no jumps.",
                "Begin where the step before ends.",
            )
        before = self.pieces[-1].end_speed if self.pieces else _REST
        if before != piece.start_speed:
            raise ConfigError(
                f"{name} begins with a speed of {_told(piece.start_speed)}/s, and what comes before ends with "
                f"{_told(before)}/s.",
                "The speed has no jumps, and a plan begins at rest.",
                "Begin as fast as the step before ends.",
            )
        if len(self.pieces) >= MOST_PIECES:
            raise ConfigError(
                f"The plan has more than {MOST_PIECES} pieces.", "Fewer are proved at once.", "Cut it in two."
            )
        self.pieces.append(piece)
        self._time_s += duration_s


def _told(point: Vector) -> str:
    return "(" + ", ".join(f"{float(value):g}" for value in point) + ") m"
