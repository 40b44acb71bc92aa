"""Gopher's quality rules: is this prose of a usual length; knows no repetition and no other rule.

Source: Rae et al., "Scaling language models: methods, analysis and insights from training Gopher", appendix A.1.1,
with the thresholds and the order of FineWeb's published code (datatrove).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.filters.limits import limits_from, settings_of
from zaphod.data.filters.words import words_of


@dataclass(frozen=True, kw_only=True)
class GopherQualityLimits:
    """The paper's thresholds. Words are those with something else than punctuation in them, except in shares."""

    min_words: int = 50
    max_words: int = 100_000
    min_mean_word_length: float = 3
    max_mean_word_length: float = 10
    max_symbols_per_word: float = 0.1
    max_bullet_lines: float = 0.9
    max_ellipsis_lines: float = 0.3
    min_words_with_letter: float = 0.8
    min_stop_words: int = 2
    stop_words: tuple[str, ...] = ("the", "be", "to", "of", "and", "that", "have", "with")


class GopherQuality(DocumentStage):
    """Drops what is too short or long, has odd words, too many marks, or none of English's commonest words."""

    name = "gopher_quality"
    __signature__ = inspect.signature(GopherQualityLimits)

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.limits = limits_from(GopherQualityLimits, settings)
        self._stop_words = frozenset(self.limits.stop_words)

    def settings(self) -> Mapping[str, Any]:
        return settings_of(self.limits)

    def judge(self, document: Document) -> Document | Dropped:
        reason = self._of_words(document.text) or self._of_lines(document.text) or self._of_letters(document.text)
        return Dropped(reason) if reason else document

    def _of_words(self, text: str) -> str:
        limits, words = self.limits, words_of(text)
        lengths = words.lengths_W[~words.is_mark_W]
        if len(lengths) < limits.min_words:
            return "too few words"
        if len(lengths) > limits.max_words:
            return "too many words"
        mean_length = lengths.mean() if len(lengths) else 0.0
        if mean_length < limits.min_mean_word_length:
            return "words too short"
        return "words too long" if mean_length > limits.max_mean_word_length else ""

    def _of_lines(self, text: str) -> str:
        limits, num_words, lines = self.limits, len(words_of(text)), text.splitlines()
        if text.count("#") > limits.max_symbols_per_word * num_words:
            return "too many hash signs"
        if text.count("...") + text.count("…") > limits.max_symbols_per_word * num_words:
            return "too many ellipses"
        if sum(line.lstrip().startswith(("•", "-")) for line in lines) > limits.max_bullet_lines * len(lines):
            return "too many bulleted lines"
        num_ellipses = sum(line.rstrip().endswith(("...", "…")) for line in lines)
        return "too many lines end in an ellipsis" if num_ellipses > limits.max_ellipsis_lines * len(lines) else ""

    def _of_letters(self, text: str) -> str:
        words = words_of(text)
        if words.has_letter_W.sum() < self.limits.min_words_with_letter * len(words):
            return "too few words with a letter"
        return "too few stop words" if words.num_of(self._stop_words) < self.limits.min_stop_words else ""
