"""TruthfulQA (Lin et al. 2022, arXiv 2109.07958): `mc_task.json`, the answers with 1 for true and 0 for false.

`mc1_targets` has one true answer, `mc2_targets` several.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from zaphod.study.evaluation.layouts.files import DataFolder, NotRun, malformed, text_field
from zaphod.study.evaluation.problems import ChoiceProblem

FILE = "mc_task.json"


def read(folder: DataFolder, targets: Literal["mc1_targets", "mc2_targets"]) -> list[ChoiceProblem] | NotRun:
    """Its questions with the answers of one of the two lists."""
    path = folder.find(FILE, f"data/{FILE}", f"truthfulqa/{FILE}")
    if path is None:
        return folder.absent(FILE)
    try:
        items = json.loads(folder.read(path).text())
    except (ValueError, RecursionError) as error:
        raise malformed(path, f"it is no JSON: {error}", "a list of questions") from error
    if not isinstance(items, list) or not items:
        raise malformed(path, f"it is {type(items).__name__}", "a list of questions")
    return [_choice(path, number, item, targets) for number, item in enumerate(items)]


def _choice(path: Path, number: int, item: Any, targets: str) -> ChoiceProblem:
    where = f"question {number + 1}"
    answers: Any = item.get(targets) if isinstance(item, dict) else None
    if not _is_judged(answers):
        raise malformed(path, f"{where}: {targets!r} is not complete", "answers with 1 or 0, some of each")
    right = tuple(index for index, verdict in enumerate(answers.values()) if verdict == 1)
    stem = text_field(path, where, item, "question").strip()
    return ChoiceProblem(key=str(number), stem=stem, options=tuple(answers), right=right)


def _is_judged(answers: Any) -> bool:
    if not isinstance(answers, Mapping) or len(answers) < 2 or not all(str(answer).strip() for answer in answers):
        return False
    verdicts = list(answers.values())
    return all(type(verdict) is int and verdict in (0, 1) for verdict in verdicts) and 1 in verdicts
