"""Lines over a pair of axes, with their intervals and limits, as a picture; knows numbers, names and units."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from zaphod.core.report.picture import Dot, Part, Path, Picture, Text
from zaphod.core.report.ticks import log_ticks, round_ticks, short

_WIDTH, _HEIGHT = 480, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 56, 54
_LEGEND: Final = 22
_MOST_CURVES: Final = 4
_LETTER_PX: Final = 7.2
"""Of text as wide as most is."""

Place = Callable[[float, float], tuple[float, float]]


class Axis(NamedTuple):
    """What is measured along an edge of the picture."""

    name: str
    logarithmic: bool = False
    from_zero: bool = True
    """Of a linear one."""
    ends_with_data: bool = False
    """Of a linear one, which otherwise ends with a tick."""
    told: Callable[[float], str] = short
    """Of a tick."""
    ticks: tuple[float, ...] = ()
    """Where they are, from end to end of a linear axis; round ones unless given."""


class Curve(NamedTuple):
    """One line."""

    name: str
    points: Sequence[tuple[float, float]]
    interval: Sequence[tuple[float, float, float]] = ()
    """x, low, high: an area around the line."""
    has_dots: bool = False


class Limit(NamedTuple):
    """What must not be crossed, drawn across."""

    name: str
    value: float


class Mark(NamedTuple):
    """A point that is pointed out."""

    name: str
    x: float
    y: float


def chart(
    title: str,
    curves: Sequence[Curve],
    *,
    x: Axis,
    y: Axis,
    limits: Sequence[Limit] = (),
    marks: Sequence[Mark] = (),
) -> Picture | None:
    """The picture; None if there is nothing to draw.

    Args:
        title: above it.
        curves: at most four; those without points are left out.
        x: across. Of a logarithmic axis all values must be above 0.
        y: upright.
        limits: drawn across, with their names.
        marks: drawn as dots, with their names.
    """
    drawn = [curve for curve in curves if curve.points]
    assert len(drawn) <= _MOST_CURVES, f"{len(drawn)} lines cannot be told apart"
    if not drawn:
        return None
    xs = [point[0] for curve in drawn for point in curve.points]
    ys = [point[1] for curve in drawn for point in curve.points]
    ys += [end for curve in drawn for _, *ends in curve.interval for end in ends]
    ys += [limit.value * (1 if y.logarithmic else 1.08) for limit in limits] + [mark.y for mark in marks]
    (x_low, x_high, x_ticks), (y_low, y_high, y_ticks) = _range(xs, x), _range(ys, y)

    legend = list(_legend(drawn))
    top = _TOP + (_LEGEND if legend else 0)

    def place(across: float, up: float) -> tuple[float, float]:
        right = _share(across, x_low, x_high, x.logarithmic) * (_WIDTH - _LEFT - _RIGHT)
        height = _share(up, y_low, y_high, y.logarithmic) * (_HEIGHT - top - _BOTTOM)
        return _LEFT + right, _HEIGHT - _BOTTOM - height

    parts: list[Part] = [Text(0, 16, title, "title"), *legend, Text(0, top - 18, y.name)]
    parts += _axes(place, x, x_ticks, y, y_ticks, (x_low, y_low))
    for number, curve in enumerate(drawn, 1):
        parts += _curve(place, curve, number)
    parts += _limits(place, limits, x_high)
    parts += _marks(place, marks)
    names = ", ".join(curve.name for curve in drawn)
    label = f"{title}: {names}; {y.name} from {y.told(min(ys))} to {y.told(max(ys))}"
    return Picture(width=_WIDTH, height=_HEIGHT, label=label, parts=tuple(parts))


def _range(values: Sequence[float], axis: Axis) -> tuple[float, float, list[float]]:
    low, high = min(values), max(values)
    if axis.logarithmic:
        assert low > 0, f"{axis.name} has {low} on a logarithmic axis"
        room = 1.5 if high < 1.01 * low else min(1.06, (high / low) ** 0.1)
        low, high = low / room, high * room
        return low, high, log_ticks(low, high)
    low = min(low, 0.0) if axis.from_zero else low
    ticks = list(axis.ticks) or round_ticks(low, high)
    if axis.ends_with_data and low < high:
        return low, high, [tick for tick in ticks if low <= tick <= high]
    return ticks[0], ticks[-1], ticks


def _share(value: float, low: float, high: float, logarithmic: bool) -> float:
    if logarithmic:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _legend(curves: Sequence[Curve]) -> Iterator[Part]:
    if len(curves) < 2 and not curves[0].interval:
        return
    left = 0.0
    for number, curve in enumerate(curves, 1):
        yield Path([(left, 34), (left + 22, 34)], f"line-{number}")
        yield Text(left + 28, 38, curve.name)
        left += 28 + _LETTER_PX * len(curve.name) + 22


def _axes(
    place: Place, x: Axis, x_ticks: Sequence[float], y: Axis, y_ticks: Sequence[float], origin: tuple[float, float]
) -> Iterator[Part]:
    for tick in y_ticks:
        left, at = place(origin[0], tick)
        yield Path([(left, at), (_WIDTH - _RIGHT, at)], "grid")
        yield Text(left - 8, at + 4, y.told(tick), anchor="end")
    bottom = _HEIGHT - _BOTTOM
    for tick in x_ticks:
        at, _ = place(tick, origin[1])
        yield Path([(at, bottom), (at, bottom + 4)], "axis")
        yield Text(at, bottom + 19, x.told(tick), anchor="middle")
    yield Path([(_LEFT, bottom), (_WIDTH - _RIGHT, bottom)], "axis")
    yield Text(_WIDTH - _RIGHT, _HEIGHT - 8, x.name, anchor="end")


def _curve(place: Place, curve: Curve, number: int) -> Iterator[Part]:
    if curve.interval:
        upper = [place(across, high) for across, _, high in curve.interval]
        lower = [place(across, low) for across, low, _ in curve.interval]
        yield Path([*upper, *reversed(lower)], f"area-{number}")
    points = [place(*point) for point in curve.points]
    yield Path(points, f"line-{number}")
    if curve.has_dots:
        yield from (Dot(*point, 3, f"fill-{number}") for point in points)


def _limits(place: Place, limits: Sequence[Limit], x_high: float) -> Iterator[Part]:
    for limit in limits:
        right, at = place(x_high, limit.value)
        yield Path([(_LEFT, at), (right, at)], "limit")
        yield Text(_LEFT + 6, at - 6, limit.name, "limit-name")


def _marks(place: Place, marks: Sequence[Mark]) -> Iterator[Part]:
    for mark in marks:
        at, up = place(mark.x, mark.y)
        yield Dot(at, up, 6, "fill-2", mark.name)
        is_right = at > _WIDTH * 0.6
        yield Text(at + (-10 if is_right else 10), up - 10, mark.name, "value", "end" if is_right else "start")
