"""Many polynomials in the same variables at once, exact or in floating point with a bound on every error.

A semantics is written once, with `+`, `-` and `*`: over rational numbers it gives what a certificate speaks of, over
floats the same polynomials some hundred times faster, each coefficient with a proven bound on how far it is off
(running error analysis: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.3).

Legend: N polynomials; one axis of coefficients for each variable, ascending powers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Of float64, or of `Fraction` (dtype object)."""

_UNIT: Final = 2.0**-53
"""Largest relative error of one rounding."""
_TINY: Final = 2.0**-1000
"""More than any rounding loses to underflow."""
_LEAST: Final = 2.0**-1060
"""More than one product loses to underflow."""
_SLACK: Final = 1 + 2.0**-40
"""Errors are themselves computed in floats: this much more than makes up for their roundings."""


class Polynomials:
    """N polynomials in named variables.

    Args:
        variables: their names, one for each axis of the coefficients after the first.
        coefficients_N: [N, d1 + 1, d2 + 1, …].
        error_N: for floats: how far each coefficient may be off, of the same shape. None for exact ones.
    """

    __slots__ = ("coefficients", "error", "variables")

    def __init__(self, variables: tuple[str, ...], coefficients_N: Array, error_N: Array | None = None) -> None:
        assert coefficients_N.ndim == len(variables) + 1
        assert (error_N is None) == (coefficients_N.dtype == object)
        self.variables, self.coefficients, self.error = variables, coefficients_N, error_N

    def __len__(self) -> int:
        return len(self.coefficients)

    @property
    def is_exact(self) -> bool:
        return self.error is None

    @property
    def degrees(self) -> tuple[int, ...]:
        """Of each variable; leading coefficients may be 0."""
        return tuple(size - 1 for size in self.coefficients.shape[1:])

    def __add__(self, other: Polynomials | Fraction | int) -> Polynomials:
        a, b = aligned(self, self._like(other))
        shape = tuple(max(sizes) for sizes in zip(a.coefficients.shape, b.coefficients.shape, strict=True))
        a, b = a._grown(shape[1:]), b._grown(shape[1:])
        total = a.coefficients + b.coefficients
        if a.error is None or b.error is None:
            return Polynomials(a.variables, total)
        return Polynomials(a.variables, total, (a.error + b.error + np.abs(total) * _UNIT + _TINY) * _SLACK)

    def __neg__(self) -> Polynomials:
        return Polynomials(self.variables, -self.coefficients, self.error)

    def __sub__(self, other: Polynomials | Fraction | int) -> Polynomials:
        return self + -self._like(other)

    def __rsub__(self, other: Fraction | int) -> Polynomials:
        return self._like(other) - self

    def __mul__(self, other: Polynomials | Fraction | int) -> Polynomials:
        a, b = aligned(self, self._like(other))
        product = _convolved(a.coefficients, b.coefficients)
        if a.error is None or b.error is None:
            return Polynomials(a.variables, product)
        sizes_a, sizes_b = np.abs(a.coefficients), np.abs(b.coefficients)
        # As many products meet in a coefficient as the smaller factor has coefficients; each is rounded, as are sums.
        num_roundings = 1 + min(math.prod(a.coefficients.shape[1:]), math.prod(b.coefficients.shape[1:]))
        own_b = b.error + gamma(num_roundings) * sizes_b + _LEAST
        error = _convolved(sizes_a + a.error, own_b) + _convolved(a.error, sizes_b) + _TINY
        return Polynomials(a.variables, product, error * _SLACK)

    __radd__ = __add__
    __rmul__ = __mul__

    def square(self) -> Polynomials:
        return self * self

    def derivative(self, variable: str) -> Polynomials:
        """With respect to one variable."""
        axis = self.variables.index(variable) + 1
        order = self.coefficients.shape[axis]
        if order == 1:
            return self * 0
        factors_1 = [Fraction(n) if self.is_exact else float(n) for n in range(1, order)]
        factors = np.array(factors_1, dtype=self.coefficients.dtype)
        factors = factors.reshape([-1 if n == axis else 1 for n in range(self.coefficients.ndim)])
        taken = (slice(None),) * axis + (slice(1, None),)
        made = self.coefficients[taken] * factors
        if self.error is None:
            return Polynomials(self.variables, made)
        error = (self.error[taken] * factors + np.abs(made) * _UNIT + _TINY) * _SLACK
        return Polynomials(self.variables, made, error)

    def mapped(self, axis: int, matrix: Matrix) -> Polynomials:
        """Coefficients along one axis (1 is the first variable's) replaced by the matrix times them."""
        if self.error is None:
            return Polynomials(self.variables, _along(matrix.exact, self.coefficients, axis))
        moved = _along(matrix.rounded, self.coefficients, axis)
        error = _along(matrix.sizes, self.error, axis)
        error += gamma(len(matrix.exact) + 2) * _along(matrix.sizes, np.abs(self.coefficients), axis) + _TINY
        return Polynomials(self.variables, moved, error * _SLACK)

    def at(self, point: Mapping[str, Fraction]) -> list[Fraction]:
        """Values of exact polynomials; variables may be named that they do not have."""
        assert self.is_exact
        values = self.coefficients
        for variable in reversed(self.variables):
            powers = [point[variable] ** n for n in range(values.shape[-1])]
            values = values @ np.array(powers, dtype=object)
        return [Fraction(value) for value in values]

    def rows(self, rows: Sequence[int] | Array) -> Polynomials:
        """Some of them."""
        index = np.asarray(rows, dtype=np.intp)
        error = None if self.error is None else self.error[index]
        return Polynomials(self.variables, self.coefficients[index], error)

    def terms(self, row: int) -> Iterator[tuple[tuple[int, ...], Fraction]]:
        """(powers, coefficient) of one exact polynomial, those that are 0 left out."""
        assert self.is_exact
        for powers in itertools.product(*(range(size) for size in self.coefficients.shape[1:])):
            coefficient = Fraction(self.coefficients[(row, *powers)])
            if coefficient:
                yield powers, coefficient

    def _like(self, value: Polynomials | Fraction | int) -> Polynomials:
        return value if isinstance(value, Polynomials) else constants([value], is_exact=self.is_exact)

    def _grown(self, shape: tuple[int, ...]) -> Polynomials:
        """With more powers, whose coefficients are 0."""
        if self.coefficients.shape[1:] == shape:
            return self
        inside = (slice(None), *(slice(size) for size in self.coefficients.shape[1:]))

        def grown(array: Array) -> Array:
            larger = np.full((len(array), *shape), Fraction(0) if array.dtype == object else 0.0, dtype=array.dtype)
            larger[inside] = array
            return larger

        return Polynomials(self.variables, grown(self.coefficients), None if self.error is None else grown(self.error))


