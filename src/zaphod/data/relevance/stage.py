"""The stage that keeps what is about a topic; knows no embedder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Counters, Document
from zaphod.data.relevance.topic import load_topic

_BATCH = 64


class RelevanceStage:
    """Drops documents that are probably about something else; the probability goes into `metadata["relevance"]`.

    Args:
        model: a topic's file.
        min_probability: what is less likely is dropped.
        embedder: folder of the sentence-transformers model that the topic was learnt with, if it was.
    """

    name = "relevance"

    def __init__(self, *, model: str, min_probability: float = 0.5, embedder: str | None = None) -> None:
        if not 0 <= min_probability <= 1:
            raise ConfigError(f"min_probability is {min_probability}.", "It lies in [0, 1].", "Mend it.")
        self.counters = Counters()
        self._model, self._min_probability, self._embedder = model, min_probability, embedder
        self._topic = load_topic(Path(model), Path(embedder) if embedder is not None else None)

    def settings(self) -> Mapping[str, Any]:
        return {"model": self._model, "min_probability": self._min_probability, "embedder": self._embedder}

    def __call__(self, documents: Iterable[Document]) -> Iterator[Document]:
        remaining = iter(documents)
        while batch := list(islice(remaining, _BATCH)):
            probabilities = self._topic.probabilities([document.text for document in batch])
            for document, probability in zip(batch, probabilities, strict=True):
                self.counters.see(document)
                if probability < self._min_probability:
                    self.counters.drop("another topic")
                    continue
                self.counters.keep(document)
                yield document.passed(self.name, metadata={**document.metadata, "relevance": f"{probability:.3f}"})
