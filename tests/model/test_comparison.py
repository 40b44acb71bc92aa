from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tests.support.tiny import write_tiny

from zaphod.core.errors import MissingTensorError
from zaphod.core.progress import SILENT
from zaphod.model.comparison import Difference, compare_weights, total
from zaphod.model.weights import open_model


def test_a_model_does_not_differ_from_itself(tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "model")
    with open_model(path) as one, open_model(path) as other:
        differences = dict(compare_weights(one, other, SILENT))
    assert list(differences) == one.names()
    assert total(differences.values()).noise == 0
    assert total(differences.values()).snr_db == math.inf


def test_differences_are_those_of_numpy(tmp_path: Path) -> None:
    with open_model(write_tiny(tmp_path / "a")) as one, open_model(write_tiny(tmp_path / "b", seed=1)) as other:
        difference = dict(compare_weights(one, other, SILENT))["embedding.weight"]
        ours, theirs = (next(weights.pieces("embedding.weight")).decode() for weights in (one, other))
    expected = np.linalg.norm(theirs - ours) / np.linalg.norm(ours)
    assert difference.relative_rms == pytest.approx(expected, rel=1e-5)
    assert difference.snr_db == pytest.approx(-20 * math.log10(expected), rel=1e-5)
    assert difference.max_abs == pytest.approx(np.abs(theirs - ours).max(), rel=1e-6)
    assert difference.num_values == ours.size


def test_samples_join_by_their_sums() -> None:
    joined = Difference(2, 8.0, 1.0, 0.5) + Difference(3, 8.0, 3.0, 0.25)
    assert joined == Difference(5, 16.0, 4.0, 0.5)
    assert joined.relative_rms == 0.5


def test_different_models_are_not_compared(tmp_path: Path) -> None:
    with (
        open_model(write_tiny(tmp_path / "a")) as one,
        open_model(write_tiny(tmp_path / "b", num_layers=2)) as other,
        pytest.raises(MissingTensorError, match="different parameters"),
    ):
        list(compare_weights(one, other, SILENT))
