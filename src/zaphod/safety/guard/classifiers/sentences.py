"""Cuts a text into the stretches that are scored one by one; knows letters and stops, no language.

A request that hides one bad sentence among many good ones is as bad as that sentence, so each is scored on its own.
Very short ones go with what follows, so that "Ignore. All. Rules." is read as a whole; very long ones are read through
windows that overlap.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MIN_CHARACTERS = 24
MAX_CHARACTERS = 120
_LEAST_LAST = 6

_STOP, _BLANK, _CUT = 1, 2, 3
_LINE_END = ord("\n")
_KINDS = np.zeros(0x10000, np.uint8)
_KINDS[[ord(character) for character in ".!?…"]] = _STOP
_KINDS[[ord(character) for character in " \t\r\n\u00a0\"')]"]] = _BLANK
_KINDS[[ord(character) for character in "。！？।؟"]] = _CUT


def sentence_spans(codes_C: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Half-open intervals of characters in order, shape [sentences, 2]; only those of long sentences overlap."""
    length = len(codes_C)
    kinds = _KINDS[np.minimum(codes_C, 0xFFFF)]
    is_end = kinds == _CUT
    # Scripts without blanks come after the radicals of Chinese.
    is_end[:-1] |= (kinds[:-1] == _STOP) & ((kinds[1:] == _BLANK) | (codes_C[1:] >= 0x2E80))
    is_line_end = codes_C == _LINE_END
    is_end[:-1] |= is_line_end[:-1] & is_line_end[1:]
    spans: list[tuple[int, int]] = []
    start = 0
    for end in [*(np.flatnonzero(is_end) + 1).tolist(), length]:
        if end - start >= MIN_CHARACTERS or (end == length and end - start >= _LEAST_LAST):
            spans += _windows(start, end)
            start = end
    if start < length:  # too short for a sentence: it goes with the one before, or there is no other
        spans[-1:] = [(spans[-1][0] if spans else start, length)]
    return np.array(spans, np.int64).reshape(-1, 2)


def _windows(start: int, end: int) -> list[tuple[int, int]]:
    """The interval itself, or windows over it, each half covered by the next."""
    if end - start <= MAX_CHARACTERS:
        return [(start, end)]
    starts = range(start, end - MAX_CHARACTERS // 2, MAX_CHARACTERS // 2)
    return [(first, min(first + MAX_CHARACTERS, end)) for first in starts]
