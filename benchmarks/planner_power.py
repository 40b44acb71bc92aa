"""The second line of a device's power (capacity/cost/power.toml): fitted on the open rows, and its errors.

    python -m benchmarks.planner_power

Watts of an H100 as `base + memory * (share of bandwidth) + doubling * log2(sequences)`, least squares; each row is also
predicted by a line that was fitted without it. Beside it: F14's published line, and the mean of both, which is shipped.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.cost.energy import busy_shares
from zaphod.capacity.cost.power import power_models
from zaphod.capacity.validation.points import Point, read_points
from zaphod.capacity.validation.serving import loop_of

FILE = Path(__file__).with_name("planner_points_notes.csv")
PART = "h100"


def rows() -> list[Point]:
    """Measured powers of the part."""
    points = (point for point in read_points(FILE) if point.metric == "total_gpu_power")
    return [point for point in points if accelerator(point.hardware).name == PART]


def main() -> None:
    """Print the fit."""
    features, published, measured, names = [], [], [], []
    line = power_models()[PART]
    for point in rows():
        assumed, loop = loop_of(point)
        memory, flops = busy_shares(assumed.replica, loop)
        features.append([1.0, memory, math.log2(loop.running)])
        published.append(line.base_w + line.memory_w * memory + line.flop_w * flops)
        measured.append((point.measured or math.nan) / assumed.replica.num_devices)
        names.append(point.id)
    x, y, first = np.array(features), np.array(measured), np.array(published)
    base, memory, doubling = _fit(x, y)
    print(f"watts = {base:.0f} + {memory:.0f} * memory + {doubling:.1f} * log2(sequences)")
    left_out = np.array([x[i] @ _fit(np.delete(x, i, 0), np.delete(y, i)) for i in range(len(y))])
    print(f"{'row':40} {'measured':>8} {'F14':>7} {'second':>7} {'left out':>8} {'mean of both, left out':>22}")
    for i, name in enumerate(names):
        errors = [each[i] / y[i] - 1 for each in (first, x @ np.array([base, memory, doubling]), left_out)]
        both = (first[i] + left_out[i]) / 2 / y[i] - 1
        print(f"{name:40} {y[i]:8.0f} {errors[0]:+7.1%} {errors[1]:+7.1%} {errors[2]:+8.1%} {both:+22.1%}")
    for label, each in (("F14", first), ("left out", left_out), ("mean of both", (first + left_out) / 2)):
        print(f"mean error, {label}: {np.abs(each / y - 1).mean():.1%}")


def _fit(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], dtype=np.float64)


if __name__ == "__main__":
    main()
