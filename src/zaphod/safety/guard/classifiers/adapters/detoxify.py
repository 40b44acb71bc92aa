"""Toxicity by a Detoxify model in Transformers form, such as unitary/toxic-bert; knows its labels, not its weights.

The labels are those of the three Jigsaw challenges. The later models also have labels for *mentions* of groups
(`muslim`, `female`, ...): naming a group is no harm, so these are never hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.classifiers.adapters.local_model import SequenceModel
from zaphod.safety.guard.classifiers.reading import readings_of
from zaphod.safety.guard.finder import View
from zaphod.safety.guard.verdict import Hit, Stage

LABELS = {
    "toxic": "toxicity",
    "toxicity": "toxicity",
    "severe_toxic": "severe_toxicity",
    "severe_toxicity": "severe_toxicity",
    "obscene": "obscene",
    "threat": "threat",
    "insult": "insult",
    "identity_hate": "identity_attack",
    "identity_attack": "identity_attack",
    "sexual_explicit": "sexual_explicit",
}


class DetoxifyFinder:
    """A `Finder`.

    Args:
        folder: a Transformers folder with one of those models.
        threshold: the probability from which on a label is a hit.
    """

    name = "classifier.detoxify"

    def __init__(self, folder: Path, threshold: float = 0.5) -> None:
        self._model = SequenceModel(folder, is_multi_label=True)
        self._threshold = threshold
        self._labels = [LABELS.get(label) for label in self._model.labels]
        if not any(self._labels):
            raise ConfigError(
                f"The model in {folder} has the labels {', '.join(self._model.labels)}.",
                f"A Detoxify model has some of {', '.join(sorted(LABELS))}.",
                "If they are only missing their names, write them into id2label of its config.json.",
            )

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        """Windows of each reading, with each label that is at or above the threshold."""
        for view in readings_of(views):
            for window in self._model.windows(view.text):
                for label, probability in zip(self._labels, window.probabilities, strict=True):
                    if label is not None and probability >= self._threshold:
                        start, end = view.raw_span(window.start, window.end)
                        yield Hit(
                            rule=f"toxicity.detoxify.{label}",
                            title=f"{label.replace('_', ' ')}, by Detoxify",
                            start=start,
                            end=end,
                            score=probability,
                            views=view.chain,
                        )
