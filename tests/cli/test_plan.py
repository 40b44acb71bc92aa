"""`zaphod plan`, as a newcomer and as another program meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod

FILES = {"plan.html", "plan.json", "plan.md", "plan.csv"}


def test_a_deployment_is_planned_with_intervals_and_reasons(zaphod: Zaphod) -> None:
    outcome = zaphod("plan", "mixtral-8x7b", "--gpu", "h100", "--users", "500")
    assert outcome.code == 0, outcome.err
    assert "mixtral-8x7b, fp8, on" in outcome.out
    for told in ("between two tokens", "cost of an hour", "CO2 of an hour", "keys and values", " to "):
        assert told in outcome.out


def test_everything_is_written_into_one_folder(zaphod: Zaphod, tmp_path: Path) -> None:
    found = zaphod("plan", "grok-1", "--gpu", "h100", "--users", "2000", "--out", str(tmp_path), "--json").json
    assert {file.name for file in tmp_path.iterdir()} >= FILES
    assert {"deployment.yaml", "keda.yaml"} & {file.name for file in (tmp_path / "manifests").iterdir()}
    assert all(Path(file).exists() for file in found["files"])
    assert json.loads((tmp_path / "plan.json").read_text())["figures"] == found["figures"]


def test_every_figure_lies_in_its_interval(zaphod: Zaphod) -> None:
    figures = zaphod("plan", "llama-3.1-8b", "--gpu", "h100", "--json").json["figures"]
    assert len(figures) > 20
    assert all(one["low"] <= one["value"] <= one["high"] for one in figures.values())
    assert figures["itl_s"]["low"] < figures["itl_s"]["high"]


def test_more_users_take_more_devices(zaphod: Zaphod) -> None:
    few, many = (
        zaphod("plan", "mixtral-8x7b", "--gpu", "h100", "--users", users, "--json").json["figures"]["devices"]["value"]
        for users in ("100", "100000")
    )
    assert many > 10 * few


def test_a_training_is_planned(zaphod: Zaphod) -> None:
    outcome = zaphod("plan", "train", "grok-1", "--gpu", "h100", "--gpus", "512", "--tokens", "1e12")
    assert outcome.code == 0, outcome.err
    assert "grok-1 on 512 x" in outcome.out
    assert "days" in outcome.out


def test_measurements_are_held_against_predictions(zaphod: Zaphod, tmp_path: Path) -> None:
    header = "id,category,model,hardware,n_gpus,precision,tp,batch_or_concurrency,isl,osl"
    header += ",metric,measured_value,unit,framework"
    rows = [
        "a,decode,Llama-3.1-70B,H100-SXM-80GB,4,bf16,4,64,352,352,median_itl,22.43,ms,vLLM",
        "b,decode,Nobody,H100-SXM-80GB,4,bf16,4,64,352,352,median_itl,22.43,ms,vLLM",
    ]
    file = tmp_path / "measured.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    first, second = zaphod("plan", "validate", str(file), "--json").json["rows"]
    assert first["low"] < first["predicted"] < first["high"]
    assert (second["predicted"], second["id"]) == (None, "b")
    assert "Nobody" in second["refused_because"]


def test_devices_and_regions_are_listed_with_their_sources(zaphod: Zaphod) -> None:
    assert all(row["source"] and row["date"] for row in zaphod("plan", "devices", "--json").json)
    assert zaphod("plan", "regions", "--json").json["regions"]["fr"] < 100


def test_this_machine_is_measured_and_planned_for(zaphod: Zaphod) -> None:
    found = zaphod("plan", "here", "builtin", "--threads", "1", "--json").json["figures"]
    assert found["weights_bytes"]["value"] == pytest.approx(19.4e6, rel=0.05)
    assert 0 < found["decode_1_tokens_per_s"]["low"] < found["decode_4_tokens_per_s"]["high"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["grok-1", "--gpu", "h1000"], 2, "h100"),
        (["grok-7", "--gpu", "h100"], 2, "grok-1"),
        (["grok-1", "--gpu", "h100", "--users", "0"], 2, "users"),
        (["grok-1", "--gpu", "h100", "--prompt-tokens", "-5"], 2, "prompt"),
        (["grok-1", "--gpu", "h100", "--prompt-tokens", "9000"], 2, "8192"),
        (["grok-1", "--gpu", "h100", "--gpus", "1"], 6, "GB"),
        (["grok-1", "--gpu", "h100", "--gpus", "7"], 2, "7 devices"),
        (["grok-1", "--gpu", "h100", "--region", "atlantis"], 2, "atlantis"),
        (["grok-1", "--gpu", "h100", "--precision", "int3"], 2, "int3"),
        (["grok-1", "--gpu", "h100", "--price", "-1"], 2, "price"),
        (["grok-1", "--gpu", "h100", "--itl", "0.0001"], 6, "Allow more time"),
        (["train", "grok-1", "--gpu", "h100", "--tokens", "-1"], 2, "tokens"),
        (["train", "grok-1", "--gpu", "h100", "--gpus", "8", "--tokens", "1e12"], 6, "GB"),
        (["here", "grok-1"], 6, "free"),
        (["here", "builtin", "--precision", "int3"], 2, "int3"),
        (["validate", "/nowhere.csv"], 2, "nowhere"),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value),
)
def test_a_mistake_says_what_to_change(zaphod: Zaphod, arguments: list[str], code: int, told: str) -> None:
    outcome = zaphod("plan", *arguments)
    assert outcome.code == code, outcome.err
    assert told in outcome.err


def test_a_config_that_lacks_a_key_names_it(zaphod: Zaphod, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", "hidden_size": 4096}))
    outcome = zaphod("plan", str(tmp_path / "config.json"), "--gpu", "h100")
    assert outcome.code == 2
    assert "num_hidden_layers" in outcome.err
