"""Sliding windows beside the definition, written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.safety.verification.stl import Above, Always, And, Below, Eventually, Formula, Not, Or, Until

PERIOD_S = 0.1
TRACES = st.lists(st.integers(-9, 9), min_size=1, max_size=30)
WINDOWS = st.tuples(st.integers(0, 8), st.integers(0, 12)).map(lambda ends: (ends[0], ends[0] + ends[1]))


def of(formula: Formula, **signals: list[int]) -> list[float]:
    arrays = {name: np.array(values, float) for name, values in signals.items()}
    return [float(value) for value in formula.robustness(arrays, PERIOD_S)]


@settings(max_examples=200, deadline=None)
@given(TRACES, WINDOWS)
def test_always_and_eventually_are_the_least_and_the_greatest_of_their_window(
    trace: list[int], window: tuple[int, int]
) -> None:
    start, stop = window
    inside = [trace[now + start : now + stop + 1] for now in range(len(trace))]
    times = (start * PERIOD_S, stop * PERIOD_S)
    assert of(Always(Above("x"), *times), x=trace) == [min(part, default=np.inf) for part in inside]
    assert of(Eventually(Above("x"), *times), x=trace) == [max(part, default=-np.inf) for part in inside]


@settings(max_examples=200, deadline=None)
@given(TRACES, TRACES, WINDOWS)
def test_until_is_its_definition(first: list[int], second: list[int], window: tuple[int, int]) -> None:
    num, (start, stop) = min(len(first), len(second)), window
    first, second = first[:num], second[:num]

    def at(now: int) -> float:
        ends = [end for end in range(now + start, now + stop + 1) if end < num]
        return max((min([second[end], *first[now:end]]) for end in ends), default=-np.inf)

    found = of(Until(Above("a"), Above("b"), start * PERIOD_S, stop * PERIOD_S), a=first, b=second)
    assert found == [at(now) for now in range(num)]


@settings(max_examples=100, deadline=None)
@given(TRACES, WINDOWS)
def test_not_always_is_eventually_not(trace: list[int], window: tuple[int, int]) -> None:
    times = (window[0] * PERIOD_S, window[1] * PERIOD_S)
    assert of(Not(Always(Above("x"), *times)), x=trace) == of(Eventually(Not(Above("x")), *times), x=trace)


def test_the_size_says_how_far_a_limit_is() -> None:
    both = And(Below("force", 5.0), Above("force", 2.0))
    assert of(both, force=[1, 3, 4, 6]) == [-1, 1, 1, -1]
    assert of(Or(Below("force", 2.0), Above("force", 5.0)), force=[1, 3, 4, 6]) == [1, -1, -1, 1]
    assert of(Always(both), force=[3, 4, 3])[0] == 1


@pytest.mark.parametrize("window", [(-1.0, 1.0), (2.0, 1.0)])
def test_a_window_that_goes_backwards_is_refused(window: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="a window goes from"):
        of(Always(Above("x"), *window), x=[1])


@pytest.mark.parametrize("formula", [Above("x"), Always(Below("x", 3.0)), Not(Eventually(Above("x"), 0, 2))], ids=repr)
def test_a_sample_that_is_no_number_is_refused(formula: Formula) -> None:
    with pytest.raises(ValueError, match="'x' has samples that are no numbers"):
        formula.robustness({"x": np.array([1.0, np.nan, 2.0])}, 1.0)
