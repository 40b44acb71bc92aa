"""A text as UTF-8 bytes, with the way back to its characters; knows nothing of what is looked for.

RE2 works on bytes. Encoding a text once, and not once for each pattern, is what keeps a search with many patterns
linear. Lone surrogates become bytes that are no UTF-8, which no pattern matches, so that offsets stay right.
"""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np
import numpy.typing as npt

_LETTERS_DIGITS = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_GROUP = re.compile(rb"[0-9A-Za-z]*")
_TOKEN = re.compile(rb"[0-9A-Za-z_+/=\-]*")


class Reading:
    """One text, ready to be searched."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8", "surrogatepass")
        self._is_ascii = len(self.data) == len(text)

    def character_at(self, offset: int) -> int:
        """The character that a byte offset stands for."""
        return offset if self._is_ascii else int(self._characters[offset])

    @cached_property
    def _characters(self) -> npt.NDArray[np.int64]:
        """How many characters begin before each byte; most texts hold nothing, and are never asked."""
        is_first = (np.frombuffer(self.data, np.uint8) & 0xC0) != 0x80
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(is_first)))

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
