"""Personal data by Presidio's analyzer; knows its results, not its recognisers.

`PresidioFinder.with_patterns()` makes an analyzer of patterns and checksums alone: it needs no language model, and
the list of internet suffixes that comes with tldextract is used as it is, where Presidio itself would fetch another.
Whoever passes an analyzer of their own decides what that one loads.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from zaphod.core.errors import MissingExtraError
from zaphod.safety.guard.classifiers.adapters.local_model import EXTRA
from zaphod.safety.guard.classifiers.reading import readings_of
from zaphod.safety.guard.finder import View
from zaphod.safety.guard.verdict import Hit, Stage

_NOT_IN_RULES = re.compile(r"[^a-z0-9_]+")


class PresidioFinder:
    """A `Finder`.

    Args:
        analyzer: a `presidio_analyzer.AnalyzerEngine`.
        language: what it is told the texts are written in.
        entities: the kinds to look for, such as `CREDIT_CARD`; all by default.
        min_score: of Presidio's own scores.
    """

    name = "pii.presidio"

    def __init__(
        self, analyzer: Any, *, language: str = "en", entities: Sequence[str] | None = None, min_score: float = 0.5
    ) -> None:
        self._analyzer = analyzer
        self._language = language
        self._entities = None if entities is None else list(entities)
        self._min_score = min_score

    @classmethod
    def with_patterns(cls, *, entities: Sequence[str] | None = None, min_score: float = 0.5) -> PresidioFinder:
        """With the recognisers of cards, IBANs, crypto addresses, e-mail, IP and MAC addresses and phone numbers.

        Raises:
            MissingExtraError: Presidio is not installed.
        """
        return cls(_pattern_analyzer(), entities=entities, min_score=min_score)

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        """What Presidio finds in each reading."""
        for view in readings_of(views):
            for result in self._analyzer.analyze(
                text=view.text,
                language=self._language,
                entities=self._entities,
                score_threshold=self._min_score,
            ):
                start, end = view.raw_span(result.start, result.end)
                kind = _NOT_IN_RULES.sub("_", result.entity_type.lower())
                yield Hit(
                    rule=f"pii.presidio.{kind}",
                    title=f"{kind.replace('_', ' ')}, by Presidio",
                    start=start,
                    end=end,
                    score=min(max(float(result.score), 0.0), 1.0),
                    views=view.chain,
                )


def _pattern_analyzer() -> Any:
    try:
        tldextract = importlib.import_module("tldextract")
        presidio = importlib.import_module("presidio_analyzer")
        nlp_engine = importlib.import_module("presidio_analyzer.nlp_engine")
    except ImportError as error:
        raise MissingExtraError("Presidio", EXTRA) from error
    recognizers: Any = presidio.predefined_recognizers
    suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    class OfflineEmailRecognizer(recognizers.EmailRecognizer):  # type: ignore[misc]
        """The same without the network."""

        def validate_result(self, pattern_text: str) -> bool:
            return bool(suffixes(pattern_text).fqdn)

    kinds = ("CreditCard", "Iban", "Crypto", "Ip", "MacAddress", "Phone")
    chosen = [OfflineEmailRecognizer(), *(getattr(recognizers, f"{kind}Recognizer")() for kind in kinds)]
    return presidio.AnalyzerEngine(
        registry=presidio.RecognizerRegistry(recognizers=chosen, supported_languages=["en"]),
        nlp_engine=nlp_engine.NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "none"}]),
        supported_languages=["en"],
    )
