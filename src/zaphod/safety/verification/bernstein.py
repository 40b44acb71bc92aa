"""Whether claims hold, decided by their Bernstein coefficients; knows no plan and no contract.

A polynomial lies between the least and the greatest of its Bernstein coefficients, and those at the corners are its
values there. All above 0: positive everywhere. A corner at or below 0: a counterexample. Else the box is halved, and
each half is looked at. In floats every coefficient comes with a bound on its error, so that what is proved is proved;
what rounding hides stays unknown (Garloff 1986; Farouki, The Bernstein polynomial basis, CAGD 29, 2012).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zaphod.safety.verification.box import Box, Interval
from zaphod.safety.verification.claims import Claims
from zaphod.safety.verification.polynomials import Array, Matrix, Polynomials, stacked

_MOST_SPLITS: Final = 40
"""In one direction: a half of a half … is exact in a float until then."""


class Outcome(StrEnum):
    """What is known of a claim."""

    PROVED = "proved"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Decision:
    """What was found out about one claim."""

    outcome: Outcome
    counterexample: dict[str, Fraction] | None = None
    """A point of the box where the claim is wrong."""
    reason: str = ""
    """Why it is unknown."""


Tree = tuple[str | int, ...]
"""How a box was halved, in preorder: a variable, then what became of its lower and of its upper half; or, where nothing
is halved any more, the number of the alternative whose coefficients are all above 0."""


_PROVED: Final = Decision(Outcome.PROVED)
_UNTOLD: Final = Decision(Outcome.UNKNOWN, reason="it cannot be told from 0")


def decide(claims: Claims, max_boxes: int | None = None) -> list[Decision]:
    """Whether each claim holds on the whole box.

    Args:
        claims: exact, or floats with their errors.
        max_boxes: how many boxes are looked at altogether before the rest is given up as unknown; by default 20 000, or
            eight for each of very many claims.
    """
    with np.errstate(invalid="ignore", over="ignore"):  # what is no number is neither proved nor a counterexample
        return _decided(claims, max(20_000, 8 * len(claims)) if max_boxes is None else max_boxes)


def _decided(claims: Claims, max_boxes: int) -> list[Decision]:
    names, num_alternatives = claims.polynomials.variables, claims.num_alternatives
    work = on_unit_box(claims.polynomials, claims.box)
    decisions = [_PROVED] * len(claims)
    is_open_N = np.ones(len(claims), dtype=bool)
    parts = _Parts.whole(len(claims), len(names))
    num_boxes = 0

    def settle(owner: int, decision: Decision) -> None:
        if is_open_N[owner]:
            decisions[owner], is_open_N[owner] = decision, False

    while len(parts):
        num_boxes += len(parts)
        value_MAB, error_MAB = _flat(work, num_alternatives)
        above_MAB = _true(value_MAB - error_MAB > 0)
        corners = _corner_places(work.degrees)
        wrong_MC = np.all(_true(value_MAB[:, :, corners] + error_MAB[:, :, corners] <= 0), axis=1)
        for item in np.flatnonzero(np.any(wrong_MC, axis=1)):
            best_C = value_MAB[item][:, corners].max(axis=0)
            worst = int(np.argmin(np.where(wrong_MC[item], best_C, np.inf)))
            at_high = _corner_ends(len(names))[worst]
            point = _point(names, claims.box, parts.low_MV[item], parts.depth_MV[item], at_high)
            settle(parts.owner_M[item], Decision(Outcome.VIOLATED, point))
        going_M = ~np.any(np.all(above_MAB, axis=2), axis=1) & is_open_N[parts.owner_M]
        # A corner is one of some half, and of a half of that: what is not above 0 there is above 0 on none of them.
        is_hopeless_M = ~np.all(np.any(above_MAB[:, :, corners], axis=1), axis=1)
        is_given_up = num_boxes + 2 * int(going_M.sum()) > max_boxes
        axes_M = _axes_to_split(work, value_MAB)
        is_smallest_M = parts.depth_MV.max(axis=1, initial=0) >= _MOST_SPLITS
        for item in np.flatnonzero(going_M & (is_hopeless_M | is_given_up | (axes_M < 0) | is_smallest_M)):
            settle(parts.owner_M[item], _UNTOLD)
        going_M &= is_open_N[parts.owner_M]
        work, parts = _halved(work, num_alternatives, np.flatnonzero(going_M), axes_M, parts)
    return decisions


def proof_tree(claims: Claims, row: int, max_boxes: int = 4_000) -> Tree | None:
    """How to halve the box so that the coefficients of an exact claim are above 0; None if no way was found."""
    assert claims.polynomials.is_exact
    one = claims.one(row).polynomials
    tree: list[str | int] = []
    waiting = [on_unit_box(one, claims.box)]
    while waiting:
        part = waiting.pop()
        value_1AB, _ = _flat(part, claims.num_alternatives)
        proved_A = np.all(_true(value_1AB[0] > 0), axis=1)
        if np.any(proved_A):
            tree.append(int(np.argmax(proved_A)))
            continue
        wrong_AC = _true(value_1AB[0][:, _corner_places(part.degrees)] <= 0)
        axis = int(_axes_to_split(part, value_1AB)[0])
        if np.any(np.all(wrong_AC, axis=0)) or axis < 0 or len(tree) + len(waiting) >= max_boxes:
            return None
        tree.append(one.variables[axis])
        lower, upper = _halving(part.degrees[axis])
        waiting += [part.mapped(axis + 1, upper), part.mapped(axis + 1, lower)]
    return tuple(tree)


def on_unit_box(polynomials: Polynomials, box: Box) -> Polynomials:
    """Bernstein coefficients on the box, which becomes [0, 1] in each variable."""
    for axis, name in enumerate(polynomials.variables):
        degree = polynomials.degrees[axis]
        polynomials = polynomials.mapped(axis + 1, _to_bernstein(degree, box[name]))
    return polynomials


@lru_cache(maxsize=4096)
def _to_bernstein(degree: int, interval: Interval) -> Matrix:
    """Row i, column k: what a coefficient of x^k gives to the i-th Bernstein coefficient on the interval."""
    low, width = interval.low, interval.width

    def entry(i: int, k: int) -> Fraction:
        shares = ((Fraction(math.comb(i, j) * math.comb(k, j), math.comb(degree, j)), j) for j in range(min(i, k) + 1))
        return sum((share * low ** (k - j) * width**j for share, j in shares), Fraction(0))

    return Matrix([[entry(i, k) for k in range(degree + 1)] for i in range(degree + 1)])


@lru_cache(maxsize=64)
def _halving(degree: int) -> tuple[Matrix, Matrix]:
    """What turns the coefficients on an interval into those on its lower and on its upper half (de Casteljau)."""
    places = range(degree + 1)
    lower = [[Fraction(math.comb(i, j), 2**i) for j in places] for i in places]
    upper = [[lower[degree - i][degree - j] for j in places] for i in places]
    return Matrix(lower), Matrix(upper)


@dataclass(frozen=True)
class _Parts:
    """M parts of boxes, in shares of the whole box."""

    owner_M: Array
    """Which claim each belongs to."""
    low_MV: Array
    """Where it begins in each variable."""
    depth_MV: Array
    """How often it was halved."""

    @staticmethod
    def whole(num_claims: int, num_variables: int) -> _Parts:
        shape = (num_claims, num_variables)
        return _Parts(np.arange(num_claims), np.zeros(shape), np.zeros(shape, dtype=int))

    def __len__(self) -> int:
        return len(self.owner_M)

    def half(self, items: Array, axis: int, is_upper: int) -> _Parts:
        depth_IV, low_IV = self.depth_MV[items].copy(), self.low_MV[items].copy()
        depth_IV[:, axis] += 1
        low_IV[:, axis] += is_upper * 0.5 ** depth_IV[:, axis]
        return _Parts(self.owner_M[items], low_IV, depth_IV)


def _halved(
    work: Polynomials, num_alternatives: int, going: Array, axes_M: Array, parts: _Parts
) -> tuple[Polynomials, _Parts]:
    """The halves of those that go on, each along its own axis."""
    halves: list[Polynomials] = []
    places: list[_Parts] = []
    for axis in np.unique(axes_M[going]):
        items = going[axes_M[going] == axis]
        rows = (items[:, np.newaxis] * num_alternatives + np.arange(num_alternatives)).reshape(-1)
        for is_upper, matrix in enumerate(_halving(work.degrees[axis])):
            halves.append(work.rows(rows).mapped(int(axis) + 1, matrix))
            places.append(parts.half(items, int(axis), is_upper))
    if not halves:
        return work.rows([]), _Parts(parts.owner_M[:0], parts.low_MV[:0], parts.depth_MV[:0])
    joined = zip(*((part.owner_M, part.low_MV, part.depth_MV) for part in places), strict=True)
    return stacked(halves), _Parts(*(np.concatenate(arrays) for arrays in joined))


def _axes_to_split(work: Polynomials, value_MAB: Array) -> Array:
    """Along which variable the alternatives change most; -1 where none is left to halve."""
    num = len(value_MAB)
    best_M, axes_M = np.zeros(num), np.full(num, -1)
    for axis, degree in enumerate(work.degrees):
        if degree == 0:
            continue
        steps = np.abs(np.diff(work.coefficients, axis=axis + 1))
        change_M = degree * steps.reshape(num, -1).max(axis=1).astype(float)
        axes_M = np.where(change_M > best_M, axis, axes_M)
        best_M = np.maximum(change_M, best_M)
    return axes_M


def _true(array: Array) -> NDArray[np.bool]:
    """Comparisons of fractions give objects."""
    return np.asarray(array, dtype=np.bool)


def _flat(work: Polynomials, num_alternatives: int) -> tuple[Array, Array]:
    """Coefficients and their errors, [M, A, B]."""
    shape = (len(work) // num_alternatives, num_alternatives, -1)
    if not len(work):
        shape = (0, num_alternatives, 1)
    value_MAB = work.coefficients.reshape(shape)
    return value_MAB, np.zeros(value_MAB.shape) if work.error is None else work.error.reshape(shape)


@lru_cache(maxsize=256)
def _corner_places(degrees: tuple[int, ...]) -> list[int]:
    """Where the coefficients of the corners stand in a flat row, in the order of `_corner_ends`."""
    strides = [math.prod(degree + 1 for degree in degrees[axis + 1 :]) for axis in range(len(degrees))]
    ends = _corner_ends(len(degrees))
    return [sum(d * s * e for d, s, e in zip(degrees, strides, end, strict=True)) for end in ends]


@lru_cache(maxsize=64)
def _corner_ends(num_variables: int) -> list[tuple[int, ...]]:
    """0 for the lower end of each variable, 1 for the upper."""
    return list(itertools.product((0, 1), repeat=num_variables))


def _point(
    names: tuple[str, ...], box: Box, low_V: Array, depth_V: Array, at_high: tuple[int, ...]
) -> dict[str, Fraction]:
    """A corner of a part of the box; variables that matter not lie in their middle."""
    point = {name: interval.middle for name, interval in box.items()}
    for name, low, depth, end in zip(names, low_V, depth_V, at_high, strict=True):
        share = Fraction(float(low)) + Fraction(end, 2 ** int(depth))
        point[name] = box[name].low + share * box[name].width
    return point
