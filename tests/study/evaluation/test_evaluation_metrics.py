"""Figures and their intervals."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.study.evaluation.metrics import bootstrap, exact_match, f1, figure, pass_at
from zaphod.study.intervals import wilson


@pytest.mark.parametrize(("num_samples", "num_right", "k"), [(5, 2, 1), (5, 2, 3), (6, 0, 2), (6, 6, 2), (7, 3, 7)])
def test_pass_at_k_is_the_share_of_draws_with_a_right_answer(num_samples, num_right, k):
    draws = list(itertools.combinations(range(num_samples), k))
    share = sum(any(index < num_right for index in draw) for draw in draws) / len(draws)
    assert pass_at(k, num_samples, num_right) == pytest.approx(share)


def test_pass_at_k_of_too_few_samples_is_refused():
    with pytest.raises(ValueError, match="pass@3"):
        pass_at(3, 2, 1)


def test_shares_get_wilsons_interval_and_means_the_bootstraps():
    assert figure("a", [1.0, 0.0, 1.0]).interval == wilson(2, 3)
    assert figure("b", [0.5, 0.25, 1.0]).interval == bootstrap([0.5, 0.25, 1.0])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_bootstrap_holds_the_mean_of_what_is_drawn(values):
    low, high = bootstrap(values)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_chance_is_told_where_it_lies_inside_the_interval():
    assert figure("a", [1.0, 0.0, 0.0, 0.0], chance=0.25).is_chance
    assert not figure("a", [1.0] * 40, chance=0.25).is_chance
    assert not figure("a", [1.0]).is_chance


def test_words_in_common():
    assert exact_match("The cat!", "cat") == 1.0
    assert f1("a black cat", "the cat") == pytest.approx(2 / 3)
    assert f1("", "cat") == 0.0
    assert f1("the", "a") == 1.0
