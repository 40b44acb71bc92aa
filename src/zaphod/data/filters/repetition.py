"""Gopher's rules of repetition: how much of a text is said more than once; knows no other quality.

Source: Rae et al., "Scaling language models: methods, analysis and insights from training Gopher", table A1, counted
as FineWeb's published code (datatrove) counts. W words, G runs of n words, P places where some of them begin.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.filters.limits import limits_from, settings_of
from zaphod.data.filters.words import Words, words_of
from zaphod.data.hashing import Hashes, hash_ngrams, mixed, ngram_weights

Places = npt.NDArray[np.int64]

_PARAGRAPHS: Final = re.compile(r"\n\n+")
_LINES: Final = re.compile(r"\n\n*")
"""Both begin with letters and not with a class or a count: such patterns are looked for by those letters, fast."""


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
        num_times: float = math.inf
        for size, max_share in sorted(self.limits.top_ngrams):
            # A longer run comes no more often than the shorter one it begins with.
            if num_times * longest_ngram_characters(words, size) <= max_share * len(text):
                continue
            num_times, num_characters = top_ngram(words, size)
            if num_times * num_characters / len(text) > max_share:
                return f"one run of {size} words too often"
        return ""

    def _of_duplicate_ngrams(self, text: str) -> str:
        words, sizes = words_of(text), self.limits.duplicate_ngrams
        if not sizes:
            return ""
        least = min(sizes)[0]
        places_P = repeated_places(words, least)
        # A run of n words that comes again holds shorter ones that do: what those cover bounds all longer ones.
        if repeated_cover(words, least, places_P) <= min(share for _, share in sizes) * len(text):
            return ""
        for size, max_share in sizes:
            if duplicate_ngram_characters(words, size, places_P) / len(text) > max_share:
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


def top_ngram(words: Words, size: int) -> tuple[int, int]:
    """How often the commonest run of words comes, and its characters with its spaces (of several the first's)."""
    hashes_G = hash_ngrams(words.hashes_W, size)
    if not len(hashes_G):
        return 0, 0
    sorted_G = np.sort(hashes_G)
    starts = np.flatnonzero(np.concatenate(([True], sorted_G[1:] != sorted_G[:-1])))
    counts = np.diff(starts, append=len(sorted_G))
    num_times = int(counts.max())
    commonest = sorted_G[starts[counts == num_times]]
    first = int(np.argmax(hashes_G == commonest[0] if len(commonest) == 1 else np.isin(hashes_G, commonest)))
    return num_times, int(words.lengths_W[first : first + size].sum()) + size - 1


def longest_ngram_characters(words: Words, size: int) -> int:
    """Characters of the longest run of words, with its spaces."""
    if len(words) < size:
        return 0
    ends = np.concatenate(([0], np.cumsum(words.lengths_W)))
    return int((ends[size:] - ends[:-size]).max()) + size - 1


def repeated_places(words: Words, size: int) -> Places:
    """Where a run of so many words begins that comes more than once."""
    hashes_G = hash_ngrams(words.hashes_W, size)
    return np.flatnonzero(_is_repeated(hashes_G))


def repeated_cover(words: Words, size: int, places_P: Places) -> int:
    """Characters of the words that lie in any run of words that stood before; `places_P` are the repeated ones."""
    if not len(places_P):
        return 0
    hashes_P = _hashes_at(words, size, places_P)
    order = np.argsort(hashes_P, kind="stable")
    again = places_P[order[1:][hashes_P[order[1:]] == hashes_P[order[:-1]]]]
    edges = np.zeros(len(words) + 1, dtype=np.int64)
    edges[again] += 1
    edges[again + size] -= 1
    return int(words.lengths_W[np.cumsum(edges[:-1]) > 0].sum())


def duplicate_ngram_characters(words: Words, size: int, places_P: Places) -> int:
    """Characters in runs of words that stood before, read from the left, where what was counted is not read again.

    `places_P` are where shorter runs begin that come more than once: no others can begin a longer one that does.
    """
    places_P = places_P[places_P <= len(words) - size]
    hashes_P = _hashes_at(words, size, places_P)
    is_repeated_P = _is_repeated(hashes_P)
    lengths_to = np.concatenate(([0], np.cumsum(words.lengths_W)))
    seen: set[int] = set()
    total = next_place = 0
    for place, value in zip(places_P[is_repeated_P].tolist(), hashes_P[is_repeated_P].tolist(), strict=True):
        if place < next_place:
            continue
        if value in seen:
            total += int(lengths_to[place + size] - lengths_to[place])
            next_place = place + size
        else:
            seen.add(value)
    return total


def _hashes_at(words: Words, size: int, places_P: Places) -> Hashes:
    """The hash of the run at each place."""
    weights = ngram_weights(size)
    total_P = np.zeros(len(places_P), dtype=np.uint64)
    for place in range(size):
        total_P += words.hashes_W[places_P + place] * weights[place]
    return mixed(total_P)


def _is_repeated(hashes_N: Hashes) -> npt.NDArray[np.bool_]:
    """Whether each hash comes more than once."""
    sorted_N = np.sort(hashes_N)
    repeated_R = sorted_N[1:][sorted_N[1:] == sorted_N[:-1]]
    if not len(repeated_R):
        return np.zeros(len(hashes_N), dtype=np.bool_)
    found_N = np.minimum(np.searchsorted(repeated_R, hashes_N), len(repeated_R) - 1)
    is_repeated_N: npt.NDArray[np.bool_] = repeated_R[found_N] == hashes_N
    return is_repeated_N
