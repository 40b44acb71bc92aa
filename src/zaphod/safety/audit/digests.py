"""Keyed hashes that stand for texts which must not be written down; knows neither keys' origin nor records."""

from __future__ import annotations

import hashlib
import hmac

_MIN_KEY_BYTES = 16


def keyed_digest(key: bytes, text: str) -> str:
    """The HMAC-SHA256 of a text, as 64 hexadecimal digits.

    Whoever holds the key can ask whether a text he knows was meant; without the key not even guesses can be tried, and
    when the key is destroyed nobody can.

    Raises:
        ValueError: the key is shorter than 16 bytes, so that it could be guessed.
    """
    if len(key) < _MIN_KEY_BYTES:
        raise ValueError(f"the key has {len(key)} bytes")
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
