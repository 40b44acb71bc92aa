from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.support.adapters import random_adapter, write_peft
from tests.support.tiny import write_tiny
from tests.support.tiny_models import tiny_config

from zaphod.core.errors import CapacityError
from zaphod.launch import runners
from zaphod.model.files.names import OURS
from zaphod.model.files.weights import open_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits there."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)


def test_one_prompt_gets_one_answer(zaphod: Zaphod, model: str) -> None:
    outcome = zaphod("run", model, "hello", "--max-tokens", "5")
    assert outcome.code == 0
    assert outcome.out.endswith("\n")
    assert "(stopped after 5 tokens; --max-tokens allows more)" in outcome.err


def test_json_holds_the_answer_and_what_it_took(zaphod: Zaphod, model: str) -> None:
    report = zaphod("run", model, "hello", "--json", "-n", "5", "--stop", "never said").json
    assert report["finish_reason"] in ("length", "stop")
    assert 1 <= len(report["token_ids"]) <= 5
    assert isinstance(report["text"], str)
    assert report["prompt_tokens"] == len("hello") + 2
    assert set(report["timings"]) == {"load_s", "first_token_s", "total_s", "tokens_per_s"}


def test_a_seed_repeats_the_answer(zaphod: Zaphod, model: str) -> None:
    def answer(seed: str) -> list[int]:
        flags = ("--json", "-n", "12", "--temperature", "3", "--seed", seed)
        return list(zaphod("run", "-m", model, "hello", *flags).json["token_ids"])

    assert answer("7") == answer("7") != answer("8")


def test_a_prompt_comes_through_a_pipe(zaphod: Zaphod, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\n"))
    assert zaphod("run", model, "--json", "-n", "1").json["prompt_tokens"] == len("hello") + 2


def test_an_empty_pipe_is_no_prompt(zaphod: Zaphod, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert "There is no prompt." in zaphod("run", model).err


def test_without_a_template_the_text_is_continued(zaphod: Zaphod, tmp_path: Path) -> None:
    model = str(write_tiny(tmp_path / "model", has_template=False))
    assert zaphod("run", model, "hello", "--json", "-n", "1").json["prompt_tokens"] == len("hello")


def test_two_models_are_refused(zaphod: Zaphod, model: str) -> None:
    assert "Two models are named" in zaphod("run", model, "hello", "--model", model).err


def test_a_preset_cannot_answer(zaphod: Zaphod) -> None:
    outcome = zaphod("run", "grok-1", "hello")
    assert outcome.code == 2
    assert "grok-1 names a preset, which is a shape without weights." in outcome.err


def test_a_misspelt_folder_is_not_taken_for_a_prompt(zaphod: Zaphod) -> None:
    assert "There is no model './grok-1-in4'." in zaphod("run", "./grok-1-in4").err


def test_a_prompt_longer_than_the_context_is_an_impossible_request(zaphod: Zaphod, model: str) -> None:
    outcome = zaphod("run", model, "hello", "-c", "4")
    assert outcome.code == 5
    assert "The prompt has 7 tokens." in outcome.err


def test_a_sampling_flag_out_of_range_is_refused(zaphod: Zaphod, model: str) -> None:
    outcome = zaphod("run", model, "hello", "--top-p", "2")
    assert outcome.code == 5
    assert "top_p is 2.0." in outcome.err


def test_what_does_not_fit_says_what_would(zaphod: Zaphod, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "weight_bytes", lambda config, dtype: 632e9)
    outcome = zaphod("run", model, "hello", "--runner", "torch")
    assert outcome.code == CapacityError.exit_code
    assert "The weights take 632.0 GB in bfloat16" in outcome.err
    assert "move to a machine with 695.2 GB" in outcome.err


def test_an_adapter_answers(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    with open_model(Path(model)) as weights:
        config = weights.config
    folder = write_peft(tmp_path / "adapter", random_adapter(config), OURS)

    def answer(*flags: str) -> list[int]:
        return list(zaphod("run", model, "hello", "--json", "-n", "12", *flags).json["token_ids"])

    assert answer("--adapter", str(folder)) != answer()
    assert answer("--adapter", str(folder)) == answer("--adapter", str(folder), "--runner", "torch")


def test_an_adapter_of_another_model_is_refused(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    folder = write_peft(tmp_path / "adapter", random_adapter(tiny_config("mixtral")), OURS)
    outcome = zaphod("run", model, "hello", "--adapter", str(folder))
    assert outcome.code != 0
    assert "made for this model" in outcome.err
