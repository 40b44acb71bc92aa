"""`zaphod convert`: a model in another file format; knows neither the formats nor how numbers are packed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.options import ConfigFlag, JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs
from zaphod.core.configuration import MergedSettings
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_bytes
from zaphod.launch.runners import open_weights
from zaphod.model.files.conversion import ConversionReport, convert
from zaphod.model.files.conversion_plan import Target


def command(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder, .gguf file, builtin, or org/name.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="PATH", help="A folder; for GGUF a file.")],
    to: Annotated[Target, typer.Option("--to", help="The file format.")] = "packed",
    quantization: Annotated[
        str | None,
        typer.Option("--quantization", "-q", metavar="FORMAT", help="Of the matrices; default: as stored."),
    ] = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a model in another file format, one piece at a time: memory is bounded by the largest tensor.

    Ctrl-C leaves a partial file; the same command continues behind the last complete tensor.

    \b
    Examples:
      zaphod convert ./grok-1 --to packed --quantization int4 --out ./grok-1-int4
      zaphod convert model.gguf --to safetensors --quantization bfloat16 --out ./model
      zaphod convert org/name --to gguf --quantization q8_0 --out model.gguf
    """
    settings: MergedSettings = context.obj.with_flags(model=model)
    with open_weights(settings.values, config) as weights:
        report = convert(weights, to, out, quantization, ProgressLines())
    if as_json:
        print_json(describe(report, out))
    else:
        print_report(report, out)


def describe(report: ConversionReport, out: Path) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "out": str(out),
        "files": [str(file) for file in report.files],
        "written_bytes": report.written_bytes,
        "tensors": len(report.ledger),
        "resumed_tensors": report.num_resumed,
        "is_lossless": report.is_lossless,
        "relative_errors": dict(report.relative_errors),
    }


def print_report(report: ConversionReport, out: Path) -> None:
    """What was written and what it lost, in a few lines."""
    lost = ", ".join(f"{part} {error:.2%}" for part, error in report.relative_errors.items())
    tensors = f"{len(report.ledger)} tensors, {format_bytes(report.written_bytes)}"
    if report.num_resumed:
        tensors += f" ({report.num_resumed} written earlier, not in the errors)"
    print_pairs([("written", tensors), ("to", str(out)), ("error", lost or "none: every value is as it was")])
    print_line(f"next     zaphod show {out}")
