"""Words that have been met before, by number, with a hash of each; knows no rule of what a word is.

A run of characters without white space is split once and remembered: natural text repeats itself, and most of it is
read at the speed of a dictionary.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from zaphod.data.hashing import Hashes, hash_text

_MAX_CHUNKS: Final = 400_000
"""Chunks that are remembered before whoever asks should begin anew: about 150 MB."""


class Vocabulary(dict[str, bytes]):
    """From a chunk to the numbers of its words, 8 bytes each, learnt when it is first met. For one thread.

    Numbers are kept as bytes because bytes are joined, and read as one array, without an object for each.

    Args:
        split: the words of a chunk.
    """

    def __init__(self, split: Callable[[str], tuple[str, ...]]) -> None:
        super().__init__()
        self.words: list[str] = []
        self._split = split
        self._numbers: dict[str, int] = {}
        self._hashes = array("Q")

    @property
    def is_full(self) -> bool:
        return len(self) > _MAX_CHUNKS

    def numbers(self, text: str) -> npt.NDArray[np.int64]:
        """The number of each word of a text, in order."""
        return np.frombuffer(b"".join(map(self.__getitem__, text.split())), dtype=np.int64)

    def hashes(self, text: str) -> Hashes:
        """The hash of each word of a text, in order."""
        numbers_W = self.numbers(text)
        return self.hashes_of(numbers_W)

    def hashes_of(self, numbers_W: npt.NDArray[np.int64]) -> Hashes:
        """The hash of each numbered word."""
        return np.frombuffer(self._hashes, dtype=np.uint64)[numbers_W]

    def __missing__(self, chunk: str) -> bytes:
        numbers = self[chunk] = array("q", map(self._number, self._split(chunk))).tobytes()
        return numbers

    def _number(self, word: str) -> int:
        number = self._numbers.setdefault(word, len(self.words))
        if number == len(self.words):
            self.words.append(word)
            self._hashes.append(hash_text(word))
        return number
