"""Gopher's rules of repetition: how much of a text is said more than once; knows no other quality.

Source: Rae et al., "Scaling language models: methods, analysis and insights from training Gopher", table A1, counted
as FineWeb's published code (datatrove) counts. W words, G runs of n words.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.filters.limits import limits_from, settings_of
from zaphod.data.filters.words import Words, words_of
from zaphod.data.hashing import Hashes, hash_ngrams

_PARAGRAPHS: Final = re.compile(r"\n{2,}")
_LINES: Final = re.compile(r"\n+")


@dataclass(frozen=True, kw_only=True)
class RepetitionLimits:
    """The paper's thresholds: shares of lines or paragraphs, and of the text's characters.

    `top_ngrams` and `duplicate_ngrams` pair a number of words with a share of characters.
    """

    max_duplicate_lines: float = 0.3
    max_duplicate_paragraphs: float = 0.3
    max_duplicate_line_characters: float = 0.2
    max_duplicate_paragraph_characters: float = 0.2
    top_ngrams: tuple[tuple[int, float], ...] = ((2, 0.2), (3, 0.18), (4, 0.16))
    duplicate_ngrams: tuple[tuple[int, float], ...] = (
        (5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10),
    )  # fmt: skip


class Repetition(DocumentStage):
    """Drops texts whose lines, paragraphs or runs of words come again too often."""

    name = "gopher_repetition"
    __signature__ = inspect.signature(RepetitionLimits)

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.limits = limits_from(RepetitionLimits, settings)

    def settings(self) -> Mapping[str, Any]:
        return settings_of(self.limits)

    def judge(self, document: Document) -> Document | Dropped:
        text = document.text
        if not text:
            return Dropped("empty")
        reason = self._of_parts(text) or self._of_top_ngrams(text) or self._of_duplicate_ngrams(text)
        return Dropped(reason) if reason else document

    def _of_parts(self, text: str) -> str:
        limits = self.limits
        for name, parts, max_share, max_characters in (
            ("paragraphs", _PARAGRAPHS.split(text.strip()), limits.max_duplicate_paragraphs,
             limits.max_duplicate_paragraph_characters),
            ("lines", _LINES.split(text), limits.max_duplicate_lines, limits.max_duplicate_line_characters),
        ):  # fmt: skip
            num_duplicates, num_characters = duplicates(parts)
            if num_duplicates / len(parts) > max_share:
                return f"too many duplicate {name}"
            if num_characters / len(text) > max_characters:
                return f"too many characters in duplicate {name}"
        return ""

    def _of_top_ngrams(self, text: str) -> str:
        words = words_of(text)
        for size, max_share in self.limits.top_ngrams:
            if top_ngram_characters(words, size) / len(text) > max_share:
                return f"one run of {size} words too often"
        return ""

    def _of_duplicate_ngrams(self, text: str) -> str:
        words = words_of(text)
        sizes = self.limits.duplicate_ngrams
        # A run of n words that comes again holds shorter ones that do: what those cover bounds all longer ones.
        if sizes and repeated_cover(words, min(sizes)[0]) <= min(share for _, share in sizes) * len(text):
            return ""
        for size, max_share in sizes:
            if duplicate_ngram_characters(words, size) / len(text) > max_share:
                return f"too many duplicate runs of {size} words"
        return ""


def duplicates(parts: Iterable[str]) -> tuple[int, int]:
    """How many parts stood before already, and their characters."""
    seen: set[str] = set()
    num_duplicates = num_characters = 0
    for part in parts:
        if part in seen:
            num_duplicates += 1
            num_characters += len(part)
        else:
            seen.add(part)
    return num_duplicates, num_characters


def top_ngram_characters(words: Words, size: int) -> int:
    """Characters of the commonest run of words (the first of several) with its spaces, times how often it comes."""
    hashes_G = hash_ngrams(words.hashes_W, size)
    if not len(hashes_G):
        return 0
    sorted_G = np.sort(hashes_G)
    starts = np.flatnonzero(np.concatenate(([True], sorted_G[1:] != sorted_G[:-1])))
    counts = np.diff(starts, append=len(sorted_G))
    num_times = int(counts.max())
    commonest = sorted_G[starts[counts == num_times]]
    first = int(np.argmax(hashes_G == commonest[0] if len(commonest) == 1 else np.isin(hashes_G, commonest)))
    return (int(words.lengths_W[first : first + size].sum()) + size - 1) * num_times


def repeated_cover(words: Words, size: int) -> int:
    """Characters of the words that lie in any run of words that stood before."""
    hashes_G = hash_ngrams(words.hashes_W, size)
    repeats = np.flatnonzero(is_repeat(hashes_G))
    if not len(repeats):
        return 0
    edges = np.zeros(len(words) + 1, dtype=np.int64)
    edges[repeats] += 1
    edges[repeats + size] -= 1
    return int(words.lengths_W[np.cumsum(edges[:-1]) > 0].sum())


def is_repeat(hashes_G: Hashes) -> npt.NDArray[np.bool_]:
    """Whether the same hash stood before, for each."""
    if len(hashes_G) < 2:
        return np.zeros(len(hashes_G), dtype=np.bool_)
    sorted_G = np.sort(hashes_G)
    if not (sorted_G[1:] == sorted_G[:-1]).any():
        return np.zeros(len(hashes_G), dtype=np.bool_)
    order = np.argsort(hashes_G, kind="stable")
    repeats = np.zeros(len(hashes_G), dtype=np.bool_)
    repeats[order[1:]] = hashes_G[order[1:]] == hashes_G[order[:-1]]
    return repeats


def duplicate_ngram_characters(words: Words, size: int) -> int:
    """Characters in runs of words that stood before, read from the left, where what was counted is not read again."""
    hashes_G = hash_ngrams(words.hashes_W, size)
    lengths_to = np.concatenate(([0], np.cumsum(words.lengths_W)))
    repeats = is_repeat(hashes_G)
    candidates = np.flatnonzero(np.isin(hashes_G, hashes_G[repeats]))
    seen: set[int] = set()
    total = next_place = 0
    for place, value in zip(candidates.tolist(), hashes_G[candidates].tolist(), strict=True):
        if place < next_place:
            continue
        if value in seen:
            total += int(lengths_to[place + size] - lengths_to[place])
            next_place = place + size
        else:
            seen.add(value)
    return total
