"""Whatever is computed in floats, the exact value lies within the bound on its error."""

import random
from fractions import Fraction

import numpy as np
import pytest

from zaphod.safety.verification.bernstein import on_unit_box
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.polynomials import Polynomials, constants, nearest, stacked, variable

Both = tuple[Polynomials, Polynomials]
"""Exact, and in floats."""


def some_number(rng: random.Random) -> Fraction:
    """Of any size that is read."""
    return Fraction(rng.randrange(-(10**9), 10**9), rng.randrange(1, 10**9)) * Fraction(10) ** rng.randrange(-9, 10)


def leaf(rng: random.Random) -> Both:
    if rng.random() < 0.5:
        name = rng.choice("tm")
        return variable(name, is_exact=True), variable(name, is_exact=False)
    values = [some_number(rng) for _ in range(3)]
    return constants(values, is_exact=True), constants(values, is_exact=False)


def grown(rng: random.Random, depth: int) -> Both:
    """The same random expression computed twice."""
    if depth == 0:
        return leaf(rng)
    (a, fa), (b, fb) = grown(rng, depth - 1), grown(rng, rng.randrange(depth))
    kind = rng.randrange(6)
    if kind == 0:
        return a + b, fa + fb
    if kind == 1:
        return a - b, fa - fb
    if kind == 2:
        return a * b, fa * fb
    if kind == 3 and max(a.degrees, default=0) <= 2:
        return a.square(), fa.square()
    if kind == 4 and "t" in a.variables:
        return a.derivative("t") + b, fa.derivative("t") + fb
    factor = some_number(rng)
    return factor - a * 3, factor - fa * 3


def is_covered(exact: Polynomials, floats: Polynomials) -> bool:
    assert floats.error is not None
    assert exact.coefficients.shape == floats.coefficients.shape
    for place in np.ndindex(*exact.coefficients.shape):
        value, error = float(floats.coefficients[place]), float(floats.error[place])
        if abs(Fraction(value) - exact.coefficients[place]) > Fraction(error):
            return False
    return True


@pytest.mark.parametrize("seed", range(150))
def test_errors_cover_what_rounding_did(seed: int) -> None:
    rng = random.Random(seed)
    exact, floats = grown(rng, rng.randrange(1, 5))
    assert is_covered(exact, floats)
    box = {"t": Interval(Fraction(0), Fraction(1)), "m": Interval(Fraction(1, 7), Fraction(99, 10))}
    assert is_covered(on_unit_box(exact, box), on_unit_box(floats, box))


def test_rows_that_are_stacked_keep_their_values_and_errors() -> None:
    rng = random.Random("stacked")
    exact, floats = zip(*(grown(rng, 2) for _ in range(12)), strict=True)
    assert is_covered(stacked(exact), stacked(floats))


def test_the_nearest_float_is_half_a_unit_away_at_most() -> None:
    rng = random.Random(0)
    values = [some_number(rng) for _ in range(300)]
    rounded, error = nearest(values)
    assert all(value == float(exact) for value, exact in zip(rounded.tolist(), values, strict=True))
    assert all(abs(Fraction(v) - e) <= Fraction(x) for v, e, x in zip(rounded, values, error, strict=True))
