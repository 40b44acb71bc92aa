"""A report as rows for a terminal, as Markdown, CSV and JSON; knows figures, not how they came about."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any, Final

from zaphod.capacity.estimate import COVERAGE, Estimate
from zaphod.capacity.plan import Plan
from zaphod.capacity.replica import Replica
from zaphod.capacity.report.content import Figure, Report, sources_of
from zaphod.capacity.report.words import told

SCHEMA_VERSION: Final = 1
"""Of the JSON; raised when a key changes its meaning or goes."""
HEADER: Final = ("", "value", f"{COVERAGE:.0%} interval")
"""Of `rows`."""
_CSV_HEADER: Final = ("key", "name", "group", "value", "low", "high", "unit", "basis")


def rows(figures: Iterable[Figure]) -> list[tuple[str, str, str]]:
    """Name, value with its unit, interval; the interval of what is exact is ""."""
    return [(figure.name, *told(figure.estimate)[:2]) for figure in figures]


def as_json(report: Report) -> dict[str, Any]:
    """Everything, for programs. Keys are stable within a `schema_version`."""
    plan = report.plan
    return {
        "schema_version": SCHEMA_VERSION,
        "made_at": report.made_at,
        "interval": COVERAGE,
        "workload": asdict(plan.workload),
        "region": plan.region,
        "replica": replica_as_json(plan.replica),
        "figures": figures_as_json(report.figures),
        "memory": asdict(plan.memory),
        "curve": [
            {
                "concurrency": point.concurrency,
                "itl_s": _estimate(point.itl_s),
                "ttft_s": _estimate(point.ttft_s),
                "output_tokens_per_s": _estimate(point.output_tokens_per_s),
            }
            for point in report.curve
        ],
        "considered": [{"replica": replica_as_json(one.replica), "reason": one.reason} for one in plan.considered],
        "day": _day(report),
        "assumptions": list(plan.assumptions),
    }


def figures_as_json(figures: Iterable[Figure]) -> dict[str, dict[str, Any]]:
    """By key: name, value, low, high, unit, basis and the value as people read it."""
    return {figure.key: {"name": figure.name, **_estimate(figure.estimate)} for figure in figures}


def replica_as_json(replica: Replica) -> dict[str, Any]:
    """What is started once, without the whole shape of the model."""
    return {
        "model": replica.shape.name,
        "accelerator": replica.accelerator.name,
        "layout": asdict(replica.layout),
        "devices": replica.num_devices,
        "precision": replica.precision,
        "kv_precision": replica.kv_precision,
        "engine": replica.engine,
        "memory_utilisation": replica.memory_utilisation,
        "max_batched_tokens": replica.max_batched_tokens,
    }


def as_csv(report: Report) -> str:
    """One line a figure; texts of the basis are parted by ` | `."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_HEADER)
    for figure in report.figures:
        one = figure.estimate
        cells = (figure.key, figure.name, figure.group, *map(repr, map(float, (one.value, one.low, one.high))))
        writer.writerow((*cells, one.unit, " | ".join(one.basis)))
    return out.getvalue()


def as_markdown(report: Report) -> str:
    """Tables and lists, for a ticket or a wiki."""
    plan = report.plan
    parts = [f"# {headline(plan)}", answer(plan)]
    for group, figures in groupby(report.figures, key=lambda figure: figure.group):
        parts += [f"## {group}", _markdown_table(HEADER, rows(figures))]
    if plan.considered:
        listed = [(layout_of(one.replica), one.reason) for one in plan.considered]
        parts += ["## Not chosen", _markdown_table(("layout", "why"), listed)]
    parts += _markdown_list("Assumptions", plan.assumptions)
    parts += _markdown_list("Sources", sources_of(report.figures))
    return "\n\n".join(parts) + "\n"


def headline(plan: Plan) -> str:
    """The model, the device and the people."""
    people = "one user" if plan.workload.users == 1 else f"{plan.workload.users:,} users"
    return f"{plan.replica.shape.name} on {plan.replica.accelerator.title} for {people}"


def answer(plan: Plan) -> str:
    """What is to be bought, in a sentence."""
    replicas = plan.running.num_replicas
    copies = "one replica" if replicas == 1 else f"{replicas:,} replicas"
    devices = "1 device" if plan.num_devices == 1 else f"{plan.num_devices:,} devices"
    return (
        f"{devices}: {copies} of {layout_of(plan.replica)}, for "
        f"{told(plan.running.cost_per_hour)} and {told(plan.running.power_w)}."
    )


def layout_of(replica: Replica) -> str:
    """`8 devices, TP8, fp8 on sglang`."""
    devices = "" if replica.num_devices == 1 else f"{replica.num_devices} devices, "
    kv = "" if replica.kv_precision == replica.precision else f" (cache {replica.kv_precision})"
    return f"{devices}{replica.layout}, {replica.precision}{kv} on {replica.engine}"


def _day(report: Report) -> dict[str, Any] | None:
    day = report.day
    if day is None:
        return None
    panels = [
        {
            "title": panel.title,
            "unit": panel.unit,
            "lines": {name: list(map(float, line)) for name, line in panel.lines},
        }
        for panel in day.panels
    ]
    return {"time_s": list(map(float, day.time_s)), "panels": panels, "told": list(day.told)}


def _estimate(estimate: Estimate) -> dict[str, Any]:
    value, interval, amount = told(estimate)
    ends = {"value": float(estimate.value), "low": float(estimate.low), "high": float(estimate.high)}
    return {
        **ends,
        "unit": estimate.unit,
        "basis": list(estimate.basis),
        "told": value,
        "amount": amount,
        "interval": interval,
    }


def _markdown_table(header: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *cells]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def _markdown_list(title: str, items: Sequence[str]) -> list[str]:
    return [f"## {title}", "\n".join(f"- {item}" for item in items)] if items else []
