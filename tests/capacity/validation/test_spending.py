from __future__ import annotations

from pathlib import Path

import pytest

from zaphod.capacity.validation.points import Point, read_points
from zaphod.capacity.validation.score import predict, score

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
FILES = [BENCHMARKS / "planner_points.csv", BENCHMARKS / "planner_points_notes.csv"]
OPEN = [p for file in FILES for p in read_points(file) if p.category in ("energy", "carbon", "cost")]


def point(**changes: object) -> Point:
    given = {
        "id": "x",
        "category": "energy",
        "model": "llama-3.1-8b",
        "hardware": "H100-SXM-80GB",
        "metric": "mean_gpu_power",
        "measured": 500.0,
        "unit": "W",
    }
    return Point(**{**given, **changes})  # type: ignore[arg-type]


def value(**changes: object) -> float:
    found = predict(point(**changes)).predicted
    assert found is not None, predict(point(**changes)).refused_because
    return found.value


@pytest.mark.parametrize("measured", OPEN, ids=lambda each: each.id)
def test_open_rows_are_answered_within_a_quarter_and_inside_of_their_intervals(measured: Point) -> None:
    outcome = predict(measured)
    assert outcome.error is not None, outcome.refused_because
    assert abs(outcome.error) < 0.25
    assert outcome.covered


def test_power_is_within_a_tenth_and_energy_within_fifteen_per_cent_on_average() -> None:
    for word, target in (("power", 0.10), ("energy_per", 0.15)):
        mean = score(predict(each) for each in OPEN if word in each.metric).mean
        assert mean is not None
        assert mean < target


def test_a_model_cards_emissions_are_hours_times_limit_times_pue_times_region() -> None:
    found = value(category="carbon", metric="location_based_emissions", unit="tCO2e", notes="1.46M GPU hours")
    assert found == pytest.approx(1.46e6 * 0.7 * 1.08 * 0.369 / 1000)


@pytest.mark.parametrize(
    "notes", ["2.788M H800 GPU hours", "2,788,000 GPU-h", "2.788 million H800-hours", "2788k h x 0.7 kW", "2.788M hrs"]
)
def test_device_hours_are_found_however_they_are_written(notes: str) -> None:
    row = {"category": "cost", "metric": "training_cost", "unit": "USD", "hardware": "H800", "model": "deepseek-v3"}
    assert value(**row, notes=notes) == pytest.approx(5.576e6)


def test_stated_energy_is_taken_as_it_stands() -> None:
    row = {"category": "carbon", "metric": "emissions", "unit": "t", "notes": "433 MWh in France"}
    assert value(**row) == pytest.approx(433 * 0.056)


def test_tokens_of_a_joule_are_joules_of_a_token_upside_down() -> None:
    row = {"n_gpus": 1, "tp": 1, "batch": 32, "osl": 300, "framework": "vLLM"}
    joules = value(**row, metric="energy_per_output_token", unit="J/token")
    assert value(**row, metric="tokens_per_joule", unit="tok/J") == pytest.approx(1 / joules)


def test_a_region_that_the_notes_name_is_taken() -> None:
    row = {"category": "carbon", "metric": "emissions", "unit": "t", "notes": "100,000 GPU hours in France"}
    assert value(**row) == pytest.approx(1e5 * 0.7 * 1.08 * 0.056 / 1000)


def test_the_energy_of_a_run_is_its_hours_times_its_power() -> None:
    row = {"metric": "training_energy", "unit": "MWh", "notes": "234k H100-hours", "model": "olmo-3-7b"}
    assert value(**row, total_params_b=7.3) == pytest.approx(146, rel=0.05)


def test_a_price_that_the_row_names_is_paid() -> None:
    row = {"category": "cost", "metric": "cost_per_day_at_2usd_per_gpu_h", "unit": "USD/day", "hardware": "H800"}
    assert value(**row, n_gpus=1814) == pytest.approx(87072)


def test_a_power_that_no_device_can_take_is_that_of_all() -> None:
    serving = {"metric": "avg_power", "batch": 16, "n_gpus": 4, "tp": 4, "model": "llama-3.1-70b", "framework": "vLLM"}
    assert value(**serving, measured=1800.0) == pytest.approx(4 * value(**serving, measured=450.0))


def test_a_run_without_hours_or_tokens_is_refused() -> None:
    outcome = predict(point(metric="training_energy", unit="MWh"))
    assert outcome.predicted is None
    assert "tokens" in outcome.refused_because
