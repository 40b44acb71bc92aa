"""The figures of a comparison as a table, as JSON, and as files kept beside others; measures and decides nothing."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.study.benchmarks.cases import Case, bar_of
from zaphod.study.benchmarks.comparison import OURS
from zaphod.study.benchmarks.samples import Sample
from zaphod.study.benchmarks.verdict import MAX_FOREIGN_SHARE, MAX_SPREAD, MIN_CPU_SHARE, MIN_PAIRS, Outcome, ratio

RESULTS = Path("benchmarks") / "results"
HEADER = ("file", "work", "peer", "ours", "theirs", "ratio", "reach at least", "aim", "verdict")
RULE = (
    f"No verdict below {MIN_PAIRS} pairs, where a program's own figures spread over more than {MAX_SPREAD:.0%} of "
    f"their median, where it got less than {MIN_CPU_SHARE:.0%} of its threads' time, or where others used more than "
    f"{MAX_FOREIGN_SHARE:.0%} of the machine. Spreads are minimum to maximum. Ratios are medians of pairs, above 1 "
    "where ours is better; for the divergence, ours over theirs."
)
_UNITS = {"speed": "tok/s", "serving": "tok/s", "busy": "of quiet", "load": "s", "memory": "MB", "accuracy": "nats"}


def outcomes_of(samples: Sequence[Sample], cases: Sequence[Case], types: Mapping[str, str]) -> list[Outcome]:
    """Every case of every file against every peer that was measured, in the order of the cases.

    Args:
        samples: all of them.
        cases: the rows.
        types: the number format of each file.
    """
    files = list(dict.fromkeys(sample.file for sample in samples))
    outcomes = []
    for file in files:
        for case in cases:
            here = [sample for sample in samples if (sample.file, sample.case) == (file, case.name)]
            ours = tuple(sample for sample in here if sample.engine == OURS)
            for peer in dict.fromkeys(sample.engine for sample in here if sample.engine != OURS):
                theirs = tuple(sample for sample in here if sample.engine == peer)
                if ours:
                    outcomes.append(Outcome(case=case, ours=ours, theirs=theirs, bar=bar_of(case, types[file])))
    return outcomes


def rows_of(outcomes: Iterable[Outcome]) -> list[tuple[str, ...]]:
    """The table under `HEADER`."""
    return [
        (
            outcome.ours[0].file,
            outcome.case.title,
            outcome.theirs[0].engine,
            _figures(outcome.case, outcome.ours),
            _figures(outcome.case, outcome.theirs),
            _ratio(outcome),
            _asked(outcome.case, None if outcome.bar is None else outcome.bar.reach),
            _asked(outcome.case, None if outcome.bar is None else outcome.bar.aim),
            outcome.verdict,
        )
        for outcome in outcomes
    ]


def pair_lines(outcomes: Iterable[Outcome]) -> list[str]:
    """Every ratio, pair by pair, with how undisturbed each run was."""
    lines = []
    for outcome in outcomes:
        peer = outcome.theirs[0].engine
        lines.append(f"{outcome.ours[0].file} · {outcome.case.title} · {peer}{_variant(outcome.theirs[0])}")
        theirs = {sample.pair: sample for sample in outcome.theirs}
        lines += [
            f"  pair {ours.pair + 1}: {_pair(outcome.case, ours, theirs[ours.pair])}"
            for ours in outcome.ours
            if ours.pair in theirs
        ]
    return lines


def as_json(
    environment: Mapping[str, Any], versions: Mapping[str, str], samples: Sequence[Sample], outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """Everything, fit for JSON."""
    return {
        "environment": dict(environment),
        "peers": dict(versions),
        "rule": RULE,
        "table": [dict(zip(HEADER, row, strict=True)) for row in rows_of(outcomes)],
        "ratios": [
            {
                "file": outcome.ours[0].file,
                "case": outcome.case.name,
                "peer": outcome.theirs[0].engine,
                "ratios": [each if math.isfinite(each) else None for each in outcome.ratios],
                "verdict": outcome.verdict,
            }
            for outcome in outcomes
        ],
        "samples": [asdict(sample) for sample in samples],
    }


def as_markdown(
    name: str, environment: Mapping[str, Any], versions: Mapping[str, str], outcomes: Sequence[Outcome]
) -> str:
    """The published page."""
    libraries = {"zaphod": environment["versions"]["zaphod"]} | dict(versions)
    head = [
        f"# {name}",
        "",
        f"{environment['date']} · {environment['cpu_model']}, {environment['num_cores']} cores · "
        f"kernels {environment['native_kernels']} · "
        + ", ".join(f"{library} {version}" for library, version in libraries.items())
        + f" · load average {environment['load_average']:.2f}",
        "",
        RULE,
        "",
        "| " + " | ".join(HEADER) + " |",
        "|" + "---|" * len(HEADER),
    ]
    rows = ["| " + " | ".join(row) + " |" for row in rows_of(outcomes)]
    return "\n".join([*head, *rows, "", "```", *pair_lines(outcomes), "```", ""])


def publish(name: str, page: str, data: Mapping[str, Any], folder: Path = RESULTS) -> None:
    """Keep the page and its figures. Raises `ConfigError` outside a checkout."""
    if not folder.is_dir():
        raise ConfigError(
            f"There is no folder {folder} here.", "Results are published in a checkout.", "Change to its root folder."
        )
    (folder / f"{name}.md").write_text(page, encoding="utf-8")
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _figures(case: Case, samples: Sequence[Sample]) -> str:
    values = [sample.value for sample in samples]
    words = _number(case, statistics.median(values))
    if len(values) > 1:
        words += f" ({_number(case, min(values))} to {_number(case, max(values))})"
    if case.kind == "accuracy":
        return f"{words} nats, median {samples[0].details['median']:.1e}, best token {_same(samples[0])}"
    after_imports = [sample.details["after_imports_s"] for sample in samples if "after_imports_s" in sample.details]
    words += f" {_UNITS[case.kind]}"
    return words + (f", {statistics.median(after_imports):.2f} s after imports" if after_imports else "")


def _same(sample: Sample) -> str:
    return f"{sample.details['same_best_token']:.0%} the same"


def _number(case: Case, value: float) -> str:
    if case.kind == "memory":
        return f"{value / 1e6:.0f}"
    return f"{value:.2e}" if case.kind == "accuracy" else f"{value:.2f}"


def _ratio(outcome: Outcome) -> str:
    ratios = outcome.ratios
    if not ratios:
        return ""
    words = f"{statistics.median(ratios):.2f}"
    return words + (f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else "")


def _asked(case: Case, value: float | None) -> str:
    if value is None:
        return ""
    if case.kind == "memory":
        return f"<= {value / 1e6:.0f} MB"
    if case.kind == "accuracy":
        return f"<= {value:.2f}"
    return f"{value:.2f} of own quiet" if case.kind == "busy" else f"{value:.2f}"


def _variant(sample: Sample) -> str:
    variant = sample.details.get("variant")
    return f" ({variant})" if variant else ""


def _pair(case: Case, ours: Sample, theirs: Sample) -> str:
    quotient = ratio(theirs.value, ours.value) if case.kind == "load" else ratio(ours.value, theirs.value)
    sides = [f"{sample.engine} {_number(case, sample.value)}{_disturbance(sample)}" for sample in (ours, theirs)]
    return f"{quotient:.2f}  " + "; ".join(sides)


def _disturbance(sample: Sample) -> str:
    noise = sample.noise
    if noise is None:
        return ""
    foreign = "" if noise.foreign_share is None else f", others {noise.foreign_share:.0%}"
    return f" [load {noise.load_average:.2f}, CPU/wall {noise.cpu_share:.2f}{foreign}]"
