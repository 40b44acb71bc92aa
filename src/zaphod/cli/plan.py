"""`zaphod plan`: what a deployment or a training needs, does and costs; parses and prints, computes nothing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_table
from zaphod.core.configuration import MergedSettings
from zaphod.core.progress import ProgressLines

if TYPE_CHECKING:
    from zaphod.capacity.plan import Plan
    from zaphod.capacity.report.content import Report
    from zaphod.core.configuration import Settings
    from zaphod.model.config import ModelConfig

_HELP = """Say what a model takes before anyone buys it: does it fit, how fast, how many devices, what does it cost.

The first word is a model, or one of the commands below. `zaphod plan deploy --help` has the flags of a deployment.

\b
Examples:
  zaphod plan grok-1 --gpu h100 --users 1000000 --out plan
  zaphod plan mixtral-8x7b --gpu h100 --users 200 --ttft 1 --itl 0.03
  zaphod plan train grok-1 --gpu h100 --gpus 512 --tokens 1e12
  zaphod plan here builtin
  zaphod plan validate measured.csv --json
"""


_TARGETS = ("kubernetes", "keda", "rayservice", "kserve", "slurm")


class _DeploysByDefault(typer.core.TyperGroup):
    """A first word that is no command of ours is a model."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_command = not args or args[0] in self.commands or args[0] in ("--help", "-h")
        return super().parse_args(ctx, args if is_command else ["deploy", *args])


verbs = typer.Typer(
    cls=_DeploysByDefault, add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP
)


