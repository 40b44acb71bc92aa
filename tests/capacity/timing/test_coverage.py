from __future__ import annotations

import numpy as np
import pytest

from zaphod.capacity.timing.coverage import distinct_experts, fullest_rank, popularity


def chosen(num_experts: int, top_k: int, num_tokens: int, num_rounds: int = 400) -> np.ndarray:
    """Which experts are touched in each of many drawn batches, and how often: rounds x experts."""
    draw = np.random.default_rng(1)
    scores = draw.random((num_rounds, num_tokens, num_experts))
    picks = np.argsort(scores, axis=-1)[..., :top_k]
    return np.stack([np.bincount(each.ravel(), minlength=num_experts) for each in picks])


@pytest.mark.parametrize(("num_tokens", "percent"), [(1, 25), (2, 44), (4, 68), (8, 90), (16, 99)])
def test_grok_1_touches_what_the_formula_sheet_says(num_tokens: int, percent: int) -> None:
    assert 100 * distinct_experts(8, 2, num_tokens) / 8 == pytest.approx(percent, abs=0.5)


@pytest.mark.parametrize(("num_experts", "top_k", "num_tokens"), [(8, 2, 3), (128, 8, 16), (256, 8, 5)])
def test_the_closed_form_agrees_with_drawn_batches(num_experts: int, top_k: int, num_tokens: int) -> None:
    drawn = (chosen(num_experts, top_k, num_tokens) > 0).sum(axis=1).mean()
    assert distinct_experts(num_experts, top_k, num_tokens) == pytest.approx(drawn, rel=0.02)


@pytest.mark.parametrize("num_tokens", [4, 16, 64, 512])
def test_the_fullest_device_agrees_with_drawn_batches(num_tokens: int) -> None:
    counts = chosen(128, 8, num_tokens).reshape(400, 8, 16)
    touched, tokens = (counts > 0).sum(axis=2), counts.sum(axis=2)
    experts_load, tokens_load = fullest_rank(128, 8, num_tokens, 8)
    assert experts_load == pytest.approx((touched.max(axis=1) / touched.mean(axis=1)).mean(), rel=0.08)
    assert tokens_load == pytest.approx((tokens.max(axis=1) / tokens.mean(axis=1)).mean(), rel=0.08)


def test_one_device_is_never_fuller_than_itself() -> None:
    assert fullest_rank(128, 8, 7, 1) == (1.0, 1.0)


def test_popularity_adds_up_to_the_choice_and_exceeds_no_certainty() -> None:
    shares = popularity(64, 6, 1.2)
    assert sum(shares) == pytest.approx(6)
    assert max(shares) <= 1


def test_popular_experts_make_a_batch_touch_fewer() -> None:
    assert (
        distinct_experts(128, 8, 32, skew=0.9) < distinct_experts(128, 8, 32, skew=0.3) < distinct_experts(128, 8, 32)
    )


def test_no_token_touches_nothing_and_one_touches_its_choice() -> None:
    assert distinct_experts(64, 6, 0, skew=0.5) == 0
    assert distinct_experts(64, 6, 1, skew=0.5) == pytest.approx(6)
