import json
from pathlib import Path

import pytest
from tests.cli.conftest import TINY_RUN, Zaphod

CONFIG = f"""{TINY_RUN}[run]
num_steps = 2
threads = 1
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("corpus").mkdir()
    Path("corpus/a.txt").write_text("Two heads are better than one. " * 40)
    Path("run.toml").write_text(CONFIG)
    return "run.toml"


@pytest.fixture
def run(zaphod: Zaphod, settings: str) -> str:
    assert zaphod("train", settings, "--out", "run").code == 0
    return "run"


def test_a_checkpoint_becomes_a_model_and_every_tensor_is_told(zaphod: Zaphod, run: str) -> None:
    outcome = zaphod("consolidate", run, "--out", "joined")
    assert "layers.0.moe.experts.gate  4 x 16 x 16  1 piece -> bfloat16, 2048 bytes" in outcome.out
    assert "tensors of step-00000002" in outcome.out
    assert zaphod("show", "joined").code == 0


def test_the_ledger_can_be_had_as_json(zaphod: Zaphod, run: str) -> None:
    tensors = zaphod("consolidate", run, "--out", "joined", "--weights", "float32", "--json").json["tensors"]
    assert {"embedding.weight", "norm.weight"} < {tensor["name"] for tensor in tensors}
    assert {tensor["written_format"] for tensor in tensors} == {"float32"}


def test_two_processes_train_what_one_would_and_their_pieces_are_joined(
    zaphod: Zaphod, zaphod_process: Zaphod, run: str, settings: str
) -> None:
    Path("dealt.toml").write_text(CONFIG + "[parallel]\nexpert_ranks = 2\n")
    together = zaphod_process("train", "dealt.toml", "--out", "together", "--processes", "2", "--json")
    assert together.code == 0, together.err
    assert together.json["steps"] == 2
    assert "2 pieces" in zaphod("consolidate", "together", "--out", "joined").out
    losses = [
        [json.loads(line)["loss"] for line in Path(folder, "log.jsonl").read_text().splitlines()]
        for folder in (run, "together")
    ]
    assert losses[0] == pytest.approx(losses[1], abs=5e-3)


def test_what_is_no_run_is_refused(zaphod: Zaphod, tmp_path: Path) -> None:
    assert zaphod("consolidate", str(tmp_path), "--out", "joined").code == 2
    (tmp_path / "run.json").write_text('{"settings": {}}')
    outcome = zaphod("consolidate", str(tmp_path), "--out", "joined")
    assert outcome.code == 2
    assert "has no checkpoint" in outcome.err
