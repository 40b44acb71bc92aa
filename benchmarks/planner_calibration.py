"""Fit the planner's constants to the open measured points, and leave models and devices out to see what that is worth.

    python -m benchmarks.planner_calibration            fit, write capacity/timing/engines.toml, publish the tables
    python -m benchmarks.planner_calibration --check    only score the constants that are committed

Points: `planner_points.csv` (the open rows) and `planner_points_notes.csv` (further figures in their notes). Constants
start at `planner_priors.toml` and are drawn to it: the sum over points of squared logarithms of predicted over
measured, each over its own spread, plus that of constants over their priors, is least (maximum a posteriori). So a
constant that nothing measures stays where the prior has it, and none leaves what is physically sensible.

The form of the model and the priors were chosen with the open points in sight, so what is left out is not unseen: only
a table that nobody here has seen says how well the planner transfers.
"""

from __future__ import annotations

import argparse
import copy
import math
import statistics
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import publish
from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.estimate import Estimate
from zaphod.capacity.layout import Layout
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.known import find_shape
from zaphod.capacity.timing.decode import decode_parts
from zaphod.capacity.timing.engines import Calibration, read_calibration
from zaphod.capacity.validation import predictors
from zaphod.capacity.validation.points import Point, read_points
from zaphod.capacity.validation.replicas import replica_of
from zaphod.capacity.validation.score import Outcome, Score, by_category, predict, score
from zaphod.capacity.validation.units import in_unit

_HERE = Path(__file__).parent
_ENGINES = _HERE.parent / "src/zaphod/capacity/timing/engines.toml"
_CATEGORIES = ("decode_b1", "e2e", "decode", "prefill", "ttft", "throughput", "fleet")
_SPREAD_OF_GRADE = {"A": 0.07, "B": 0.15, "C": 1.0}
_SPREAD_OF_CATEGORY = {"ttft": 0.25, "fleet": 0.2, "throughput": 0.12}
_SPREADS = {  # of logarithms, around the prior
    "weight_efficiency": 0.08,
    "expert_efficiency": 0.1,
    "sharded_efficiency": 0.12,
    "kv_efficiency": 0.12,
    "compute_efficiency": 0.15,
    "link_efficiency": 0.3,
    "all_reduce_s": 0.3,
    "layer_s": 0.4,
    "sparse_layer_s": 0.4,
    "latent_layer_s": 0.4,
    "step_s": 0.4,
    "sequence_s": 0.4,
    "prompt_layer_s": 0.4,
    "request_s": 0.4,
    "unpack_per_s": 0.4,
}
_SHARED = (  # (path in the file, spread)
    (("format", "fp8", "bandwidth"), 0.07),
    (("format", "fp8", "compute"), 0.15),
    (("format", "fp8", "experts"), 0.07),
    (("grouped", "half_rows"), 0.4),
    (("grouped", "half_width"), 0.4),
    (("grouped", "skew"), 0.3),
    (("generation", 0, "bandwidth"), 0.06),
    (("loop", "burst"), 0.3),
)
_SHARES = (
    "weight_efficiency",
    "expert_efficiency",
    "sharded_efficiency",
    "kv_efficiency",
    "link_efficiency",
    "bandwidth",
    "compute",
)
_STEP = 0.02
_PUBLISHED_CONTEXT = 700
_PUBLISHED_SPREAD = 0.15
"""Of one of 20 steps that hang together: more than their own 4 %."""
_PRIOR_WAS_FITTED = 0.8
"""On vLLM and NVIDIA devices: docs/planning.md has constants that were fitted to 53 rows; they may move by less."""


def published_steps() -> list[tuple[Replica, int, float]]:
    """(replica, batch, seconds) of docs/planning.md 2.6 and its constants, which met 53 rows within 4 % on average.

    The rows are not public, their constants are: for the models that they were fitted on they stand for the rows.
    """
    found = []
    for name, tensor in (
        *(("llama-3.1-8b", 1), ("qwen3-14b", 1), ("qwen3-30b-a3b", 1)),
        *(("llama-3.1-70b", 4), ("qwen3-235b-a22b", 8)),
    ):
        shape, device = find_shape(name), accelerator("h100")
        layout = Layout(tensor=tensor, expert=tensor if shape.num_sparse_layers else 1)
        replica = Replica(shape=shape, accelerator=device, layout=layout, engine="vllm")
        found += [(replica, batch, _published_step(replica, batch)) for batch in (8, 32, 128, 512)]
    return found


