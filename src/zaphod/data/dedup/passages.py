"""Drops passages that stand in an earlier document, word for word; knows windows of words, no similarity.

A passage is a run of words (50 unless told otherwise: Lee et al., "Deduplicating training data makes language models
better", 2021). Each window of that many words has a hash; where a window was met before, its words are cut out. With
`every` above 1 only windows whose hash is divisible by it are looked at, here and there the same ones: a passage
that is longer by a few times `every` is still found, and a few words at its edges stay. W words, N windows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError, IntegrityError
from zaphod.data.dedup.key_index import NO_OWNER, KeyIndex
from zaphod.data.dedup.stages import owner_of
from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.hashing import Hashes, hash_ngrams
from zaphod.data.vocabulary import Vocabulary

_CHUNK: Final = re.compile(r"\S+")


class RepeatedPassages(DocumentStage):
    """Cuts out passages that an earlier document has, or the same one further up; drops what has too little left.

    Args:
        window_words: the least length of a passage.
        least_words: a document that was cut and has fewer words left is dropped.
        every: look at one window in so many.
        max_pending: windows that are held in memory; the others lie in files.
    """

    name = "repeated_passages"

    def __init__(
        self, *, window_words: int = 50, least_words: int = 50, every: int = 1, max_pending: int = 1_000_000
    ) -> None:
        super().__init__()
        if min(window_words, every) < 1:
            raise ConfigError(
                f"Passages of {window_words} words, one window in {every}.",
                "Both are 1 at least.",
                "The published length is 50.",
            )
        self.window_words, self.least_words, self.every = window_words, least_words, every
        self.max_pending = max_pending
        self._index = KeyIndex(max_pending=max_pending)
        self._vocabulary = Vocabulary(lambda chunk: (chunk,))
        self._learnt: list[Hashes] = []

    def settings(self) -> Mapping[str, Any]:
        names = ("window_words", "least_words", "every", "max_pending")
        return {name: getattr(self, name) for name in names}

    def judge(self, document: Document) -> Document | Dropped:
        windows_N = hash_ngrams(self._hashes(document.text), self.window_words)
        places_N = np.flatnonzero(windows_N % np.uint64(self.every) == 0)
        keys_N, owner = windows_N[places_N], owner_of(document)
        owners_N = self._index.owners(keys_N)
        is_repeat_N = (owners_N != NO_OWNER) & (owners_N != owner)
        is_repeat_N |= self._repeats_itself(keys_N, places_N)
        self._learn(keys_N[owners_N == NO_OWNER], owner)
        return self._cut(document, places_N[is_repeat_N]) if is_repeat_N.any() else document

    def take_memory(self) -> bytes:
        """Of each document the number of its new windows, its owner, and their hashes, 8 bytes each."""
        learnt, self._learnt = self._learnt, []
        return np.concatenate(learnt).astype("<u8").tobytes() if learnt else b""

    def recall(self, memory: bytes) -> None:
        """Know what an earlier run has learnt.

        Raises:
            IntegrityError: the memory was cut.
        """
        values = np.frombuffer(memory[: len(memory) // 8 * 8], dtype="<u8")
        place = 0
        while place + 2 <= len(values) and place + 2 + int(values[place]) <= len(values):
            num = int(values[place])
            self._index.add(values[place + 2 : place + 2 + num], int(values[place + 1]))
            place += 2 + num
        if place * 8 != len(memory):
            raise IntegrityError(
                f"The memory of {self.name} ends in the middle of an entry.",
                f"{place * 8:,} of its {len(memory):,} bytes are whole entries.",
                "Deduplicate from the beginning.",
            )

    def _hashes(self, text: str) -> Hashes:
        if self._vocabulary.is_full:
            self._vocabulary = Vocabulary(lambda chunk: (chunk,))
        return self._vocabulary.hashes(text)

    def _repeats_itself(self, keys_N: Hashes, places_N: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether a window stands further up too, without sharing a word with that one."""
        _, first, which = np.unique(keys_N, return_index=True, return_inverse=True)
        is_apart: npt.NDArray[np.bool_] = places_N - places_N[first[which]] >= self.window_words
        return is_apart

    def _learn(self, keys_N: Hashes, owner: int) -> None:
        if len(keys_N):
            self._index.add(keys_N, owner)
            self._learnt.append(np.concatenate((np.array([len(keys_N), owner], dtype=np.uint64), keys_N)))

    def _cut(self, document: Document, places_N: npt.NDArray[np.int64]) -> Document | Dropped:
        """The document without the windows that begin at these words."""
        spans = [match.span() for match in _CHUNK.finditer(document.text)]
        edges = np.zeros(len(spans) + 1, dtype=np.int64)
        np.add.at(edges, places_N, 1)
        np.add.at(edges, places_N + self.window_words, -1)
        is_kept_W = np.cumsum(edges[:-1]) == 0
        if is_kept_W.sum() < self.least_words:
            return Dropped("little left without repeated passages")
        return replace(document, text=_joined(document.text, spans, is_kept_W))


def _joined(text: str, spans: list[tuple[int, int]], is_kept_W: npt.NDArray[np.bool_]) -> str:
    """What is kept, with the white space that stood behind each word; what was cut leaves a line break."""
    starts = np.flatnonzero(np.diff(is_kept_W.astype(np.int8), prepend=0) == 1).tolist()
    ends = np.flatnonzero(np.diff(is_kept_W.astype(np.int8), append=0) == -1).tolist()
    pieces = [text[spans[start][0] : spans[end][1]] for start, end in zip(starts, ends, strict=True)]
    return "\n".join(pieces)
