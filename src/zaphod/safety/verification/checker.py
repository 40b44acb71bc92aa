"""Checks a certificate again, from its text alone; knows nothing of how it was made, and imports nothing of ours.

What must be believed is this file, Python's integers and `fractions`, and that the claims say what was meant: that is
compared by whoever makes them anew from the plan and the contract (`verify.recheck`).

A claim: at every point of a box one of some polynomials is above 0. Its proof halves the box until, on each part, the
Bernstein coefficients of one of them are all above 0. A polynomial is a mean of its Bernstein coefficients at each
point of the part (weights are at least 0 and sum to 1), so it is above 0 there.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

FORMAT: Final = "zaphod-certificate-1"
_NUMBER: Final = re.compile(r"-?[0-9]{1,400}(?:/[0-9]{1,400})?")
_MOST_DEGREE: Final = 64
_MOST_CLAIMS: Final = 100_000
_MOST_PARTS: Final = 10_000
_MOST_COEFFICIENTS: Final = 100_000
"""Of one polynomial on one part of its box."""

Terms = dict[tuple[int, ...], Fraction]
"""Coefficients of a polynomial by their powers."""

Ends = list[tuple[Fraction, Fraction]]
"""A box: lowest and highest value of each variable."""


class RefusedError(ValueError):
    """A certificate proves not what it says; the message says where it fails."""


def check(document: object) -> int:
    """The number of claims that a certificate proves: all that it has.

    Args:
        document: parsed JSON.

    Raises:
        RefusedError: it is malformed, or a proof fails.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise RefusedError(f"This is no certificate: its format is not {FORMAT!r}.")
    claims = document.get("claims")
    if not isinstance(claims, list) or not 0 < len(claims) <= _MOST_CLAIMS:
        raise RefusedError("A certificate holds a list of at least one claim.")
    for number, claim in enumerate(claims):
        try:
            check_claim(claim)
        except RefusedError as error:
            raise RefusedError(f"Claim {number + 1}: {error}") from None
    return len(claims)


def check_claim(claim: object) -> None:
    """One claim of a certificate.

    Raises:
        RefusedError: as in `check`.
    """
    if not isinstance(claim, Mapping):
        raise RefusedError("A claim is an object.")
    names = _names(claim.get("variables"))
    box = _box(claim.get("box"), len(names))
    degrees = _degrees(claim.get("degrees"), len(names))
    polynomials = [_terms(one, degrees) for one in _listed(claim.get("polynomials"), "polynomials")]
    tree = _listed(claim.get("tree"), "a tree")
    if len(tree) > 2 * _MOST_PARTS:
        raise RefusedError(f"The tree has more than {_MOST_PARTS} parts.")
    rest = iter(tree)
    waiting = [box]
    while waiting:
        part = waiting.pop()
        word = next(rest, None)
        if isinstance(word, str) and word in names:
            waiting += reversed(_halves(part, names.index(word)))
        elif isinstance(word, int) and not isinstance(word, bool) and 0 <= word < len(polynomials):
            if not _is_above_zero(polynomials[word], degrees, part):
                raise RefusedError(
                    f"Polynomial {word + 1} has a coefficient that is not above 0 on {_told(names, part)}."
                )
        else:
            raise RefusedError(f"The tree does not cover the box: {word!r} where {_told(names, part)} is due.")
    if list(rest):
        raise RefusedError("The tree goes on where the box is covered.")


def _is_above_zero(terms: Terms, degrees: Sequence[int], box: Ends) -> bool:
    """Whether all Bernstein coefficients of these degrees are above 0 on the box.

    With x = (low + high u) / (1 + u) in each variable, the polynomial times (1 + u)^degree is a polynomial in u, and
    its coefficients are the Bernstein coefficients, each times a product of binomials.
    """
    scaled = _scaled(terms)
    for axis, (low, high) in enumerate(box):
        scaled = _moved(scaled, axis, degrees[axis], low, high)
    everywhere = itertools.product(*(range(degree + 1) for degree in degrees))
    return all(scaled.get(powers, 0) > 0 for powers in everywhere)


