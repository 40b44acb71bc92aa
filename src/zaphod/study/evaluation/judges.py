"""Judges of written answers, one for each kind of benchmark; knows no model."""

from __future__ import annotations

from zaphod.study.evaluation.equivalence import are_equal
from zaphod.study.evaluation.extraction import final_answer, last_number, marked_number
from zaphod.study.evaluation.forms.text import Judged
from zaphod.study.evaluation.metrics import exact_match, f1
from zaphod.study.evaluation.problems import TextProblem

__all__ = ["judge_mathematics", "judge_number", "judge_words"]


def judge_number(problem: TextProblem, written: str) -> Judged:
    """GSM8K: the number behind `####` (strict), or else the last number of the answer (flexible)."""
    strict, flexible = marked_number(written), last_number(written)
    values = {"strict": float(strict == problem.answer), "flexible": float(flexible == problem.answer)}
    return Judged(flexible, values)


def judge_mathematics(problem: TextProblem, written: str) -> Judged:
    """MATH: the boxed or announced answer says the same as the known one."""
    answer = final_answer(written)
    return Judged(answer, {"equivalent": float(answer is not None and are_equal(answer, problem.answer))})


def judge_words(problem: TextProblem, written: str) -> Judged:
    """The same words, and the share of words in common."""
    answer = written.strip().split("\n")[0]
    return Judged(answer, {"exact": exact_match(answer, problem.answer), "F1": f1(answer, problem.answer)})
