"""The pictures of a run: its curves, and how its experts were loaded; knows lines of a log and charts, no page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from zaphod.core.report.chart import Axis, Curve, chart
from zaphod.core.report.heat_map import heat_map
from zaphod.core.report.picture import Picture

Points = Sequence[tuple[float, float]]

_MAX_POINTS: Final = 320
_MAX_COLUMNS: Final = 160  # of a heat map: steps are averaged
_FARTHEST: Final = 1e15  # what lies beyond is no figure of a run, and neither is what is no number
_STEPS: Final = Axis("step", ends_with_data=True)


def curves_of(lines: Sequence[Mapping[str, Any]], held_out: Sequence[Mapping[str, Any]]) -> Iterator[Picture]:
    """Over the steps of a run; what was never measured has no picture.

    Args:
        lines: of the run's log.
        held_out: of its measurements on texts that it does not learn from.
    """

    def over_steps(key: str) -> Points:
        return [(line["step"], line[key]) for line in lines if line[key] is not None]

    losses = {"training": over_steps("loss"), "held out": [(line["step"], line["loss"]) for line in held_out]}
    drawn = [
        curve("Loss", losses, Axis("nats a token", logarithmic=True), dotted="held out"),
        curve("Norm of the gradient", {"": over_steps("gradient_norm")}, Axis("before clipping", logarithmic=True)),
        curve("Learning rate", {"": over_steps("rate_share")}, Axis("share of the peak")),
        curve("Speed", {"": _speeds(lines)}, Axis("tokens a second")),
    ]
    if any(line["loads_LE"] for line in lines):
        overload, evenness = Axis("MaxVio, worst layer"), Axis("entropy over its maximum, worst layer", from_zero=False)
        drawn.append(curve("Overload of the busiest expert", {"": over_steps("max_violation")}, overload))
        drawn.append(curve("Evenness of the load", {"": over_steps("entropy")}, evenness))
    yield from (picture for picture in drawn if picture is not None)


def curve(title: str, lines: Mapping[str, Points], y: Axis, *, dotted: str | None = None) -> Picture | None:
    """One picture over the steps; None if nothing of it can be drawn.

    Args:
        title: above it.
        lines: points by name; long lines are averaged to a few hundred points, and values that no axis holds left out.
        y: upright.
        dotted: whose points are shown each.
    """
    sound = {name: _sound(points, y.logarithmic) for name, points in lines.items()}
    made = [Curve(name, points, has_dots=name == dotted or len(points) == 1) for name, points in sound.items()]
    return chart(title, made, x=_STEPS, y=y)


def load_maps(steps: Sequence[int], loads_SLE: npt.NDArray[np.float64]) -> Iterator[Picture]:
    """How every layer's experts were loaded, from the first step to the last, a row for each expert.

    Args:
        steps: their numbers.
        loads_SLE: in multiples of the mean load.
    """
    columns = np.array_split(np.arange(len(loads_SLE)), min(_MAX_COLUMNS, len(loads_SLE)))
    means_XLE = np.stack([loads_SLE[rows].mean(0) for rows in columns])
    ends = (f"{steps[0]:,}", f"{steps[-1]:,}")
    for layer in range(loads_SLE.shape[1]):
        title = f"Sparse layer {layer}, {loads_SLE.shape[2]} experts"
        yield heat_map(title, means_XLE[:, layer].T.tolist(), x_name="step", x_ends=ends)


def _speeds(lines: Sequence[Mapping[str, Any]]) -> Points:
    speeds, before_s = [], 0.0
    for line in lines:
        if line["seconds"] > before_s:
            speeds.append((line["step"], line["num_tokens"] / (line["seconds"] - before_s)))
        before_s = line["seconds"]
    return speeds


def _sound(points: Points, logarithmic: bool) -> Points:
    """Points that can be drawn, averaged over runs of equal length."""
    kept = [(x, y) for x, y in points if abs(y) < _FARTHEST and (y > 1 / _FARTHEST or not logarithmic)]
    size = math.ceil(len(kept) / _MAX_POINTS) or 1
    runs = [kept[n : n + size] for n in range(0, len(kept), size)]
    return [(sum(x for x, _ in run) / len(run), sum(y for _, y in run) / len(run)) for run in runs]
