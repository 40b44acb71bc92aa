"""MATH (Hendrycks et al. 2021, arXiv 2103.03874): `MATH/test/SUBJECT/NUMBER.json`; the answer is in the last box."""

from __future__ import annotations

from pathlib import Path

from zaphod.study.evaluation.extraction import last_boxed
from zaphod.study.evaluation.layouts.files import DataFolder, NotRun, json_object, malformed, text_field
from zaphod.study.evaluation.problems import TextProblem


def read(folder: DataFolder) -> list[TextProblem] | NotRun:
    """The test problems of every subject that is there, in the order of their names."""
    paths = folder.matching("MATH/test/*/*.json", "test/*/*.json", "math/test/*/*.json")
    if not paths:
        return folder.absent("MATH/test/SUBJECT/NUMBER.json")
    return [_problem(folder, path) for path in paths]


def _problem(folder: DataFolder, path: Path) -> TextProblem:
    fields = json_object(path, folder.read(path).text(), "it")
    answer = last_boxed(text_field(path, "it", fields, "solution"))
    if answer is None:
        raise malformed(path, "its solution has no \\boxed{...}", "a solution whose answer is in a box")
    return TextProblem(
        key=f"{path.parent.name}/{path.stem}",
        question=text_field(path, "it", fields, "problem").strip(),
        answer=answer,
        group=path.parent.name,
    )
