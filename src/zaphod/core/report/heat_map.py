"""A table of values as colours, as a picture; knows numbers and pixels, not what they mean."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

from zaphod.core.report.picture import Part, Picture, Raster, Text

_WIDTH: Final = 480
_TOP, _HEIGHT, _BOTTOM = 26, 96, 22
_SCALE_WIDTH: Final = 90
_LETTER_PX: Final = 9.0
# Nothing, the mean, twice the mean: blue, grey, orange; told apart by most who see few colours.
_COLD, _EVEN, _HOT = (38, 102, 196), (150, 150, 150), (240, 140, 20)

Colour = tuple[int, int, int]


def heat_map(title: str, values: Sequence[Sequence[float]], *, x_name: str, x_ends: tuple[str, str]) -> Picture:
    """Values of which 1 is the mean: from 0, which is cold, to 2 and above, which is hot.

    Args:
        title: above it, beside the scale.
        values: rows from top to bottom, all equally long; at least one value.
        x_name: what runs across.
        x_ends: where that begins and where it ends.
    """
    pixels = png_of([[_colour(value) for value in row] for row in values])
    scale = png_of([[_colour(step / 45) for step in range(91)]])
    bottom = _TOP + _HEIGHT + 16
    right = _WIDTH - 4 * _LETTER_PX
    left = right - _SCALE_WIDTH
    parts: tuple[Part, ...] = (
        Text(0, 16, title, "title"),
        Text(left - 6, 16, "0", anchor="end"),
        Raster(left, 7, _SCALE_WIDTH, 10, scale),
        Text(_WIDTH, 16, "2+", anchor="end"),
        Raster(0, _TOP, _WIDTH, _HEIGHT, pixels),
        Text(0, bottom, x_ends[0]),
        Text(_WIDTH / 2, bottom, x_name, anchor="middle"),
        Text(_WIDTH, bottom, x_ends[1], anchor="end"),
    )
    label = f"{title}: {len(values)} rows over {x_name} {x_ends[0]} to {x_ends[1]}"
    return Picture(width=_WIDTH, height=_TOP + _HEIGHT + _BOTTOM, label=label, parts=parts)


def png_of(rows: Sequence[Sequence[Colour]]) -> bytes:
    """Pixels as a file, without any library."""
    raw = b"".join(b"\0" + bytes(part for colour in row for part in colour) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(raw, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _colour(value: float) -> Colour:
    towards = min(max(value - 1, -1.0), 1.0)
    end = _HOT if towards > 0 else _COLD
    red, green, blue = (round(e + (to - e) * abs(towards)) for e, to in zip(_EVEN, end, strict=True))
    return red, green, blue
