from pathlib import Path

import pytest
from tests.cli.conftest import TINY_RUN, Zaphod

from zaphod.cli import train
from zaphod.core.progress import Progress
from zaphod.training.evaluation import Accuracy, Interval


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, Path, int]]:
    """What the recipe was asked for; nothing is trained."""
    calls: list[tuple[float, Path, int]] = []

    def train_builtin(minutes: float, folder: Path, seed: int, progress: Progress) -> list[Accuracy]:
        calls.append((minutes, folder, seed))
        return [Accuracy("arithmetic", "wordings", 9, 10, Interval(0.596, 0.982), ())]

    monkeypatch.setattr(train, "train_builtin", train_builtin)
    return calls


def test_the_built_in_model_is_trained_as_asked(zaphod: Zaphod, asked: list[tuple[float, Path, int]]) -> None:
    outcome = zaphod("train", "builtin", "--minutes", "3", "--out", "made", "--seed", "7")
    assert asked == [(3.0, Path("made"), 7)]
    assert "90.0%" in outcome.out
    assert "59.6% to 98.2%" in outcome.out


def test_results_can_be_had_as_json(zaphod: Zaphod, asked: list[tuple[float, Path, int]]) -> None:
    result = zaphod("train", "builtin", "-o", "made", "--json").json["results"][0]
    assert result == {
        "task": "arithmetic",
        "split": "wordings",
        "num_correct": 9,
        "num_examples": 10,
        "interval": [0.596, 0.982],
    }


def test_an_unknown_recipe_is_refused(zaphod: Zaphod, asked: list[tuple[float, Path, int]]) -> None:
    assert zaphod("train", "grok-5", "-o", "made").code == 2
    assert asked == []


CONFIG = f"""{TINY_RUN}validation_share = 0.2
[run]
num_steps = 4
[logging]
every_steps = 2
measures_peak = false
"""


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of settings, of six documents; the present folder."""
    (tmp_path / "corpus").mkdir()
    for number in range(6):
        (tmp_path / "corpus" / f"{number}.txt").write_text(f"document number {number} " * 9)
    (tmp_path / "run.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_of_settings_becomes_a_model_that_answers(zaphod: Zaphod, corpus: Path) -> None:
    outcome = zaphod("train", "run.toml", "--out", "made")
    assert outcome.code == 0, outcome.err
    assert "balance    aux 0.03" in outcome.out
    assert "step 4  loss" in outcome.out
    assert "MaxVio" in outcome.out
    assert zaphod("show", "made/model", "--json").json["config"]["num_layers"] == 1


def test_a_finished_run_is_told_again_as_json(zaphod: Zaphod, corpus: Path) -> None:
    zaphod("train", "run.toml", "--out", "made")
    told = zaphod("train", "run.toml", "--out", "made", "--json").json
    assert (told["steps"], told["skipped"], told["validation"]["step"]) == (4, 0, 4)


def test_a_run_with_other_settings_is_not_gone_on_with(zaphod: Zaphod, corpus: Path) -> None:
    zaphod("train", "run.toml", "--out", "made")
    (corpus / "run.toml").write_text(CONFIG + "[balance]\nweight = 0.5\n")
    outcome = zaphod("train", "run.toml", "--out", "made")
    assert outcome.code == 2
    assert "balance.weight differ" in outcome.err


def test_flags_of_the_recipe_are_refused_for_a_file(zaphod: Zaphod, corpus: Path) -> None:
    assert zaphod("train", "run.toml", "--out", "made", "--minutes", "3").code == 2
