"""Finds blocks that already hold the beginning of a prompt; knows hashes and blocks, not who uses them.

The hash of a full block covers its tokens and all before them, who may share it, and the adapter that computed it. The
tenant is the salt: nobody can learn from a fast answer what another tenant's prompts were (CVE-2025-46570).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

_HASH_BYTES = 32


def root_hash(tenant: str, adapter_id: int) -> bytes:
    """What the hash of a sequence's first block continues."""
    return blake2b(f"{adapter_id} {tenant}".encode(errors="surrogatepass"), digest_size=_HASH_BYTES).digest()


def block_hash(previous: bytes, tokens: bytes) -> bytes:
    """Hash of a full block of `tokens` behind the block, or the root, of hash `previous`."""
    return blake2b(previous + tokens, digest_size=_HASH_BYTES).digest()


class PrefixCache:
    """A block for a hash and the hash of a block."""

    def __init__(self) -> None:
        self._blocks: dict[bytes, int] = {}
        self._hashes: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self._blocks)

    def __contains__(self, block: int) -> bool:
        return block in self._hashes

    def longest(self, hashes: Iterable[bytes]) -> list[int]:
        """Blocks of as many of these consecutive hashes, from the first on, as are known."""
        found: list[int] = []
        for key in hashes:
            block = self._blocks.get(key)
            if block is None:
                break
            found.append(block)
        return found

    def publish(self, key: bytes, block: int) -> None:
        """Let others find a full block; where another block holds the same already, that one stays the one found."""
        if self._blocks.setdefault(key, block) == block:
            self._hashes[block] = key

    def forget(self, block: int) -> None:
        """The block is about to hold something else."""
        key = self._hashes.pop(block, None)
        if key is not None:
            del self._blocks[key]
