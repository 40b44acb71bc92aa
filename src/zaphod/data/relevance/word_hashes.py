"""Words of a text as buckets, counted in arrays; knows no language. Letters are small, words are runs of letters.

Legend: B bytes of a text, W words.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zaphod.data.hashing import Hashes, hash_ngrams, mixed

_MULTIPLIER = np.uint64(0x100000001B3 | 1)
_INVERSE = np.uint64(pow(int(_MULTIPLIER), -1, 2**64))

_IS_LETTER = np.zeros(256, bool)
_IS_LETTER[[*range(ord("0"), ord("9") + 1), *range(ord("a"), ord("z") + 1), *range(128, 256)]] = True


def word_hashes(text: str) -> Hashes:
    """A hash of each word, in order."""
    bytes_B = np.frombuffer(text.lower().encode("utf-8", "replace"), np.uint8)
    is_letter_B = _IS_LETTER[bytes_B]
    edges = np.flatnonzero(np.diff(is_letter_B.astype(np.int8), prepend=0, append=0))
    starts_W, ends_W = edges[::2], edges[1::2]
    if not len(starts_W):
        return np.empty(0, np.uint64)
    # A polynomial in an odd number, whose powers can be divided out modulo 2^64: the sum over a word, begun at its
    # first letter, is the same wherever the word stands.
    powers_B = np.full(len(bytes_B), _MULTIPLIER)
    powers_B[0] = 1
    np.multiply.accumulate(powers_B, out=powers_B)
    sums_B = np.cumsum((bytes_B.astype(np.uint64) + np.uint64(1)) * powers_B, dtype=np.uint64)
    before_W = np.where(starts_W > 0, sums_B[starts_W - 1], np.uint64(0))
    inverses_B = np.full(len(bytes_B), _INVERSE)
    inverses_B[0] = 1
    np.multiply.accumulate(inverses_B, out=inverses_B)
    return mixed((sums_B[ends_W - 1] - before_W) * inverses_B[starts_W])


def term_buckets(text: str, num_buckets: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Buckets of the text's words and of its pairs of neighbouring words, in rising order, and how often each comes."""
    hashes_W = word_hashes(text)
    terms = np.concatenate([hashes_W, hash_ngrams(hashes_W, 2)])
    buckets, counts = np.unique((terms % np.uint64(num_buckets)).astype(np.int64), return_counts=True)
    return buckets, counts
