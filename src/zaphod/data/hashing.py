"""Hashes of 64 bits that are the same on every machine and on every day; knows no document."""

from __future__ import annotations

import functools
import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

_ODD: Final = 0x9E3779B97F4A7C15
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


def hash_text(text: str) -> int:
    """BLAKE2b's first 64 bits of the text in UTF-8."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def hash_ngrams(hashes_W: Hashes, size: int) -> Hashes:
    """One hash for each run of `size` words, W - size + 1 of them; equal runs have equal hashes.

    The words' hashes are summed with weights that differ by place, then mixed as SplitMix64 does, so that each bit of
    the result depends on all of them.
    """
    num = max(0, len(hashes_W) - size + 1)
    total_G = np.zeros(num, dtype=np.uint64)
    for place, weight in enumerate(ngram_weights(size)):
        total_G += hashes_W[place : place + num] * weight
    return mixed(total_G)


@functools.lru_cache(maxsize=128)
def ngram_weights(size: int) -> Hashes:
    """The weight of each place in a run of words: powers of an odd number, modulo 2^64."""
    return np.array([pow(_ODD, place, 2**64) for place in range(size)], dtype=np.uint64)


def mixed(values_N: Hashes) -> Hashes:
    """SplitMix64's finaliser: a permutation of 64 bits whose output looks random. Source: Steele et al., 2014."""
    values_N = values_N ^ (values_N >> np.uint64(30))
    values_N *= _MIX_1
    values_N ^= values_N >> np.uint64(27)
    values_N *= _MIX_2
    return values_N ^ (values_N >> np.uint64(31))