class Matrix:
    """A square matrix of rationals, and the floats nearest to them.

    Args:
        rows: its entries.
    """

    def __init__(self, rows: Sequence[Sequence[Fraction]]) -> None:
        self.exact = np.array(rows, dtype=object)
        self.rounded = self.exact.astype(float)
        self.sizes = np.abs(self.rounded)


def constants(values: Sequence[Fraction | int], *, is_exact: bool) -> Polynomials:
    """Numbers without variables, [N]; floats are the nearest to them."""
    if is_exact:
        return Polynomials((), np.array([Fraction(value) for value in values], dtype=object))
    return Polynomials((), *nearest(values))


def nearest(values: Sequence[Fraction | int]) -> tuple[Array, Array]:
    """The floats nearest to numbers, and how far each may be off."""
    # The quotient of two integers is rounded once, to the nearest.
    rounded = np.array([value.numerator / value.denominator for value in values])
    return rounded, (np.abs(rounded) * _UNIT + _TINY) * _SLACK


def variable(name: str, *, is_exact: bool) -> Polynomials:
    """The variable itself, once."""
    coefficients = np.array([[Fraction(0), Fraction(1)]], dtype=object)
    if is_exact:
        return Polynomials((name,), coefficients)
    return Polynomials((name,), coefficients.astype(float), np.zeros((1, 2)))


def stacked(parts: Sequence[Polynomials]) -> Polynomials:
    """All of them one after the other, over the variables and powers of all."""
    names = tuple(dict.fromkeys(name for part in parts for name in part.variables))
    spread = [_over(part, names) for part in parts]
    shape = tuple(max(part.coefficients.shape[n + 1] for part in spread) for n in range(len(names)))
    spread = [part._grown(shape) for part in spread]
    coefficients = np.concatenate([part.coefficients for part in spread])
    errors = [part.error for part in spread if part.error is not None]
    return Polynomials(names, coefficients, np.concatenate(errors) if errors else None)


def aligned(a: Polynomials, b: Polynomials) -> tuple[Polynomials, Polynomials]:
    """Both over the same variables in the same order."""
    names = (*a.variables, *(name for name in b.variables if name not in a.variables))
    return _over(a, names), _over(b, names)


def gamma(num_roundings: int) -> float:
    """Bound of the relative error after so many roundings (Higham, lemma 3.1)."""
    return num_roundings * _UNIT / (1 - num_roundings * _UNIT)


def _over(polynomials: Polynomials, names: tuple[str, ...]) -> Polynomials:
    if polynomials.variables == names:
        return polynomials
    places = [polynomials.variables.index(name) + 1 if name in polynomials.variables else None for name in names]

    kept = [place for place in places if place is not None]
    shape = [-1 if place is None else place for place in places]

    def spread(array: Array) -> Array:
        sizes = (1 if place < 0 else array.shape[place] for place in shape)
        return array.transpose(0, *kept).reshape(len(array), *sizes)

    error = None if polynomials.error is None else spread(polynomials.error)
    return Polynomials(names, spread(polynomials.coefficients), error)


def _convolved(a: Array, b: Array) -> Array:
    """Coefficients of the products, row by row; one row meets all."""
    if 1 in (math.prod(a.shape[1:]), math.prod(b.shape[1:])):
        return a * b
    num = max(len(a), len(b))
    shape = tuple(m + n - 1 for m, n in zip(a.shape[1:], b.shape[1:], strict=True))
    total = np.full((num, *shape), Fraction(0) if a.dtype == object else 0.0, dtype=a.dtype)
    if math.prod(a.shape[1:]) < math.prod(b.shape[1:]):
        a, b = b, a
    for powers in itertools.product(*(range(size) for size in b.shape[1:])):
        place = [slice(None), *(slice(n, n + size) for n, size in zip(powers, a.shape[1:], strict=True))]
        column: list[int | slice] = [slice(None), *powers]
        factor = b[tuple(column)].reshape(len(b), *[1] * (a.ndim - 1))
        total[tuple(place)] += a * factor
    return total


def _along(matrix: Array, array: Array, axis: int) -> Array:
    """The matrix times the array along one axis."""
    moved = np.moveaxis(array, axis, -1)
    return np.moveaxis(moved @ matrix.T, -1, axis)
