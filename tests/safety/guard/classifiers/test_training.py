"""Arithmetic, the fit, calibration, thresholds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.safety.guard.classifiers.arithmetic import exponential, sigmoid, total
from zaphod.safety.guard.classifiers.calibration import Platt, expected_calibration_error, fit_platt, reliability
from zaphod.safety.guard.classifiers.examples import Example
from zaphod.safety.guard.classifiers.logistic import LogisticOptions, SparseRows, fit_logistic
from zaphod.safety.guard.classifiers.training import (
    GROUP_SHARES,
    TrainingOptions,
    fit,
    out_of_fold_scores,
    prepare,
    quantised,
    row_weights,
    threshold,
)


def example(text, is_harmful, family="f", wording=None):
    wording = wording or text
    return Example(text=text, is_harmful=is_harmful, family=family, language="en", group="", wording=wording)


def some_rows(seed=0, num_rows=60, num_features=12):
    dice = np.random.default_rng(seed)
    dense = dice.normal(size=(num_rows, num_features)) * (dice.random((num_rows, num_features)) < 0.4)
    rows, features = np.nonzero(dense)
    sparse = SparseRows(
        rows_E=rows, features_E=features, values_E=dense[rows, features], num_rows=num_rows, num_features=num_features
    )
    return dense, sparse, dice.random(num_rows) < 0.4, dice.random(num_rows) + 0.5


@given(st.floats(-700, 700))
def test_our_exponential_is_the_usual_one(x):
    assert exponential(np.array([x]))[0] == pytest.approx(math.exp(x), rel=1e-14)


def test_our_sigmoid_is_the_usual_one_and_never_overflows():
    x = np.array([-1e9, -30.0, -1.0, 0.0, 2.0, 50.0, 1e9])
    assert sigmoid(x) == pytest.approx(
        [0, 9.3576229688e-14, 0.26894142137, 0.5, 0.88079707798, 1, 1], rel=1e-9, abs=1e-300
    )


def test_a_total_is_added_from_first_to_last():
    assert total(np.array([1e16, 1.0, -1e16])) == (1e16 + 1.0) - 1e16
    assert total(np.zeros(0)) == 0.0


def test_the_fit_is_the_minimum_that_scipy_finds():
    from scipy.optimize import minimize

    dense, rows, labels, weights = some_rows()
    signs, shares = np.where(labels, 1.0, -1.0), weights / weights.sum()

    def loss(point):
        margins = signs * (dense @ point[:-1] + point[-1])
        return shares @ np.logaddexp(0, -margins) + 0.005 * point[:-1] @ point[:-1]

    options = LogisticOptions(penalty=0.01, max_steps=500, tolerance=1e-9)
    found, intercept = fit_logistic(rows, labels, weights, options)
    best = minimize(loss, np.zeros(13), method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10})
    assert np.append(found, intercept) == pytest.approx(best.x, abs=1e-5)


def test_a_larger_penalty_gives_smaller_weights():
    _, rows, labels, weights = some_rows()
    norms = [np.abs(fit_logistic(rows, labels, weights, LogisticOptions(penalty=p))[0]).sum() for p in (0.1, 0.001)]
    assert norms[0] < norms[1]


def test_the_same_rows_give_the_same_bits():
    first, second = (fit_logistic(*some_rows()[1:], LogisticOptions())[0].tobytes() for _ in range(2))
    assert first == second


def test_platt_scaling_finds_the_curve_that_made_the_labels():
    dice = np.random.default_rng(1)
    scores = dice.normal(scale=2, size=20_000)
    labels = dice.random(20_000) < 1 / (1 + np.exp(-(1.5 * scores - 0.7)))
    found = fit_platt(scores, labels, np.ones(20_000))
    assert found.slope == pytest.approx(1.5, abs=0.07)
    assert found.shift == pytest.approx(-0.7, abs=0.07)
    assert expected_calibration_error(found.probabilities(scores), labels) < 0.01


def test_platt_scaling_is_never_certain_of_what_is_perfectly_told_apart():
    scores = np.array([-2.0, -1.0, 1.0, 2.0])
    found = fit_platt(scores, scores > 0, np.ones(4))
    assert found.probabilities(scores).max() < 0.9


def test_probabilities_that_are_wrong_have_a_calibration_error():
    p, labels = np.full(100, 0.9), np.arange(100) < 50
    assert expected_calibration_error(p, labels) == pytest.approx(0.4)
    assert [(b.count, b.share_positive) for b in reliability(p, labels)] == [(100, 0.5)]


def test_words_that_tell_examples_apart_are_learnt():
    examples = [example(f"you are a {word} {n}", word == "fool") for n in range(20) for word in ("fool", "friend")]
    linear = fit(prepare(examples), TrainingOptions())
    assert linear.scores(["such a fool"])[0] > 0 > linear.scores(["such a friend"])[0]


def test_a_text_is_as_bad_as_its_worst_sentence():
    examples = [example(f"you are a {word} {n}", word == "fool") for n in range(20) for word in ("fool", "friend")]
    linear = fit(prepare(examples), TrainingOptions())
    kind, unkind = "you are a friend, and that is good to know.", "you are a fool, and that is good to know."
    both = linear.scores([kind, unkind, f"{kind} {unkind} {kind}"])
    assert both[2] == pytest.approx(both[1], abs=0.2)
    assert both[0] < both[1]


def test_nothing_becomes_more_by_being_repeated():
    examples = [example(f"you are a {word} {n}", word == "fool") for n in range(20) for word in ("fool", "friend")]
    linear = fit(prepare(examples), TrainingOptions())
    once, often = linear.scores(["fool fool", "fool " * 400])
    assert often == pytest.approx(once, abs=0.5)


def test_a_fold_is_scored_by_a_model_that_has_not_seen_its_wordings():
    # Labels follow the wording's number alone, so who has not seen a wording cannot know them.
    dice = np.random.default_rng(2)
    labels = dice.random(120) < 0.5
    codes = ["".join(chr(97 + c) for c in dice.integers(26, size=24)) for _ in range(120)]
    prepared = prepare([example(code, bool(label)) for code, label in zip(codes, labels, strict=True)])
    seen = (fit(prepared, TrainingOptions()).scores(prepared.texts) > 0) == labels
    unseen = (out_of_fold_scores(prepared, TrainingOptions()) > 0) == labels
    assert seen.mean() > 0.95
    assert unseen.mean() < 0.75


def test_both_labels_weigh_the_same():
    examples = [example(str(n), n < 3, family="ab"[n % 2]) for n in range(20)]
    weights = row_weights(examples)
    assert weights[:3].sum() == pytest.approx(weights[3:].sum())


def test_naming_a_group_weighs_more_among_harmless_examples_than_among_harmful_ones():
    examples = [replace(example(str(n), n < 60), group="men" if n < 50 or n > 90 else "") for n in range(100)]
    weights, named = row_weights(examples), np.array([bool(e.group) for e in examples])
    assert weights[:60][named[:60]].sum() == pytest.approx(GROUP_SHARES[True])
    assert weights[60:][named[60:]].sum() == pytest.approx(GROUP_SHARES[False])


def test_a_threshold_lets_no_more_than_its_share_of_harmless_texts_pass():
    p = np.linspace(0.5, 0.99, 200)
    chosen = threshold(p, np.ones(200), 0.05)
    assert 0 < (p >= chosen).mean() <= 0.05
    assert threshold(np.full(10, 0.1), np.ones(10), 0.05) == 0.5


def test_quantised_weights_are_near_the_original_ones():
    weights = np.random.default_rng(3).normal(size=50_000)
    small, scale = quantised(weights)
    kept = np.abs(weights) <= 127 * scale
    assert np.abs(small * scale - weights)[kept].max() <= scale / 2 * 1.0001
    assert kept.mean() > 0.9998


def test_platt_keeps_the_order_of_scores():
    p = Platt(slope=2.0, shift=-1.0).probabilities(np.linspace(-5, 5, 50))
    assert (np.diff(p) > 0).all()
