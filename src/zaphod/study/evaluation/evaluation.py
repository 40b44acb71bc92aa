"""Asks a model one benchmark after another, keeps what it says, and adds it up; knows no command line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zaphod.core.progress import SILENT, Progress
from zaphod.study.evaluation.catalogue import AskOptions, Benchmark
from zaphod.study.evaluation.contamination import Corpus
from zaphod.study.evaluation.forms.form import Form
from zaphod.study.evaluation.journal import Journal, Record
from zaphod.study.evaluation.layouts.files import DataFolder, NotRun
from zaphod.study.evaluation.models.asked import AskedModel
from zaphod.study.evaluation.results import Result, better_of, false_positives_of, figures_of, groups_of

_VERSION = 1
_BATCH = 16
"""Problems that are asked together, and lost together when a run is stopped."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What is run, and where it is kept.

    Args:
        ask: how problems are asked.
        data: folder with published benchmarks.
        limit: problems of each benchmark: spread evenly over all, the same ones in every run.
        out: folder where records are kept and found again; None for memory alone.
        corpus: training data to look for problems in.
    """

    ask: AskOptions
    data: DataFolder | None = None
    limit: int | None = None
    out: Path | None = None
    corpus: Callable[[], Corpus] | None = None


def evaluate(
    model: AskedModel, benchmarks: Sequence[Benchmark], options: RunOptions, progress: Progress = SILENT
) -> list[Result]:
    """A result for each benchmark, those that could not be run among them."""
    return [_evaluate_one(model, benchmark, options, progress) for benchmark in benchmarks]


def spread(problems: Sequence[Any], limit: int | None) -> list[Any]:
    """As many problems as the limit allows, at even distances, so that every subject is among them."""
    if limit is None or limit >= len(problems):
        return list(problems)
    return [problems[number * len(problems) // limit] for number in range(limit)]


def _evaluate_one(model: AskedModel, benchmark: Benchmark, options: RunOptions, progress: Progress) -> Result:
    data = None if options.data is None else DataFolder(options.data.path)
    problems = benchmark.read(data, options.ask)
    if isinstance(problems, NotRun):
        return Result(name=benchmark.name, reason=problems.reason)
    form = benchmark.form(data, options.ask)
    if isinstance(form, NotRun):
        return Result(name=benchmark.name, reason=form.reason)
    asked = spread(problems, options.limit)
    run = _run_facts(model, benchmark, form, {} if data is None else data.digests, options)
    path = None if options.out is None else options.out / f"{benchmark.name}.jsonl"
    with Journal(path, run) as journal:
        _ask(model, form, asked, journal, benchmark.name, progress)
        records = [record for problem in asked if (record := journal.known(problem.key)) is not None]
    return Result(
        name=benchmark.name,
        figures=(figures := figures_of(records)),
        groups=groups_of(records),
        false_positives={} if benchmark.positive is None else false_positives_of(records, benchmark.positive),
        better=better_of(figures),
        num_read=len(problems),
        num_published=benchmark.num_published,
        num_cut=sum(record.get("num_cut", 0) for record in records),
        digests={} if data is None else data.digests,
        settings=run["form"],
        contamination=None if options.corpus is None else _contamination(options.corpus(), asked, records, progress),
    )


def _ask(
    model: AskedModel, form: Form, problems: Sequence[Any], journal: Journal, name: str, progress: Progress
) -> None:
    missing = [problem for problem in problems if journal.known(problem.key) is None]
    with progress.step(name, len(problems), "problems") as advance:
        advance(len(problems) - len(missing))
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            journal.keep(form.ask(model, batch))
            advance(len(batch))


def _run_facts(
    model: AskedModel, benchmark: Benchmark, form: Form, digests: Mapping[str, str], options: RunOptions
) -> dict[str, Any]:
    """What must be the same for records to belong together."""
    return {
        "version": _VERSION,
        "benchmark": benchmark.name,
        "model": dict(model.facts),
        "data": hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest() if digests else "generated",
        "form": dict(form.settings()),
        "shots": benchmark.num_shots if options.ask.shots is None else options.ask.shots,
        "seed": options.ask.seed,
    }


def _contamination(
    corpus: Corpus, problems: Sequence[Any], records: Sequence[Record], progress: Progress
) -> dict[str, Any]:
    found = corpus.look_for(problems, progress)
    clean = [record for record in records if found.get(record["key"]) == 0.0]
    return {
        "num_found": sum(share > 0 for share in found.values()),
        "num_looked_for": len(found),
        "num_too_short": len(problems) - len(found),
        "corpus": corpus.facts,
        "shares": {key: share for key, share in found.items() if share > 0},
        "figures_of_clean_problems": [figure.as_dict() for figure in figures_of(clean)],
    }
