"""Shares of a whole, and figures with their intervals, as bars; knows names, amounts and the words for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from zaphod.core.report.picture import Box, Part, Path, Picture, Text

_WIDTH: Final = 480
_BAR: Final = 34
_ROW: Final = 44
_BAND, _STRIP = 18, 104
_STYLES: Final = ("fill-1", "fill-2", "fill-3", "fill-4")


class Share(NamedTuple):
    """A part of the whole."""

    name: str
    amount: float
    told: str
    """The amount in words."""


class Band(NamedTuple):
    """A figure and its interval; low >= 0."""

    name: str
    low: float
    value: float
    high: float
    told: str
    """Value and interval in words."""


def stacked_bar(title: str, shares: Sequence[Share], whole: Share, limit: Share | None = None) -> Picture:
    """Parts of a whole side by side, each with its amount below; what no part takes is left grey.

    Args:
        title: above it.
        shares: at most four.
        whole: at least as large as all of them together, or the bar is drawn longer than it.
        limit: up to where the parts may go.
    """
    assert len(shares) <= len(_STYLES), f"{len(shares)} parts cannot be told apart"
    longest = max(whole.amount, sum(share.amount for share in shares), limit.amount if limit else 0.0)
    scale = _WIDTH / longest
    top = 62
    parts: list[Part] = [Text(0, 16, title, "title"), Text(_WIDTH, 16, f"{whole.name} {whole.told}", anchor="end")]
    parts.append(Box(0, top, whole.amount * scale, _BAR, "ground"))
    left = 0.0
    for share, style in zip(shares, _STYLES, strict=False):
        parts.append(Box(left, top, share.amount * scale, _BAR, style, f"{share.name}: {share.told}"))
        left += share.amount * scale
    parts.append(Box(0.5, top, whole.amount * scale - 1, _BAR, "outline"))
    if limit is not None:
        at = min(limit.amount * scale, _WIDTH - 1)
        parts.append(Path([(at, top - 8), (at, top + _BAR + 8)], "limit"))
        parts.append(Text(min(at, _WIDTH), top - 14, f"{limit.name} {limit.told}", "limit-name", "end"))
    for number, (share, style) in enumerate(zip(shares, _STYLES, strict=False)):
        y = top + _BAR + 34 + 26 * number
        parts += [Box(0, y - 11, 12, 12, style), Text(22, y, share.name)]
        parts.append(Text(_WIDTH, y, share.told, "value", "end"))
    height = top + _BAR + 20 + 26 * len(shares)
    told = ", ".join(f"{share.name} {share.told}" for share in shares)
    return Picture(width=_WIDTH, height=height, label=f"{title}, of {whole.told}: {told}", parts=tuple(parts))


def bands(title: str, rows: Sequence[Band]) -> Picture:
    """Each figure on a scale of its own that begins at 0: how wide an interval is against the figure itself."""
    parts: list[Part] = [Text(0, 16, title, "title")]
    for number, row in enumerate(rows):
        top = 34 + _ROW * number
        scale = _WIDTH / (row.high * 1.05 or 1.0)
        parts += [Text(0, top + 11, row.name), Text(_WIDTH, top + 11, row.told, "value", "end")]
        parts += _band(row, _WIDTH, scale, top + 15)
    told = "; ".join(f"{row.name} {row.told}" for row in rows)
    return Picture(width=_WIDTH, height=34 + _ROW * len(rows), label=f"{title}: {told}", parts=tuple(parts))


def strip(row: Band, whole: float) -> Picture:
    """One figure on a scale from 0 to `whole`, without words, for the cell of a table."""
    return Picture(
        width=_STRIP,
        height=_BAND,
        label=f"{row.name}: {row.told}",
        parts=tuple(_band(row, _STRIP, (_STRIP - 2) / whole, 0)),
    )


def _band(row: Band, width: int, scale: float, top: float) -> Iterator[Part]:
    yield Box(0, top + 3, width, 12, "ground")
    yield Box(row.low * scale, top + 3, max((row.high - row.low) * scale, 2), 12, "fill-1", row.told)
    yield Path([(row.value * scale, top), (row.value * scale, top + _BAND)], "edge-2")
