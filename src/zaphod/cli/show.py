"""`zaphod show`: what a model is and what it needs, from headers and arithmetic alone; reads no weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.capacity.hardware import Machine, this_machine
from zaphod.capacity.parameters import (
    PRECISIONS,
    ParameterCounts,
    active_weight_bytes,
    count_parameters,
    kv_bytes_per_token,
    kv_tokens_kept,
    weight_bytes,
)
from zaphod.cli.options import ConfigFlag, ContextFlag, JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.core.configuration import MergedSettings
from zaphod.core.units import format_bytes, format_count
from zaphod.launch.forecast import speed_limit
from zaphod.model.config import ModelConfig
from zaphod.model.families import FAMILIES
from zaphod.model.fetching.references import ModelReference, resolve, resolve_config

# Those that `zaphod convert` writes; the others cost the same as one of them.
_SHOWN_PRECISIONS = ("float32", "bfloat16", "int8", "int4")


@dataclass(frozen=True)
class _Files:
    """What the files of a model say of themselves."""

    file_format: str
    num_bytes: int
    num_tensors: int
    problems: list[str]


def command(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Folder, .gguf file, builtin, preset, or org/name.")
    ] = None,
    config: ConfigFlag = None,
    max_model_len: ContextFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Describe a model: its shape, its parameters, its size at each precision, and whether this machine can hold it.

    \b
    Examples:
      zaphod show grok-1
      zaphod show ./grok-1 --json
      zaphod show model.gguf --max-model-len 4096
    """
    settings: MergedSettings = context.obj.with_flags(model=model, context=max_model_len)
    reference = resolve(settings.values.model, settings.values)
    shape, files = _look(reference, config)
    report = _report(reference, shape, files, settings.values.context or shape.context_length)
    if as_json:
        print_json(report)
    else:
        _print_report(report, shape, count_parameters(shape))


def _look(reference: ModelReference, config: str | None) -> tuple[ModelConfig, _Files | None]:
    """The model's configuration, and what its files say where there are any."""
    given = resolve_config(config) if config else None
    if reference.preset is not None:
        return given or reference.preset.config, None
    return _look_into(reference.weights_path(), given)


def _look_into(path: Path, given: ModelConfig | None) -> tuple[ModelConfig, _Files]:
    """Like `_look`, for files. Where they are whole, every tensor's name and shape is held against the config."""
    from zaphod.compute.weights import open_checkpoint
    from zaphod.compute.weights.grok1 import OfficialGrok1
    from zaphod.model.files.weights import ModelWeights, read_config

    with open_checkpoint(path) as checkpoint:
        names, problems, num_bytes = checkpoint.names(), [], 0
        if isinstance(checkpoint, OfficialGrok1):
            problems = [f"{problem.file} {problem.problem}" for problem in checkpoint.integrity()]
        shape = given or read_config(checkpoint)
        if not problems:
            weights = ModelWeights(checkpoint, shape)
            num_bytes = sum(weights.num_bytes(name) for name in weights.names())
        return shape, _Files(checkpoint.file_format, num_bytes, len(names), problems)


def _report(reference: ModelReference, shape: ModelConfig, files: _Files | None, num_tokens: int) -> dict[str, Any]:
    counts = count_parameters(shape)
    machine = this_machine()
    cache_bytes = kv_bytes_per_token(shape) * kv_tokens_kept(shape, num_tokens)
    preset = reference.preset
    return {
        "model": reference.text,
        "kind": reference.kind,
        "path": None if reference.path is None else str(reference.path),
        "is_proposal": preset is not None and preset.is_proposal,
        "note": None if preset is None else preset.note or None,
        "source": None if preset is None else preset.source,
        "files": None if files is None else asdict(files),
        "config": shape.to_dict(),
        "parameters": {
            "total": counts.total,
            "active": counts.active,
            "parts": {part.part: {"total": part.total, "active": part.active} for part in counts.parts},
        },
        "kv_bytes_per_token": kv_bytes_per_token(shape),
        "cache": {"tokens": num_tokens, "bytes": cache_bytes},
        "machine": {
            "memory_bytes": machine.memory_bytes,
            "available_memory_bytes": machine.available_memory_bytes,
            "cores": machine.num_cores,
        },
        "precisions": _precisions(shape, machine, cache_bytes),
    }


