"""Hash trees over a growing list (RFC 6962, 2.1; RFC 9162, 2.1): roots and proofs; knows nothing of what is listed.

A leaf is named by its hash throughout; `leaf_hash` makes it of the bytes it stands for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """What must be kept of a tree so that it can grow and its root be told: one hash for each bit set in its size.

    Args:
        size: how many leaves there are.
        peaks: roots of the perfect trees that they fall into, the largest first.

    Raises:
        ValueError: so many peaks do not belong to that size.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        if size < 0 or len(self._peaks) != size.bit_count() or any(len(peak) != HASH_BYTES for peak in self._peaks):
            raise ValueError(f"{len(self._peaks)} peaks do not make a tree of {size} leaves")

    @property
    def peaks(self) -> tuple[bytes, ...]:
        return tuple(self._peaks)

    def copy(self) -> Frontier:
        return Frontier(self.size, self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add a leaf on the right."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            size >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The hash of the whole tree."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


class HashTree:
    """A whole tree in memory, 64 bytes a leaf, that proves things about its earlier sizes, too."""

    def __init__(self) -> None:
        self._levels = [bytearray()]

    def __len__(self) -> int:
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> None:
        """Add a leaf on the right."""
        index, level, value = len(self), 0, leaf
        while True:
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += value
            if not index & 1:
                return
            value = node_hash(self._perfect(level, index - 1), value)
            index, level = index >> 1, level + 1

    def root(self, size: int) -> bytes:
        """The hash of the first `size` leaves."""
        self._require(0, size)
        return self._subtree(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """PATH(index, D[size]): what is hashed with leaf `index`, on its way to the root of the first `size`."""
        self._require(index + 1, size)
        return self._path(index, 0, size)

    def consistency_proof(self, old_size: int, size: int) -> list[bytes]:
        """PROOF(old_size, D[size]): shows that the first `old_size` leaves have not changed since."""
        self._require(old_size, size)
        return self._proof(old_size, 0, size, True) if 0 < old_size < size else []

    def _require(self, low: int, size: int) -> None:
        if not 0 <= low <= size <= len(self):
            raise ValueError(f"the tree has {len(self)} leaves; {low} and {size} were asked for")

    def _perfect(self, level: int, index: int) -> bytes:
        return bytes(self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def _subtree(self, start: int, end: int) -> bytes:
        size = end - start
        if size & (size - 1) == 0:  # such a part always begins at a multiple of its size
            level = size.bit_length() - 1
            return self._perfect(level, start >> level)
        middle = start + _split(size)
        return node_hash(self._subtree(start, middle), self._subtree(middle, end))

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._subtree(middle, end)]
        return [*self._path(index, middle, end), self._subtree(start, middle)]

    def _proof(self, old: int, start: int, end: int, is_known: bool) -> list[bytes]:
        """SUBPROOF: `is_known` says that the verifier has the root of what lies to the left already."""
        if old == end:
            return [] if is_known else [self._subtree(start, end)]
        middle = start + _split(end - start)
        if old <= middle:
            return [*self._proof(old, start, middle, is_known), self._subtree(middle, end)]
        return [*self._proof(old, middle, end, False), self._subtree(start, middle)]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def proves_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether leaf `index` belongs to a tree of `size` leaves with that root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            value = node_hash(sibling, value)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and value == root


def proves_consistency(old_size: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a tree of `size` leaves begins with the tree of `old_size` leaves (RFC 9162, 2.1.4.2)."""
    if not 0 <= old_size <= size:
        return False
    if old_size in (0, size):
        return not proof and (old_root == EMPTY_ROOT if old_size == 0 else old_root == root)
    nodes = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not nodes:
        return False
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_value = value = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_value, value = node_hash(sibling, old_value), node_hash(sibling, value)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old_value == old_root and value == root
