"""Groups of similar documents over a whole corpus, and the one of each that is kept; knows keys and ranks, no texts.

Unlike the stages, which keep what comes first, this sees everything before it decides: keys go to a file, documents
that share one become a group by union-find, and of each group the best stays. It takes two passes over the documents
and 24 bytes of memory for each; everything else is on disk.

    clusters = Clusters(folder, NearDuplicates())
    clusters.add(source.documents())
    for document in clusters.select(source.documents()): ...
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError
from zaphod.data.dedup.stages import KeyedStage
from zaphod.data.documents import Document
from zaphod.data.hashing import Hashes

Preference = Literal["oldest", "longest", "first"]

_RANKS: Final[dict[Preference, Callable[[Document], float]]] = {
    "oldest": lambda document: float("inf") if document.timestamp_s is None else document.timestamp_s,
    "longest": lambda document: -float(len(document.text)),
    "first": lambda document: 0.0,
}


class Clusters:
    """The keys of a corpus in a folder, added in order; adding goes on where it was interrupted.

    Args:
        folder: made if it is not there.
        stage: says which keys a document has.
        prefer: which of a group is kept; of equals the first.

    Raises:
        ConfigError: the folder holds keys that were made with other settings.
    """

    def __init__(self, folder: Path, stage: KeyedStage, *, prefer: Preference = "oldest") -> None:
        self.stage, self.prefer = stage, prefer
        self._record = np.dtype([("rank", "<f8"), ("has_keys", "<u8"), ("keys", "<u8", (stage.num_keys,))])
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "keys.bin"
        self._check(folder / "settings.json")
        self._path.touch()

    @property
    def num_documents(self) -> int:
        """How many have been added; what an interruption cut in two does not count."""
        return self._path.stat().st_size // self._record.itemsize

    def add(self, documents: Iterable[Document]) -> int:
        """Add all documents but the first `num_documents`, which are the same as before; how many are new."""
        before = self.num_documents
        with self._path.open("r+b") as file:
            file.truncate(before * self._record.itemsize)
            file.seek(0, 2)
            for document in islice(documents, before, None):
                file.write(self._entry(document).tobytes())
        return self.num_documents - before

    def select(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Of the same documents in the same order those that are kept."""
        for document, is_kept in zip(documents, self.kept().tolist(), strict=True):
            if is_kept:
                yield document.passed(f"{self.stage.name}_clusters")

    def kept(self) -> npt.NDArray[np.bool_]:
        """Whether each document, in order, is the best of its group."""
        groups = self.groups()
        order = np.lexsort((np.arange(len(groups)), self._column("rank"), groups))
        kept = np.zeros(len(groups), dtype=np.bool_)
        kept[order[np.concatenate(([True], np.diff(groups[order]) != 0))[: len(order)]]] = True
        return kept

    def groups(self) -> npt.NDArray[np.int64]:
        """For each document the number of the first one of its group."""
        forest = _Forest(self.num_documents)
        has_keys = np.flatnonzero(self._column("has_keys"))
        for band in range(self._record["keys"].shape[0]):
            keys = self._column("keys", band)[has_keys]
            order = np.argsort(keys, kind="stable")
            same = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
            for left, right in zip(has_keys[order[same]].tolist(), has_keys[order[same + 1]].tolist(), strict=True):
                forest.join(left, right)
        return forest.roots()

    def _entry(self, document: Document) -> npt.NDArray[np.void]:
        entry = np.zeros(1, dtype=self._record)
        keys: Hashes = self.stage.keys(document)
        entry["rank"] = _RANKS[self.prefer](document)
        if len(keys):
            entry["has_keys"], entry["keys"] = 1, keys
        return entry

    def _column(self, name: str, band: int | None = None) -> npt.NDArray[np.generic]:
        if not self.num_documents:
            return np.zeros(0, dtype=self._record[name].base)
        records = np.memmap(self._path, dtype=self._record, mode="r", shape=(self.num_documents,))
        return np.array(records[name] if band is None else records[name][:, band])

    def _check(self, path: Path) -> None:
        settings = json.dumps({"stage": self.stage.name, "prefer": self.prefer, **self.stage.settings()})
        if not path.exists():
            path.write_text(settings)
        elif path.read_text() != settings:
            raise ConfigError(
                f"{path.parent} holds keys that were made with {path.read_text()}.",
                f"The settings now are {settings}.",
                "Choose another folder, or the settings of before.",
            )


class _Forest:
    """Union-find where the smallest number of a group is its root."""

    def __init__(self, size: int) -> None:
        self._parents = np.arange(size, dtype=np.int64)

    def join(self, left: int, right: int) -> None:
        left, right = self._root(left), self._root(right)
        self._parents[max(left, right)] = min(left, right)

    def roots(self) -> npt.NDArray[np.int64]:
        parents = self._parents
        while (parents[parents] != parents).any():
            parents = parents[parents]
        return parents

    def _root(self, member: int) -> int:
        parents = self._parents
        while (parent := int(parents[member])) != member:
            parents[member] = parents[parent]
            member = parent
        return member
