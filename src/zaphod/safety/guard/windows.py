"""Long texts in windows, so that time grows with the text and memory does not; knows nothing of what is looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

STEP = 16_384
OVERLAP = 4_096
"""The longest thing that is found whole wherever it begins: more than a pattern's longest match."""
LOOK_BACK = 192
"""How far before a hit a finder may look."""


@dataclass(frozen=True)
class Window:
    """A part of a text; a hit is the window's own if it begins in `[own_start, own_end)`."""

    start: int
    end: int
    own_start: int
    own_end: int


def windows_of(length: int) -> Iterator[Window]:
    """Windows over a text of so many characters. Together they own all of it, each character once."""
    own_start = 0
    while True:
        is_last = length - own_start <= STEP + OVERLAP
        own_end = length if is_last else own_start + STEP
        start, end = max(own_start - LOOK_BACK, 0), min(own_end + OVERLAP, length)
        # A hit of no characters may stand behind the last one.
        yield Window(start, end, own_start, own_end + is_last)
        if is_last:
            return
        own_start = own_end
