"""The divergence is Kullback and Leibler's, and the probes are what they are called."""

import numpy as np
import pytest

from zaphod.study.benchmarks.divergence import divergences, probe_prompts

LOGITS = np.random.default_rng(0).normal(size=(2, 3, 50)).astype(np.float32) * 4


def test_the_same_distribution_diverges_by_nothing():
    assert divergences(LOGITS, LOGITS + 7).tolist() == pytest.approx([0] * 6, abs=1e-5)


def test_a_coin_that_is_taken_for_a_fair_one_diverges_as_computed_by_hand():
    exact = np.log(np.array([[[0.75, 0.25]]], np.float32))
    fair = np.zeros((1, 1, 2), np.float32)
    assert divergences(exact, fair)[0] == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5), rel=1e-5)


def test_more_noise_diverges_more():
    noise = np.random.default_rng(1).normal(size=LOGITS.shape).astype(np.float32)
    assert divergences(LOGITS, LOGITS + noise).mean() > divergences(LOGITS, LOGITS + noise / 10).mean() > 0


def test_large_logits_do_not_overflow():
    assert np.isfinite(divergences(LOGITS * 1e4, LOGITS[::-1] * 1e4)).all()


def test_prompts_are_of_one_length_and_within_the_vocabulary():
    prompts = probe_prompts(100, length=20)
    assert {len(prompt) for prompt in prompts} == {20}
    assert all(0 <= token < 100 for prompt in prompts for token in prompt)
    assert prompts[-2][:8] == prompts[-2][8:16]
