"""Paths out of parsed JSON: polynomials of a piece's share of time, by exact coefficients; knows no step before.

A `move` goes straight from point to point by a quintic that rests at each; a `follow` has polynomials of its own.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.quantities import Dimension, quantity, shown

MOST_PIECES: Final = 2000
"""Of a plan."""
AXES: Final = ("x", "y", "z")
_MOST_DEGREE: Final = 9
_QUINTIC: Final = (0, 0, 0, 10, -15, 6)

Vector = tuple[Fraction, Fraction, Fraction]
"""x, y, z in metres."""

Powers = tuple[Fraction, ...]
"""Coefficients of ascending powers."""

Path = tuple[Powers, Powers, Powers]
"""Metres along x, y and z, by powers of the share of the piece's time."""


def moved(step: Mapping[str, Any], name: str) -> list[tuple[Fraction, Path]]:
    """Duration and path of each piece of a `move`.

    Raises:
        ConfigError: it has no points, or one of them is none.
    """
    along = step.get("along")
    if not isinstance(along, list) or not 2 <= len(along) <= MOST_PIECES:
        raise ConfigError(
            f"{name}: along is {shown(along)}.",
            f"A move has at least two points, and at most {MOST_PIECES}.",
            'Write "along": [[x, y, z], [x, y, z]].',
        )
    points = [vector(point, f"{name}: point {n}") for n, point in enumerate(along, 1)]
    duration_s = positive_time(step.get("duration"), f"{name}: duration") / (len(points) - 1)
    return [(duration_s, _straight(a, b)) for a, b in itertools.pairwise(points)]


def _straight(start: Vector, end: Vector) -> Path:
    x, y, z = (_trimmed([a, *((b - a) * c for c in _QUINTIC[1:])]) for a, b in zip(start, end, strict=True))
    return x, y, z


def followed(step: Mapping[str, Any], name: str) -> list[tuple[Fraction, Path]]:
    """Duration and path of each piece of a `follow`.

    Raises:
        ConfigError: it has no pieces, or one of them is none.
    """
    pieces = step.get("pieces")
    if not isinstance(pieces, list) or not 0 < len(pieces) <= MOST_PIECES:
        raise ConfigError(
            f"{name} follows {shown(pieces)}.",
            f"It follows 1 to {MOST_PIECES} pieces.",
            'Write "pieces": [{"duration": …}].',
        )
    made = []
    for number, piece in enumerate(pieces, 1):
        told = f"{name}, piece {number}"
        if not isinstance(piece, Mapping):
            raise ConfigError(f"{told} is {shown(piece)}.", "A piece is an object.", "Mend it.")
        only_known(piece, {"duration", *AXES}, told, has_kind=False)
        x, y, z = (_powers(piece.get(axis), f"{told}: {axis}") for axis in AXES)
        made.append((positive_time(piece.get("duration"), f"{told}: duration"), (x, y, z)))
    return made


def _powers(value: object, name: str) -> Powers:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_DEGREE + 1:
        raise ConfigError(
            f"{name} is {shown(value)}.",
            f"It lists 1 to {_MOST_DEGREE + 1} lengths, of ascending powers.",
            f'Write "{name[-1]}": ["0.1 m"].',
        )
    return _trimmed([quantity(one, Dimension.LENGTH, name) for one in value])


def _trimmed(powers: Sequence[Fraction]) -> Powers:
    """Without highest powers that are 0."""
    size = max((n for n, value in enumerate(powers) if value), default=0) + 1
    return tuple(powers[:size])


def vector(value: object, name: str) -> Vector:
    """Three lengths.

    Raises:
        ConfigError: they are not three, or one is no length.
    """
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 3:
        raise ConfigError(f"{name} is {shown(value)}.", "A point has x, y and z.", 'Write ["0 m", "0 m", "0.3 m"].')
    x, y, z = (quantity(one, Dimension.LENGTH, f"{name}, {axis}") for one, axis in zip(value, AXES, strict=True))
    return x, y, z


def positive_time(value: object, name: str) -> Fraction:
    """Seconds, more than 0.

    Raises:
        ConfigError: it is no time, or not above 0.
    """
    time_s = quantity(value, Dimension.TIME, name)
    if time_s <= 0:
        raise ConfigError(f"{name} is {shown(value)}.", "Time goes forward.", "Give it more than 0 s.")
    return time_s


def only_known(step: Mapping[str, Any], fields: set[str], name: str, *, has_kind: bool = True) -> None:
    """Whether a step has no other fields.

    Raises:
        ConfigError: it has one; the message names the nearest that is known.
    """
    known = fields | ({"do"} if has_kind else set())
    for field in step:
        if field not in known:
            near = difflib.get_close_matches(str(field)[:60], known, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else "Leave it out."
            raise ConfigError(f"{name} has {shown(field)}.", f"It knows {', '.join(sorted(known))}.", remedy)
