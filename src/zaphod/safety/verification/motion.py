"""Where the tool is and how fast, as polynomials of the share of each piece's time; knows no obstacle and no load."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Final

import numpy as np

from zaphod.safety.verification.box import Interval, Point
from zaphod.safety.verification.paths import Powers
from zaphod.safety.verification.plans import Piece
from zaphod.safety.verification.polynomials import Polynomials, constants, nearest, variable

TIME: Final = "t"
"""Share of a piece's time."""
WHOLE_PIECE: Final = Interval(Fraction(0), Fraction(1))


Axes = tuple[Polynomials, ...]
"""Of x, y and z."""


class Motion:
    """S pieces of one plan at once.

    Args:
        pieces: in any order.
        is_exact: whether polynomials are rational, or floats with their errors.
        among: all pieces of the plan, for what depends on what comes next; by default the same.
        at: a value for each variable: then all is exact, and a number each, its value there.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        *,
        is_exact: bool,
        among: Sequence[Piece] | None = None,
        at: Point | None = None,
    ) -> None:
        assert is_exact or at is None
        self.pieces, self.is_exact, self._point = tuple(pieces), is_exact, at
        self.among = self.pieces if among is None else tuple(among)

    @cached_property
    def position(self) -> Axes:
        """Metres, one for each axis; [S] polynomials in each."""
        if self._point is not None:
            return self._values(0)
        return tuple(_axis([piece.path[n] for piece in self.pieces], self.is_exact) for n in range(3))

    @cached_property
    def velocity(self) -> Axes:
        """Metres per second."""
        return self._values(1) if self._point is not None else self._derivative(self.position)

    @cached_property
    def acceleration(self) -> Axes:
        """Metres per second squared."""
        return self._values(2) if self._point is not None else self._derivative(self.velocity)

    def of(self, places: Sequence[int]) -> Motion:
        """Of some of the pieces."""
        part = copy.copy(self)
        part.pieces = tuple(self.pieces[place] for place in places)
        for name in ("position", "velocity", "acceleration"):
            setattr(part, name, tuple(axis.rows(places) for axis in getattr(self, name)))
        return part

    def variable(self, name: str) -> Polynomials:
        """What is not known, once for all pieces."""
        return variable(name, is_exact=self.is_exact) if self._point is None else self.number(self._point[name])

    def number(self, value: Fraction | int) -> Polynomials:
        """The same for all pieces."""
        return constants([value], is_exact=self.is_exact)

    def numbers(self, values: Sequence[Fraction]) -> Polynomials:
        """One for each row."""
        return constants(values, is_exact=self.is_exact)

    def since_beginning(self) -> Polynomials:
        """Seconds since the plan began, [S]."""
        durations_S = self.numbers([piece.duration_s for piece in self.pieces])
        return self.variable(TIME) * durations_S + self.numbers([piece.start_s for piece in self.pieces])

    def _derivative(self, axes: Axes) -> Axes:
        rate = self.numbers([1 / piece.duration_s for piece in self.pieces])
        return tuple(axis.derivative(TIME) * rate for axis in axes)

    def _values(self, order: int) -> Axes:
        """Derivatives at the moment that was given."""
        assert self._point is not None
        share = self._point[TIME]
        return tuple(
            self.numbers([_value(piece.path[n], order, share) / piece.duration_s**order for piece in self.pieces])
            for n in range(3)
        )


def _axis(paths: Sequence[Powers], is_exact: bool) -> Polynomials:
    size = max(map(len, paths))
    flat = [value for path in paths for value in (*path, *[Fraction(0)] * (size - len(path)))]
    if is_exact:
        return Polynomials((TIME,), np.array(flat, dtype=object).reshape(len(paths), size))
    rounded, error = nearest(flat)
    return Polynomials((TIME,), rounded.reshape(len(paths), size), error.reshape(len(paths), size))


def _value(powers: Powers, order: int, share: Fraction) -> Fraction:
    """Of a derivative, by Horner's rule."""
    total = Fraction(0)
    for n in range(len(powers) - 1, order - 1, -1):
        total = total * share + math.perm(n, order) * powers[n]
    return total
