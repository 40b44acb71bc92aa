"""AGIEval (Zhong et al. 2023, arXiv 2304.06364): one `NAME.jsonl` an examination, as in its repository's `data/v1`.

Options carry their letter in brackets, which is taken off. Questions with several right options (`label` is a list)
count as choices too. Examinations without options (`math`, `gaokao-mathcloze`) ask for a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zaphod.study.evaluation.layouts.files import DataFolder, NotRun, json_lines, malformed, text_field
from zaphod.study.evaluation.problems import ChoiceProblem, TextProblem

CHOICES = {
    "aqua-rat": 254,
    "logiqa-en": 651,
    "lsat-ar": 230,
    "lsat-lr": 510,
    "lsat-rc": 269,
    "sat-en": 206,
    "sat-en-without-passage": 206,
    "sat-math": 220,
}
"""The English examinations with options, and how many questions each was published with."""

_LETTERED = re.compile(r"\A\s*\(([A-Z])\)\s*")


def read(folder: DataFolder, name: str) -> list[ChoiceProblem] | NotRun:
    """An examination with options."""
    path = _path(folder, name)
    if path is None:
        return folder.absent(f"{name}.jsonl")
    return [
        _choice(path, number, where, fields) for number, (where, fields) in enumerate(json_lines(folder.read(path)))
    ]


def read_math(folder: DataFolder) -> list[TextProblem] | NotRun:
    """The examination `math`, whose answers are written."""
    path = _path(folder, "math")
    if path is None:
        return folder.absent("math.jsonl")
    return [
        TextProblem(
            key=str(number),
            question=text_field(path, where, fields, "question").strip(),
            answer=text_field(path, where, fields, "answer").strip(),
        )
        for number, (where, fields) in enumerate(json_lines(folder.read(path)))
    ]


def _path(folder: DataFolder, name: str) -> Path | None:
    file = f"{name}.jsonl"
    return folder.find(file, f"data/v1/{file}", f"v1/{file}", f"agieval-{file}", f"agieval/{file}")


def _choice(path: Path, number: int, where: str, fields: Mapping[str, Any]) -> ChoiceProblem:
    passage = fields.get("passage") or ""
    options = fields.get("options")
    if not isinstance(passage, str):
        raise malformed(path, f"{where}: 'passage' is {type(passage).__name__}", "a text or nothing")
    if not isinstance(options, list) or len(options) < 2 or not all(isinstance(option, str) for option in options):
        raise malformed(path, f"{where}: 'options' is no list of texts", "a list of two texts or more")
    question = text_field(path, where, fields, "question").strip()
    return ChoiceProblem(
        key=str(number),
        stem=f"{passage.strip()}\n{question}" if passage.strip() else question,
        options=tuple(_LETTERED.sub("", option, count=1).strip() for option in options),
        right=_right(path, where, fields.get("label"), len(options)),
    )


def _right(path: Path, where: str, label: object, num_options: int) -> tuple[int, ...]:
    letters = label if isinstance(label, list) else [label]
    known = [chr(ord("A") + index) for index in range(num_options)]
    if not letters or not all(isinstance(letter, str) and letter in known for letter in letters):
        raise malformed(path, f"{where}: 'label' is {str(label)[:60]!r}", f"one of {', '.join(known)}")
    return tuple(sorted({known.index(str(letter)) for letter in letters}))