def _published_step(replica: Replica, batch: int) -> float:
    shape, device, tensor = replica.shape, replica.accelerator, replica.layout.tensor
    experts = [layer.experts for layer in shape.layers if layer.experts is not None]
    touched = 1 - (1 - experts[0].top_k / experts[0].num_experts) ** batch if experts else 0.0
    looked_up = 0 if shape.ties_embeddings else shape.embedding_parameters
    weights = shape.total_parameters - shape.expert_parameters - looked_up + touched * shape.expert_parameters
    read_s = 2 * weights / (tensor * 0.726 * device.bandwidth)
    compute_s = 2 * shape.active_parameters * batch / (tensor * 0.75 * device.peak("bf16"))
    imbalance = 0.455 if experts and tensor > 1 else 0.0
    cache = 2.0 * batch * shape.kv_values_at(_PUBLISHED_CONTEXT)
    cache_s = cache / (min(tensor, shape.num_kv_heads) * 0.684 * device.bandwidth)
    message = 2.0 * batch * shape.hidden_size * 2 * (tensor - 1) / tensor
    reduce_s = 6.7e-6 + message / (0.30 * device.link_bandwidth) if tensor > 1 else 0.0
    floors_s = shape.num_layers * (2 * reduce_s + 11e-6) + 38e-6 * batch
    return max(read_s, compute_s) * (1 + imbalance) + cache_s + floors_s


class Fit:
    """Constants as logarithms of their ratio to the prior, and the points that they are fitted to."""

    def __init__(self, prior: dict[str, Any], points: Sequence[Point], without: Sequence[str] = ()) -> None:
        self.prior = prior
        self.points = [point for point in points if point.category in _CATEGORIES]
        self.names: list[tuple[Any, ...]] = [path for path, _ in _SHARED]
        self.spreads = [spread for _, spread in _SHARED]
        for index, row in enumerate(prior["engine"]):
            for field, spread in _SPREADS.items():
                if row.get(field):
                    self.names.append(("engine", index, field))
                    tight = _PRIOR_WAS_FITTED if (row["engine"], row["vendor"]) == ("vllm", "nvidia") else 1.0
                    self.spreads.append(spread * tight)
        calibrated = read_calibration(prior)
        self.row_of = [_engine_of(point, calibrated) for point in self.points]
        self.published = [each for each in published_steps() if each[0].shape.name not in without]

    def data(self, logs: Sequence[float]) -> dict[str, Any]:
        """The tables with these constants."""
        data = copy.deepcopy(self.prior)
        for name, log in zip(self.names, logs, strict=True):
            *path, last = name
            table: Any = data
            for key in path:
                table = table[key]
            value = table[last] * math.exp(log)
            table[last] = min(value, 1.0) if last in _SHARES else value
        return data

    def residuals(self, logs: Sequence[float], only: Iterable[int]) -> dict[int, float]:
        """Of the points with these indices."""
        calibrated, num_points = read_calibration(self.data(logs)), len(self.points)
        found = {}
        for index in only:
            if index < num_points:
                found[index] = _residual(self.points[index], calibrated)
                continue
            replica, batch, seconds = self.published[index - num_points]
            parts = decode_parts(replica, batch=batch, context=_PUBLISHED_CONTEXT, calibration=calibrated)
            found[index] = math.log(parts.seconds / seconds) / _PUBLISHED_SPREAD
        return found

    def run(self, start: Sequence[float] | None = None, rounds: int = 8) -> list[float]:
        """Gauss-Newton with a bounded step."""
        logs = list(start) if start is not None else [0.0] * len(self.names)
        every = range(len(self.points) + len(self.published))
        vllm = self.row_of + [0] * len(self.published)
        for _ in range(rounds):
            here = self.residuals(logs, every)
            jacobian = np.zeros((len(every) + len(logs), len(logs)))
            for column, name in enumerate(self.names):
                moved = [*logs[:column], logs[column] + _STEP, *logs[column + 1 :]]
                concerned = [i for i in every if name[0] != "engine" or vllm[i] == name[1]]
                for index, residual in self.residuals(moved, concerned).items():
                    jacobian[index, column] = (residual - here[index]) / _STEP
                jacobian[len(every) + column, column] = 1 / self.spreads[column]
            right = [here[i] for i in every] + [log / spread for log, spread in zip(logs, self.spreads, strict=True)]
            change = np.linalg.lstsq(jacobian, -np.array(right), rcond=None)[0]
            logs = [log + float(np.clip(delta, -0.4, 0.4)) for log, delta in zip(logs, change, strict=True)]
            if float(np.abs(change).max()) < 1e-3:
                break
        return logs


def _engine_of(point: Point, calibrated: Calibration) -> int:
    replica = replica_of(point).replica
    row = calibrated.constants_for(replica.engine, replica.accelerator)[0]
    return [(each.engine, each.vendor) for each in calibrated.engines].index((row.engine, row.vendor))


def _predicting(calibrated: Calibration) -> Callable[[Point], Estimate]:
    return lambda point: predictors.predictor_of(point)(point, calibrated)  # type: ignore[call-arg]


def _residual(point: Point, calibrated: Calibration) -> float:
    predicted = in_unit(_predicting(calibrated)(point), point.unit)
    assert point.measured is not None
    spread = _SPREAD_OF_CATEGORY.get(point.category, _SPREAD_OF_GRADE.get(point.grade, 0.15))
    return math.log(predicted.value / point.measured) / spread


