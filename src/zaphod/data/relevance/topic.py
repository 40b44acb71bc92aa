"""A topic: a question in words, sharpened and calibrated by labelled examples; knows no pipeline.

The score of a text is the cosine between its embedding and the topic's direction, along which relevant examples differ
most from the others for how much either kind varies (Fisher's discriminant, 1936, with a shrunk covariance); the words
of the question count as some relevant examples. Scores become probabilities by a curve that is learnt from scores of
examples which the direction had not seen (cross-fitting), so that the probabilities hold for new texts.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.data.relevance.calibration import Calibration, Floats, Method, Quality, calibrate, quality
from zaphod.data.relevance.embedding import Embedder, LatentSemantics, SentenceTransformer

_NUM_FOLDS = 5
_QUERY_EXAMPLES = 4
"""How many relevant examples the question stands for."""
_FORMAT = "zaphod-topic-1"


@dataclass(frozen=True, kw_only=True)
class Example:
    """A text, and whether it is about the topic."""

    text: str
    is_relevant: bool


@dataclass(frozen=True, kw_only=True)
class Topic:
    """What tells relevant texts from others."""

    embedder: Embedder
    direction_D: npt.NDArray[np.float32]
    calibration: Calibration
    quality: Quality
    """By cross-validation on the labelled examples: each is judged by a topic that has not seen it."""

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """How likely each text is about the topic, where the share of relevant texts is that of the examples."""
        return self.calibration(self.embedder.embed(texts) @ self.direction_D)


def learn_topic(
    query: str, examples: Sequence[Example], embedder: Embedder, *, method: Method = "platt", seed: int = 0
) -> Topic:
    """Learn direction and curve.

    Raises:
        ConfigError: there are fewer than ten examples of either kind.
    """
    labels_N = np.array([example.is_relevant for example in examples], bool)
    if min(labels_N.sum(), (~labels_N).sum()) < 2 * _NUM_FOLDS:
        raise ConfigError(
            f"Of {len(labels_N)} labelled examples {int(labels_N.sum())} are relevant.",
            f"A topic needs {2 * _NUM_FOLDS} of either kind at least.",
            "Label more examples.",
        )
    vectors_ND = embedder.embed([example.text for example in examples])
    query_D = embedder.embed([query])[0]
    folds_N = _folds(labels_N, seed)
    scores_N = _cross_fitted_scores(query_D, vectors_ND, labels_N, folds_N)
    held_out_N = np.empty(len(labels_N))
    for fold in range(_NUM_FOLDS):
        rest = folds_N != fold
        held_out_N[~rest] = calibrate(scores_N[rest], labels_N[rest], method)(scores_N[~rest])
    return Topic(
        embedder=embedder,
        direction_D=_direction(query_D, vectors_ND, labels_N),
        calibration=calibrate(scores_N, labels_N, method),
        quality=quality(held_out_N, labels_N),
    )


def save_topic(topic: Topic, file: Path) -> None:
    """Write a topic whose embedder is the corpus' own, or, of another one, its folder's name."""
    arrays: dict[str, Any] = {
        "format": np.array(_FORMAT),
        "direction_D": topic.direction_D,
        "scores": topic.calibration.scores,
        "probabilities": topic.calibration.probabilities,
        "quality": np.array(topic.quality, np.float64),
    }
    if isinstance(topic.embedder, LatentSemantics):
        arrays |= {"rarity_V": topic.embedder.rarity_V, "directions_VD": topic.embedder.directions_VD}
    unfinished = file.with_name(file.name + ".partial")
    with unfinished.open("wb") as opened:
        np.savez(opened, **arrays)
    unfinished.replace(file)


def load_topic(file: Path, embedder_folder: Path | None = None) -> Topic:
    """Read a topic.

    Args:
        file: what `save_topic` wrote.
        embedder_folder: the sentence-transformers model that it was learnt with, if it was.

    Raises:
        ConfigError: there is no such file, or the embedder is missing.
        CorruptFileError: it is damaged.
    """
    if not file.is_file():
        raise ConfigError(f"{file} is no file.", "A topic is a file.", "Learn one: zaphod data topic QUERY …")
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            return _topic({name: arrays[name] for name in arrays.files}, embedder_folder)
    except (OSError, EOFError, KeyError, ValueError, TypeError, SyntaxError, zipfile.BadZipFile) as error:
        raise CorruptFileError(f"{file} is no topic: {error}.", "It is a file of arrays.", "Learn it again.") from error


def _topic(arrays: dict[str, npt.NDArray[Any]], embedder_folder: Path | None) -> Topic:
    if str(arrays["format"]) != _FORMAT:
        raise ValueError(f"its form is {arrays['format']}")
    if embedder_folder is not None:
        embedder: Embedder = SentenceTransformer(embedder_folder)
    elif "rarity_V" in arrays:
        embedder = LatentSemantics(arrays["rarity_V"], arrays["directions_VD"])
        if arrays["directions_VD"].shape != (*arrays["rarity_V"].shape, *arrays["direction_D"].shape):
            raise ValueError("its shapes do not fit together")
    else:
        raise ConfigError(
            "The topic was learnt with a sentence-transformers model.",
            "The same model is needed to use it.",
            "Name its folder as `embedder`.",
        )
    scores, probabilities = arrays["scores"], arrays["probabilities"]
    if scores.shape != probabilities.shape or not len(scores) or not np.isfinite([scores, probabilities]).all():
        raise ValueError("its curve is no curve")
    area = list(map(float, arrays["quality"]))
    return Topic(
        embedder=embedder,
        direction_D=arrays["direction_D"],
        calibration=Calibration(scores=scores, probabilities=probabilities),
        quality=Quality(int(area[0]), int(area[1]), *area[2:]),
    )


def _folds(labels_N: npt.NDArray[np.bool_], seed: int) -> npt.NDArray[np.int64]:
    """A fold for each example; every fold has its share of both kinds."""
    folds_N = np.empty(len(labels_N), np.int64)
    rng = np.random.default_rng(seed)
    for kind in (True, False):
        rows = rng.permutation(np.flatnonzero(labels_N == kind))
        folds_N[rows] = np.arange(len(rows)) % _NUM_FOLDS
    return folds_N


def _cross_fitted_scores(
    query_D: npt.NDArray[np.float32],
    vectors_ND: npt.NDArray[np.float32],
    labels_N: npt.NDArray[np.bool_],
    folds_N: npt.NDArray[np.int64],
) -> Floats:
    scores_N = np.empty(len(labels_N))
    for fold in range(_NUM_FOLDS):
        rest = folds_N != fold
        scores_N[~rest] = vectors_ND[~rest] @ _direction(query_D, vectors_ND[rest], labels_N[rest])
    return scores_N


def _direction(
    query_D: npt.NDArray[np.float32], vectors_ND: npt.NDArray[np.float32], labels_N: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """Fisher's, shrunk towards the plain difference of means; more so where there are few examples."""
    num_examples, num_dimensions = vectors_ND.shape
    relevant_D = (vectors_ND[labels_N].sum(0) + _QUERY_EXAMPLES * query_D) / (labels_N.sum() + _QUERY_EXAMPLES)
    difference_D = (relevant_D - vectors_ND[~labels_N].mean(0)).astype(np.float64)
    centred_ND = (vectors_ND - vectors_ND.mean(0)).astype(np.float64)
    covariance_DD = centred_ND.T @ centred_ND / num_examples
    mean_variance = max(float(np.trace(covariance_DD)) / num_dimensions, 1e-12)
    shrinkage = 1 + num_dimensions / num_examples
    shrunk_DD = covariance_DD + shrinkage * mean_variance * np.eye(num_dimensions)
    direction_D = np.linalg.solve(shrunk_DD, difference_D)
    result: npt.NDArray[np.float32] = (direction_D / max(float(np.linalg.norm(direction_D)), 1e-9)).astype(np.float32)
    return result
