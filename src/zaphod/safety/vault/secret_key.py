"""Bytes of a key that do not show themselves; knows how keys come from keys, not what they encrypt.

A key must not end up in a log, in an error or in a traceback that prints local variables. So it travels as a
`SecretKey`, which prints as its length, cannot be pickled, and gives its bytes only where a cipher takes them.
Python cannot wipe them from memory: who reads this process's memory, or what was swapped out of it, reads its keys.
"""

from __future__ import annotations

import hmac
import os
from typing import Any, Never

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32
_SHA256 = SHA256()


class SecretKey:
    """A key, or text as secret as one.

    Args:
        key: its bytes.
    """

    __slots__ = ("_key",)
    __hash__ = None  # type: ignore[assignment]  # a key is never looked up by its bytes

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def random(cls, num_bytes: int = KEY_BYTES) -> SecretKey:
        """A new one, of the system's random bytes."""
        return cls(os.urandom(num_bytes))

    def reveal(self) -> bytes:
        """The bytes. Call it only where they are used, so that no variable holds them."""
        return self._key

    def derive(self, purpose: bytes) -> SecretKey:
        """Another key of 32 bytes: HKDF-Expand with SHA-256 (RFC 5869, 2.3).

        Extracting first (2.2) is for input that is not evenly random. Ours is (RFC 5869, 3.3).
        """
        return SecretKey(HKDFExpand(algorithm=_SHA256, length=KEY_BYTES, info=purpose).derive(self._key))

    def __len__(self) -> int:
        return len(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretKey) and hmac.compare_digest(self._key, other._key)

    def __repr__(self) -> str:
        return f"SecretKey({len(self._key)} bytes)"

    def __reduce_ex__(self, protocol: Any) -> Never:
        raise TypeError("A secret key is not pickled or copied.")
