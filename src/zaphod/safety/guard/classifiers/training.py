"""From examples to a model: rows of n-grams, the fit, calibration on held-out wordings; knows no file.

What a model is calibrated on, it has not seen: the training examples are cut into folds of whole wordings, each fold is
scored by a model of the others, and the validation examples by the final one.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from zaphod.core.progress import SILENT, Progress
from zaphod.safety.guard.classifiers.arithmetic import Floats, total
from zaphod.safety.guard.classifiers.calibration import fit_platt
from zaphod.safety.guard.classifiers.examples import Example, Task, data_digest, examples_of
from zaphod.safety.guard.classifiers.logistic import LogisticOptions, SparseRows, fit_logistic
from zaphod.safety.guard.classifiers.model_file import NgramModel
from zaphod.safety.guard.classifiers.ngrams import TABLE_SIZE, code_points, hashed_ngrams
from zaphod.safety.guard.classifiers.reading import reading
from zaphod.safety.guard.classifiers.scoring import norms, padded, score_sentences

NUM_FOLDS = 5
MODEL_VERSION = 1
GROUP_SHARES = {True: 0.25, False: 0.5}
"""Of each label's weight, what examples that name a group of people have."""


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How a model is trained."""

    logistic: LogisticOptions = field(default_factory=LogisticOptions)
    max_false_positive_rate: float = 0.02
    """Of harmless held-out examples at the threshold, families weighing as in training."""


OPTIONS: dict[Task, TrainingOptions] = {
    # Many of its harmless families are there to look toxic; without a few of those, little of the rest is found.
    "toxicity": TrainingOptions(max_false_positive_rate=0.05),
    # Retrieved pages are long: what is said of one sentence in a hundred is said of every page.
    "injection": TrainingOptions(max_false_positive_rate=0.01),
}


@dataclass(frozen=True, kw_only=True)
class Linear:
    """Weights of all places of the table, what to multiply them with, and the intercept."""

    weights: npt.NDArray[Any]
    intercept: float
    scale: float = 1.0

    def scores(self, texts: Sequence[str]) -> Floats:
        """Of each text, as it is read: that of its worst sentence."""
        return np.array([score_sentences(text, self.weights, self.scale, self.intercept)[1].max() for text in texts])


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Examples, as the model reads them."""

    examples: Sequence[Example]
    texts: Sequence[str]
    places: Sequence[npt.NDArray[np.uint32]]

    def part(self, chosen: npt.NDArray[np.bool_]) -> Prepared:
        """Some of them."""
        numbers = np.flatnonzero(chosen).tolist()
        return Prepared(
            examples=[self.examples[n] for n in numbers],
            texts=[self.texts[n] for n in numbers],
            places=[self.places[n] for n in numbers],
        )

    @property
    def is_harmful(self) -> npt.NDArray[np.bool_]:
        """Of each."""
        return np.array([example.is_harmful for example in self.examples], bool)


def prepare(examples: Sequence[Example]) -> Prepared:
    """Read every text once."""
    texts = [reading(example.text) for example in examples]
    places = [np.unique(np.concatenate(hashed_ngrams(code_points(padded(text))))) for text in texts]
    return Prepared(examples=examples, texts=texts, places=places)


def fit(prepared: Prepared, options: TrainingOptions) -> Linear:
    """The weights that tell these examples apart."""
    counts = np.array([len(places) for places in prepared.places])
    used, features_E = np.unique(np.concatenate(list(prepared.places)), return_inverse=True)
    rows = SparseRows(
        rows_E=np.repeat(np.arange(len(counts)), counts),
        features_E=features_E,
        values_E=np.repeat(1.0 / norms(counts), counts),
        num_rows=len(counts),
        num_features=len(used),
    )
    found_F, intercept = fit_logistic(rows, prepared.is_harmful, row_weights(prepared.examples), options.logistic)
    weights = np.zeros(TABLE_SIZE)
    weights[used] = found_F
    return Linear(weights=weights, intercept=intercept)