def left_out(fit: Fit, logs: Sequence[float], key: Callable[[Point], str]) -> list[Outcome]:
    """Each point predicted by a fit that has seen none of its group."""
    outcomes = []
    for group in dict.fromkeys(key(point) for point in fit.points):
        others = Fit(fit.prior, [point for point in fit.points if key(point) != group], [group])
        # NOTE: started at the priors: the whole fit has seen the group.
        calibrated = read_calibration(others.data(others.run(rounds=5)))
        predictor = _predicting(calibrated)
        outcomes += [predict(point, predictor) for point in fit.points if key(point) == group]
    return outcomes


def model_of(point: Point) -> str:
    """Models that differ in their training only are one."""
    return replica_of(point).replica.shape.name


def device_of(point: Point) -> str:
    """By its row in the catalogue."""
    return replica_of(point).replica.accelerator.name


def table(title: str, scores: dict[str, Score]) -> str:
    """One row a category."""
    lines = [f"**{title}**", "", "| category | points | refused | median | mean | p90 | bias | inside of 80 % |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for name, each in scores.items():
        shares = (each.median, each.mean, each.p90, each.bias, each.coverage)
        shown = " | ".join("" if share is None else f"{100 * share:.1f} %" for share in shares)
        lines.append(f"| {name} | {each.num_points} | {each.num_refused} | {shown} |")
    return "\n".join(lines)


def rows_table(outcomes: Sequence[Outcome]) -> str:
    """Each point left out with its model."""
    lines = ["| point | measured | predicted | error |", "|---|---|---|---|"]
    for outcome in outcomes:
        assert outcome.predicted is not None, outcome
        assert outcome.error is not None
        point = outcome.point
        figures = f"{point.measured:.5g} {point.unit} | {outcome.predicted.value:.5g} | {100 * outcome.error:+.1f} %"
        lines.append(f"| {point.id} | {figures} |")
    return "\n".join(lines)


def write(data: dict[str, Any], fit: Fit) -> None:
    """The file of constants, in the priors' order, with what each engine was fitted on."""
    lines = [
        "# How well engines use devices, written by `python -m benchmarks.planner_calibration` out of its priors.",
        "# Efficiencies are shares of the data sheet's peaks, times are seconds, errors are relative half-widths of",
        "# 80 % intervals.",
    ]
    for index, row in enumerate(data["engine"]):
        points = [point.id for point, engine in zip(fit.points, fit.row_of, strict=True) if engine == index]
        if points:
            row["fitted_on"] = f"{len(points)} open points: {', '.join(points)}"
    for name, content in data.items():
        if isinstance(content, list):
            for row in content:
                lines += ["", f"[[{name}]]", *(f"{key} = {_toml(value)}" for key, value in row.items())]
        elif all(isinstance(each, dict) for each in content.values()):
            for key, row in content.items():
                lines += ["", f"[{name}.{key}]", *(f"{field} = {_toml(value)}" for field, value in row.items())]
        else:
            lines += ["", f"[{name}]", *(f'"{key}" = {_toml(value)}' for key, value in content.items())]
    _ENGINES.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: object) -> str:
    if isinstance(value, float):
        return f"{float(f'{value:.4g}')!r}"
    if isinstance(value, list):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def main() -> None:
    """Fit or check, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only score the committed constants")
    check = parser.parse_args().check
    points = read_points(_HERE / "planner_points.csv") + read_points(_HERE / "planner_points_notes.csv")
    prior = tomllib.loads((_HERE / "planner_priors.toml").read_text(encoding="utf-8"))
    fit = Fit(prior, points)
    if check:
        committed = read_calibration(tomllib.loads(_ENGINES.read_text(encoding="utf-8")))
        outcomes = [predict(point, _predicting(committed)) for point in fit.points]
        print(table("Committed constants", by_category(outcomes)), rows_table(outcomes), sep="\n\n")
        return
    before = [predict(point, _predicting(read_calibration(prior))) for point in fit.points]
    logs = fit.run()
    data = fit.data(logs)
    fitted = [predict(point, _predicting(read_calibration(data))) for point in fit.points]
    write(data, fit)
    by_model, by_device = left_out(fit, logs, model_of), left_out(fit, logs, device_of)
    sets = {
        "Priors alone": before,
        "Fitted": fitted,
        "Leave one model out": by_model,
        "Leave one device out": by_device,
    }
    tables = [table(name, by_category(outcomes)) for name, outcomes in sets.items()]
    away = [abs(each.error) for each in (*by_model, *by_device) if each.error is not None]
    result = {
        name: {"rows": {each.point.id: each.error for each in outcomes}, "median": score(outcomes).median}
        for name, outcomes in sets.items()
    }
    ends = statistics.quantiles(away, n=10)
    note = f"Of all points left out, 80 % are within {100 * ends[7]:.0f} %, half within {100 * ends[4]:.0f} %. "
    note += "The priors and the form of the model were chosen with these points in sight: new tables will do worse."
    publish(
        "planner_calibration", result, "\n\n".join([*tables, note, "Left out with its model:", rows_table(by_model)])
    )


if __name__ == "__main__":
    main()
