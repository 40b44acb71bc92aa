"""Finds toxic sentences and injected instructions with a small model; knows no policy. Read this file first.

    text -> canonical view -> sentences -> sum of n-gram weights -> probability -> hits

Each reading of a text is scored: the raw one, and whatever was decoded from it. A hit is a sentence, in characters of
the raw text, with the probability that it is harmful. That probability was calibrated on as many harmful as harmless
sentences; where most texts are harmless, fewer of the hits are right than it says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.classifiers.examples import TASKS, Task
from zaphod.safety.guard.classifiers.model_file import NgramModel, read_model
from zaphod.safety.guard.classifiers.reading import readings_of
from zaphod.safety.guard.classifiers.scoring import Scores, Spans, score_sentences
from zaphod.safety.guard.finder import View
from zaphod.safety.guard.verdict import Hit, Stage
from zaphod.safety.guard.views import canonical

MODELS = Path(__file__).parent / "models"
TITLES = {
    "toxicity": "toxic language, by a model",
    "injection": "an attempt to give the assistant other instructions, by a model",
}


class NgramClassifier:
    """A `Finder`. Thread-safe; keeps nothing of what it has seen.

    Args:
        model: what it scores with.
        threshold: the probability from which on a sentence is a hit; the model's own by default.
    """

    def __init__(self, model: NgramModel, threshold: float | None = None) -> None:
        self.model = model
        self.threshold = model.threshold if threshold is None else threshold
        if not 0.0 < self.threshold < 1.0:
            raise ConfigError(f"threshold is {self.threshold}.", "It must be between 0 and 1.", "Leave it out.")
        self.name = f"classifier.{model.task}"
        self.rule = f"{model.task}.model"
        logit = math.log(self.threshold / (1.0 - self.threshold))
        self._least_score = (logit - model.shift) / model.slope

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        """Sentences at or above the threshold, of every reading."""
        seen: set[str] = set()
        for view in readings_of(views):
            form = canonical(view.text)
            if form.text not in seen:
                seen.add(form.text)
                yield from self._hits(view, form)

    def probability(self, text: str) -> float:
        """That of its worst sentence; 0 for a text without characters."""
        scores = self._scores(canonical(text).text)[1]
        return self._probability(float(scores.max())) if len(scores) else 0.0

    def _hits(self, view: View, form: View) -> Iterator[Hit]:
        spans, scores = self._scores(form.text)
        for number in np.flatnonzero(scores >= self._least_score).tolist():
            start, end = _trimmed(form.text, *spans[number].tolist())
            start, end = view.raw_span(*form.raw_span(start, end))
            yield Hit(
                rule=self.rule,
                title=TITLES.get(self.model.task, self.model.task),
                start=start,
                end=end,
                score=self._probability(float(scores[number])),
                views=(*view.chain, *form.chain),
            )

    def _scores(self, text: str) -> tuple[Spans, Scores]:
        return score_sentences(text, self.model.weights, self.model.scale, self.model.intercept)

    def _probability(self, score: float) -> float:
        logit = self.model.slope * score + self.model.shift
        return 1.0 / (1.0 + math.exp(-logit)) if logit > -700.0 else 0.0


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The interval without blanks at its ends."""
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def model_path(task: Task) -> Path:
    """Where the model that comes with the package lies."""
    return MODELS / f"{task}.safetensors"


@cache
def load_classifier(task: Task) -> NgramClassifier:
    """The classifier that comes with the package, read once.

    Raises:
        ConfigError: there is none of that name.
        CorruptFileError: its file was changed.
    """
    if task not in TASKS:
        raise ConfigError(f"There is no classifier {task!r}.", f"There are {', '.join(TASKS)}.", "Correct the name.")
    return NgramClassifier(read_model(model_path(task)))
