"""Intervals of shares, against scipy and against their promise."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from zaphod.study.intervals import Share, clopper_pearson, wilson


@settings(deadline=None)
@given(st.integers(1, 300).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_both_intervals_are_those_of_scipy(counts: tuple[int, int]) -> None:
    num, of = counts
    result = binomtest(num, of)
    for ours, method in ((clopper_pearson, "exact"), (wilson, "wilson")):
        theirs = result.proportion_ci(0.95, method)
        assert ours(num, of) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


@pytest.mark.parametrize("counts", [(0, 50_000), (7, 5000), (4990, 5000)])
def test_large_numbers_are_no_problem(counts: tuple[int, int]) -> None:
    theirs = binomtest(*counts).proportion_ci(0.95, "exact")
    assert clopper_pearson(*counts) == pytest.approx((theirs.low, theirs.high), abs=1e-8)


def test_where_nothing_was_tried_nothing_is_known() -> None:
    assert wilson(0, 0) == clopper_pearson(0, 0) == (0.0, 1.0)
    assert math.isnan(Share(0, 0).value)
    assert str(Share(0, 0)) == "none tried"


def test_a_share_tells_its_interval_and_its_number() -> None:
    assert str(Share(1, 4)) == "25.0% (4.6% to 69.9%, n=4)"
