"""`zaphod bench`: the speed of models and servers, alone and beside peers; knows not how it is measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zaphod.cli.bench_serve import serve
from zaphod.cli.measured_runner import open_runner
from zaphod.cli.options import DTypeFlag, JsonFlag, ThreadsFlag
from zaphod.cli.output import print_json, print_line, print_table
from zaphod.core.configuration import Settings
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_bytes, format_count, format_rate
from zaphod.launch.runners import num_threads, open_weights

if TYPE_CHECKING:
    from zaphod.study.benchmarks.model_speed import Row

RunnerName = Literal["native", "torch"]
_HELP = """Measure a model's speed, alone or beside other programs.

\b
Examples:
  zaphod bench make --arch grok --size 1.2B --type q8_0 model.gguf
  zaphod bench model --model model.gguf --json
  zaphod bench compare --model model.gguf --peers llama.cpp
  zaphod bench serve --base-url http://127.0.0.1:8000 --max-concurrency 16
"""
verbs = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help=_HELP,
)
ModelOption = Annotated[Path, typer.Option("--model", "-m", metavar="MODEL", help="A .gguf file or a folder.")]
RunnerFlag = Annotated[RunnerName, typer.Option("--runner", help="Our own kernels, or PyTorch.")]


@verbs.command("model")
def measure_one(
    context: typer.Context,
    model: ModelOption,
    prompt: Annotated[int, typer.Option("--prompt", "-p", min=0, help="Tokens to read.")] = 512,
    generate: Annotated[int, typer.Option("--generate", "-n", min=0, help="Tokens to generate.")] = 128,
    depth: Annotated[int, typer.Option("--depth", "-d", min=0, help="Tokens that are there before.")] = 0,
    batch: Annotated[int, typer.Option("--batch", "-b", min=1, help="Sequences at the same time.")] = 1,
    repeat: Annotated[int, typer.Option("--repeat", "-r", min=1, help="Runs of each test.")] = 5,
    runner: RunnerFlag = "native",
    threads: ThreadsFlag = None,
    dtype: DTypeFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure reading and generating as llama-bench does, and tell how near that is to what the machine can do.

    Tokens are random and none is sampled. `pp512` reads 512 tokens, `tg128` generates 128 one by one,
    `@ d8192` does so behind 8,192 others, which are read before the clock starts.

    \b
    Examples:
      zaphod bench model --model model.gguf
      zaphod bench model --model model.gguf --depth 8192 --threads 2 --json
    """
    from zaphod.study.benchmarks.model_speed import measure_limits, measure_model, tests_of

    settings: Settings = context.obj.with_flags(model=str(model), threads=threads, dtype=dtype).values
    tests = tests_of(prompt, generate, depth, batch)
    if not tests:
        raise ConfigError("There is nothing to measure.", "--prompt or --generate must be above 0.", "Raise one.")
    max_len = max(work.length for work in tests)
    progress, used = ProgressLines(), num_threads(settings)
    room = batch * (max_len + 64)  # a sequence's last block may be partly empty
    opened = open_runner(settings, runner, num_tokens=room, max_len=max_len, progress=progress)
    limits = measure_limits(used, opened.peak_kind)
    rows = measure_model(opened, tests, limits, repeat=repeat, progress=progress)
    with open_weights(settings) as weights:
        shape, stored_bytes = weights.config, sum(weights.num_bytes(name) for name in weights.names())
    about = {"model": str(model), "runner": runner, "threads": used, "size_bytes": stored_bytes}
    about |= {"parameters": _num_parameters(shape), "family": shape.family}
    if as_json:
        print_json(_as_dict(about, rows))
    else:
        _print_rows(about, rows)


@verbs.command("make")
def make(
    out: Annotated[Path, typer.Argument(metavar="OUT.gguf", help="The file to write.")],
    arch: Annotated[str, typer.Option("--arch", help="grok or qwen3moe.")] = "grok",
    size: Annotated[str, typer.Option("--size", help="0.3B, 1.2B or 4B.")] = "1.2B",
    type_name: Annotated[str, typer.Option("--type", help="Of all matrices: q8_0, q4_0 or bf16.")] = "q8_0",
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 0,
) -> None:
    """Write a GGUF file of random weights in the shape of Grok-1 or Qwen3-MoE, for measurements that anyone can repeat.

    \b
    Examples:
      zaphod bench make --arch grok --size 1.2B --type q8_0 grok-1.2B-q8_0.gguf
    """
    from zaphod.study.benchmarks.random_files import random_config, write_random_gguf

    written = write_random_gguf(random_config(arch, size), type_name, out, seed, ProgressLines())
    print_line(f"{written}: {format_bytes(written.stat().st_size)}")


