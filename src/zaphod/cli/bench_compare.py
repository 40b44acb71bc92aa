"""`zaphod bench compare` once its flags are read: every file in turn, then the table; knows no measuring."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zaphod.cli.output import print_json, print_line, print_table
from zaphod.core.errors import ConfigError, ZaphodError
from zaphod.core.progress import ProgressLines
from zaphod.study.benchmarks.cases import Case, cases_of
from zaphod.study.benchmarks.comparison import run_contest
from zaphod.study.benchmarks.entrants import Entry, enter, has_room_for_oracle, require_peers, type_of
from zaphod.study.benchmarks.environment import describe_environment
from zaphod.study.benchmarks.report import HEADER, RULE, as_markdown, outcomes_of, pair_lines, publish, rows_of
from zaphod.study.benchmarks.report import as_json as as_data
from zaphod.study.benchmarks.samples import Record

_OPENER = "zaphod.cli.measured_runner:open_runner"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for on the command line."""

    models: Sequence[Path]
    peers: Sequence[str]
    num_pairs: int
    only: Sequence[str] | None
    sizes: dict[str, int]
    """`prompt`, `generate`, `depth` and `streams` of `cases_of`."""
    runner: str
    dtype: str | None
    num_threads: int
    llama_python: str | None
    busy_core: int | None
    record: Path | None
    scratch: Path | None
    publish: str | None


def run(request: Request, *, as_json: bool) -> bool:
    """Measure and print. Returns False where it was interrupted; what was measured until then is printed all the same.

    Raises:
        ConfigError: the request contradicts itself.
        ZaphodError: a peer is missing, or failed: that too after what was measured until then is printed.
    """
    cases = _cases(request)
    entry = _entry(request)
    versions = require_peers(entry)
    types = {model.stem: type_of(model) for model in request.models}
    if len(types) < len(request.models):
        raise ConfigError("Two of the files have one name.", "The table tells them by their names.", "Rename one.")
    record = Record(request.record, _comparable(request, versions))
    failure = _measure(request, entry, cases, record)
    outcomes = outcomes_of(record.samples, cases, types)
    environment = describe_environment()
    data = as_data(environment, versions, record.samples, outcomes)
    if as_json:
        print_json(data)
    else:
        for line in pair_lines(outcomes):
            print_line(line)
        print_table(rows_of(outcomes), header=HEADER)
        print_line(RULE)
    if isinstance(failure, ZaphodError):
        raise failure
    if request.publish and failure is None:
        publish(request.publish, as_markdown(request.publish, environment, versions, outcomes), data)
    return failure is None


def _measure(
    request: Request, entry: Entry, cases: Sequence[Case], record: Record
) -> KeyboardInterrupt | ZaphodError | None:
    """Measure what the record lacks; what ended it early, if anything did."""
    progress = ProgressLines()
    with ExitStack() as stack:
        scratch = request.scratch or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            for model in request.models:
                fitting = [case for case in cases if case.kind != "accuracy" or has_room_for_oracle(model)]
                run_contest(enter(entry, model, fitting, scratch, progress), fitting, record, progress)
        except (KeyboardInterrupt, ZaphodError) as failure:
            return failure
    return None


def _cases(request: Request) -> list[Case]:
    cases = cases_of(**request.sizes)
    unknown = set(request.only or ()) - {case.name for case in cases}
    if unknown:
        raise ConfigError(
            f"There is no case {', '.join(sorted(unknown))}.", f"There are {', '.join(case.name for case in cases)}."
        )
    return [case for case in cases if request.only is None or case.name in request.only]


def _entry(request: Request) -> Entry:
    last_core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    return Entry(
        opener=_OPENER,
        runner=request.runner,
        dtype=request.dtype,
        peers=request.peers,
        llama_python=request.llama_python,
        num_threads=request.num_threads,
        num_pairs=request.num_pairs,
        busy_core=last_core if request.busy_core is None else request.busy_core,
    )


def _comparable(request: Request, versions: dict[str, str]) -> dict[str, Any]:
    """What must be the same for old samples to stand beside new ones."""
    ours = {"runner": request.runner, "dtype": request.dtype, "threads": request.num_threads}
    return {"sizes": request.sizes, **ours, "versions": versions}
