"""Injections and jailbreaks by a Prompt Guard model of Meta; knows its labels, not its weights.

Version 1 says BENIGN, INJECTION or JAILBREAK; version 2 says LABEL_0 (benign) or LABEL_1 (malicious). Both read 512
tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.classifiers.adapters.local_model import SequenceModel
from zaphod.safety.guard.classifiers.reading import readings_of
from zaphod.safety.guard.finder import View
from zaphod.safety.guard.verdict import Hit, Stage

KINDS = {
    "INJECTION": "injection",
    "JAILBREAK": "jailbreak",
    "MALICIOUS": "malicious",
    "LABEL_1": "malicious",
}
BENIGN = frozenset({"BENIGN", "LABEL_0"})


class PromptGuardFinder:
    """A `Finder`.

    Args:
        folder: a Transformers folder with Prompt Guard 1 or 2.
        threshold: the probability from which on a label is a hit.
    """

    name = "classifier.prompt_guard"

    def __init__(self, folder: Path, threshold: float = 0.5) -> None:
        self._model = SequenceModel(folder, is_multi_label=False)
        self._threshold = threshold
        labels = [label.upper() for label in self._model.labels]
        self._kinds = [KINDS.get(label) for label in labels]
        if not BENIGN & set(labels) or len(labels) - self._kinds.count(None) != len(labels) - 1:
            raise ConfigError(
                f"The model in {folder} has the labels {', '.join(self._model.labels)}.",
                "Prompt Guard has BENIGN, INJECTION, JAILBREAK (version 1) or LABEL_0, LABEL_1 (version 2).",
                "Name the folder of a Prompt Guard model.",
            )

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        """Windows of each reading, with each label that is at or above the threshold.

        Version 1 says INJECTION of whatever would be an instruction in a third party's text. What people say to the
        assistant is full of instructions, so at the input stage that label is no hit; its model card asks for the same.
        """
        for view in readings_of(views):
            for window in self._model.windows(view.text):
                for kind, probability in zip(self._kinds, window.probabilities, strict=True):
                    is_meant = kind is not None and not (kind == "injection" and stage == "input")
                    if is_meant and probability >= self._threshold:
                        start, end = view.raw_span(window.start, window.end)
                        yield Hit(
                            rule=f"injection.prompt_guard.{kind}",
                            title=f"{kind} prompt, by Prompt Guard",
                            start=start,
                            end=end,
                            score=probability,
                            views=view.chain,
                        )
