"""The score of each sentence under a table of weights; knows no file, no threshold and no views.

A sentence's score is the sum of its different n-grams' weights over the square root of their number, plus the
intercept: the product with a vector of length 1, so that long and short sentences are comparable, and nothing becomes
more by being repeated. Of very short ones less is known, so their vectors are shorter.

Legend: C characters, S sentences, E pairs of a sentence and an n-gram in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zaphod.safety.guard.classifiers.ngrams import LENGTHS, TABLE_BITS, TABLE_SIZE, code_points, hashed_ngrams
from zaphod.safety.guard.classifiers.sentences import sentence_spans

_DAMPING = 10

Spans = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


def score_sentences(text: str, weights: npt.NDArray[Any], scale: float, intercept: float) -> tuple[Spans, Scores]:
    """Where the sentences are, shape [S, 2], and their scores, shape [S]; none for a text without characters.

    Args:
        text: what the model reads.
        weights: one for each place of the table; sums of whole numbers are exact.
        scale: of a weight.
        intercept: added to each score.
    """
    codes_C = code_points(padded(text))
    spans_S2 = sentence_spans(codes_C)
    pairs_E = _different_ngrams(codes_C, spans_S2)
    sentences_E = pairs_E >> TABLE_BITS
    counts_S = np.bincount(sentences_E, minlength=len(spans_S2))
    # Sums of doubles are exact as long as the weights are whole numbers.
    sums_S = np.bincount(sentences_E, weights[pairs_E & (TABLE_SIZE - 1)], minlength=len(spans_S2))
    return np.clip(spans_S2 - 1, 0, len(text)), sums_S * scale / norms(counts_S) + intercept


def _different_ngrams(codes_C: npt.NDArray[np.uint32], spans_S2: Spans) -> npt.NDArray[np.int64]:
    """Sentence and place in the table in one number for each n-gram of each sentence, sorted, each once."""
    pairs: list[npt.NDArray[np.int64]] = []
    for length, places in zip(LENGTHS, hashed_ngrams(codes_C), strict=True):
        counts_S = np.maximum(spans_S2[:, 1] - spans_S2[:, 0] - (length - 1), 0)
        sentences_E = np.repeat(np.arange(len(spans_S2)), counts_S)
        within_E = np.arange(len(sentences_E)) - np.repeat(np.cumsum(counts_S) - counts_S, counts_S)
        pairs.append((sentences_E << TABLE_BITS) | places[spans_S2[sentences_E, 0] + within_E])
    pairs_E = np.concatenate(pairs)
    pairs_E.sort()
    is_new = np.ones(len(pairs_E), bool)
    np.not_equal(pairs_E[1:], pairs_E[:-1], out=is_new[1:])
    return pairs_E[is_new]


def norms(counts: npt.NDArray[np.int64]) -> Scores:
    """What the sum over so many different n-grams is divided by."""
    return np.sqrt(counts + _DAMPING)


def padded(text: str) -> str:
    """With a blank on either side, so that words at the ends have n-grams like other words."""
    return f" {text} "
