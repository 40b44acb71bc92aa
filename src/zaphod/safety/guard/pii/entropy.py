"""How random a string looks; knows letters and their counts, not secrets."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

_CLASSES: Final = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"), re.compile(r"[^A-Za-z0-9]"))
_HEX: Final = re.compile(r"[0-9a-fA-F]+")


def entropy_bits(text: str) -> float:
    """Shannon's entropy of its letters, in bits per letter; 0 for nothing."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def num_classes(text: str) -> int:
    """How many of small letters, capitals, digits and others it has."""
    return sum(bool(letters.search(text)) for letters in _CLASSES)


def looks_random(text: str) -> bool:
    """Whether a long string is more likely drawn than written: 16 letters or more with nearly its alphabet's entropy.

    A string of n letters cannot show more than log2 n bits a letter, so the bound is a share of that.
    """
    if len(text) < 16:
        return False
    alphabet_bits = 4.0 if _HEX.fullmatch(text) else 6.0
    return num_classes(text) >= 2 and entropy_bits(text) >= 0.72 * min(alphabet_bits, math.log2(len(text)))
