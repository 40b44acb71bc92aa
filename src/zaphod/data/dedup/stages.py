"""Stages that drop a document because of one before it: an equal text, or a similar one; knows no clusters.

Of several the first is kept: a source that gives the oldest first keeps the oldest. What is remembered is keys, not
texts, so that a new day is compared with all days before. The same id comes again when its text has changed: a
document is no duplicate of what had its own id before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from zaphod.core.errors import ConfigError, IntegrityError
from zaphod.data.dedup.key_index import NO_OWNER, KeyIndex
from zaphod.data.dedup.minhash import MinHasher, MinHashOptions
from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.hashing import Hashes, hash_text

ALL: Final = ""
"""The scope that everything is in."""


class KeyedStage(DocumentStage):
    """Drops documents that share a key with an earlier one; subclasses say what a document's keys are.

    Args:
        num_keys: keys of a document that has any.
        reason: why documents are dropped.
        scope: whose documents are compared: all, or those of one `source`, or with one value in `metadata` (such as
            the name of a crawl).
        max_pending: keys that are held in memory; the others lie in files.
    """

    def __init__(self, *, num_keys: int, reason: str, scope: str, max_pending: int) -> None:
        super().__init__()
        self.scope = scope
        self.max_pending = max_pending
        self.num_keys = num_keys
        self._reason = reason
        self._index = KeyIndex(max_pending=max_pending)
        self._learnt: list[tuple[int, Hashes]] = []

    def keys(self, document: Document) -> Hashes:
        raise NotImplementedError

    def judge(self, document: Document) -> Document | Dropped:
        keys_K = self.keys(document)
        if not len(keys_K):
            return document
        owner = owner_of(document)
        owners_K = self._index.owners(keys_K)
        if ((owners_K != NO_OWNER) & (owners_K != owner)).any():
            return Dropped(self._reason)
        self._index.add(keys_K, owner)
        self._learnt.append((owner, keys_K))
        return document

    def take_memory(self) -> bytes:
        """Owner and keys of each document that was kept since this was last asked, 8 bytes each."""
        learnt, self._learnt = self._learnt, []
        return b"".join(owner.to_bytes(8, "little") + keys_K.astype("<u8").tobytes() for owner, keys_K in learnt)

    def recall(self, memory: bytes) -> None:
        """Know what an earlier run has learnt.

        Raises:
            IntegrityError: these are not whole entries of a stage with these settings.
        """
        width = 8 * (1 + self.num_keys)
        if len(memory) % width:
            raise IntegrityError(
                f"The memory of {self.name} has {len(memory):,} bytes.",
                f"It is made of entries of {width} bytes: it was cut, or written with other settings.",
                "Deduplicate from the beginning.",
            )
        for entry in np.frombuffer(memory, dtype="<u8").reshape(-1, 1 + self.num_keys):
            self._index.add(entry[1:], int(entry[0]))

    def scope_of(self, document: Document) -> int:
        """What is mixed into the keys, so that those of other scopes never match."""
        if self.scope == ALL:
            return 0
        return hash_text(document.source if self.scope == "source" else document.metadata.get(self.scope, ""))


class ExactDuplicates(KeyedStage):
    """Drops documents whose text is equal to an earlier one but for case and white space.

    Texts are compared by 64 bits: among a thousand million documents the chance that any two differing ones meet is
    about 1 in 40.
    """

    name = "exact_duplicates"

    def __init__(self, *, scope: str = ALL, max_pending: int = 1_000_000) -> None:
        super().__init__(num_keys=1, reason="equal text", scope=scope, max_pending=max_pending)

    def settings(self) -> Mapping[str, Any]:
        return {"scope": self.scope, "max_pending": self.max_pending}

    def keys(self, document: Document) -> Hashes:
        key = hash_text(" ".join(document.text.lower().split())) ^ self.scope_of(document)
        return np.array([key], dtype=np.uint64)


class NearDuplicates(KeyedStage):
    """Drops documents that are similar to an earlier one by MinHash.

    Args:
        shingle_words, num_bands, hashes_per_band, seed: see `MinHashOptions`.
        scope, max_pending: see `KeyedStage`; FineWeb compares within one crawl only.
    """

    name = "near_duplicates"

    def __init__(
        self,
        *,
        shingle_words: int = 5,
        num_bands: int = 14,
        hashes_per_band: int = 8,
        seed: int = 1,
        scope: str = ALL,
        max_pending: int = 1_000_000,
    ) -> None:
        if min(shingle_words, num_bands, hashes_per_band) < 1:
            raise ConfigError(
                f"MinHash of {shingle_words} words with {num_bands} bands of {hashes_per_band}.",
                "Each of the three is 1 at least.",
                "FineWeb's are 5, 14 and 8.",
            )
        super().__init__(num_keys=num_bands, reason="similar text", scope=scope, max_pending=max_pending)
        self.options = MinHashOptions(
            shingle_words=shingle_words, num_bands=num_bands, hashes_per_band=hashes_per_band, seed=seed
        )
        self._hasher = MinHasher(self.options)

    def settings(self) -> Mapping[str, Any]:
        names = ("shingle_words", "num_bands", "hashes_per_band", "seed")
        options = {name: getattr(self.options, name) for name in names}
        return {**options, "scope": self.scope, "max_pending": self.max_pending}

    def keys(self, document: Document) -> Hashes:
        return self._hasher.keys(document.text, self.scope_of(document))


def owner_of(document: Document) -> int:
    """64 bits that stand for the document's id, never `NO_OWNER`."""
    return hash_text(f"{document.source}\0{document.id}") or 1
