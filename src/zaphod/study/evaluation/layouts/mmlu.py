"""MMLU (Hendrycks et al. 2021, arXiv 2009.03300): `test/SUBJECT_test.csv` and `dev/SUBJECT_dev.csv` of its archive.

Rows have no header: question, four options, the letter of the right one. The archive's folder is called `data`.
"""

from __future__ import annotations

from pathlib import Path

from zaphod.study.evaluation.layouts.files import DataFolder, NotRun, csv_rows, malformed
from zaphod.study.evaluation.problems import ChoiceProblem

_LETTERS = "ABCD"


def read(folder: DataFolder) -> list[ChoiceProblem] | NotRun:
    """The test questions of every subject that is there."""
    paths = folder.matching("test/*_test.csv", "data/test/*_test.csv", "mmlu/**/test/*_test.csv")
    if not paths:
        return folder.absent("test/SUBJECT_test.csv")
    return [problem for path in paths for problem in _subject(folder, path, path.name.removesuffix("_test.csv"))]


def read_shots(folder: DataFolder) -> list[ChoiceProblem] | NotRun:
    """The five examples of each subject that the authors set apart."""
    paths = folder.matching("dev/*_dev.csv", "data/dev/*_dev.csv", "mmlu/**/dev/*_dev.csv")
    if not paths:
        return folder.absent("dev/SUBJECT_dev.csv")
    return [problem for path in paths for problem in _subject(folder, path, path.name.removesuffix("_dev.csv"))]


def _subject(folder: DataFolder, path: Path, subject: str) -> list[ChoiceProblem]:
    problems = []
    for number, (where, row) in enumerate(csv_rows(folder.read(path))):
        if len(row) != 6 or row[5].strip() not in tuple(_LETTERS):
            raise malformed(
                path, f"{where} has {len(row)} cells, the last {row[-1]!r}", "6 cells, the last A, B, C or D"
            )
        problems.append(
            ChoiceProblem(
                key=f"{subject}/{number}",
                stem=row[0].strip(),
                options=tuple(cell.strip() for cell in row[1:5]),
                right=(_LETTERS.index(row[5].strip()),),
                group=subject,
            )
        )
    return problems
