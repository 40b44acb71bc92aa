"""`zaphod quantize`: a packed model with fewer bits a weight, and what that costs; knows no number format."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.convert import describe
from zaphod.cli.options import ConfigFlag, JsonFlag
from zaphod.cli.output import print_json, print_line, print_table
from zaphod.core.configuration import MergedSettings
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_bytes
from zaphod.launch.runners import open_weights
from zaphod.model.files.conversion import ConversionReport, convert
from zaphod.model.files.weights import ModelWeights
from zaphod.model.shapes import PARTS, part_of


def command(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder, .gguf file, builtin, or org/name.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the packed model goes.")],
    quantization: Annotated[
        str, typer.Option("--quantization", "-q", metavar="FORMAT", help="int4, int8, int8-channel, q4_0, q8_0 …")
    ] = "int4",
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a model in the packed form with fewer bits a weight, and print what each part of it loses.

    The error is the root mean square of the differences over that of the values. Norms, routers and
    biases stay in float32; with four bits the embedding and the head get eight.

    \b
    Examples:
      zaphod quantize ./grok-1 --out ./grok-1-int4
      zaphod quantize org/name --quantization int8 --out ./name-int8 --json
    """
    settings: MergedSettings = context.obj.with_flags(model=model)
    with open_weights(settings.values, config) as weights:
        report = convert(weights, "packed", out, quantization, ProgressLines())
        rows = _by_part(weights, report)
    if as_json:
        print_json({**describe(report, out), "parts": rows})
        return
    _print_rows(rows)
    if report.num_resumed:
        print_line(f"{report.num_resumed} tensors were written by an earlier run and are not in the errors.")
    print_line(f"\n{format_bytes(report.written_bytes)} in {out}")
    print_line(f"next     zaphod run {out}")


def _by_part(weights: ModelWeights, report: ConversionReport) -> dict[str, dict[str, Any]]:
    """For each part of the model: formats before and after, bits a weight, error."""
    counts: dict[str, int] = defaultdict(int)
    written_bytes: dict[str, int] = defaultdict(int)
    formats: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for entry in report.ledger:
        part = part_of(entry.sources[0])
        counts[part] += sum(math.prod(weights.shape(name)) for name in entry.sources)
        written_bytes[part] += entry.written_bytes
        formats[part][0].add(entry.stored_format)
        formats[part][1].add(entry.written_format)
    return {
        part: {
            "stored": sorted(formats[part][0]),
            "written": sorted(formats[part][1]),
            "bits_per_weight": 8 * written_bytes[part] / counts[part],
            "relative_error": report.relative_errors.get(part, 0.0),
        }
        for part in PARTS
        if counts[part]
    }


def _print_rows(rows: dict[str, dict[str, Any]]) -> None:
    cells = [
        (
            part,
            ", ".join(row["stored"]),
            ", ".join(row["written"]),
            f"{row['bits_per_weight']:.2f}",
            f"{row['relative_error']:.3%}" if row["relative_error"] else "none",
            f"{-20 * math.log10(row['relative_error']):.1f} dB" if row["relative_error"] else "",
        )
        for part, row in rows.items()
    ]
    print_table(
        cells, header=("part", "stored", "written", "bits a weight", "error", "signal to noise"), right=(3, 4, 5)
    )
