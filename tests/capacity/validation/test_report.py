from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from tests.capacity.validation.points import COLUMNS, point, row, table

from zaphod.capacity.validation.report import outcomes_of, text, validate
from zaphod.capacity.validation.score import predict

OPEN = Path(__file__).parents[3] / "benchmarks" / "planner_points.csv"


def test_a_row_is_answered_with_its_interval(tmp_path: Path) -> None:
    (answer,) = validate(table(tmp_path, row()))["rows"]
    assert answer["low"] < answer["measured"] < answer["high"]
    assert abs(answer["error"]) < 0.12
    assert "refused_because" not in answer
    assert answer["basis"]


@pytest.mark.parametrize(
    "cells",
    [
        {"model": "Unheard-Of"},
        {"hardware": "an abacus"},
        {"hardware": "storage"},
        {"metric": "beauty"},
        {"category": "poetry", "metric": "rhymes"},
        {"precision": "ternary"},
        {"measured_value": "quick"},
        {"measured_value": ""},
        {"unit": "furlongs"},
        {"tp": 4096, "n_gpus": 4096},
        {"isl": "1e300", "osl": "1e300"},
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_reason(tmp_path: Path, cells: dict[str, object]) -> None:
    (answer,) = validate(table(tmp_path, row(**cells)))["rows"]
    assert answer["predicted"] is None
    assert len(answer["refused_because"]) > 10


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        ({"metric": "tpot"}, "ms"),
        ({"metric": "mean_itl"}, "ms"),
        ({"metric": "p99_itl"}, "ms"),
        ({"metric": "median_ttft", "category": "ttft"}, "ms"),
        ({"metric": "p95_ttft", "category": "serving"}, "s"),
        ({"metric": "output_tokens_per_s", "category": "throughput"}, "tok/s"),
        ({"metric": "output_tokens_per_s_per_gpu", "category": "throughput"}, "tok/s/GPU"),
        ({"metric": "total_tokens_per_s", "category": "throughput"}, "tok/s"),
        ({"metric": "requests_per_s", "category": "serving"}, "req/s"),
        ({"metric": "tokens_per_s_per_user", "category": "decode_b1"}, "tok/s"),
        ({"metric": "e2e_latency", "category": "e2e"}, "s"),
        ({"metric": "prefill_time", "category": "prefill"}, "ms"),
        ({"metric": "prefill_tokens_per_s", "category": "prefill"}, "tok/s"),
        ({"metric": "kv_cache_tokens", "category": "memory"}, "tokens"),
        ({"metric": "kv_cache_memory", "category": "memory"}, "GiB"),
        ({"metric": "kv_bytes_per_token", "category": "memory"}, "KiB"),
        ({"metric": "weights_memory_per_gpu", "category": "memory"}, "GiB"),
        ({"metric": "checkpoint_bytes", "category": "memory", "hardware": "storage"}, "GB"),
        ({"metric": "max_concurrency", "category": "capacity"}, ""),
        ({"metric": "gpu_energy_per_output_token", "category": "energy"}, "J/token"),
        ({"metric": "mean_gpu_power", "category": "power"}, "W"),
        ({"metric": "ttft", "category": "something new"}, "s"),
    ],
)
def test_metrics_are_answered(tmp_path: Path, cells: dict[str, object], unit: str) -> None:
    found = predict(point(tmp_path, **cells, unit=unit))
    assert found.predicted is not None, found.refused_because
    assert found.predicted.low < found.predicted.value < found.predicted.high or "tokens" in unit


def test_open_rows_of_serving_are_answered_within_the_targets() -> None:
    scores = validate(OPEN)["scores"]
    for name, most in {"decode": 0.12, "decode_b1": 0.12, "e2e": 0.12, "prefill": 0.2, "throughput": 0.2}.items():
        assert scores[name]["num_refused"] == 0
        assert scores[name]["median"] <= most, name


def test_the_document_is_json_and_the_text_names_every_row() -> None:
    document, shown = validate(OPEN), text(outcomes_of(OPEN))
    assert json.loads(json.dumps(document))["rows"] == document["rows"]
    assert all(each["id"][:38] in shown for each in document["rows"])
    assert "inside" in shown


def test_rows_of_noise_never_stop_the_rest(tmp_path: Path) -> None:
    draw = random.Random(8)
    noise = [
        "",
        "-1",
        "0",
        "1e308",
        "nan",
        "x" * 3000,
        "H100",
        "fp8",
        "8",
        "decode",
        "grok-1",
        "🜁",
        "../../etc",
        "ttft",
        "1e-300",
    ]
    rows = [",".join(draw.choice(noise) for _ in COLUMNS.split(",")) for _ in range(60)]
    changed = [row(**{draw.choice(COLUMNS.split(",")): draw.choice(noise) for _ in range(3)}) for _ in range(120)]
    answers = validate(table(tmp_path, *rows, *changed, row(id="last")))["rows"]
    assert len(answers) == 181
    assert answers[-1]["predicted"] is not None
    assert all(each["predicted"] is not None or each["refused_because"] for each in answers)
