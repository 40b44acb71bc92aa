"""The score of each sentence under a table of weights; knows no file, no threshold and no views.

A sentence's score is the sum of its n-grams' weights over the square root of their number, plus the intercept: long and
short sentences are comparable, and all sentences of a text are computed from the same running sums.

Legend: C characters, S sentences.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zaphod.safety.guard.classifiers.ngrams import LENGTHS, code_points, hashed_ngrams
from zaphod.safety.guard.classifiers.sentences import sentence_spans

Spans = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


def score_sentences(text: str, weights: npt.NDArray[np.float32], intercept: float) -> tuple[Spans, Scores]:
    """Where the sentences are, shape [S, 2], and their scores, shape [S]; none for a text without characters."""
    codes_C = code_points(padded(text))
    spans_S2 = sentence_spans(codes_C)
    starts_S, ends_S = spans_S2[:, 0], spans_S2[:, 1]
    sums_S = np.zeros(len(spans_S2))
    counts_S = np.zeros(len(spans_S2))
    for length, places in zip(LENGTHS, hashed_ngrams(codes_C), strict=True):
        running = np.zeros(len(places) + 1)
        np.cumsum(weights[places], out=running[1:], dtype=np.float64)
        last_S = np.maximum(ends_S - (length - 1), starts_S)
        in_S = np.minimum(last_S, len(places)), np.minimum(starts_S, len(places))
        sums_S += running[in_S[0]] - running[in_S[1]]
        counts_S += last_S - starts_S
    return np.clip(spans_S2 - 1, 0, len(text)), sums_S / np.sqrt(np.maximum(counts_S, 1.0)) + intercept


def padded(text: str) -> str:
    """With a blank on either side, so that words at the ends have n-grams like other words."""
    return f" {text} "
