"""Round values along an axis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.report.ticks import log_ticks, round_ticks, short


def test_ticks_are_those_that_a_person_would_choose() -> None:
    assert round_ticks(0, 80) == [0, 20, 40, 60, 80]
    assert round_ticks(0, 0.47) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert log_ticks(90, 5000) == [100, 200, 500, 1000, 2000, 5000]
    assert log_ticks(1, 1e6) == [10.0**power for power in range(7)]


@pytest.mark.parametrize(("low", "high"), [(2.1, 2.9), (3.0, 3.03), (30.0, 240.0), (1.1, 500.0), (1e-13, 2e-13)])
def test_a_logarithmic_axis_has_ticks_inside_of_it_however_short_it_is(low: float, high: float) -> None:
    ticks = log_ticks(low, high)
    assert all(low <= tick <= high for tick in ticks)
    assert len(ticks) >= (2 if low > 1e-12 else 0)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_ticks_reach_around_both_ends(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ticks = round_ticks(low, high)
    room = 1e-6 * max(abs(low), abs(high), 1e-6)
    assert ticks[0] <= low + room
    assert ticks[-1] >= high - room
    assert 2 <= len(ticks) <= 8


def test_labels_are_short() -> None:
    assert [short(value) for value in (0, 0.05, 950, 1500, 2_500_000)] == ["0", "0.05", "950", "1.5k", "2.5M"]
