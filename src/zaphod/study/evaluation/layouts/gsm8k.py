"""GSM8K (Cobbe et al. 2021, arXiv 2110.14168): `test.jsonl`; an answer's last line is `#### ` and the number."""

from __future__ import annotations

from zaphod.study.evaluation.extraction import marked_number
from zaphod.study.evaluation.layouts.files import DataFolder, NotRun, json_lines, malformed, text_field
from zaphod.study.evaluation.problems import TextProblem


def read(folder: DataFolder) -> list[TextProblem] | NotRun:
    """The test problems."""
    path = folder.find(
        "gsm8k-test.jsonl", "grade_school_math/data/test.jsonl", "gsm8k/test.jsonl", "gsm8k_test.jsonl", "test.jsonl"
    )
    if path is None:
        return folder.absent("gsm8k/test.jsonl")
    problems = []
    for number, (where, fields) in enumerate(json_lines(folder.read(path))):
        answer = marked_number(text_field(path, where, fields, "answer"))
        if answer is None:
            raise malformed(
                path, f"{where}: 'answer' has no line that begins with ####", "a worked answer and #### number"
            )
        question = text_field(path, where, fields, "question").strip()
        problems.append(TextProblem(key=str(number), question=question, answer=answer))
    return problems
