"""C4's rules: drops lines that are no prose, and pages of code, blind text or too few sentences; knows no other rule.

Source: Raffel et al., "Exploring the limits of transfer learning with a unified text-to-text transformer", section
2.2, as FineWeb's published code (datatrove) applies it. The list of bad words is left out: it drops whole subjects.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.filters.limits import limits_from, settings_of
from zaphod.data.filters.sentences import num_sentences

_CITATION: Final = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
_ENDS: Final = (".", "?", "!", '"', "'")
_ELLIPSIS: Final = "..."


@dataclass(frozen=True, kw_only=True)
class C4Limits:
    """The published settings. FineWeb keeps lines without punctuation at their end: `needs_terminal_mark=False`."""

    needs_terminal_mark: bool = True
    min_sentences: int = 5
    min_words_per_line: int = 3
    max_word_characters: int = 1000
    drops_curly_brackets: bool = True
    removes_citations: bool = True
    blind_text: str = "lorem ipsum"
    script_phrase: str = "javascript"
    policy_phrases: tuple[str, ...] = (
        "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies",
    )  # fmt: skip


class C4Quality(DocumentStage):
    """Cuts lines, then drops pages that have too little left."""

    name = "c4_quality"
    __signature__ = inspect.signature(C4Limits)

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.limits = limits_from(C4Limits, settings)

    def settings(self) -> Mapping[str, Any]:
        return settings_of(self.limits)

    def judge(self, document: Document) -> Document | Dropped:
        limits, kept, sentences = self.limits, list[str](), 0
        lowered = document.text.lower()
        phrases = (limits.script_phrase, *limits.policy_phrases)
        skipped = [phrase for phrase in phrases if phrase in lowered]
        has_brackets = limits.drops_curly_brackets and "{" in lowered
        has_blind_text = limits.blind_text in lowered
        for line in self._prose(document.text):
            if has_blind_text and limits.blind_text in line.lower():
                return Dropped("blind text")
            if has_brackets and "{" in line and not self._is_script(line):
                return Dropped("curly bracket")
            if skipped and any(phrase in line.lower() for phrase in skipped):
                continue
            if sentences < limits.min_sentences:
                sentences += num_sentences(line)
            kept.append(line)
        if sentences < limits.min_sentences:
            return Dropped("too few sentences")
        return replace(document, text="\n".join(kept).strip())

    def _prose(self, text: str) -> Iterator[str]:
        """Lines that have words enough, none of them endless, and end as a sentence does if they must."""
        limits = self.limits
        has_citations = limits.removes_citations and "[" in text
        is_long = re.compile(rf"\S{{{limits.max_word_characters + 1}}}").search
        has_long_words = is_long(text) is not None
        for raw_line in text.splitlines():
            line = raw_line.strip()
            if len(line.split(None, limits.min_words_per_line - 1)) < limits.min_words_per_line:
                continue
            if has_long_words and is_long(line):
                continue
            if has_citations:
                line = _CITATION.sub("", line)
            if limits.needs_terminal_mark and (not line.endswith(_ENDS) or line.endswith(_ELLIPSIS)):
                continue
            yield line

    def _is_script(self, line: str) -> bool:
        """Lines about scripts are skipped whatever else is in them."""
        return self.limits.script_phrase in line.lower()
