"""`zaphod train`: train a model as a file says, or the built-in one again; knows names of settings, not training.

With --processes, the same command starts itself once for each process.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_table
from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, ProgressLines
from zaphod.training.builtin import train_builtin
from zaphod.training.config import read_config
from zaphod.training.evaluation import Accuracy
from zaphod.training.parallel.launch import run_ranks
from zaphod.training.run import result_lines, train

_BUILTIN = "builtin"
_BUILTIN_MINUTES = 40.0


def command(
    recipe: Annotated[str, typer.Argument(metavar="CONFIG", help="A TOML file (docs/training.md), or builtin.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for checkpoints, log, report and model.")],
    processes: Annotated[int, typer.Option("--processes", "-p", min=1, help="Processes on this machine.")] = 1,
    minutes: Annotated[float | None, typer.Option("--minutes", "-m", min=0.01, help="builtin: training time.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="builtin: chooses first weights and data.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Train a model, and write it to OUT/model.

    Ctrl-C saves; the same command goes on where it stopped. OUT/log.jsonl has a line a step, OUT/report.html the
    curves and the routing. Over several machines, start the same command with torchrun.

    \b
    Examples:
      zaphod train run.toml --out runs/first
      zaphod train run.toml --out runs/first --processes 2
      zaphod train builtin --minutes 40 --out runs/builtin
      zaphod run runs/first/model "Once upon a time"
    """
    if recipe == _BUILTIN:
        _train_builtin(out, minutes or _BUILTIN_MINUTES, seed or 0, as_json)
        return
    if minutes is not None or seed is not None:
        raise ConfigError(
            "--minutes or --seed was given for a file.", "They are the built-in recipe's.", f"Set them in {recipe}."
        )
    if processes > 1:
        run_ranks([sys.executable, "-m", "zaphod", *_own_arguments(recipe, out, as_json)], processes)
        return
    progress = ProgressLines() if os.environ.get("RANK", "0") == "0" else SILENT
    result = train(read_config(Path(recipe)), out, progress, None if as_json else print_line)
    if progress is SILENT:
        return  # the first process speaks for all
    if as_json:
        print_json(result.plain())
    else:
        for line in result_lines(result):
            print_line(line)


def _own_arguments(recipe: str, out: Path, as_json: bool) -> list[str]:
    return ["train", recipe, "--out", str(out), *(["--json"] if as_json else [])]


def _train_builtin(out: Path, minutes: float, seed: int, as_json: bool) -> None:
    results = train_builtin(minutes, out, seed, ProgressLines())
    if as_json:
        print_json({"model": str(out / "model"), "results": [_plain(result) for result in results]})
        return
    print_table(map(_row, results), ("task", "split", "right", "95 % interval", "of"), right=(2, 4))
    print_line(f"model: {out / 'model'}")


def _row(result: Accuracy) -> tuple[str, ...]:
    bounds = f"{result.interval.low:.1%} to {result.interval.high:.1%}"
    return result.task, result.split, f"{result.share:.1%}", bounds, str(result.num_examples)


def _plain(result: Accuracy) -> dict[str, object]:
    return {
        "task": result.task,
        "split": result.split,
        "num_correct": result.num_correct,
        "num_examples": result.num_examples,
        "interval": list(result.interval),
    }
