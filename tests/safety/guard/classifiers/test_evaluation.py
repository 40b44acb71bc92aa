"""Rates, intervals and areas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zaphod.safety.guard.classifiers.evaluation import Rate, area_under_curve, f1_score, group_rates, quality
from zaphod.safety.guard.classifiers.examples import Example


def example(is_harmful, wording, group=""):
    return Example(text="", is_harmful=is_harmful, family="f", language="en", group=group, wording=wording)


def test_wilsons_interval_is_the_published_one():
    low, high = Rate(count=10, total=100).interval
    assert (low, high) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert Rate(count=0, total=0).interval == (0.0, 1.0)
    assert math.isnan(Rate(count=0, total=0).share)


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    hits, harmful = np.array([1, 1, 1, 0], bool), np.array([1, 1, 0, 1], bool)
    assert f1_score(hits, harmful) == pytest.approx(2 / 3)
    assert f1_score(~harmful, harmful) == 0.0


def test_the_area_under_the_curve_counts_pairs_in_order():
    scores, harmful = np.array([0.1, 0.4, 0.4, 0.9]), np.array([0, 0, 1, 1], bool)
    assert area_under_curve(scores, harmful) == pytest.approx(3.5 / 4)


def test_quality_of_probabilities_that_are_always_right():
    examples = [example(n % 2 == 0, str(n)) for n in range(20)]
    result = quality(np.array([float(e.is_harmful) for e in examples]), examples, 0.5)
    assert (result.precision, result.f1, result.f1_interval) == (1.0, 1.0, (1.0, 1.0))
    assert result.false_positives.count == 0


def test_fewer_wordings_give_a_wider_interval():
    many = [example(n % 2 == 0, str(n)) for n in range(200)]
    few = [example(n % 2 == 0, str(n % 8)) for n in range(200)]
    p = np.array([0.9 if n % 16 < 9 else 0.1 for n in range(200)])
    widths = [high - low for low, high in (quality(p, e, 0.5).f1_interval for e in (many, few))]
    assert widths[0] < widths[1]


def test_groups_are_counted_by_their_harmless_mentions():
    examples = [example(False, "a", "women"), example(True, "b", "women"), example(False, "c", "men")]
    rates = group_rates(np.array([0.9, 0.9, 0.1]), examples, 0.5)
    assert {group: (rate.count, rate.total) for group, rate in rates.items()} == {"men": (0, 1), "women": (1, 1)}
