import json
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.support.tiny import write_tiny


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "model", num_layers=2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "train.jsonl"
    messages = [{"role": "user", "content": "ab"}, {"role": "assistant", "content": "xyz"}]
    file.write_text(json.dumps({"messages": messages}))
    return file


def adapt(zaphod: Zaphod, model: Path, data: Path, out: Path, *more: str) -> object:
    flags = ("--dtype", "float32", "--lr", "0.02", "--rank", "4", "--seed", "1")
    return zaphod("adapt", str(model), "--data", str(data), "--out", str(out), *flags, *more)


def test_complaint_14_what_adapt_learns_the_engine_serves_unmerged(
    zaphod: Zaphod, model: Path, data: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    outcome = adapt(zaphod, model, data, run, "--method", "qlora", "--steps", "40")
    assert outcome.code == 0, outcome.err  # type: ignore[attr-defined]
    assert "experts" in outcome.out  # type: ignore[attr-defined]
    assert "router   freeze" in outcome.out  # type: ignore[attr-defined]
    for runner in ("torch", "native"):
        answer = zaphod("run", str(model), "ab", "--adapter", str(run / "adapter"), "--runner", runner, "--json").json
        assert answer["text"] == "xyz"
    assert zaphod("run", str(model), "ab", "--json", "-n", "5").json["text"] != "xyz"


def test_a_merged_model_answers_as_the_adapter_does(zaphod: Zaphod, model: Path, data: Path, tmp_path: Path) -> None:
    run, merged = tmp_path / "run", tmp_path / "merged"
    adapt(zaphod, model, data, run, "--dora", "--router", "train", "--steps", "40")
    done = zaphod("adapt", "merge", str(run), "--out", str(merged), "--json").json
    assert "layers.1.moe.router.weight" in done["changed"]
    assert zaphod("run", str(merged), "ab", "--json").json["text"] == "xyz"


def test_an_adapter_in_peft_files_is_merged_and_taken_out_again(
    zaphod: Zaphod, model: Path, data: Path, tmp_path: Path
) -> None:
    adapt(zaphod, model, data, tmp_path / "run", "--steps", "40")
    adapter, merged, back = (str(tmp_path / name) for name in ("run/adapter", "merged", "back"))
    assert zaphod("adapt", "merge", adapter, "--out", merged).code == 0
    assert zaphod("run", merged, "ab", "--json").json["text"] == "xyz"
    undone = zaphod("adapt", "merge", adapter, "--model", merged, "--undo", "--out", back)
    assert "two roundings" in undone.out
    assert zaphod("run", back, "ab", "--json").json["text"] == zaphod("run", str(model), "ab", "--json").json["text"]


def test_results_can_be_had_as_json(zaphod: Zaphod, model: Path, data: Path, tmp_path: Path) -> None:
    result = adapt(zaphod, model, data, tmp_path / "run", "--steps", "2", "--json", "--held-out", str(data)).json  # type: ignore[attr-defined]
    assert result["num_steps"] == 2
    assert result["coverage"]["expert_share"] == 1
    assert result["held_out_after"]["loss"] < result["held_out_before"]["loss"]


def test_a_target_that_meets_nothing_ends_the_run(zaphod: Zaphod, model: Path, data: Path, tmp_path: Path) -> None:
    outcome = adapt(zaphod, model, data, tmp_path / "run", "--targets", "q_prj")
    assert outcome.code == 2  # type: ignore[attr-defined]
    assert "q_proj" in outcome.err  # type: ignore[attr-defined]


def test_a_folder_that_names_no_model_asks_for_one(zaphod: Zaphod, tmp_path: Path) -> None:
    outcome = zaphod("adapt", "merge", str(tmp_path), "--out", str(tmp_path / "merged"))
    assert outcome.code == 2
    assert "--model" in outcome.err


def test_help_has_an_example(zaphod: Zaphod) -> None:
    assert "zaphod adapt ./model --data train.jsonl" in zaphod("adapt", "--help").out
    assert "--method qlora" in zaphod("adapt", "train", "--help").out
