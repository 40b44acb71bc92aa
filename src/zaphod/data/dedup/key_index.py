"""Which owner a 64-bit key was first seen with, for more keys than memory holds; knows no document.

The latest keys are in a dictionary; when there are many, they become a sorted file that is mapped into memory and
searched there. Files of about the same size are merged, a part of the range of keys at a time, so that there are few.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np

from zaphod.data.hashing import Hashes

_ENTRY: Final = np.dtype([("key", "<u8"), ("owner", "<u8")])
_NUM_MERGED: Final = 8
"""So many files of one size make one of the next."""
_NUM_RANGES: Final = 64
"""A merge holds one part of so many in memory."""
NO_OWNER: Final = 0


class KeyIndex:
    """A map from keys to owners that only grows; the first owner of a key stays.

    Args:
        max_pending: keys that are held in memory, about 150 bytes each.
        folder: where the files go, which belong to this object alone; a temporary folder unless given.
    """

    def __init__(self, *, max_pending: int = 1_000_000, folder: Path | None = None) -> None:
        self.max_pending = max_pending
        self._folder = folder
        self._pending: dict[int, int] = {}
        self._runs: list[tuple[int, np.memmap[tuple[int], np.dtype[np.void]]]] = []
        self._names = count()

    def __len__(self) -> int:
        """Entries, an upper bound of the keys: what was in two files before they were merged counts twice."""
        return len(self._pending) + sum(len(run) for _, run in self._runs)

    @property
    def num_files(self) -> int:
        return len(self._runs)

    def owners(self, keys_N: Hashes) -> Hashes:
        """The first owner of each key, `NO_OWNER` where it was not met."""
        find = self._pending.get
        owners_N = np.array([find(key, NO_OWNER) for key in keys_N.tolist()], dtype=np.uint64)
        for _, run in reversed(self._runs):
            places_N = np.minimum(np.searchsorted(run["key"], keys_N), len(run) - 1)
            is_here_N = run["key"][places_N] == keys_N
            owners_N[is_here_N] = run["owner"][places_N[is_here_N]]
        return owners_N

    def add(self, keys_N: Hashes, owner: int) -> None:
        """Give an owner to the keys that have none."""
        for key in keys_N.tolist():
            self._pending.setdefault(key, owner)
        if len(self._pending) >= self.max_pending:
            self._spill()

    def _spill(self) -> None:
        run = np.array(sorted(self._pending.items()), dtype=_ENTRY)
        path = self._new_path()
        run.tofile(path)
        self._pending = {}
        self._runs.append((0, _mapped(path)))
        while len(self._runs) >= _NUM_MERGED and self._runs[-_NUM_MERGED][0] == self._runs[-1][0]:
            self._merge()

    def _merge(self) -> None:
        """Make one file of the last few, which are of one size."""
        level, merged = self._runs[-1][0] + 1, self._runs[-_NUM_MERGED:]
        path = self._new_path()
        bounds = np.arange(1, _NUM_RANGES, dtype=np.uint64) * np.uint64(2**64 // _NUM_RANGES)
        cuts = [[0, *np.searchsorted(run["key"], bounds).tolist(), len(run)] for _, run in merged]
        with path.open("wb") as file:
            for part in range(_NUM_RANGES):
                pieces = [run[cut[part] : cut[part + 1]] for (_, run), cut in zip(merged, cuts, strict=True)]
                joined = np.concatenate(pieces)
                _, first = np.unique(joined["key"], return_index=True)  # the oldest file comes first
                file.write(joined[first].tobytes())
        del self._runs[-_NUM_MERGED:]
        self._runs.append((level, _mapped(path)))
        for _, run in merged:
            Path(str(run.filename)).unlink()

    def _new_path(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="zaphod-keys-"))
            weakref.finalize(self, shutil.rmtree, self._folder)
        return self._folder / f"keys-{next(self._names):06}.bin"


def _mapped(path: Path) -> np.memmap[tuple[int], np.dtype[np.void]]:
    return np.memmap(path, dtype=_ENTRY, mode="r")
