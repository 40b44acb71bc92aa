from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.data.mixture import MixtureConfig, plan_mixture
from zaphod.data.recency import YEAR_S, RecencyConfig


def corpus(*sizes, length=10, ages_years=None):
    """Sources a, b, c … of so many documents of equal length."""
    num_documents = sum(sizes)
    ages = np.zeros(num_documents) if ages_years is None else np.asarray(ages_years, float)
    return SimpleNamespace(
        sources=[chr(97 + number) for number in range(len(sizes))],
        lengths=np.full(num_documents, length),
        source_ids=np.repeat(np.arange(len(sizes)), sizes),
        timestamps_s=-ages * YEAR_S,
    )


def shares(plan):
    return {share.source: round(share.share, 2) for share in plan.shares}


def counts(plan, documents):
    return np.bincount(plan.documents, minlength=len(documents.lengths))


def test_without_settings_one_epoch_draws_every_document_once():
    documents = corpus(30, 10)
    assert sorted(plan_mixture(documents, MixtureConfig(), 400, seed=0)) == list(range(40))


def test_draws_are_a_function_of_seed_and_index():
    first, again, other = (plan_mixture(corpus(300), MixtureConfig(), 3000, seed) for seed in (1, 1, 2))
    assert (first.documents == again.documents).all()
    assert (first.documents != other.documents).any()


def test_weights_are_shares_of_tokens():
    plan = plan_mixture(corpus(300, 100), MixtureConfig(weights={"a": 1, "b": 1}), 1600, seed=0)
    assert shares(plan) == {"a": 0.5, "b": 0.5}


def test_a_source_with_weight_nothing_is_not_drawn():
    plan = plan_mixture(corpus(30, 100), MixtureConfig(weights={"a": 1, "b": 0}), 300, seed=0)
    assert shares(plan) == {"a": 1.0, "b": 0.0}


def test_sources_that_are_not_named_share_what_is_left_by_size():
    plan = plan_mixture(corpus(100, 300, 100), MixtureConfig(weights={"a": 0.2}), 4000, seed=0)
    assert shares(plan) == {"a": 0.2, "b": 0.6, "c": 0.2}


def test_a_temperature_makes_shares_more_even():
    plan = plan_mixture(corpus(900, 100), MixtureConfig(temperature=2.0, max_epochs=100), 10_000, seed=0)
    assert shares(plan) == {"a": 0.75, "b": 0.25}


def test_no_document_comes_more_often_than_max_epochs_and_others_fill_the_room():
    documents = corpus(100, 10)
    plan = plan_mixture(documents, MixtureConfig(weights={"a": 1, "b": 9}, max_epochs=3), 1300, seed=0)
    assert counts(plan, documents).max() <= 3
    assert [share.num_tokens for share in plan.shares] == [1000, 300]
    assert plan.shares[1].wanted_share == 0.9


def test_no_source_gets_more_than_max_upsampling_allows():
    config = MixtureConfig(weights={"a": 1, "b": 9}, max_upsampling=2, max_epochs=100)
    assert shares(plan_mixture(corpus(900, 100), config, 10_000, seed=0)) == {"a": 0.8, "b": 0.2}


def test_more_tokens_than_the_bounds_leave_are_refused_with_both_figures():
    with pytest.raises(ConfigError, match=r"1,000 tokens.*leaves 400"):
        plan_mixture(corpus(10), MixtureConfig(max_epochs=4), 1000, seed=0)


def test_recency_decides_how_often_a_document_is_drawn():
    documents = corpus(2000, ages_years=[0] * 1000 + [2] * 1000)
    config = MixtureConfig(recency=RecencyConfig(reference_s=0.0))
    drawn = counts(plan_mixture(documents, config, 15_000, seed=0), documents)
    assert drawn[:1000].sum() == pytest.approx(2 * drawn[1000:].sum(), rel=0.01)


def test_recency_does_not_change_the_share_of_a_source():
    documents = corpus(100, 100, ages_years=[0] * 100 + [50] * 100)
    config = MixtureConfig(recency=RecencyConfig(reference_s=0.0))
    assert shares(plan_mixture(documents, config, 1000, seed=0)) == {"a": 0.5, "b": 0.5}


def test_a_fraction_of_an_epoch_takes_each_document_with_the_same_chance():
    documents = corpus(50)
    drawn = sum(counts(plan_mixture(documents, MixtureConfig(), 250, seed), documents) for seed in range(400))
    assert drawn.sum() == 400 * 25
    assert 140 < drawn.min() <= drawn.max() < 260  # 200 in the mean, six standard deviations


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"weights": {"c": 1}}, "no setting 'c'"),
        ({"weights": {"a": 1.5}}, "leave room"),
        ({"weights": {"a": 0, "b": 0}}, "weight 0"),
        ({"weights": {"a": -1}}, "0 or more"),
        ({"temperature": 0}, "above 0"),
        ({"max_epochs": 0.5}, "1 or more"),
    ],
)
def test_settings_that_make_no_mixture_are_refused(settings, told):
    with pytest.raises(ConfigError, match=told):
        plan_mixture(corpus(10, 10), MixtureConfig(**settings), 100, seed=0)


def test_an_empty_corpus_is_refused():
    with pytest.raises(ConfigError, match="no documents"):
        plan_mixture(corpus(0), MixtureConfig(), 10, seed=0)


@given(
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=40),
    ages=st.integers(0, 9),
    share=st.floats(0.01, 1.0),
    max_epochs=st.integers(1, 5),
    seed=st.integers(0, 3),
)
def test_any_plan_keeps_its_bounds_and_its_sum(lengths, ages, share, max_epochs, seed):
    documents = corpus(len(lengths), ages_years=np.arange(len(lengths)) * ages)
    documents.lengths = np.array(lengths)
    num_tokens = int(share * max_epochs * sum(lengths))
    assume(num_tokens)
    config = MixtureConfig(max_epochs=max_epochs, recency=RecencyConfig(reference_s=0.0))
    plan = plan_mixture(documents, config, num_tokens, seed)
    assert counts(plan, documents).max(initial=0) <= max_epochs
    assert abs(plan.num_tokens - num_tokens) <= 50 * len(lengths)
