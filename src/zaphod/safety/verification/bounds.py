"""Bounds that are quickly computed and surely hold: of roots, and of polynomials on a box."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from zaphod.safety.verification.bernstein import on_unit_box
from zaphod.safety.verification.box import Box
from zaphod.safety.verification.polynomials import Polynomials

_SCALE: Final = 10**6


def root_above(value: Fraction) -> Fraction:
    """A square root of what is not negative, rounded up to millionths."""
    return Fraction(math.isqrt(math.ceil(value * _SCALE**2) - 1) + 1 if value > 0 else 0, _SCALE)


def root_below(value: Fraction) -> Fraction:
    """A square root of what is not negative, rounded down to millionths."""
    return Fraction(math.isqrt(math.floor(value * _SCALE**2)), _SCALE)


def highest(polynomials: Polynomials, box: Box) -> list[Fraction]:
    """For each exact polynomial a number that it does not exceed on the box: its greatest Bernstein coefficient."""
    rows = on_unit_box(polynomials, box).coefficients.reshape(len(polynomials), -1)
    return [Fraction(max(row)) for row in rows]
