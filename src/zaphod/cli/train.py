"""`zaphod train`: make the built-in model again; knows the recipe's name, not the recipe."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zaphod.cli.output import print_json, print_line, print_table
from zaphod.core.progress import ProgressLines
from zaphod.training.builtin import train_builtin
from zaphod.training.evaluation import Accuracy


class Recipe(StrEnum):
    """What can be trained."""

    BUILTIN = "builtin"


def command(
    recipe: Annotated[Recipe, typer.Argument(help="What to train.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for checkpoint, loss curve and model.")],
    minutes: Annotated[float, typer.Option("--minutes", "-m", min=0.01, help="Training time.")] = 40.0,
    seed: Annotated[int, typer.Option("--seed", help="Chooses first weights and data.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train the built-in model, judge it on unseen problems, and write it to OUT/model.

    After an interruption the same command goes on where it stopped. Two cores are used.

    \b
    Examples:
      zaphod train builtin --minutes 40 --out runs/builtin
      zaphod run runs/builtin/model
    """
    assert recipe is Recipe.BUILTIN
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
