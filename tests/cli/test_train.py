from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod

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