def _scaled(terms: Terms) -> dict[tuple[int, ...], int]:
    """The same times a number above 0 that leaves no denominators."""
    common = math.lcm(*(value.denominator for value in terms.values()))
    return {powers: value.numerator * (common // value.denominator) for powers, value in terms.items()}


def _moved(
    terms: dict[tuple[int, ...], int], axis: int, degree: int, low: Fraction, high: Fraction
) -> dict[tuple[int, ...], int]:
    """x^k becomes (low + high u)^k (1 + u)^(degree - k), times a number above 0 that leaves no denominators."""
    common = math.lcm(low.denominator, high.denominator)
    first, last = int(low * common), int(high * common)
    made: dict[tuple[int, ...], int] = {}
    for powers, value in terms.items():
        k = powers[axis]
        row = _multiplied(_power(first, last, k), _power(common, common, degree - k))
        for power, factor in enumerate(row):
            place = (*powers[:axis], power, *powers[axis + 1 :])
            made[place] = made.get(place, 0) + value * factor
    return made


def _power(constant: int, slope: int, exponent: int) -> list[int]:
    """Coefficients of (constant + slope u)^exponent."""
    return [math.comb(exponent, n) * constant ** (exponent - n) * slope**n for n in range(exponent + 1)]


def _multiplied(a: Sequence[int], b: Sequence[int]) -> list[int]:
    product = [0] * (len(a) + len(b) - 1)
    for (i, x), (j, y) in itertools.product(enumerate(a), enumerate(b)):
        product[i + j] += x * y
    return product


def _halves(box: Ends, axis: int) -> tuple[Ends, Ends]:
    low, high = box[axis]
    middle = (low + high) / 2
    return [*box[:axis], (low, middle), *box[axis + 1 :]], [*box[:axis], (middle, high), *box[axis + 1 :]]


def _names(value: object) -> list[str]:
    names = _listed(value, "variables", may_be_empty=True)
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) != len(names):
        raise RefusedError("Variables are different words.")
    return [str(name) for name in names]


def _box(value: object, num_variables: int) -> Ends:
    rows = _listed(value, "a box", may_be_empty=True)
    box = [tuple(map(_number, _listed(row, "ends"))) for row in rows]
    if len(box) != num_variables or any(len(ends) != 2 or ends[0] > ends[1] for ends in box):
        raise RefusedError("A box has a lowest and a highest value for each variable.")
    return [(ends[0], ends[1]) for ends in box]


def _degrees(value: object, num_variables: int) -> list[int]:
    degrees = _listed(value, "degrees", may_be_empty=True)
    if len(degrees) != num_variables or not all(_is_count(degree) and degree <= _MOST_DEGREE for degree in degrees):
        raise RefusedError(f"Each variable has a degree, from 0 to {_MOST_DEGREE}.")
    if math.prod(degree + 1 for degree in degrees) > _MOST_COEFFICIENTS:
        raise RefusedError(f"A polynomial has more than {_MOST_COEFFICIENTS} coefficients.")
    return degrees


def _terms(value: object, degrees: Sequence[int]) -> Terms:
    terms: Terms = {}
    for row in _listed(value, "a polynomial", may_be_empty=True):
        *powers, coefficient = _listed(row, "a term")
        if len(powers) != len(degrees) or not all(
            _is_count(p) and p <= d for p, d in zip(powers, degrees, strict=True)
        ):
            raise RefusedError("A term has a power of each variable, from 0 to its degree.")
        if tuple(powers) in terms:
            raise RefusedError(f"The powers {powers} stand twice in a polynomial.")
        terms[tuple(powers)] = _number(coefficient)
    return terms


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: object) -> Fraction:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise RefusedError(f"{str(value)[:40]!r} is no number as certificates write them: -3/8.")
    try:
        return Fraction(value)
    except ZeroDivisionError:
        raise RefusedError(f"{value[:40]!r} divides by 0.") from None


def _listed(value: object, what: str, *, may_be_empty: bool = False) -> list[Any]:
    if not isinstance(value, list) or not (value or may_be_empty):
        raise RefusedError(f"There is no list where {what} should be.")
    return value


def _short(value: Fraction) -> str:
    """For a message: numbers of hundreds of digits are no floats."""
    return f"{float(value):g}" if abs(value) < 10**15 else "a large number"


def _told(names: Sequence[str], box: Ends) -> str:
    def parts() -> Iterator[str]:
        for name, (low, high) in zip(names, box, strict=True):
            yield f"{name} from {_short(low)} to {_short(high)}"

    return ", ".join(parts()) or "the only point"
