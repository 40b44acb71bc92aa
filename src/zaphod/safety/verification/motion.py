"""Where the tool is and how fast, as polynomials of the share of each piece's time; knows no obstacle and no load."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.plans import Piece, Powers
from zaphod.safety.verification.polynomials import Polynomials, constants, variable

TIME: Final = "t"
"""Share of a piece's time."""
WHOLE_PIECE: Final = Interval(Fraction(0), Fraction(1))


Axes = tuple[Polynomials, ...]
"""Of x, y and z."""


class Motion:
    """S pieces at once.

    Args:
        pieces: in any order.
        is_exact: whether polynomials are rational, or floats with their errors.
    """

    def __init__(self, pieces: Sequence[Piece], *, is_exact: bool) -> None:
        self.pieces, self.is_exact = tuple(pieces), is_exact
        rate = constants([1 / piece.duration_s for piece in self.pieces], is_exact=is_exact)
        self.position: Axes = tuple(_axis([piece.path[n] for piece in self.pieces], is_exact) for n in range(3))
        """Metres, one for each axis; [S] polynomials in each."""
        self.velocity: Axes = tuple(axis.derivative(TIME) * rate for axis in self.position)
        self.acceleration: Axes = tuple(axis.derivative(TIME) * rate for axis in self.velocity)

    def of(self, places: Sequence[int]) -> Motion:
        """Of some of the pieces."""
        part = copy.copy(self)
        part.pieces = tuple(self.pieces[place] for place in places)
        for name in ("position", "velocity", "acceleration"):
            setattr(part, name, tuple(axis.rows(places) for axis in getattr(self, name)))
        return part

    def number(self, value: Fraction | int) -> Polynomials:
        """The same for all pieces."""
        return constants([Fraction(value)], is_exact=self.is_exact)

    def numbers(self, values: Sequence[Fraction]) -> Polynomials:
        """One for each row."""
        return constants(values, is_exact=self.is_exact)

    def since_beginning(self) -> Polynomials:
        """Seconds since the plan began, [S]."""
        durations_S = self.numbers([piece.duration_s for piece in self.pieces])
        return variable(TIME, is_exact=self.is_exact) * durations_S + self.numbers([p.start_s for p in self.pieces])


def _axis(paths: Sequence[Powers], is_exact: bool) -> Polynomials:
    size = max(map(len, paths))
    exact = np.array([[*path, *[Fraction(0)] * (size - len(path))] for path in paths], dtype=object)
    if is_exact:
        return Polynomials((TIME,), exact)
    whole = constants(list(exact.reshape(-1)), is_exact=False)
    assert whole.error is not None
    return Polynomials((TIME,), whole.coefficients.reshape(exact.shape), whole.error.reshape(exact.shape))
