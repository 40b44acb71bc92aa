"""The words of a text as arrays, so that rules about them are sums; knows no rule and no threshold.

W words of the text, in order. A run of characters without white space is split once and remembered: natural text
repeats itself, and most of it is read at the speed of a dictionary.
"""

from __future__ import annotations

import functools
import threading
from array import array
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from zaphod.data.filters.marks import PUNCTUATION
from zaphod.data.filters.tokens import split_chunk
from zaphod.data.hashing import Hashes, hash_text

_MAX_CHUNKS: Final = 400_000
"""Chunks that are remembered before all are forgotten: about 150 MB."""
_LOCAL: Final = threading.local()


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
        return int(np.isin(_hashes_of(words), self.hashes_W).sum())


def words_of(text: str) -> Words:
    """The words of a text. Several rules in a row read the same one, so each thread keeps the last few."""
    if not hasattr(_LOCAL, "read") or _LOCAL.vocabulary.is_full:
        _LOCAL.vocabulary = _Vocabulary()
        _LOCAL.read = functools.lru_cache(maxsize=4)(_LOCAL.vocabulary.read)
    words: Words = _LOCAL.read(text)
    return words


class _Vocabulary(dict[str, tuple[int, ...]]):
    """The numbers of each chunk's words, learnt when it is first met, and what is known of each word."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[str, int] = {}
        self._lengths = array("q")
        self._hashes = array("Q")
        self._is_mark = array("b")
        self._has_letter = array("b")

    @property
    def is_full(self) -> bool:
        return len(self) > _MAX_CHUNKS

    def read(self, text: str) -> Words:
        words_W = np.array(list(chain.from_iterable(map(self.__getitem__, text.split()))), dtype=np.int64)
        return Words(
            lengths_W=np.frombuffer(self._lengths, dtype=np.int64)[words_W],
            hashes_W=np.frombuffer(self._hashes, dtype=np.uint64)[words_W],
            is_mark_W=np.frombuffer(self._is_mark, dtype=np.bool_)[words_W],
            has_letter_W=np.frombuffer(self._has_letter, dtype=np.bool_)[words_W],
        )

    def __missing__(self, chunk: str) -> tuple[int, ...]:
        numbers = tuple(self._number(word) for word in split_chunk(chunk))
        self[chunk] = numbers
        return numbers

    def _number(self, word: str) -> int:
        number = self._numbers.setdefault(word, len(self._numbers))
        if number == len(self._lengths):
            self._lengths.append(len(word))
            self._hashes.append(hash_text(word))
            self._is_mark.append(PUNCTUATION.issuperset(word))
            self._has_letter.append(any(letter.isalpha() for letter in word))
        return number


@functools.lru_cache(maxsize=64)
def _hashes_of(words: frozenset[str]) -> Hashes:
    return np.array([hash_text(word) for word in sorted(words)], dtype=np.uint64)
