"""The words of a text as arrays, so that rules about them are sums; knows no rule and no threshold.

W words of the text, in order.
"""

from __future__ import annotations

import threading
from array import array
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from zaphod.data.filters.marks import PUNCTUATION
from zaphod.data.filters.tokens import split_chunk
from zaphod.data.hashing import Hashes, hash_text
from zaphod.data.vocabulary import Vocabulary

_LOCAL: Final = threading.local()
_MOST_KEPT_CHARACTERS: Final = 4_000_000
"""As many as a slice of a build has, all of which passes one rule before the next. Their words take about 12 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What the rules ask of the words of one text.

    Args:
        lengths_W: characters of each.
        hashes_W: 64 bits of each, equal for equal words.
        is_mark_W: whether it is nothing but punctuation.
        has_letter_W: whether a letter is in it.
    """

    lengths_W: npt.NDArray[np.int64]
    hashes_W: Hashes
    is_mark_W: npt.NDArray[np.bool_]
    has_letter_W: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.lengths_W)

    def num_of(self, words: frozenset[str]) -> int:
        """How many of these words occur."""
        return sum(bool((self.hashes_W == hash_text(word)).any()) for word in words)


def words_of(text: str) -> Words:
    """The words of a text. Several rules read the same ones, one after the other, so each thread keeps the last."""
    reader: _Reader | None = getattr(_LOCAL, "reader", None)
    if reader is None or reader.vocabulary.is_full:
        reader = _LOCAL.reader = _Reader()
    return reader.read(text)


class _Reader:
    """A vocabulary, and what is known of each of its words."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary(split_chunk)
        self._lengths = array("q")
        self._is_mark = array("b")
        self._has_letter = array("b")
        self._kept: dict[str, Words] = {}
        self._num_kept_characters = 0

    def read(self, text: str) -> Words:
        """The words of a text, of the last texts without work."""
        words = self._kept.get(text)
        if words is None:
            words = self._kept[text] = self._read(text)
            self._num_kept_characters += len(text)
            while self._num_kept_characters > _MOST_KEPT_CHARACTERS:
                oldest = next(iter(self._kept))
                del self._kept[oldest]
                self._num_kept_characters -= len(oldest)
        return words

    def _read(self, text: str) -> Words:
        words_W = self.vocabulary.numbers(text)
        for word in self.vocabulary.words[len(self._lengths) :]:
            self._lengths.append(len(word))
            self._is_mark.append(PUNCTUATION.issuperset(word))
            self._has_letter.append(any(letter.isalpha() for letter in word))
        return Words(
            lengths_W=np.frombuffer(self._lengths, dtype=np.int64)[words_W],
            hashes_W=self.vocabulary.hashes_of(words_W),
            is_mark_W=np.frombuffer(self._is_mark, dtype=np.bool_)[words_W],
            has_letter_W=np.frombuffer(self._has_letter, dtype=np.bool_)[words_W],
        )