@verbs.command("deploy")
def deploy(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Preset, known model, config.json, folder or file.")],
    gpu: Annotated[str, typer.Option("--gpu", metavar="NAME", help="See `zaphod plan devices`.")],
    users: Annotated[int, typer.Option("--users", min=1, help="People with an open session.")] = 1,
    prompt_tokens: Annotated[int, typer.Option("--prompt-tokens", min=1, help="Mean of a request.")] = 1024,
    output_tokens: Annotated[int, typer.Option("--output-tokens", min=1, help="Mean of an answer.")] = 512,
    cached: Annotated[float, typer.Option("--cached", help="Share of prompts that the prefix cache holds.")] = 0.0,
    think: Annotated[
        float, typer.Option("--think", metavar="SECONDS", help="From an answer to the next request.")
    ] = 60.0,
    ttft: Annotated[float, typer.Option("--ttft", metavar="SECONDS", help="First token, 95 of 100 within.")] = 2.0,
    itl: Annotated[float, typer.Option("--itl", metavar="SECONDS", help="Mean time between two tokens.")] = 0.05,
    gpus: Annotated[int | None, typer.Option("--gpus", min=1, help="Of one replica; searched unless given.")] = None,
    precision: Annotated[str | None, typer.Option("--precision", help="bf16, fp8, int4 ...; searched.")] = None,
    kv_precision: Annotated[str | None, typer.Option("--kv-precision", help="bf16 or fp8.")] = None,
    engine: Annotated[str | None, typer.Option("--engine", help="sglang, vllm ...; whose constants count.")] = None,
    region: Annotated[str, typer.Option("--region", help="Whose electricity: see `zaphod plan regions`.")] = "world",
    hall: Annotated[str, typer.Option("--hall", help="Whose PUE.")] = "gpu-hall",
    price: Annotated[
        float | None, typer.Option("--price", metavar="USD", help="An hour of one device, instead of the catalogue's.")
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="A day of the whole fleet; minutes for a million.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Report, tables, pictures and manifests.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="One report: .html, .md, .csv, .json, .svg or .png.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Plan a deployment: the cheapest layout that keeps the service level, and what it takes.

    \b
    Examples:
      zaphod plan grok-1 --gpu h100 --users 1000000 --simulate --out plan
      zaphod plan grok-1 --gpu h200 --users 50000 --report plan.html
      zaphod plan ./config.json --gpu mi300x --gpus 8 --precision fp8 --json
    """
    from zaphod.capacity import planning
    from zaphod.capacity.fleet_day import simulate_day
    from zaphod.capacity.report.content import Report
    from zaphod.capacity.report.curve import curve_of
    from zaphod.capacity.report.tables import as_json as told_as_json
    from zaphod.capacity.report.writing import write
    from zaphod.capacity.workload import Workload

    request = planning.PlanRequest(
        model=model,
        gpu=gpu,
        workload=Workload(
            users=users,
            prompt_tokens=prompt_tokens,
            output_tokens=output_tokens,
            cached_share=cached,
            think_s=think,
            max_ttft_s=ttft,
            max_itl_s=itl,
        ),
        num_devices=gpus,
        precision=precision,
        kv_precision=kv_precision,
        engine=engine,
        region=region,
        hall=hall,
        price_per_hour=price,
    )
    plan = planning.plan(request)
    day = simulate_day(plan, ProgressLines(), out and out / "day.npz") if simulate else None
    made_at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    told = Report(plan=plan, curve=curve_of(plan), day=day, made_at=made_at)
    written = list(write(told, report)) if report is not None else []
    if out is not None:
        written += [*write(told, out), *_manifests(plan, out / "manifests")]
    if as_json:
        print_json({**told_as_json(told), "files": [str(file) for file in written]})
        return
    _print(told)
    for file in written:
        print_line(f"wrote {file}", style="dim")


@verbs.command("train")
def train(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Preset, known model, config.json, folder or file.")],
    gpu: Annotated[str, typer.Option("--gpu", metavar="NAME", help="See `zaphod plan devices`.")],
    tokens: Annotated[float, typer.Option("--tokens", metavar="N", help="That are trained on: 1e12.")],
    gpus: Annotated[int | None, typer.Option("--gpus", min=1, help="The fewest that hold it unless given.")] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Sequences of one step.")] = 1024,
    sequence: Annotated[int, typer.Option("--sequence", min=1, help="Tokens of one sequence.")] = 8192,
    precision: Annotated[str, typer.Option("--precision", help="bf16 or fp8.")] = "bf16",
    region: Annotated[str, typer.Option("--region", help="Whose electricity.")] = "world",
    hall: Annotated[str, typer.Option("--hall", help="Whose PUE.")] = "gpu-hall",
    price: Annotated[float | None, typer.Option("--price", metavar="USD", help="An hour of one device.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="torchrun and Slurm scripts.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Plan a training: layout, memory, time of a step, days, energy and cost.

    \b
    Examples:
      zaphod plan train grok-1 --gpu h100 --gpus 512 --tokens 1e12
      zaphod plan train olmoe-1b-7b --gpu h100 --tokens 5e12 --batch 1024 --sequence 4096 --json
    """
    from zaphod.capacity.manifests.training_scripts import training_scripts
    from zaphod.capacity.report.tables import HEADER, figures_as_json, rows
    from zaphod.capacity.training_plan import TrainingRequest, figures_of, plan_training

    planned = plan_training(
        TrainingRequest(
            model=model,
            gpu=gpu,
            tokens=tokens,
            num_devices=gpus,
            global_batch=batch,
            sequence_length=sequence,
            precision=precision,
            region=region,
            hall=hall,
            price_per_hour=price,
        )
    )
    figures = figures_of(planned)
    if out is not None:
        _put(training_scripts(planned), out)
    if as_json:
        print_json({"layout": asdict(planned.layout), "figures": figures_as_json(figures)})
        return
    layout = planned.layout
    print_line(f"{planned.shape.name} on {layout.num_devices} x {planned.accelerator.title}: {layout}")
    print_table(rows(figures), header=HEADER, right=(1, 2))


@verbs.command("here")
def here(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="builtin, a preset, a folder, .gguf file or org/name.")],
    precision: Annotated[str, typer.Option("--precision", help="float32, bfloat16, int8 or int4.")] = "int8",
    tokens: Annotated[int, typer.Option("--context", "-c", min=1, help="Of each sequence.")] = 512,
    streams: Annotated[int, typer.Option("--streams", min=1, help="Sequences at once.")] = 4,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="All cores unless given.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Plan for our own engine on this machine, which is measured first; nothing is loaded.

    \b
    Examples:
      zaphod plan here builtin
      zaphod plan here olmoe-1b-7b --precision int4 --streams 8 --json
    """
    from zaphod.capacity.local.machine import measure_machine
    from zaphod.capacity.local.plan import figures_of_local, plan_local
    from zaphod.capacity.local.work import LocalModel
    from zaphod.capacity.report.tables import HEADER, figures_as_json, rows

    settings: MergedSettings = context.obj
    planned = plan_local(
        LocalModel(config=_config(model, settings.values), precision=precision),
        measure_machine(threads),
        context=tokens,
        batches=tuple(sorted({1, streams})),
    )
    figures = figures_of_local(planned)
    if as_json:
        print_json({"machine": planned.machine.name, "figures": figures_as_json(figures)})
        return
    print_line(f"{model} in {precision} on {planned.machine.name}, {planned.machine.num_threads} threads", style="bold")
    print_table(rows(figures), header=HEADER, right=(1, 2))


@verbs.command("validate")
def validate_command(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Measured points, a row each.")],
    as_json: JsonFlag = False,
) -> None:
    """Hold the planner against measurements: errors, intervals and refusals by category.

    The columns are those of docs/planning.md. A row that cannot be answered says why; it counts as not answered.

    \b
    Examples:
      zaphod plan validate measured.csv
      zaphod plan validate measured.csv --json
    """
    from zaphod.capacity.validation.report import document, outcomes_of, text

    outcomes = outcomes_of(file)
    if as_json:
        print_json(document(outcomes))
    else:
        print_line(text(outcomes))


@verbs.command("devices")
def devices(as_json: JsonFlag = False) -> None:
    """List the accelerators that are known, each with its source.

    \b
    Examples:
      zaphod plan devices
      zaphod plan devices --json
    """
    from zaphod.capacity.catalogue.accelerators import accelerators
    from zaphod.core.units import format_bytes, format_rate

    known = accelerators().values()
    if as_json:
        print_json([asdict(row) | {"source": row.source.text, "date": row.source.date.isoformat()} for row in known])
        return
    table = [
        (row.name, row.title, format_bytes(row.memory_bytes), format_rate(row.bandwidth, "B"), row.source.text)
        for row in known
    ]
    print_table(table, header=("name", "title", "memory", "bandwidth", "source"), right=(2, 3))


@verbs.command("regions")
def regions(as_json: JsonFlag = False) -> None:
    """List the regions whose electricity is known, with g CO2e for a kWh, and halls with their PUE.

    \b
    Examples:
      zaphod plan regions
      zaphod plan regions --json
    """
    from zaphod.capacity.catalogue.grid import facilities, grids

    if as_json:
        print_json(
            {
                "regions": {row.name: row.g_per_kwh for row in grids().values()},
                "halls": {row.name: row.pue for row in facilities().values()},
            }
        )
        return
    known = [(row.name, row.title, f"{row.g_per_kwh:g}", str(row.year), row.source.text) for row in grids().values()]
    print_table(known, ("region", "", "g/kWh", "year", "source"), right=(2,))
    print_line()
    halls = [(row.name, row.title, f"{row.pue:g}", row.source.text) for row in facilities().values()]
    print_table(halls, ("hall", "", "PUE", "source"), right=(2,))


def _config(model: str, settings: Settings) -> ModelConfig:
    """Of a preset, or as the headers of a model's files have it; no weights are read."""
    from zaphod.compute.weights import open_checkpoint
    from zaphod.model.fetching.references import resolve
    from zaphod.model.files.weights import read_config

    reference = resolve(model, settings)
    if reference.preset is not None:
        return reference.preset.config
    with open_checkpoint(reference.weights_path()) as checkpoint:
        return read_config(checkpoint)


def _print(told: Report) -> None:
    from zaphod.capacity.report.tables import HEADER, rows

    plan = told.plan
    replica = plan.replica
    print_line(
        f"{replica.shape.name}, {replica.precision}, on {plan.num_devices:,} x {replica.accelerator.title}: "
        f"{plan.running.num_replicas:,} replicas of {replica.layout} ({replica.engine})",
        style="bold",
    )
    for group, figures in groupby(told.figures, key=lambda figure: figure.group):
        print_line()
        print_line(group, style="bold")
        print_table(rows(figures), header=HEADER, right=(1, 2))
    print_line()
    for sentence in plan.assumptions:
        print_line(f"- {sentence}", style="dim")


def _manifests(plan: Plan, folder: Path) -> list[Path]:
    from zaphod.capacity.manifests.manifests import possible_manifests
    from zaphod.capacity.manifests.options import ManifestOptions

    return _put(possible_manifests(plan, ManifestOptions(targets=_TARGETS)), folder)


def _put(texts: Mapping[str, str], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    return written