def _num_parameters(shape: Any) -> int:
    from zaphod.capacity.parameters import count_parameters

    return count_parameters(shape).total


def _as_dict(about: dict[str, Any], rows: list[Row]) -> dict[str, Any]:
    from zaphod.study.benchmarks.environment import describe_environment

    limits = rows[0].limits
    return {
        **about,
        "environment": describe_environment(),
        "limits": {
            "read_bytes_per_s": limits.read_bytes_per_s,
            "peak_ops_per_s": limits.peak_ops_per_s,
            "peak_kind": limits.peak_kind,
        },
        "results": [row.as_dict() for row in rows],
    }


def _print_rows(about: dict[str, Any], rows: list[Row]) -> None:
    limits = rows[0].limits
    fixed = [about["family"], format_bytes(about["size_bytes"]), format_count(about["parameters"])]
    fixed += [about["runner"], str(about["threads"])]
    peak = "not measured" if limits.peak_ops_per_s is None else format_rate(limits.peak_ops_per_s, "OP")
    print_table(
        [
            [*fixed, str(row.work.batch), row.work.name, f"{row.tokens_per_s:.2f} ± {row.stddev:.2f}", *_shares(row)]
            for row in rows
        ],
        header=("model", "size", "params", "backend", "threads", "batch", "test", "t/s", "bandwidth", "compute"),
        right=(1, 2, 4, 5, 7, 8, 9),
    )
    print_line(f"limits: {format_rate(limits.read_bytes_per_s, 'B')} read, {peak} of {limits.peak_kind}, measured here")


def _shares(row: Row) -> tuple[str, str]:
    compute = row.compute_share
    return f"{row.bandwidth_share:.0%}", "" if compute is None else f"{compute:.0%}"


@verbs.command("compare")
def compare(
    context: typer.Context,
    models: Annotated[list[Path], typer.Option("--model", "-m", metavar="FILE", help="A .gguf file; may be repeated.")],
    peers: Annotated[str, typer.Option("--peers", help="Of llama.cpp, transformers and torch.")] = "llama.cpp",
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Runs of each program in each case.")] = 5,
    only: Annotated[str | None, typer.Option("--cases", help="Some of the cases; default: all that fit.")] = None,
    prompt: Annotated[int, typer.Option("--prompt", "-p", min=1, help="Tokens to read.")] = 512,
    generate: Annotated[int, typer.Option("--generate", "-n", min=2, help="Tokens to generate.")] = 128,
    depth: Annotated[int, typer.Option("--depth", "-d", min=1, help="Tokens of the deep case.")] = 8192,
    streams: Annotated[int, typer.Option("--streams", min=2, help="Sequences at the same time.")] = 16,
    runner: RunnerFlag = "native",
    threads: ThreadsFlag = None,
    dtype: DTypeFlag = None,
    llama_python: Annotated[
        str | None, typer.Option("--llama-python", metavar="PATH", help="An interpreter that has llama-cpp-python.")
    ] = None,
    busy_core: Annotated[int | None, typer.Option("--busy-core", help="Where the busy neighbour runs.")] = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Keep samples here, and go on from those there.")
    ] = None,
    scratch: Annotated[
        Path | None, typer.Option("--scratch", metavar="FOLDER", help="For other forms of the file; kept.")
    ] = None,
    publish: Annotated[str | None, typer.Option("--publish", metavar="NAME", help="Into benchmarks/results.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure Zaphod beside other programs on the same file, alternately, and say where it is how much faster.

    Every program runs in a process of its own, which sleeps while another is measured. Ctrl-C prints what there is
    so far. Cases: decode, prefill, streams, depth, busy, load, load-packed, memory, accuracy.

    \b
    Examples:
      zaphod bench compare --model model.gguf --peers llama.cpp
      zaphod bench compare --model a.gguf --model b.gguf --record figures.jsonl --publish native_cpu
    """
    from zaphod.cli.bench_compare import Request, run

    settings: Settings = context.obj.with_flags(threads=threads, dtype=dtype).values
    request = Request(
        models=models,
        peers=[name.strip() for name in peers.split(",") if name.strip()],
        num_pairs=pairs,
        only=None if only is None else [name.strip() for name in only.split(",")],
        sizes={"prompt": prompt, "generate": generate, "depth": depth, "streams": streams},
        runner=runner,
        dtype=dtype,
        num_threads=num_threads(settings),
        llama_python=llama_python,
        busy_core=busy_core,
        record=record,
        scratch=scratch,
        publish=publish,
    )
    if not run(request, as_json=as_json):
        raise typer.Exit(130)


verbs.command("serve")(serve)
