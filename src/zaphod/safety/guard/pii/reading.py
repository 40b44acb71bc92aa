"""A text as UTF-8 bytes, with the way back to its characters; knows nothing of what is looked for.

RE2 works on bytes. Encoding a text once, and not once for each pattern, is what keeps a search with many patterns
linear. Lone surrogates become bytes that are no UTF-8, which no pattern matches, so that offsets stay right.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

_LETTERS_DIGITS = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_GROUP = re.compile(rb"[0-9A-Za-z]*")
_TOKEN = re.compile(rb"[0-9A-Za-z_+/=\-]*")


class Reading:
    """One text, ready to be searched."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8", "surrogatepass")
        self.character_at: Callable[[int], int] = int if len(self.data) == len(text) else self._characters()
        """The character that a byte offset stands for."""

    def _characters(self) -> Callable[[int], int]:
        is_first = (np.frombuffer(self.data, np.uint8) & 0xC0) != 0x80
        before = np.concatenate((np.zeros(1, np.int64), np.cumsum(is_first)))
        return lambda offset: int(before[offset])

    def text(self, start: int, end: int) -> str:
        """Some of it, by bytes."""
        return self.data[start:end].decode("utf-8", "replace")

    def before(self, start: int, num_bytes: int) -> bytes:
        """What stands before a place."""
        return self.data[max(0, start - num_bytes) : start]

    def stands_alone(self, start: int, end: int, glue: bytes = b"") -> bool:
        """Whether no letter, digit or `glue` with a letter or digit behind it touches a part of it."""
        data, num_bytes = self.data, len(self.data)
        if (start and data[start - 1] in _LETTERS_DIGITS) or (end < num_bytes and data[end] in _LETTERS_DIGITS):
            return False
        if start > 1 and data[start - 1] in glue and data[start - 2] in _LETTERS_DIGITS:
            return False
        return not (end + 1 < num_bytes and data[end] in glue and data[end + 1] in _LETTERS_DIGITS)

    def next_start(self, start: int, is_token: bool = False) -> int:
        """Where the next candidate may begin, if the one at `start` was none: behind its first group or token."""
        run = (_TOKEN if is_token else _GROUP).match(self.data, start)
        return max(start + 1, run.end() if run else 0)
