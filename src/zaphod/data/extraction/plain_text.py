"""Plain text made tidy: line ends, control characters, empty lines; knows no markup."""

from __future__ import annotations

import re
from typing import Final

_CONTROLS: Final = bytes((*range(9), 11, *range(14, 32), 127))
_FURTHER_CONTROLS: Final = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]|\xef\xbb\xbf")
"""In UTF-8: those of Latin-1, and the mark of byte order."""
_OVERSTRUCK: Final = re.compile(r".\x08")
_BLANKS: Final = " \t\r\f\xa0"
_EMPTY_LINES: Final = re.compile(r"\n\n\n+")


def tidied(text: str) -> str:
    """The text with `\\n` for all line ends, without control characters, and with one empty line where there were more.

    Letters that were struck over, as terminals' bold ones are, stay once. What UTF-8 cannot hold becomes `\\ufffd`.
    """
    if "\x08" in text:
        text = _OVERSTRUCK.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = text.replace("\x85", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    text = _without_controls(text)
    text = "\n".join([line.rstrip(_BLANKS) for line in text.split("\n")])
    return _EMPTY_LINES.sub("\n\n", text).strip("\n")


def _without_controls(text: str) -> str:
    # Bytes lose some letters many times faster than a text does, and the way through UTF-8 has to be gone anyway.
    data = text.encode("utf-8", "replace").translate(None, _CONTROLS)
    return (data if data.isascii() else _FURTHER_CONTROLS.sub(b"", data)).decode()
