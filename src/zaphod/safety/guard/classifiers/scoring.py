"""The score of each sentence under a table of weights; knows no file, no threshold and no views.

A sentence's score is the sum of its n-grams' weights over the square root of their number, plus the intercept: long and
short sentences are comparable, and all sentences of a text are computed from the same running sums.

Legend: C characters, S sentences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zaphod.safety.guard.classifiers.ngrams import LENGTHS, code_points, hashed_ngrams
from zaphod.safety.guard.classifiers.sentences import sentence_spans

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
    starts_S, ends_S = spans_S2[:, 0], spans_S2[:, 1]
    sums_S = np.zeros(len(spans_S2))
    counts_S = np.zeros(len(spans_S2), np.int64)
    sum_type = np.int64 if weights.dtype.kind == "i" else np.float64
    for length, places in zip(LENGTHS, hashed_ngrams(codes_C), strict=True):
        running = np.zeros(len(codes_C) + 1, sum_type)
        np.cumsum(weights[places].astype(sum_type), out=running[1 : len(places) + 1])
        last_S = np.maximum(ends_S - (length - 1), starts_S)
        sums_S += np.where(last_S > starts_S, running[last_S] - running[starts_S], 0)
        counts_S += last_S - starts_S
    return np.clip(spans_S2 - 1, 0, len(text)), sums_S * scale / np.sqrt(np.maximum(counts_S, 1)) + intercept


def padded(text: str) -> str:
    """With a blank on either side, so that words at the ends have n-grams like other words."""
    return f" {text} "
