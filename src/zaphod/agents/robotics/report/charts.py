"""Measured lines over time against their limits, as SVG; knows numbers, names and units, no robot.

Colours come from variables (`--line-1` …), so that one picture suits a light and a dark page; `standalone` brings them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby
from typing import Final, NamedTuple

from zaphod.core.report.colours import VARIABLES
from zaphod.core.report.ticks import round_ticks

_WIDTH, _HEIGHT = 560, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 12, 54, 58
_BAND = 8
_HEADROOM: Final = 1.1
"""Over a limit there is room for its name."""

COLOURS: Final = (
    VARIABLES
    + """
:root{--proved:#2e7d32;--go:#8fbf94;--clamp:#e3c14a;--slow:#ef9a3c;--stop:#d5482f;--hold:#8e4fc0}
@media(prefers-color-scheme:dark){:root{--proved:#81c995;--go:#3f7a48;--clamp:#c7a62f;--slow:#e08a2c;--stop:#f0624a;
--hold:#b07be0}}
@media print{:root{--proved:#2e7d32;--go:#8fbf94;--clamp:#e3c14a;--slow:#ef9a3c;--stop:#d5482f;--hold:#8e4fc0}}
"""
)
LINES: Final = """
svg text{font:13px system-ui,sans-serif;fill:var(--dim)}svg .title{fill:var(--ink);font-weight:600}
svg .grid{stroke:var(--grid)}svg .mark{stroke:var(--dim);stroke-dasharray:1 4}svg .line{fill:none;stroke-width:1.8}
svg .line-1{stroke:var(--line-1)}svg .line-2{stroke:var(--line-2);stroke-dasharray:5 3}
svg .range{fill:var(--proved);opacity:.18}svg text.range-name{fill:var(--proved)}
svg .limit{stroke:var(--limit);stroke-width:1.5}svg text.limit-name{fill:var(--limit)}
svg .halo{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}
svg .go{fill:var(--go)}svg .clamp{fill:var(--clamp)}svg .slow{fill:var(--slow)}svg .stop{fill:var(--stop)}
svg .hold{fill:var(--hold)}
@media(max-width:600px){svg.chart text{font-size:19px}}
"""

Points = Sequence[tuple[float, float]]


class Line(NamedTuple):
    """What was measured."""

    name: str
    points: Points


class Limit(NamedTuple):
    """What must not be crossed; a range where it has two ends."""

    name: str
    low: float
    high: float | None = None


class Mark(NamedTuple):
    """A moment that is pointed out."""

    name: str
    x: float


def chart(
    title: str,
    lines: Sequence[Line],
    *,
    limits: Sequence[Limit] = (),
    marks: Sequence[Mark] = (),
    band: Sequence[tuple[float, str]] = (),
    most: float | None = None,
) -> str:
    """An SVG of lines over seconds; "" if there is nothing to draw.

    Args:
        title: above it, unit included.
        lines: at most two.
        limits: drawn across, with their names.
        marks: drawn upright, with their names above.
        band: when each state began, under the time axis; each state is a class of colour.
        most: what is higher is cut off.
    """
    values = [y for line in lines for _, y in line.points]
    if not values:
        return ""
    ends = [end for limit in limits for end in (limit.low, limit.high) if end is not None]
    top = most if most is not None else max(*values, *(_HEADROOM * end for end in ends), 0.0)
    ticks = round_ticks(min(*values, 0.0), top)
    low, high = ticks[0], max(ticks[-1] if most is None else top, top)
    last = max(x for line in lines for x, _ in line.points) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        up = (min(y, high) - low) / (high - low)
        return _LEFT + x / last * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text class="title" x="0" y="14">{escape(title)}</text>']
    parts += _axes(place, [tick for tick in ticks if tick <= high], last)
    parts += [part for limit in limits if limit.low <= high for part in _limit(place, limit, last)]
    parts += _marks(place, marks, high)
    parts += [_curve(place, line.points, number) for number, line in enumerate(lines, 1)]
    parts += [_name(place, limit, last) for limit in limits if limit.low <= high]
    parts += _band(place, band, last, low)
    told = escape(f"{title}: " + ", ".join(line.name for line in lines), quote=True)
    return f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{told}">{"".join(parts)}</svg>'


def standalone(svg: str) -> str:
    """The same as a file of its own."""
    head, _, rest = svg.partition(">")
    page = f'<rect width="100%" height="100%" fill="var(--page)"/><style>{COLOURS}{LINES}</style>'
    return f"{head.replace('<svg', '<svg xmlns=' + chr(34) + 'http://www.w3.org/2000/svg' + chr(34))}>{page}{rest}\n"


Place = Callable[[float, float], tuple[float, float]]


def _axes(place: Place, ticks: Sequence[float], last: float) -> list[str]:
    parts = []
    for tick in ticks:
        left, y = place(0, tick)
        parts.append(f'<path class="grid" d="M{left} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>')
    for tick in round_ticks(0, last):
        if tick <= last:
            x, _ = place(tick, 0)
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 26}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 6}" text-anchor="end">time, s</text>')
    return parts


def _limit(place: Place, limit: Limit, last: float) -> list[str]:
    left, y = place(0, limit.low)
    right, _ = place(last, limit.low)
    if limit.high is None:
        return [f'<path class="limit" d="M{left} {y:.1f}H{right:.1f}"/>']
    _, top = place(0, limit.high)
    return [f'<rect class="range" x="{left}" y="{top:.1f}" width="{right - left:.1f}" height="{y - top:.1f}"/>']


def _name(place: Place, limit: Limit, last: float) -> str:
    """A limit's at the right, above it; a range's at the left, where nothing is held yet."""
    if limit.high is None:
        x, y = place(last, limit.low)
        where = f'class="halo limit-name" x="{x - 4:.1f}" y="{y - 5:.1f}" text-anchor="end"'
    else:
        x, y = place(0, (limit.low + limit.high) / 2)
        where = f'class="halo range-name" x="{x + 4:.1f}" y="{y + 4:.1f}"'
    return f"<text {where}>{escape(limit.name)}</text>"


def _marks(place: Place, marks: Sequence[Mark], high: float) -> list[str]:
    parts = []
    for mark in marks:
        x, y = place(mark.x, high)
        parts.append(f'<path class="mark" d="M{x:.1f} {y:.1f}V{_HEIGHT - _BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{y - 6:.1f}" text-anchor="middle">{escape(mark.name)}</text>')
    return parts


def _curve(place: Place, points: Points, number: int) -> str:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
    return f'<polyline class="line line-{number}" points="{told}"/>'


def _band(place: Place, band: Sequence[tuple[float, str]], last: float, low: float) -> list[str]:
    runs = [(state, next(iter(group))[0]) for state, group in groupby(band, key=lambda item: item[1])]
    parts = []
    ends = [*(begun for _, begun in runs[1:]), last]
    for (state, begun), ended in zip(runs, ends, strict=False):
        (left, y), (right, _) = place(begun, low), place(ended, low)
        parts.append(
            f'<rect class="{escape(state)}" x="{left:.1f}" y="{y + 3:.1f}" width="{right - left:.1f}" height="{_BAND}">'
            f"<title>{escape(state)} from {begun:.2f} s to {ended:.2f} s</title></rect>"
        )
    return parts
