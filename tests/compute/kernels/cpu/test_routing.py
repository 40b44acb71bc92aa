"""Routing and sorting of tokens by expert against the reference."""

import itertools

import numpy as np
import pytest
import torch
from tests.compute.kernels.cpu.native import rounds

from zaphod.compute.kernels import dispatch, reference

pytestmark = pytest.mark.skipif(dispatch.why_not() is not None, reason=f"native kernels: {dispatch.why_not()}")

PLAIN = {"score": "softmax", "scale": 1.0, "softmax_after_top_k": False, "renormalise": True}
SWITCHES = list(itertools.product(("softmax", "sigmoid"), (False, True), (False, True), (False, True), (1.0, 2.5)))


def ours(logits, bias, *, top_k, score, softmax_after_top_k, renormalise, scale, groups=(1, 1), group_score="top2_sum"):
    return dispatch.native().operations.route(
        np.ascontiguousarray(logits, np.float32),
        bias,
        top_k,
        score == "sigmoid",
        softmax_after_top_k,
        renormalise,
        scale,
        *groups,
        group_score == "max",
    )


def theirs(logits, bias, *, groups=(1, 1), **more):
    routing = reference.route(
        torch.from_numpy(logits),
        num_groups=groups[0],
        num_groups_kept=groups[1],
        selection_bias_E=None if bias is None else torch.from_numpy(bias),
        **more,
    )
    return routing.expert_ids_TK.numpy(), routing.weights_TK.numpy()


def assert_same(logits, bias, **options):
    ids, weights = ours(logits, bias, **options)
    wanted_ids, wanted_weights = theirs(logits, bias, **options)
    np.testing.assert_array_equal(ids, wanted_ids)
    np.testing.assert_allclose(weights, wanted_weights, rtol=2e-6, atol=1e-37)


@pytest.mark.parametrize(("score", "softmax_after_top_k", "renormalise", "biased", "scale"), SWITCHES)
def test_every_switch_does_what_the_reference_does(score, softmax_after_top_k, renormalise, biased, scale):
    for rng in rounds(6):
        num_experts = int(rng.integers(1, 70))
        logits = rng.standard_normal((9, num_experts)).astype(np.float32) * 3
        bias = rng.standard_normal(num_experts).astype(np.float32) if biased else None
        assert_same(
            logits,
            bias,
            top_k=int(rng.integers(1, num_experts + 1)),
            score=score,
            scale=scale,
            softmax_after_top_k=softmax_after_top_k,
            renormalise=renormalise,
        )


@pytest.mark.parametrize("group_score", ["max", "top2_sum"])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_groups_are_kept_as_the_reference_keeps_them(group_score, biased, size):
    for rng in rounds(6):
        num_groups = int(rng.integers(2, 9))
        kept = int(rng.integers(1, num_groups + 1))
        logits = rng.standard_normal((9, num_groups * size)).astype(np.float32)
        bias = rng.standard_normal(num_groups * size).astype(np.float32) if biased else None
        # More experts than the kept groups have: those of the other groups follow by number.
        for top_k in {1, kept * size, min(kept * size + 1, num_groups * size)}:
            assert_same(
                logits,
                bias,
                top_k=top_k,
                score="sigmoid",
                scale=1.0,
                softmax_after_top_k=False,
                renormalise=True,
                groups=(num_groups, kept),
                group_score=group_score,
            )


@pytest.mark.parametrize("groups", [(1, 1), (4, 2)])
def test_equal_scores_go_to_the_lower_number(groups):
    for rng in rounds(10):
        logits = rng.integers(0, 3, (20, 16)).astype(np.float32)
        assert_same(
            logits,
            None,
            top_k=5,
            score="softmax",
            scale=1.0,
            softmax_after_top_k=False,
            renormalise=False,
            groups=groups,
        )


@pytest.mark.parametrize("score", ["softmax", "sigmoid"])
@pytest.mark.parametrize("scale", [1e-38, 1e30])
def test_logits_may_be_tiny_or_huge(score, scale):
    for rng in rounds(4):
        logits = (rng.standard_normal((9, 12)) * scale).astype(np.float32)
        assert_same(logits, None, top_k=3, score=score, scale=1.0, softmax_after_top_k=False, renormalise=True)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("groups", [(1, 1), (4, 2)])
def test_a_token_that_is_not_finite_still_chooses_experts_that_exist(bad, groups):
    for place in range(16):
        logits = np.linspace(-1, 1, 48).reshape(3, 16).astype(np.float32)
        good, _ = ours(
            logits,
            None,
            top_k=4,
            groups=groups,
            **PLAIN,
        )
        logits[1, place] = bad
        ids, weights = ours(
            logits,
            None,
            top_k=4,
            groups=groups,
            **PLAIN,
        )
        np.testing.assert_array_equal(ids[[0, 2]], good[[0, 2]])
        assert len(set(ids[1].tolist()) & set(range(16))) == 4
        assert np.isfinite(weights[[0, 2]]).all()


def test_all_logits_nan_is_survived():
    ids, weights = ours(
        np.full((2, 8), np.nan),
        None,
        top_k=3,
        groups=(4, 2),
        **PLAIN,
    )
    assert all(len(set(row) & set(range(8))) == 3 for row in ids.tolist())
    assert np.isnan(weights).all()


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("weighted", [False, True])
def test_tokens_are_sorted_by_expert_then_by_row(extra, weighted):
    for rng in rounds(10):
        num_experts, top_k, count = int(rng.integers(1, 20)), int(rng.integers(1, 5)), int(rng.integers(0, 30))
        ids = rng.integers(0, num_experts, (count, top_k)).astype(np.int32)
        weights = rng.random((count, top_k), np.float32)
        extra_weights = rng.random(count, np.float32) if weighted else None
        tokens, sorted_weights, begins, visited = dispatch.native().operations.sort_assignments(
            num_experts, ids, weights, extra, extra_weights
        )
        order = ids.ravel().argsort(kind="stable")
        everyone = np.arange(count)[:, None].repeat(extra, 1).T.ravel()
        tail = np.tile(np.ones(count) if extra_weights is None else extra_weights, extra)
        assert tokens.tolist() == [*(order // top_k), *everyone]
        np.testing.assert_array_equal(sorted_weights, np.concatenate((weights.ravel()[order], tail)).astype(np.float32))
        sizes = np.concatenate((np.bincount(ids.ravel(), minlength=num_experts), [count] * extra)).astype(int)
        assert begins.tolist() == [0, *sizes.cumsum()]
        assert visited.tolist() == np.flatnonzero(sizes).tolist()