def _precisions(shape: ModelConfig, machine: Machine, cache_bytes: int) -> dict[str, dict[str, Any]]:
    """Size at each precision, and for those that fit the speed that memory bandwidth allows."""
    rows: dict[str, dict[str, Any]] = {}
    for name in PRECISIONS:
        size_bytes = weight_bytes(shape, name)
        rows[name] = {
            "weight_bytes": round(size_bytes),
            "needed_bytes": round(size_bytes) + cache_bytes,
            "fits": size_bytes + cache_bytes <= machine.available_memory_bytes,
            "bytes_per_generated_token": round(active_weight_bytes(shape, name)),
        }
    if any(row["fits"] for row in rows.values()):
        from zaphod.capacity.measurement import read_bandwidth

        bandwidth = read_bandwidth(machine.num_cores)
        for row in rows.values():
            row["read_bytes_per_s"] = bandwidth if row["fits"] else None
    return rows


def _print_report(report: dict[str, Any], shape: ModelConfig, counts: ParameterCounts) -> None:
    print_line(f"{report['model']}: {_sentence(report, shape)}", style="bold")
    for key in ("note", "source"):
        if report[key]:
            print_line(report[key], style="dim")
    _print_files(report["files"])
    print_line()
    print_pairs(_shape_pairs(shape))
    print_line()
    _print_parameters(counts)
    print_line()
    print_pairs(_cache_pairs(report))
    print_line()
    _print_precisions(report)


def _sentence(report: dict[str, Any], shape: ModelConfig) -> str:
    kind = "a proposal, without published weights" if report["is_proposal"] else f"{shape.family} family"
    if report["kind"] == "preset" and not report["is_proposal"]:
        kind = FAMILIES[shape.family].title
    parameters = report["parameters"]
    return (
        f"{kind}, {format_count(parameters['total'])} parameters, {format_count(parameters['active'])} active a token"
    )


def _print_files(files: dict[str, Any] | None) -> None:
    if files is None:
        return
    if files["problems"]:
        count = len(files["problems"])
        print_line(f"{files['file_format']} files: {count} problem{'s' if count > 1 else ''}", style="bold red")
        for problem in files["problems"]:
            print_line(f"  {problem}")
        return
    whole = "all files whole" if files["file_format"] == "grok-1" else "headers whole"
    print_line(
        f"{files['file_format']} files: {files['num_tensors']} tensors, {format_bytes(files['num_bytes'])}, {whole}"
    )


def _shape_pairs(shape: ModelConfig) -> list[tuple[str, str]]:
    pairs = [
        ("layers", str(shape.num_layers)),
        ("width", f"{shape.hidden_size:,}"),
        ("attention", f"{shape.num_heads} query heads, {shape.num_kv_heads} key/value heads of {shape.head_dim}"),
    ]
    if shape.moe is not None:
        router = shape.moe.router
        pairs.append(("experts", f"{router.num_experts} of width {shape.moe.expert_size:,}, {router.top_k} a token"))
        if shape.moe.shared_expert_size:
            pairs.append(("shared expert", f"width {shape.moe.shared_expert_size:,}"))
    if shape.dense_size:
        pairs.append(("dense block", f"width {shape.dense_size:,}"))
    return [*pairs, ("vocabulary", f"{shape.vocab_size:,}"), ("context", f"{shape.context_length:,} tokens")]


def _print_parameters(counts: ParameterCounts) -> None:
    rows = [(part.part, f"{part.total:,}", f"{part.active:,}") for part in counts.parts]
    rows.append(("all", f"{counts.total:,}", f"{counts.active:,}"))
    print_table(rows, header=("parameters", "total", "active a token"), right=(1, 2))


def _cache_pairs(report: dict[str, Any]) -> list[tuple[str, str]]:
    cache, machine = report["cache"], report["machine"]
    memory = f"{format_bytes(machine['available_memory_bytes'])} free of {format_bytes(machine['memory_bytes'])}"
    return [
        ("cache a token", f"{report['kv_bytes_per_token']:,} B in bfloat16"),
        ("cache in all", f"{format_bytes(cache['bytes'])} for {cache['tokens']:,} tokens"),
        ("this machine", f"{memory}, {machine['cores']} cores"),
    ]


def _print_precisions(report: dict[str, Any]) -> None:
    rows = [(name, *_precision_cells(report["precisions"][name], report["machine"])) for name in _SHOWN_PRECISIONS]
    print_table(rows, header=("precision", "weights", "with cache", "this machine", "speed at most"), right=(1, 2))


def _precision_cells(row: dict[str, Any], machine: dict[str, Any]) -> tuple[str, str, str, str]:
    sizes = format_bytes(row["weight_bytes"]), format_bytes(row["needed_bytes"])
    if not row["fits"]:
        lacking_bytes = row["needed_bytes"] - machine["available_memory_bytes"]
        return (*sizes, f"lacks {format_bytes(lacking_bytes)}", "")
    return (*sizes, "fits", speed_limit(row["bytes_per_generated_token"], row["read_bytes_per_s"]))
