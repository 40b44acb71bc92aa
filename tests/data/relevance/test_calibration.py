import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.data.relevance.calibration import area_under_curve, calibrate, quality

RNG = np.random.default_rng(0)


def drawn(count, slope=6.0, middle=0.3):
    """Scores, and labels whose probability is a logistic curve of them."""
    scores = RNG.uniform(-0.5, 1.0, count)
    return scores, RNG.random(count) < 1 / (1 + np.exp(-slope * (scores - middle)))


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_probabilities_hold_on_labels_that_were_not_learnt_from(method):
    curve = calibrate(*drawn(4000), method)
    scores, labels = drawn(4000)
    assert quality(curve(scores), labels).calibration_error < 0.04


def test_platts_curve_is_the_one_the_labels_were_drawn_from():
    curve = calibrate(*drawn(20_000))
    assert curve([0.3])[0] == pytest.approx(0.5, abs=0.03)
    assert curve([0.6])[0] == pytest.approx(1 / (1 + np.exp(-1.8)), abs=0.03)


@given(
    labelled=st.lists(st.tuples(st.floats(-1, 1), st.booleans()), min_size=2, max_size=40).filter(
        lambda rows: len({label for _, label in rows}) == 2
    ),
    method=st.sampled_from(["platt", "isotonic"]),
)
def test_any_curve_rises_and_stays_inside_zero_and_one(labelled, method):
    scores, labels = zip(*labelled, strict=True)
    probabilities = calibrate(scores, labels, method)(np.linspace(-1, 1, 50))
    assert (np.diff(probabilities) >= -1e-12).all()
    assert ((probabilities > 0) & (probabilities < 1)).all()


@pytest.mark.parametrize("seed", [0, 1, 2, 42, 56])
def test_a_rare_kind_with_far_scores_does_not_make_the_curve_flat(seed):
    rng = np.random.default_rng(seed)
    others, relevant = int(rng.integers(100, 8000)), 15
    tail = rng.uniform(1.5, 4)
    scores = np.concatenate([0.05 * rng.standard_t(tail, others), 0.4 + 0.1 * rng.standard_t(tail, relevant)])
    high, low = calibrate(np.clip(scores, -1, 1), np.arange(others + relevant) >= others)([0.9, -0.9])
    assert high > 0.1 > low


def test_one_example_at_the_end_does_not_lift_the_isotonic_curve():
    scores = np.concatenate([[-0.9], np.zeros(1000), np.full(20, 0.5)])
    labels = np.concatenate([[False], np.arange(1000) == 5, np.full(20, True)])
    assert calibrate(scores, labels, "isotonic")([0.0])[0] < 0.01


def test_labels_of_one_kind_teach_nothing():
    with pytest.raises(ConfigError, match="other kind"):
        calibrate([0.1, 0.2], [True, True])


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30))
def test_the_area_is_the_chance_to_rank_a_relevant_one_higher(rows):
    relevant = [score for score, label in rows if label]
    others = [score for score, label in rows if not label]
    area = area_under_curve(np.array([float(score) for score, _ in rows]), np.array([label for _, label in rows]))
    pairs = [(a > b) + (a == b) / 2 for a in relevant for b in others]
    assert area == pytest.approx(sum(pairs) / len(pairs)) if pairs else np.isnan(area)


def test_the_calibration_error_of_wrong_confidence_is_its_gap():
    assert quality(np.full(100, 0.9), np.arange(100) % 2 == 0).calibration_error == pytest.approx(0.4)
