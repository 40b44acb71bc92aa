"""HumanEval (Chen et al. 2021, arXiv 2107.03374): `HumanEval.jsonl`, packed with gzip as it is published or not."""

from __future__ import annotations

from zaphod.study.evaluation.layouts.files import DataFolder, NotRun, json_lines, malformed, text_field
from zaphod.study.evaluation.problems import CodeProblem

FILE = "HumanEval.jsonl"


def read(folder: DataFolder) -> list[CodeProblem] | NotRun:
    """Its problems; `canonical_solution` is not looked at."""
    path = folder.find(FILE, f"data/{FILE}", f"humaneval/{FILE}")
    if path is None:
        return folder.absent(f"{FILE}.gz")
    problems = []
    for where, fields in json_lines(folder.read(path)):
        name = text_field(path, where, fields, "entry_point")
        if not name.isidentifier():
            raise malformed(path, f"{where}: 'entry_point' is {name[:60]!r}", "the name of a function")
        problems.append(
            CodeProblem(
                key=text_field(path, where, fields, "task_id"),
                prompt=text_field(path, where, fields, "prompt"),
                tests=text_field(path, where, fields, "test"),
                entry_point=name,
            )
        )
    return problems
