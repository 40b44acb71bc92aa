"""The pictures of a report: latency against throughput, memory, cost, a fleet's day; knows figures and charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from zaphod.capacity.estimate import Estimate
from zaphod.capacity.plan import Plan
from zaphod.capacity.report.content import CurvePoint, Day, Panel, Report
from zaphod.capacity.report.words import told
from zaphod.core.report.bars import Band, Share, bands, stacked_bar
from zaphod.core.report.chart import Axis, Curve, Limit, Mark, chart
from zaphod.core.report.picture import Picture
from zaphod.core.units import format_bytes

_HOUR_S: Final = 3600.0
_MOST_POINTS: Final = 480


class Captioned(NamedTuple):
    """A picture and what is said below it."""

    picture: Picture
    caption: str
    """"" where the picture says enough."""


def pictures_of(report: Report) -> Mapping[str, Captioned]:
    """By the names of their files, without endings."""
    made = dict(_of_plan(report.plan))
    curve = latency_curve(report)
    if curve is not None:
        made = {"latency": curve, **made}
    if report.day is not None:
        made |= {f"day-{number}": one for number, one in enumerate(_day(report.day), 1)}
    return made


def latency_curve(report: Report) -> Captioned | None:
    """Time between two tokens over a replica's output, and the point that the plan runs at; None without a curve."""
    plan, points = report.plan, report.curve
    if len(points) < 2:
        return None
    picture = chart(
        "Speed against load, one replica",
        [_latency("predicted", points)],
        x=Axis("output, tokens/s", logarithmic=True),
        y=Axis("ms between tokens"),
        limits=[Limit(f"promised: {1000 * plan.workload.max_itl_s:.3g} ms", 1000 * plan.workload.max_itl_s)],
        marks=[_operating_point(plan)],
    )
    assert picture is not None
    streams = f"{points[0].concurrency:,} to {points[-1].concurrency:,}"
    return Captioned(picture, f"From left to right {streams} streams at once; shaded: 80 of 100 measurements.")


def _latency(name: str, points: tuple[CurvePoint, ...]) -> Curve:
    across = [point.output_tokens_per_s.value for point in points]
    return Curve(
        name,
        [(x, 1000 * point.itl_s.value) for x, point in zip(across, points, strict=True)],
        [(x, 1000 * point.itl_s.low, 1000 * point.itl_s.high) for x, point in zip(across, points, strict=True)],
        has_dots=True,
    )


def _operating_point(plan: Plan) -> Mark:
    service = plan.service
    return Mark(f"{service.concurrency:,} streams", service.output_tokens_per_s.value, 1000 * service.itl_s.value)


def _of_plan(plan: Plan) -> Iterator[tuple[str, Captioned]]:
    yield "memory", _memory(plan)
    yield "cost", _cost(plan)


def _memory(plan: Plan) -> Captioned:
    memory, device = plan.memory, plan.replica.accelerator
    parts = {
        "weights": memory.weights,
        "keys and values": memory.kv_cache,
        "activations": memory.activations,
        "runtime, communication": memory.overhead,
    }
    picture = stacked_bar(
        "Memory of each device",
        [Share(name, amount, format_bytes(amount)) for name, amount in parts.items()],
        Share(device.title, device.memory_bytes, format_bytes(device.memory_bytes)),
        Share("engine may use", memory.available, format_bytes(memory.available)),
    )
    caption = f"A replica's caches hold {memory.kv_tokens:,} tokens in what weights and runtime leave."
    return Captioned(picture, caption)


def _cost(plan: Plan) -> Captioned:
    running = plan.running
    rows = {
        "an hour": running.cost_per_hour,
        "a year": running.cost_per_hour.scaled(8766.0, "$"),
        "a million output tokens": running.cost_per_million_output_tokens,
        "CO2, a million output tokens": running.co2_g_per_million_output_tokens,
    }
    made = [Band(name, one.low, one.value, one.high, _bare(one)) for name, one in rows.items()]
    return Captioned(bands("Cost and carbon", made), "Bars: 80 % intervals, each row on its own scale from zero.")


def _bare(estimate: Estimate) -> str:
    """Without what it is divided by, which the row's name says."""
    _, interval, amount = told(estimate)
    return f"{amount} ({interval})" if interval else amount


def _day(day: Day) -> Iterator[Captioned]:
    for panel in day.panels:
        picture = _panel(day, panel)
        if picture is not None:
            yield Captioned(picture, "")


def _hours(last: float) -> Axis:
    """A day in pieces of four hours, any other time in round ones."""
    return Axis("hour", ticks=tuple(range(0, 25, 4)) if 23 < last <= 24 else ())


def _panel(day: Day, panel: Panel) -> Picture | None:
    every = -(-len(day.time_s) // _MOST_POINTS)
    hours = [time / _HOUR_S for time in day.time_s[::every]]
    curves = [
        # Each point stands for those up to the next: the largest, so that no peak is lost.
        Curve(name, [(hour, max(line[n * every : (n + 1) * every])) for n, hour in enumerate(hours)])
        for name, line in panel.lines
    ]
    limits = [Limit(*panel.limit)] if panel.limit else []
    return chart(panel.title, curves, x=_hours(hours[-1]), y=Axis(panel.unit), limits=limits)
