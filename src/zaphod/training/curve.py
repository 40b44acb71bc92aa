"""A loss curve as an SVG picture; knows points, not training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

_WIDTH, _HEIGHT, _MARGIN = 640, 320, 48
_MAX_POINTS = 400


def write_curve(file: Path, points: Sequence[tuple[float, float]]) -> None:
    """Draw (minutes, loss) points, loss on a logarithmic axis; long curves are averaged to a few hundred points."""
    points = _averaged([(x, y) for x, y in points if y > 0])
    if len(points) > 1:
        file.write_text(_svg(points), encoding="utf-8")


def _averaged(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    size = math.ceil(len(points) / _MAX_POINTS) or 1
    runs = [points[n : n + size] for n in range(0, len(points), size)]
    return [(sum(x for x, _ in run) / len(run), sum(y for _, y in run) / len(run)) for run in runs]


def _svg(points: Sequence[tuple[float, float]]) -> str:
    last_minute = points[-1][0] or 1.0
    low = math.floor(math.log10(min(y for _, y in points)))
    high = max(low + 1, math.ceil(math.log10(max(y for _, y in points))))

    def place(x: float, y: float) -> tuple[float, float]:
        across = _MARGIN + (_WIDTH - 2 * _MARGIN) * x / last_minute
        return across, _MARGIN + (_HEIGHT - 2 * _MARGIN) * (high - math.log10(y)) / (high - low)

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
    marks = []
    for power in range(low, high + 1):
        x, y = place(0, 10.0**power)
        marks.append(f'<text x="{x - 6:.0f}" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g}</text>')
        marks.append(f'<path d="M{x:.0f} {y:.0f}H{_WIDTH - _MARGIN}" stroke="#ddd"/>')
    caption = f"loss (nats per answer token) over {last_minute:.0f} minutes"
    marks.append(f'<text x="{_WIDTH / 2:.0f}" y="{_HEIGHT - 14}" text-anchor="middle">{caption}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12">{"".join(marks)}<polyline points="{line}" fill="none" stroke="#06c" stroke-width="1.5"/>'
        "</svg>\n"
    )
