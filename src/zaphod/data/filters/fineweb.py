"""FineWeb's own rules of quality: do lines look like sentences; knows no words but their number.

Source: Penedo et al., "The FineWeb datasets", section 3.6, with the thresholds of its published code (datatrove).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.filters.limits import limits_from, settings_of
from zaphod.data.filters.marks import TERMINAL_PUNCTUATION
from zaphod.data.filters.repetition import duplicates
from zaphod.data.filters.words import words_of


@dataclass(frozen=True, kw_only=True)
class FineWebLimits:
    """The paper's thresholds. Empty lines do not count; short ones have `short_line_characters` or less."""

    min_lines_ending_in_punctuation: float = 0.12
    max_short_lines: float = 0.67
    short_line_characters: int = 30
    max_duplicate_line_characters: float = 0.01
    max_newlines_per_word: float = 0.3


class FineWebQuality(DocumentStage):
    """Drops lists, menus and texts that say their lines twice."""

    name = "fineweb_quality"
    __signature__ = inspect.signature(FineWebLimits)

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.limits = limits_from(FineWebLimits, settings)

    def settings(self) -> Mapping[str, Any]:
        return settings_of(self.limits)

    def judge(self, document: Document) -> Document | Dropped:
        reason = self._reason(document.text)
        return Dropped(reason) if reason else document

    def _reason(self, text: str) -> str:
        limits = self.limits
        lines = [line for line in text.split("\n") if line and not line.isspace()]
        if not lines:
            return "empty"
        if (
            sum(line[-1] in TERMINAL_PUNCTUATION for line in lines) / len(lines)
            < limits.min_lines_ending_in_punctuation
        ):
            return "too few lines end in punctuation"
        if sum(len(line) <= limits.short_line_characters for line in lines) / len(lines) > limits.max_short_lines:
            return "too many short lines"
        num_newlines = text.count("\n")
        if duplicates(lines)[1] / (len(text) - num_newlines) > limits.max_duplicate_line_characters:
            return "too many characters in duplicate lines"
        return "too many line breaks" if num_newlines / len(words_of(text)) > limits.max_newlines_per_word else ""
