"""`zaphod eval`: ask a model the known benchmarks, and print figures with their intervals; knows flags and tables."""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import json
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zaphod import __version__
from zaphod.cli.options import AdapterFlag, ContextFlag, DTypeFlag, JsonFlag, RunnerFlag, ThreadsFlag, read_key
from zaphod.cli.output import print_json, print_line, print_table
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines

if TYPE_CHECKING:
    from zaphod.study.evaluation.contamination import Corpus
    from zaphod.study.evaluation.models.asked import AskedModel
    from zaphod.study.evaluation.results import Result
    from zaphod.study.evaluation.sandbox.levels import Wanted
    from zaphod.study.evaluation.sandbox.sandbox import Sandbox

_LIST = "list"
_STOPPED = 130


def command(
    context: typer.Context,
    model: Annotated[
        str, typer.Argument(metavar="MODEL|URL|list", help="A model, a server's address, or `list` for the benchmarks.")
    ],
    tasks: Annotated[
        str, typer.Option("--tasks", metavar="NAME,NAME", help="Benchmarks; also agieval, truthfulqa, generated, all.")
    ] = "generated",
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Folder with the published data sets.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Problems of each, spread evenly.")] = None,
    shots: Annotated[
        int | None, typer.Option("--shots", min=0, help="Solved problems shown first; the benchmark's own by default.")
    ] = None,
    form: Annotated[str, typer.Option("--form", help="Of choices: letter, cloze, or both.")] = "both",
    samples: Annotated[
        int, typer.Option("--samples", min=1, max=1000, help="Answers to each program, for pass@k.")
    ] = 1,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", min=1, help="Of a written answer.")] = None,
    problems: Annotated[int, typer.Option("--problems", min=1, help="Of each generated benchmark.")] = 200,
    chat: Annotated[bool, typer.Option("--chat", help="Ask for written answers as a user's message.")] = False,
    sandbox: Annotated[
        str, typer.Option("--sandbox", help="Of programs: auto, namespaces, bubblewrap; rlimits is weak, none is none.")
    ] = "auto",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of generated problems and drawn answers.")] = 0,
    contamination: Annotated[
        Path | None, typer.Option("--contamination", metavar="DIR", help="Shards or texts to look for the problems in.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep every answer there, and go on from it.")
    ] = None,
    show_prompts: Annotated[
        bool, typer.Option("--show-prompts", help="Print a first prompt of each; ask nothing.")
    ] = False,
    name: Annotated[str, typer.Option("--name", help="Of a server: the model, as it calls it.")] = "",
    key_file: Annotated[
        Path | None, typer.Option("--key-file", metavar="FILE", help="Of a server: holds the key.")
    ] = None,
    adapter: AdapterFlag = None,
    runner: RunnerFlag = None,
    dtype: DTypeFlag = None,
    threads: ThreadsFlag = None,
    context_tokens: ContextFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Ask a model the known benchmarks and our own, and print figures with 95 % intervals.

    Data sets are read from --data and never fetched; what is absent is said to be `not run`. Every answer is kept in
    --out (`evaluations/MODEL` unless given): Ctrl-C loses at most the last few, and the same command goes on. Programs
    that a model writes run in a sandbox, whose level is printed.

    \b
    Examples:
      zaphod eval list
      zaphod eval builtin --tasks generated
      zaphod eval ./grok-1 --tasks mmlu,gsm8k,humaneval --data ~/benchmarks --limit 200
      zaphod eval http://127.0.0.1:8000 --tasks agieval --data ~/benchmarks --json
    """
    from zaphod.study.evaluation.catalogue import AskOptions, chosen
    from zaphod.study.evaluation.evaluation import RunOptions, evaluate
    from zaphod.study.evaluation.layouts.files import DataFolder

    if model == _LIST:
        _list(data, as_json)
        return
    benchmarks = chosen([part.strip() for part in tasks.split(",") if part.strip()])
    ask = AskOptions(
        shots=shots,
        styles=_styles(form),
        seed=seed,
        num_samples=samples,
        max_tokens=max_tokens,
        num_generated=problems,
        as_chat=chat,
        sandbox=functools.cache(lambda: _sandbox(sandbox, as_json)),  # type: ignore[arg-type]
    )
    folder = None if data is None else DataFolder(data)
    if show_prompts:
        _show_prompts(benchmarks, folder, ask)
        return
    settings: MergedSettings = context.obj
    if _is_address(model):
        asked, corpus = _server(model, name, key_file, chat), None
    else:
        settings = settings.with_flags(model=model, runner=runner, dtype=dtype, threads=threads, context=context_tokens)
        asked, corpus = _loaded(settings, adapter, chat, contamination)
    if contamination is not None and corpus is None:
        from zaphod.study.evaluation.contamination import open_corpus

        corpus = open_corpus(contamination)
    place = out or Path("evaluations") / _file_name(name or model)
    found = corpus
    options = RunOptions(ask=ask, data=folder, limit=limit, out=place, corpus=None if found is None else lambda: found)
    try:
        results = evaluate(asked, benchmarks, options, ProgressLines())
    except KeyboardInterrupt:
        print_line(f"Stopped. What was answered is in {place}; the same command goes on from there.")
        raise typer.Exit(_STOPPED) from None
    document = {**_facts(asked, model, seed), "results": [result.as_dict() for result in results]}
    (place / "results.json").parent.mkdir(parents=True, exist_ok=True)
    (place / "results.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        print_json(document)
    else:
        _show(results, place)


def _list(data: Path | None, as_json: bool) -> None:
    from zaphod.study.evaluation.catalogue import BENCHMARKS

    rows = [
        {
            "name": benchmark.name,
            "problems": benchmark.num_published,
            "shots": benchmark.num_shots,
            "source": benchmark.source,
            "title": benchmark.title,
            "present": None if data is None else _presence(benchmark, data),
        }
        for benchmark in BENCHMARKS.values()
    ]
    if as_json:
        print_json(rows)
        return
    header = ["benchmark", "problems", "shots", "source", "what it asks", *(["here"] if data else [])]
    cells = [
        [
            str(row["name"]),
            "any number" if row["problems"] is None else f"{row['problems']:,}",
            str(row["shots"]),
            str(row["source"]),
            str(row["title"]),
            *([str(row["present"])] if data else []),
        ]
        for row in rows
    ]
    print_table(cells, header=header, right=(1, 2))


def _presence(benchmark: Any, data: Path) -> str:
    from zaphod.study.evaluation.catalogue import AskOptions
    from zaphod.study.evaluation.layouts.files import DataFolder, NotRun
    from zaphod.study.evaluation.sandbox.sandbox import open_sandbox

    read = benchmark.read(DataFolder(data), AskOptions(sandbox=open_sandbox))
    return read.reason if isinstance(read, NotRun) else f"{len(read):,} problems"


def _styles(form: str) -> Any:
    from zaphod.study.evaluation.forms.choice import STYLES

    if form not in ("both", *STYLES):
        raise ConfigError(f"--form is {form!r}.", "Choices are asked as letter, cloze, or both.", "Give one of them.")
    return STYLES if form == "both" else (form,)


def _sandbox(wanted: Wanted, is_quiet: bool) -> Sandbox:
    from zaphod.study.evaluation.sandbox.sandbox import open_sandbox

    sandbox = open_sandbox(wanted)
    if not is_quiet:
        print_line(f"sandbox: {sandbox.level}; it does not cover: {'; '.join(sandbox.describe()['does_not_cover'])}")
    return sandbox


def _show_prompts(benchmarks: Sequence[Any], folder: Any, ask: Any) -> None:
    from zaphod.study.evaluation.forms.choice import ChoiceForm
    from zaphod.study.evaluation.forms.text import TextForm
    from zaphod.study.evaluation.layouts.files import NotRun

    for benchmark in benchmarks:
        problems, form = benchmark.read(folder, ask), benchmark.form(folder, ask)
        print_line(f"== {benchmark.name}", style="bold")
        if isinstance(problems, NotRun) or isinstance(form, NotRun):
            print_line(f"not run: {(problems if isinstance(problems, NotRun) else form).reason}")
        elif isinstance(form, ChoiceForm):
            for style in form.styles:
                print_line(f"-- {style}\n{form.context(problems[0], style)}")
        else:
            print_line(form.prompt(problems[0]) if isinstance(form, TextForm) else problems[0].prompt)


def _is_address(model: str) -> bool:
    return model.startswith(("http://", "https://"))


def _server(url: str, name: str, key_file: Path | None, chat: bool) -> AskedModel:
    from zaphod.study.evaluation.models.endpoint import EndpointModel, EndpointOptions

    return EndpointModel(EndpointOptions(url=url, model=name, api_key=read_key(key_file), as_chat=chat))


def _loaded(
    settings: MergedSettings, adapter: Path | None, chat: bool, contamination: Path | None
) -> tuple[AskedModel, Corpus | None]:
    from zaphod.engine import EngineConfig
    from zaphod.launch.models import load_model
    from zaphod.model.fetching.references import resolve
    from zaphod.study.evaluation.contamination import open_corpus
    from zaphod.study.evaluation.models.in_memory import EngineModel, files_digest

    values = settings.values
    adapters = None if adapter is None else {adapter.name: adapter}
    loaded = load_model(values, None, None, ProgressLines(), adapters, limits=EngineConfig())
    digest, covers = files_digest(resolve(values.model, values).weights_path())
    facts = {"model": values.model, "digest": digest, "digest_covers": covers}
    if adapter is not None:
        facts["adapter"] = files_digest(adapter)[0]
    corpus = None if contamination is None else open_corpus(contamination, loaded.tokenizer.decode)
    return EngineModel(loaded, facts, as_chat=chat), corpus


def _facts(model: AskedModel, named: str, seed: int) -> dict[str, Any]:
    return {
        "zaphod": __version__,
        "torch": importlib.metadata.version("torch"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "named": named,
        "model": dict(model.facts),
        "seed": seed,
    }


def _file_name(model: str) -> str:
    return re.sub(r"[^\w.-]+", "-", model).strip("-.") or "model"


def _show(results: Sequence[Result], place: Path) -> None:
    rows = [row for result in results for row in _rows(result)]
    header = ("benchmark", "counted", "n", "value", "95 %", "chance", "")
    print_table(rows, header=header, right=(2, 3))
    for result in results:
        for note in result.notes:
            print_line(f"{result.name}: {note}.")
    print_line(f"Answers and settings are in {place}.")


def _rows(result: Result) -> list[list[str]]:
    if result.reason:
        return [[result.name, "not run", "", "", "", "", result.reason]]
    figures = [*result.figures, *([result.false_positives["all"]] if result.false_positives else [])]
    rows = []
    for figure in figures:
        low, high = figure.interval
        chance = "" if figure.chance is None else f"{figure.chance:.1%}"
        remark = "no better than chance: it lies inside" if figure.is_chance else ""
        rows.append(
            [
                result.name,
                figure.name,
                str(figure.num),
                f"{figure.value:.1%}",
                f"{low:.1%} to {high:.1%}",
                chance,
                remark,
            ]
        )
    return rows
