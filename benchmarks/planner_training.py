"""Constants of training steps: fitted on measured rows, and the errors with each model left out.

    python -m benchmarks.planner_training

The constants of `capacity/timing/training.toml` are drawn towards what is known of the hardware and the kernels (the
priors below) and pulled by the rows: least squares of logarithms, a row weighing as one that is off by 5 %. Rows older
than the software are not fitted; they tell how much older software differs. With a model left out, none of its rows is
fitted and its step is predicted; priors, formulas and the choices for empty cells were made with all
rows in sight, so that a model never seen may be off by more.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import RESULTS, publish
from benchmarks.training_arms import CONFIG, DENSE
from zaphod.capacity.layout import Layout
from zaphod.capacity.shapes.reading import shape_of_config
from zaphod.capacity.timing.training import mfu, step_parts, step_time
from zaphod.capacity.timing.training_cpu import STACK, measured_machine
from zaphod.capacity.timing.training_job import TrainingJob, common, matmul, stack
from zaphod.capacity.timing.training_speed import Constants
from zaphod.capacity.validation.points import Point, read_points
from zaphod.capacity.validation.score import predict
from zaphod.capacity.validation.training import Setting, setting_of

_POINTS = Path(__file__).with_name("planner_points.csv")
_ROW_ERROR = 0.05
_CPU_BANDWIDTH = 15e9
"""Bytes a second that `zaphod doctor` reads on the machine of benchmarks/results/training_speed.json."""

# (value before any row was seen, spread of its logarithm).
PRIORS: Mapping[str, tuple[float, float]] = {
    "hopper.ridge": (0.5, 0.4),
    "common.grouped": (0.85, 0.1),
    "megatron.sparse_layer_s": (5e-4, 0.7),
    "common.power_exponent": (0.5, 0.3),
    "megatron.products": (0.92, 0.06),
    "megatron.attention": (0.6, 0.15),
    "megatron.fp8_products": (0.85, 0.1),
    "megatron.elementwise": (1.5, 0.3),
    "megatron.tensor_exposed": (0.4, 0.4),
    "megatron.expert_exposed": (0.8, 0.2),
    "torchtitan.products": (0.9, 0.06),
    "torchtitan.attention": (0.45, 0.15),
    "torchtitan.elementwise": (1.5, 0.3),
    "torchtitan.tensor_exposed": (1.0, 0.2),
    "fsdp.products": (0.85, 0.06),
    "fsdp.attention": (0.4, 0.15),
    "fsdp.elementwise": (2.0, 0.3),
    "processors.ridge": (0.1, 0.7),
    "zaphod-cpu.products": (0.85, 0.15),
    "zaphod-cpu.attention": (0.4, 0.3),
    "zaphod-cpu.elementwise": (0.8, 0.5),
    "zaphod-cpu.sparse_layer_s": (5e-3, 0.7),
}


@dataclasses.dataclass(frozen=True)
class Row:
    """A measured step and the job it is of."""

    point: Point
    setting: Setting
    seconds: float

    def predicted(self, values: Mapping[str, float]) -> float:
        """Seconds with these constants."""
        setting, found = self.setting, matmul(self.setting.accelerator)
        constants = Constants(
            common=dataclasses.replace(common(), **_of("common", values)),
            stack=dataclasses.replace(stack(setting.job.stack), **_of(setting.job.stack, values)),
            matmul=dataclasses.replace(found, **_of("processors" if found.name == "processors" else "hopper", values)),
        )
        return step_parts(setting.shape, setting.accelerator, setting.layout, setting.job, constants).total

    def error(self, values: Mapping[str, float]) -> float:
        """Relative and signed."""
        return self.predicted(values) / self.seconds - 1


def rows_of(points: tuple[Point, ...]) -> list[Row]:
    """Those with a step time or a rate."""
    found = []
    for point in points:
        if point.category == "train" and point.measured:
            setting = setting_of(point)
            seconds = point.measured
            if point.metric == "tokens_per_s_per_gpu":
                seconds = setting.job.tokens / setting.layout.num_devices / point.measured
            found.append(Row(point, setting, seconds))
    return found


def own_rows() -> list[Row]:
    """Our own training on this kind of machine, as `benchmarks.training_speed` measured it beside a bare product."""
    measured = json.loads((RESULTS / "training_speed.json").read_text())
    found = []
    for label, config in (("ours", CONFIG), ("dense, ours", DENSE)):
        for threads, suffix in ((2, ""), (1, ", 1 thread")):
            rate = statistics.median(each["tokens_per_s"] for each in measured["measured"][label + suffix])
            device = measured_machine(
                bf16_flops=statistics.median(measured["gemm_flops"][str(threads)]),
                read_bandwidth=_CPU_BANDWIDTH,
                memory_bytes=measured["machine"]["memory_bytes"],
                num_threads=threads,
            )
            job = TrainingJob(global_batch=32, sequence_length=256, micro_batch=32, stack=STACK)
            shape = shape_of_config(config, name=f"own {label}")
            point = Point(
                id=f"zaphod train, {label}{suffix or ', 2 threads'}",
                category="train",
                model=shape.name,
                hardware=device.title,
                metric="step_time",
                measured=job.tokens / rate,
            )
            setting = Setting(shape=shape, accelerator=device, layout=Layout(), job=job, assumed=())
            found.append(Row(point, setting, job.tokens / rate))
    return found


def fit(rows: list[Row]) -> dict[str, float]:
    """Most likely constants: Gauss-Newton with steps halved where they do not help."""
    names = list(PRIORS)
    start = np.log([PRIORS[name][0] for name in names])
    spreads = np.array([PRIORS[name][1] for name in names])

    def misfit(logs: np.ndarray) -> np.ndarray:
        values = _values(names, logs)
        of_rows = [math.log(row.predicted(values) / row.seconds) / _ROW_ERROR for row in rows]
        return np.concatenate([of_rows, (logs - start) / spreads])

    logs, now = start, misfit(start)
    for _ in range(30):
        slope = np.stack([(misfit(logs + 1e-4 * axis) - now) / 1e-4 for axis in np.eye(len(names))], axis=1)
        move, length = np.linalg.lstsq(slope, -now, rcond=None)[0], 1.0
        while length > 1e-3 and (misfit(logs + length * move) ** 2).sum() >= (now**2).sum():
            length /= 2
        if length <= 1e-3 or np.abs(length * move).max() < 1e-5:
            break
        logs = logs + length * move
        now = misfit(logs)
    return _values(names, logs)


def _values(names: list[str], logs: np.ndarray) -> dict[str, float]:
    shares = ("exposed", "products", "attention", "grouped")
    values = {name: float(value) for name, value in zip(names, np.exp(logs), strict=True)}
    return {name: min(value, 1.0) if name.endswith(shares) else value for name, value in values.items()}


def _of(group: str, values: Mapping[str, float]) -> dict[str, Any]:
    return {name.partition(".")[2]: value for name, value in values.items() if name.startswith(group + ".")}


def main() -> None:
    """Fit, leave out, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "file", type=Path, nargs="?", default=_POINTS, help="measured rows; benchmarks/planner_points.csv"
    )
    points = read_points(parser.parse_args().file)
    rows = rows_of(points) + own_rows()
    current = [row for row in rows if not row.setting.job.older_software]
    values = fit(current)
    left_out = {
        model: fit([row for row in current if row.setting.shape.name != model])
        for model in {row.setting.shape.name for row in current}
    }
    lines = [
        "| row | measured s | fitted | error | left out: error | MFU causal / full, measured |",
        "|---|---|---|---|---|---|",
    ]
    errors: dict[str, list[float]] = {"fitted": [], "left out": []}
    for row in rows:
        inside, outside = row.error(values), row.error(left_out[row.setting.shape.name])
        if row in current and row.setting.job.stack != STACK:
            errors["fitted"].append(abs(inside))
            errors["left out"].append(abs(outside))
        lines.append(
            f"| {row.point.id}{'' if row in current else ' (older, not fitted)'} | {row.seconds:.2f} "
            f"| {row.predicted(values):.2f} | {inside:+.1%} | {outside:+.1%} | {_mfus(row)} |"
        )
    lines += ["", "Layouts, where a row leaves something open, chosen as the fastest that fits:", ""]
    lines += [
        f"- {row.point.id}: {row.setting.layout}, micro-batch {row.setting.job.micro_batch}, recompute "
        f"{row.setting.job.recompute}, expert_tensor {row.setting.job.expert_tensor}, stack {row.setting.job.stack}"
        for row in rows
    ]
    lines += ["", "| constant | before | fitted |", "|---|---|---|"]
    lines += [f"| {name} | {PRIORS[name][0]:g} | {value:.4g} |" for name, value in values.items()]
    summary = {
        name: {"median": statistics.median(found), "mean": statistics.fmean(found), "largest": max(found)}
        for name, found in errors.items()
    }
    lines += ["", "| errors of the table's rows that are not older | median | mean | largest |", "|---|---|---|---|"]
    lines += [
        f"| {name} | " + " | ".join(f"{each:.1%}" for each in found.values()) + " |" for name, found in summary.items()
    ]
    runs = [predict(point) for point in points if point.category == "train_run"]
    lines += ["", "| run | measured GPU-h | predicted | interval |", "|---|---|---|---|"]
    for run in runs:
        found = run.predicted
        told = (
            f"{found.value:,.0f} | {found.low:,.0f} to {found.high:,.0f}"
            if found
            else f"refused: {run.refused_because} |"
        )
        lines.append(f"| {run.point.id} | {run.point.measured:,.0f} | {told} |")
    result = {
        "constants": values,
        "rows": {row.point.id: {"measured_s": row.seconds, "fitted_s": row.predicted(values)} for row in rows},
        "errors": summary,
    }
    publish("planner_training", result, "\n".join(lines))


def _mfus(row: Row) -> str:
    setting = row.setting
    measured = step_time(setting.shape, setting.accelerator, setting.layout, setting.job)
    measured = dataclasses.replace(measured, value=row.seconds, low=row.seconds, high=row.seconds)
    both = (
        mfu(setting.shape, setting.accelerator, measured, setting.layout, setting.job, each).value
        for each in ("causal", "full")
    )
    return " / ".join(f"{each:.1%}" for each in both)


if __name__ == "__main__":
    main()
