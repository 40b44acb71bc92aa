from __future__ import annotations

from pathlib import Path

import pytest
from tests.capacity.validation.points import point

from zaphod.capacity.estimate import Estimate
from zaphod.capacity.validation.points import Point
from zaphod.capacity.validation.score import Outcome, by_category, predict, score


def outcome(point: Point, value: float, low: float, high: float) -> Outcome:
    return Outcome(point=point, predicted=Estimate(value=value, low=low, high=high, unit="ms"))


def test_errors_are_signed_and_a_refusal_is_no_answer(tmp_path: Path) -> None:
    ten = point(tmp_path, measured_value=10)
    found = score(
        [outcome(ten, 11, 9, 12), outcome(ten, 8, 7, 9), outcome(ten, 13, 9, 15), Outcome(point=ten, predicted=None)]
    )
    assert (found.num_points, found.num_answered, found.num_refused) == (4, 3, 1)
    assert found.median == pytest.approx(0.2)
    assert found.mean == pytest.approx(0.2)
    assert found.bias == pytest.approx((0.1 - 0.2 + 0.3) / 3)
    assert found.p90 == pytest.approx(0.28)
    assert found.coverage == pytest.approx(2 / 3)


def test_nothing_answered_has_no_errors(tmp_path: Path) -> None:
    found = score([Outcome(point=point(tmp_path), predicted=None)])
    assert (found.median, found.coverage, found.num_refused) == (None, None, 1)


def test_categories_are_scored_apart_and_together(tmp_path: Path) -> None:
    one, other = point(tmp_path), point(tmp_path, category="ttft")
    assert list(by_category([outcome(one, 1, 1, 1), outcome(other, 1, 1, 1)])) == ["decode", "ttft", "all"]


def test_a_predictor_that_cannot_compute_refuses(tmp_path: Path) -> None:
    found = predict(point(tmp_path), lambda _: exec("1 / 0"))  # type: ignore[arg-type,func-returns-value]
    assert found.predicted is None
    assert "ZeroDivisionError" in found.refused_because
