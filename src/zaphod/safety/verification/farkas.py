"""Why some linear wishes cannot all be granted: a sum of them that says 0 < 0 (Farkas' lemma); knows no plan.

Found by eliminating one unknown after the other (Fourier, Motzkin), remembering for each new row of which old ones it
is the sum. Exact; made for few unknowns, because rows multiply.

Legend: R rows, X unknowns; a row says a . x < b.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from zaphod.core.errors import CapacityError

_MOST_ROWS: Final = 20_000


class Row(NamedTuple):
    """A wish about the unknowns: a . x < b."""

    a: tuple[Fraction, ...]
    b: Fraction


class _Summed(NamedTuple):
    """A sum of rows, each taken a number of times."""

    row: Row
    times: dict[int, Fraction]


def contradiction(rows: Sequence[Row]) -> list[Fraction] | None:
    """How many times to take each row so that the sum says 0 < b with b at most 0; None if all can be granted.

    Raises:
        CapacityError: too many rows come up on the way.
    """
    summed = [_Summed(row, {number: Fraction(1)}) for number, row in enumerate(rows)]
    for unknown in range(len(rows[0].a) if rows else 0):
        summed = _without(summed, unknown)
    for row, times in summed:
        if row.b <= 0:
            return [times.get(number, Fraction(0)) for number in range(len(rows))]
    return None


def is_contradiction(rows: Sequence[Row], times: Sequence[Fraction]) -> bool:
    """Whether the rows taken so many times say that 0 is below something at most 0."""
    if len(times) != len(rows) or not any(times) or any(number < 0 for number in times):
        return False
    sums = [sum((t * row.a[x] for t, row in zip(times, rows, strict=True)), Fraction(0)) for x in range(len(rows[0].a))]
    return not any(sums) and sum((t * row.b for t, row in zip(times, rows, strict=True)), Fraction(0)) <= 0


def _without(rows: Sequence[_Summed], unknown: int) -> list[_Summed]:
    """What follows for the other unknowns."""
    upper = [one for one in rows if one.row.a[unknown] > 0]
    lower = [one for one in rows if one.row.a[unknown] < 0]
    kept = [one for one in rows if one.row.a[unknown] == 0]
    if len(upper) * len(lower) > _MOST_ROWS:
        raise CapacityError(
            f"{len(upper)} and {len(lower)} wishes meet in one unknown.",
            f"At most {_MOST_ROWS} pairs are looked at.",
            "Leave the weaker ones out.",
        )
    return kept + [_added(a, -b.row.a[unknown], b, a.row.a[unknown]) for a in upper for b in lower]


def _added(one: _Summed, times_one: Fraction, other: _Summed, times_other: Fraction) -> _Summed:
    a = tuple(times_one * x + times_other * y for x, y in zip(one.row.a, other.row.a, strict=True))
    times = {number: times_one * value for number, value in one.times.items()}
    for number, value in other.times.items():
        times[number] = times.get(number, Fraction(0)) + times_other * value
    return _Summed(Row(a, times_one * one.row.b + times_other * other.row.b), times)