def row_weights(examples: Sequence[Example]) -> Floats:
    """Both labels weigh the same; inside a label a family of a language weighs as the square root of its size.

    Where both labels speak of groups of people, their shares of the labels are fixed: otherwise most of what names a
    group would be hateful, and the name itself would become a sign of it.
    """
    cells = Counter(_cell(example) for example in examples)
    weights = np.array([cells[_cell(example)] ** -0.5 for example in examples])
    is_harmful = np.array([example.is_harmful for example in examples], bool)
    names_group = np.array([bool(example.group) for example in examples], bool)
    has_both = bool((names_group & is_harmful).any() and (names_group & ~is_harmful).any())
    for label, share in GROUP_SHARES.items():
        mine = is_harmful == label
        if has_both and not names_group[mine].all():
            for part, wanted in ((mine & names_group, share), (mine & ~names_group, 1.0 - share)):
                weights[part] *= wanted / total(weights[part])
        weights[mine] /= total(weights[mine])
    return weights


def _cell(example: Example) -> tuple[bool, str, str]:
    return example.is_harmful, example.language, example.family


def fold_of(example: Example) -> int:
    """All texts of a wording are in one fold."""
    return hashlib.sha256(example.wording.encode()).digest()[0] % NUM_FOLDS


def out_of_fold_scores(prepared: Prepared, options: TrainingOptions, progress: Progress = SILENT) -> Floats:
    """Of each example, by a model that has not seen its wording."""
    folds = np.array([fold_of(example) for example in prepared.examples])
    scores = np.zeros(len(folds))
    with progress.step("folds", NUM_FOLDS, "folds") as advance:
        for fold in range(NUM_FOLDS):
            mine = folds == fold
            scores[mine] = fit(prepared.part(~mine), options).scores(prepared.part(mine).texts)
            advance(1)
    return scores


def train(task: Task, options: TrainingOptions | None = None, progress: Progress = SILENT) -> NgramModel:
    """The model of a task. The same program makes the same bits."""
    options = options or OPTIONS[task]
    training, validation = prepare(examples_of(task, "train")), prepare(examples_of(task, "validation"))
    linear = fit(training, options)
    weights, scale = quantised(linear.weights)
    shipped = Linear(weights=weights, scale=scale, intercept=linear.intercept)
    scores = np.append(out_of_fold_scores(training, options, progress), shipped.scores(validation.texts))
    is_harmful = np.append(training.is_harmful, validation.is_harmful)
    weights_R = row_weights([*training.examples, *validation.examples])
    platt = fit_platt(scores, is_harmful, weights_R)
    return NgramModel(
        task=task,
        version=MODEL_VERSION,
        weights=weights,
        scale=scale,
        intercept=linear.intercept,
        slope=platt.slope,
        shift=platt.shift,
        threshold=threshold(
            platt.probabilities(scores[~is_harmful]), weights_R[~is_harmful], options.max_false_positive_rate
        ),
        data_digest=data_digest(task),
    )


def threshold(harmless_probabilities: Floats, weights: Floats, max_false_positive_rate: float) -> float:
    """The least probability that no more than this share of harmless texts reach; two decimals, at least one half."""
    order = np.argsort(-harmless_probabilities, kind="stable")
    shares = np.cumsum(weights[order]) / total(weights)
    first_allowed = harmless_probabilities[order][int(np.searchsorted(shares, max_false_positive_rate))]
    return min(max(0.5, math.ceil(float(first_allowed) * 100) / 100), 0.99)


def quantised(weights: Floats) -> tuple[npt.NDArray[np.int8], float]:
    """As int8, and what to multiply with. The few largest weights are cut, so that the others keep more of theirs."""
    limit = float(np.sort(np.abs(weights))[-(len(weights) // 20000 + 1)])
    scale = limit / 127
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8), scale
