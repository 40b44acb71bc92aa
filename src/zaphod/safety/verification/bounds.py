"""Bounds that are quickly computed and surely hold: of roots, and of polynomials on a box."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def highest_square(axes: Sequence[Sequence[Fraction]]) -> Fraction:
    """What the sum of the squares of polynomials does not exceed from 0 to 1: its greatest Bernstein coefficient.

    Args:
        axes: the coefficients of each, by ascending powers.
    """
    common = math.lcm(*(value.denominator for axis in axes for value in axis))
    size = max(map(len, axes))
    total = [0] * (2 * size - 1)
    for axis in axes:
        whole = [value.numerator * (common // value.denominator) for value in axis]
        for i, a in enumerate(whole):
            for j, b in enumerate(whole):
                total[i + j] += a * b
    degree = len(total) - 1
    binomials = [math.comb(degree, k) for k in range(degree + 1)]
    even = math.lcm(*binomials)
    shares = [value * (even // binomial) for value, binomial in zip(total, binomials, strict=True)]
    most = max(sum(math.comb(i, k) * shares[k] for k in range(i + 1)) for i in range(degree + 1))
    return Fraction(most, even * common**2)
