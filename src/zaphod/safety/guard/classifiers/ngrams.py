"""Turns texts into places of a table, one for each character n-gram; knows neither weights nor labels.

An n-gram's place is a multiplicative hash of its code points, computed for all n-grams of a text at once.

Legend: C characters, G n-grams of one length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LENGTHS = (3, 4, 5)
TABLE_BITS = 18
TABLE_SIZE = 1 << TABLE_BITS
HASHING = "multiplicative-1"
"""Names what this file computes; a model that was trained with another hash cannot be read."""

# Odd numbers without a pattern in their bits. 32 bits are enough for 18, and processors multiply many of them at once.
_SPREAD = np.uint32(0x9E3779B1)
_STEP = np.uint32(0x85EBCA77)
_FINISH = np.uint32(0xC2B2AE3D)
_FOLD = np.uint32(15)
_SHIFT = np.uint32(32 - TABLE_BITS)


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Of any text, lone surrogates too; shape [C]."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def hashed_ngrams(codes_C: npt.NDArray[np.uint32]) -> Sequence[npt.NDArray[np.uint32]]:
    """The places of all n-grams, for each length: entry `i` belongs to the n-gram that begins at character `i`."""
    spread_C = codes_C * _SPREAD
    hashes = spread_C
    found: list[npt.NDArray[np.uint32]] = []
    for length in range(2, LENGTHS[-1] + 1):
        hashes = hashes[:-1] * _STEP + spread_C[length - 1 :] if len(codes_C) >= length else spread_C[:0]
        if length in LENGTHS:
            found.append(hashes)
    mixed = np.concatenate(found)
    # The upper bits depend on all characters; the lower ones of a product only on lower ones.
    mixed ^= mixed >> _FOLD
    mixed *= _FINISH
    mixed >>= _SHIFT
    ends = np.cumsum([len(hashes) for hashes in found]).tolist()
    return [mixed[end - len(hashes) : end] for end, hashes in zip(ends, found, strict=True)]
