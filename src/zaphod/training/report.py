"""RUN/report.html: a run's curves, routing and settings as one page that needs no network; knows files, no tensors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zaphod.core.report.page import charts, facts, folded, heading, page, paragraph, section, table
from zaphod.core.units import format_bytes, format_count, format_duration
from zaphod.training.pictures import curves_of, load_maps

_HOW_TO_READ = (
    "Each row is an expert, time runs to the right: blue is no token, grey the mean, orange twice the mean and more."
)
_LAST = "Over the last tenth of the run, in multiples of the mean load:"


def write_report(folder: Path, told: Sequence[tuple[str, str]] = ()) -> Path:
    """Write the page of the run in `folder`; `told` are rows for its first table.

    Raises:
        OSError: the run's files cannot be read.
    """
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    about = json.loads((folder / "run.json").read_text("utf-8"))
    held_out_file = folder / "validation.jsonl"
    held_out = (
        [json.loads(line) for line in held_out_file.read_text("utf-8").splitlines()] if held_out_file.exists() else []
    )
    file = folder / "report.html"
    unfinished = file.with_suffix(".partial")
    unfinished.write_text(_page(folder.name, lines, held_out, about, told), encoding="utf-8")
    unfinished.replace(file)
    return file


def _page(
    name: str,
    lines: Sequence[Mapping[str, Any]],
    held_out: Sequence[Mapping[str, Any]],
    about: Mapping[str, Any],
    told: Sequence[tuple[str, str]],
) -> str:
    return page(
        name,
        heading(name),
        paragraph(_summary(lines), "dim"),
        *(paragraph(warning, "status bad") for warning in _warnings(lines)),
        facts([*told, *_machine(about)]),
        section("Curves", charts((picture, "") for picture in curves_of(lines, held_out))),
        _routing(lines),
        section("Data", facts(_flat(about["data"]))),
        section("Settings", folded("all of them", facts(_flat(about["settings"])))),
    )


def _summary(lines: Sequence[Mapping[str, Any]]) -> str:
    if not lines:
        return "No step has been taken yet."
    num_tokens, seconds = sum(line["num_tokens"] for line in lines), lines[-1]["seconds"]
    return (
        f"{len(lines)} steps, {format_count(num_tokens)} tokens, {format_duration(seconds)} of training, "
        f"{format_count(num_tokens / max(seconds, 1e-9))} tokens/s."
    )


def _warnings(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    skipped = [line for line in lines if line["skipped"] is not None]
    alarms = [line for line in lines if line["alarm"] is not None]
    if skipped:
        yield f"{len(skipped)} steps were skipped; the last, {skipped[-1]['step']}: {skipped[-1]['skipped']}."
    if alarms:
        last = alarms[-1]
        yield f"{len(alarms)} warnings of the experts' load; the last, step {last['step']}: {last['alarm']}."


def _routing(lines: Sequence[Mapping[str, Any]]) -> str:
    """How every layer's experts were loaded, from the first step to the last."""
    sparse = [line for line in lines if line["loads_LE"]]
    if not sparse:
        return ""
    loads_SLE = np.array([line["loads_LE"] for line in sparse])
    loads_SLE = loads_SLE * loads_SLE.shape[2]
    last_LE = loads_SLE[-max(1, len(loads_SLE) // 10) :].mean(0)
    rows = [
        (str(layer), *(f"{value:.2f}" for value in (own.min(), own.max(), own.max() - 1)), str(int((own == 0).sum())))
        for layer, own in enumerate(last_LE)
    ]
    return section(
        "Routing",
        paragraph(_HOW_TO_READ),
        charts((picture, "") for picture in load_maps([line["step"] for line in sparse], loads_SLE)),
        paragraph(_LAST),
        table(("sparse layer", "least", "most", "MaxVio", "dead"), rows, right=range(1, 5)),
    )


def _machine(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    machine = about["machine"]
    return [
        ("machine", f"{machine['cpu']}, {machine['cores']} cores, {format_bytes(machine['memory_bytes'])}"),
        *((name, str(version)) for name, version in about.get("versions", {}).items()),
    ]


def _flat(values: Mapping[str, Any], place: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{place}.{key}" if place else key
        if isinstance(value, Mapping):
            rows += _flat(value, name)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, item in enumerate(value):
                rows += _flat(item, f"{name}[{number}]")
        elif value is not None:
            rows.append((name, str(value)))
    return rows
