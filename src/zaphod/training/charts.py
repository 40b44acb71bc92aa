"""Curves as SVG and heat maps as PNG, to stand inside a page; knows numbers and pixels, not what they mean.

Colours come from the page's own variables (`--line-1` …), so that one picture suits a light and a dark page.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zaphod.core.report.ticks import round_ticks

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 28
_MAX_POINTS = 320
_FARTHEST = 1e15  # what lies beyond is no figure of a run, and neither is what is no number
# Below the mean, the mean, above it: blue, grey, orange; told apart by most who see few colours.
_COLD, _EVEN, _HOT = (38, 102, 196), (150, 150, 150), (240, 140, 20)


class Series(NamedTuple):
    """One line of a chart."""

    name: str
    points: Points
    has_dots: bool = False


def line_chart(series: Sequence[Series], *, x_name: str, label: str, logarithmic: bool = False) -> str:
    """An SVG of the series over one pair of axes; "" if there is nothing to draw.

    Args:
        series: two colours' worth of lines; long ones are averaged to a few hundred points.
        x_name: under the horizontal axis.
        label: said to those who do not see the picture.
        logarithmic: of the vertical axis; values that are not above 0 are left out.
    """
    drawn = [one._replace(points=_sound(one.points, logarithmic)) for one in series]
    drawn = [one for one in drawn if one.points]
    if not drawn:
        return ""
    xs = [x for one in drawn for x, _ in one.points]
    ys = [_scaled(y, logarithmic) for one in drawn for _, y in one.points]
    ticks = _ticks(min(ys), max(ys), logarithmic)
    low, high = min(*ys, ticks[0]), max(*ys, ticks[-1])
    x_low, x_high = min(xs), max(xs)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x_low) / ((x_high - x_low) or 1.0)
        up = (y - low) / ((high - low) or 1.0)
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = []
    for tick in ticks:
        _, y = place(x_low, tick)
        shown = 10**tick if logarithmic else tick
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_shown(shown)}</text>')
    for number, one in enumerate(drawn, 1):
        places = [place(x, _scaled(y, logarithmic)) for x, y in one.points]
        if one.has_dots:
            parts += [f'<circle class="dot-{number}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline class="line-{number}" points="{line}"/>')
    parts += [
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">{x_low:g}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{x_high:g}</text>',
        f'<text x="{_WIDTH / 2:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x_name)}</text>',
    ]
    opening = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label, quote=True)}">'
    return opening + "".join(parts) + "</svg>"


def heat_map(values_YX: npt.NDArray[np.float64]) -> str:
    """A PNG, as a data URI, of values of which 1 is the mean: 0 is cold, 2 and above hot."""
    towards = np.clip(values_YX - 1, -1, 1)[..., None]
    even, cold, hot = (np.array(colour, np.float64) for colour in (_EVEN, _COLD, _HOT))
    pixels = np.where(towards < 0, even + (even - cold) * towards, even + (hot - even) * towards)
    return "data:image/png;base64," + base64.b64encode(_png(pixels.round().astype(np.uint8))).decode()


def _png(pixels_YXC: npt.NDArray[np.uint8]) -> bytes:
    height, width, _ = pixels_YXC.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels_YXC)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    ends = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(ends)


def _sound(points: Points, logarithmic: bool) -> Points:
    """Points that can be drawn, averaged over runs of equal length."""
    kept = [(x, y) for x, y in points if abs(y) < _FARTHEST and (y > 1 / _FARTHEST or not logarithmic)]
    size = math.ceil(len(kept) / _MAX_POINTS) or 1
    runs = [kept[n : n + size] for n in range(0, len(kept), size)]
    return [(sum(x for x, _ in run) / len(run), sum(y for _, y in run) / len(run)) for run in runs]


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _scaled(y: float, logarithmic: bool) -> float:
    return math.log10(y) if logarithmic else y


def _ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    """Three to six round values over the range; whole powers of ten if there are enough of them."""
    if logarithmic and high - low > 2:
        return [float(power) for power in range(math.floor(low), math.ceil(high) + 1)]
    if logarithmic:
        return [math.log10(value) for value in _ticks(10**low, 10**high, False) if value > 0]
    return round_ticks(low, high, 4)
