"""`zaphod consolidate`: a model out of a run's newest checkpoint; knows the folder of a run, not how it is written."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line
from zaphod.core.errors import ConfigError
from zaphod.core.units import format_bytes
from zaphod.training.checkpoint.consolidation import CheckpointMasters, consolidate
from zaphod.training.checkpoint.folder import CheckpointFolder
from zaphod.training.config import model_from


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that `zaphod train` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the model goes.")],
    weights: Annotated[str, typer.Option("--weights", "-w", help="Number format of the matrices.")] = "bfloat16",
    as_json: JsonFlag = False,
) -> None:
    """Join what the processes of a run wrote into one model, and print a ledger of its tensors.

    The run need not be finished, nor stopped. One tensor is in memory at a time.

    \b
    Examples:
      zaphod consolidate runs/first --out first
      zaphod convert first --to safetensors --out first-hf
    """
    settings = _settings(run)
    checkpoint = CheckpointFolder(run / "checkpoints").newest()
    if checkpoint is None:
        raise ConfigError(f"{run} has no checkpoint.", "A run writes one every few minutes.", "Wait, or name another.")
    ledger = consolidate(
        CheckpointMasters(checkpoint), model_from(settings["model"]), _tokenizer(run, settings), out, weights
    )
    if as_json:
        print_json({"checkpoint": str(checkpoint), "out": str(out), "tensors": [asdict(entry) for entry in ledger]})
        return
    for entry in ledger:
        print_line(entry.line())
    total = format_bytes(sum(entry.written_bytes for entry in ledger))
    print_line(f"{len(ledger)} tensors of {checkpoint.name}, {total}, in {out}")


def _settings(run: Path) -> dict[str, Any]:
    file = run / "run.json"
    try:
        settings: dict[str, Any] = json.loads(file.read_text("utf-8"))["settings"]
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"{file} cannot be read ({error}).", "A run has one, with its settings.", "Name a folder of `zaphod train`."
        ) from error
    return settings


def _tokenizer(run: Path, settings: dict[str, Any]) -> Path | None:
    place = settings["data"]["tokenizer"]
    if place == "bytes":
        return None
    return run / "tokenizer" if place == "train" else Path(place)
