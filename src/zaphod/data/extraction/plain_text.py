"""Plain text made tidy: line ends, control characters, empty lines; knows no markup."""

from __future__ import annotations

import re
from typing import Final

_CONTROLS: Final = dict.fromkeys((*range(9), 11, *range(14, 32), *range(127, 133), *range(134, 160), 0xFEFF))
_OVERSTRUCK: Final = re.compile(r".\x08")
_TRAILING: Final = re.compile(r"[ \t\r\f\xa0]+(?=\n|\Z)")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


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
        text = text.encode("utf-8", "replace").decode("utf-8")
    text = text.translate(_CONTROLS)
    return _EMPTY_LINES.sub("\n\n", _TRAILING.sub("", text)).strip("\n")
