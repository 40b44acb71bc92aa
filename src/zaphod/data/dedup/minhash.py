"""MinHash signatures of texts, and the keys under which similar ones meet; knows no document and keeps nothing.

S shingles of a text, H hashes of a signature, B bands of R hashes: H = B * R. Two texts whose shingles have the Jaccard
similarity s share a key with the probability 1 - (1 - s^R)^B. Source: Broder, "On the resemblance and containment of
documents", 1997; the parameters of FineWeb (5 words, 14 bands of 8, 64 bits) are the defaults: half of the pairs are
met at s = 0.72.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from zaphod.data.hashing import Hashes, hash_ngrams, mixed
from zaphod.data.vocabulary import Vocabulary

_WORDS: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")
_BLOCK: Final = 1024
"""Shingles that are hashed together: H times as many results fit into the second cache."""
_GREATEST: Final = np.uint64(2**64 - 1)


@dataclass(frozen=True, kw_only=True)
class MinHashOptions:
    """How signatures are made; signatures made otherwise do not match.

    Args:
        shingle_words: words of a shingle.
        num_bands, hashes_per_band: how sharp the threshold is, and where.
        seed: chooses the hash functions.
    """

    shingle_words: int = 5
    num_bands: int = 14
    hashes_per_band: int = 8
    seed: int = 1

    def probability(self, similarity: float) -> float:
        """How likely two texts of this Jaccard similarity share a key."""
        return 1.0 - float((1.0 - similarity**self.hashes_per_band) ** self.num_bands)


class MinHasher:
    """Makes signatures. For one thread."""

    def __init__(self, options: MinHashOptions = MinHashOptions()) -> None:
        self.options = options
        self._vocabulary = Vocabulary(normalised_words)

    @cached_property
    def _factors_H1(self) -> Hashes:
        num = self.options.num_bands * self.options.hashes_per_band
        generator = np.random.Generator(np.random.PCG64(self.options.seed))
        return generator.integers(0, 2**64, num, dtype=np.uint64)[:, None] | np.uint64(1)

    @cached_property
    def _band_salts_B1(self) -> Hashes:
        return mixed(np.arange(1, self.options.num_bands + 1, dtype=np.uint64))[:, None]

    @cached_property
    def _weights_R(self) -> Hashes:
        return mixed(np.arange(1, self.options.hashes_per_band + 1, dtype=np.uint64)) | np.uint64(1)

    def shingles(self, text: str) -> Hashes:
        """The hash of each shingle; a text shorter than one shingle is one, a text without words has none."""
        if self._vocabulary.is_full:
            self._vocabulary = Vocabulary(normalised_words)
        words_W = self._vocabulary.hashes(text)
        return hash_ngrams(words_W, min(self.options.shingle_words, len(words_W))) if len(words_W) else words_W

    def signature(self, shingles_S: Hashes) -> Hashes:
        """The least value of each of H hash functions over the shingles.

        The shingles' hashes are mixed already, so that a product with an odd number, modulo 2^64, orders them anew.
        """
        least_H = np.full(len(self._factors_H1), _GREATEST, dtype=np.uint64)
        for start in range(0, len(shingles_S), _BLOCK):
            values_HS = self._factors_H1 * shingles_S[None, start : start + _BLOCK]
            np.minimum(least_H, values_HS.min(axis=1), out=least_H)
        return least_H

    def keys(self, text: str, scope: int = 0) -> Hashes:
        """One key a band; texts of different scopes share none. A text without words has no key."""
        shingles_S = self.shingles(text)
        if not len(shingles_S):
            return shingles_S
        bands_BR = self.signature(shingles_S).reshape(self.options.num_bands, self.options.hashes_per_band)
        salted_BR = mixed(bands_BR ^ self._band_salts_B1)
        keys_B: Hashes = mixed((salted_BR * self._weights_R).sum(axis=1, dtype=np.uint64) ^ np.uint64(scope))
        return keys_B


def normalised_words(chunk: str) -> tuple[str, ...]:
    """The words of a chunk in lower case, without punctuation, each number as 0."""
    if chunk.isascii() and chunk.isalpha():  # one word, as most of them
        return (chunk.lower(),)
    return tuple(_WORDS.findall(_NUMBER.sub("0", chunk.lower())))
