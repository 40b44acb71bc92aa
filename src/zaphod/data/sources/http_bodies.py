"""Small readings of HTTP: the charset of a content type, the chunks of a stored body; opens no connection."""

from __future__ import annotations

import re
from typing import Final

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:\-]{2,40})", re.IGNORECASE)
_SIZE: Final = re.compile(rb"\s*([0-9a-fA-F]{1,15})[^\n]{0,1000}\n")


def charset_of(content_type: str) -> str:
    """`utf-8` of `text/html; charset=UTF-8`; empty where none is named."""
    match = _CHARSET.search(content_type)
    return match[1].lower() if match else ""


def joined_chunks(body: bytes) -> bytes:
    """A body without its chunks' sizes; archives often hold joined bodies under a chunked header: those stay as is."""
    pieces, place = list[bytes](), 0
    while match := _SIZE.match(body, place):
        size = int(match[1], 16)
        if size == 0:
            return b"".join(pieces)
        if match.end() + size > len(body):
            break
        pieces.append(body[match.end() : match.end() + size])
        place = match.end() + size
    return body if place == 0 or body[place:].strip() else b"".join(pieces)
