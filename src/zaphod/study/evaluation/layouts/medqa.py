"""MedQA (Jin et al. 2020, arXiv 2009.13081): the United States' questions, one object a line, four or five options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zaphod.study.evaluation.layouts.files import DataFolder, NotRun, json_lines, malformed, text_field
from zaphod.study.evaluation.problems import ChoiceProblem

FILE = "phrases_no_exclude_test.jsonl"


def read(folder: DataFolder) -> list[ChoiceProblem] | NotRun:
    """The test questions: with four options if that file is there, else with five."""
    path = folder.find(
        FILE,
        f"4_options/{FILE}",
        f"US/4_options/{FILE}",
        f"questions/US/4_options/{FILE}",
        f"data_clean/questions/US/4_options/{FILE}",
        f"medqa/{FILE}",
        "US/test.jsonl",
        "questions/US/test.jsonl",
        "data_clean/questions/US/test.jsonl",
        "medqa/test.jsonl",
    )
    if path is None:
        return folder.absent(f"US/4_options/{FILE}")
    return [
        _choice(path, number, where, fields) for number, (where, fields) in enumerate(json_lines(folder.read(path)))
    ]


def _choice(path: Path, number: int, where: str, fields: Mapping[str, Any]) -> ChoiceProblem:
    options = fields.get("options")
    if not isinstance(options, dict) or len(options) < 2 or not all(isinstance(text, str) for text in options.values()):
        raise malformed(path, f"{where}: 'options' is no object of texts", "an object from letters to texts")
    letters, letter = sorted(options), fields.get("answer_idx")
    if letter not in letters:
        raise malformed(path, f"{where}: 'answer_idx' is {str(letter)[:60]!r}", f"one of {', '.join(letters)}"[:120])
    return ChoiceProblem(
        key=str(number),
        stem=text_field(path, where, fields, "question").strip(),
        options=tuple(options[name].strip() for name in letters),
        right=(letters.index(letter),),
    )
