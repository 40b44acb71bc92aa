"""How English a sequence of letters is, by pairs; knows no words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BORDER = 26
"""What stands for all that is no letter from a to z."""


@cache
def pair_log_odds() -> NDArray[np.float32]:
    """log2 of how much likelier a letter is after another than at random, [27, 27]; 0 between two borders."""
    path = Path(__file__).with_name("letter_pairs.txt")
    rows = [line.split() for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    log_odds: NDArray[np.float32] = np.array(rows, np.float32) / 10 + np.log2(np.float32(27))
    log_odds[BORDER, BORDER] = 0
    return log_odds


_CODES = np.full(256, BORDER, np.uint8)
_CODES[ord("a") : ord("z") + 1] = np.arange(26)


def letter_codes(text: str) -> NDArray[np.uint8]:
    """0 to 25 for a to z, 26 for the rest; lower case."""
    return _CODES[np.frombuffer(text.encode("latin-1", "replace"), np.uint8)]


def pair_score(letters: str) -> float:
    """The log odds of a word, its borders included."""
    codes = letter_codes(f" {letters} ")
    return float(pair_log_odds()[codes[:-1], codes[1:]].sum())
