"""Contradictions are found exactly where a linear programme has no solution, and nothing else passes for one."""

import random
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

from zaphod.core.errors import CapacityError
from zaphod.safety.verification.farkas import Row, contradiction, is_contradiction


def row(*numbers: int) -> Row:
    *a, b = map(Fraction, numbers)
    return Row(tuple(a), b)


def test_two_wishes_that_exclude_each_other_are_added_up() -> None:
    rows = [row(-1, -3), row(1, 2)]  # x > 3, x < 2
    assert contradiction(rows) == [1, 1]
    assert is_contradiction(rows, [Fraction(1), Fraction(1)])


def test_what_leaves_one_point_is_a_contradiction_because_rows_are_strict() -> None:
    assert contradiction([row(-1, -2), row(1, 2)]) is not None


def test_three_wishes_of_which_any_two_can_be_granted() -> None:
    rows = [row(1, 1, 1), row(-1, 0, -1), row(0, -1, -1)]  # x + y < 1, x > 1, y > 1
    times = contradiction(rows)
    assert times is not None
    assert is_contradiction(rows, times)
    assert all(contradiction(rows[:n] + rows[n + 1 :]) is None for n in range(3))


def test_a_linear_programme_agrees_on_random_wishes() -> None:
    rng = random.Random(0)
    found = []
    for _ in range(200):
        num = rng.randrange(1, 4)
        rows = [
            row(*(rng.randrange(-4, 5) for _ in range(num)), rng.randrange(-6, 9)) for _ in range(rng.randrange(2, 8))
        ]
        times = contradiction(rows)
        # Greatest slack of all rows at once: above 0 exactly if all strict wishes can be granted.
        matrix = np.array([[*map(float, one.a), 1.0] for one in rows])
        best = linprog(
            [*[0.0] * num, -1.0], matrix, [float(one.b) for one in rows], bounds=[(None, None)] * num + [(None, 1)]
        )
        assert (times is None) == (-best.fun > 1e-9)
        assert times is None or is_contradiction(rows, times)
        found.append(times is None)
    assert 20 < sum(found) < 180


@pytest.mark.parametrize("times", [[], [1], [0, 0], [1, -1], [2, 1], [1, 1, 1]], ids=str)
def test_other_sums_are_no_contradiction(times: list[int]) -> None:
    assert not is_contradiction([row(-1, -3), row(1, 2)], list(map(Fraction, times)))


def test_too_many_wishes_are_refused() -> None:
    rows = [row(sign * n, n, 1) for n in range(1, 200) for sign in (1, -1)]
    with pytest.raises(CapacityError):
        contradiction(rows)
