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

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0xD6E8FEB86659FD93)
_FINISH = np.uint64(0xA0761D6478BD642F)
_SHIFT = np.uint64(64 - TABLE_BITS)


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Of any text, lone surrogates too; shape [C]."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def hashed_ngrams(codes_C: npt.NDArray[np.uint32]) -> Sequence[npt.NDArray[np.int64]]:
    """The places of all n-grams, for each length: entry `i` belongs to the n-gram that begins at character `i`."""
    spread_C = codes_C * _SPREAD
    hashes = spread_C
    places: list[npt.NDArray[np.int64]] = []
    for length in range(2, LENGTHS[-1] + 1):
        if len(codes_C) < length:
            hashes = spread_C[:0]
        else:
            hashes = hashes[:-1] * _STEP + spread_C[length - 1 :]
        if length in LENGTHS:
            # The upper bits depend on all characters; the lower ones of a product only on lower ones.
            mixed = (hashes ^ (hashes >> np.uint64(29))) * _FINISH
            places.append((mixed >> _SHIFT).view(np.int64))
    return places
