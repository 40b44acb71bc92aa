"""Builds the shipped models anew: `python -m zaphod.safety.guard.classifiers.train toxicity|injection`.

The same sources give the same bytes, so a build in another folder can be compared with what was shipped.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from zaphod.core.progress import ProgressLines
from zaphod.safety.guard.classifiers.classifier import MODELS
from zaphod.safety.guard.classifiers.examples import TASKS
from zaphod.safety.guard.classifiers.model_card import write_card
from zaphod.safety.guard.classifiers.model_file import write_model
from zaphod.safety.guard.classifiers.training import train


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, write the file and its card, and print what it is."""
    parser = argparse.ArgumentParser(prog="zaphod.safety.guard.classifiers.train", description=__doc__)
    parser.add_argument("task", choices=TASKS, help="which model")
    parser.add_argument("--out", type=Path, default=MODELS, help="the folder to write to (the shipped one by default)")
    chosen = parser.parse_args(arguments)
    progress = ProgressLines()
    model = train(chosen.task, progress=progress)
    chosen.out.mkdir(parents=True, exist_ok=True)
    path = chosen.out / f"{chosen.task}.safetensors"
    write_model(model, path)
    write_card(model, chosen.out / f"{chosen.task}.md", progress)
    print(f"{path}: {path.stat().st_size} bytes, threshold {model.threshold}, digest {model.digest}")


if __name__ == "__main__":
    main()
