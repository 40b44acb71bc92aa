"""Generated tasks as benchmarks: distinct problems of splits that nobody trains on, and the form that asks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from zaphod.data.tasks.task import Example, Split, Task
from zaphod.study.evaluation.exemplars import MATHEMATICS, STORY_PROBLEMS
from zaphod.study.evaluation.extraction import final_answer, last_number
from zaphod.study.evaluation.forms.choice import ChoiceForm, ChoiceStyle
from zaphod.study.evaluation.forms.code import CodeForm
from zaphod.study.evaluation.forms.form import Form
from zaphod.study.evaluation.forms.text import Judged, TextForm
from zaphod.study.evaluation.generated import confusions, functions, hostility
from zaphod.study.evaluation.generated.algebra import Algebra
from zaphod.study.evaluation.generated.stories import Stories
from zaphod.study.evaluation.problems import Problem, TextProblem
from zaphod.study.evaluation.sandbox.sandbox import Sandbox

_MAX_DRAWS_A_PROBLEM = 50

MakeSandbox = Callable[[], Sandbox]


@dataclass(frozen=True, kw_only=True)
class GeneratedTask:
    """One of our own benchmarks.

    Args:
        name, title: as in `catalogue.Benchmark`.
        split: problems that training does not see.
        make: the task; given where programs are tried.
        problem: an example as a problem.
        text: the form of written answers, by their longest length in tokens; None for choices and programs.
        positive: as in `catalogue.Benchmark`.
    """

    name: str
    title: str
    split: Split = "combinations"
    make: Callable[[MakeSandbox], Task]
    problem: Callable[[Example, str], Problem]
    text: Callable[[int | None], TextForm] | None = None
    positive: int | None = None

    def problems(self, count: int, seed: int) -> Sequence[Problem]:
        """As many distinct problems, or as many as there are."""
        task = self.make(_no_sandbox)
        return [self.problem(example, str(key)) for key, example in enumerate(_distinct(task, self.split, seed, count))]

    def form(
        self, sandbox: MakeSandbox, max_tokens: int | None, styles: tuple[ChoiceStyle, ...], as_chat: bool
    ) -> Form:
        """How it is asked."""
        if self.text is not None:
            return self.text(max_tokens)
        if self.problem is functions.problem_of:
            return CodeForm(sandbox=sandbox(), max_tokens=max_tokens or 256, as_chat=as_chat)
        return ChoiceForm(styles=styles)


def _no_sandbox() -> Sandbox:
    raise AssertionError("making problems runs no program of a model")


def _distinct(task: Task, split: Split, seed: int, count: int) -> Iterator[Example]:
    seen: set[Any] = set()
    for number, example in enumerate(task.examples(split, seed)):
        # The same question with its options in another order is no other question.
        name = example.meta.get("stem", example.prompt)
        if name not in seen:
            seen.add(name)
            yield example
        if len(seen) >= count or number >= _MAX_DRAWS_A_PROBLEM * count:
            return


def _story(example: Example, key: str) -> Problem:
    answer = last_number(example.answer)
    assert answer is not None, "a story ends with its number"
    return TextProblem(key=key, question=example.prompt, answer=answer, group=f"{len(example.meta['steps'])} steps")


def _algebra(example: Example, key: str) -> Problem:
    answer = final_answer(example.answer)
    assert answer is not None, "the known answer is boxed"
    return TextProblem(key=key, question=example.prompt, answer=answer, group=example.meta["kind"])


def _story_form(max_tokens: int | None) -> TextForm:
    return TextForm(judge=_number, shots=STORY_PROBLEMS[:3], max_tokens=max_tokens or 160)


def _number(problem: TextProblem, written: str) -> Judged:
    found = last_number(written)
    return Judged(found, {"right": float(found == problem.answer)})


def _algebra_form(max_tokens: int | None) -> TextForm:
    from zaphod.study.evaluation.judges import judge_mathematics

    return TextForm(
        judge=judge_mathematics,
        shots=MATHEMATICS,
        max_tokens=max_tokens or 160,
        question_word="Problem: ",
        answer_word="\nSolution:",
        stop=("\nProblem:",),
    )


GENERATED: tuple[GeneratedTask, ...] = (
    GeneratedTask(
        name="stories",
        title="word problems of several steps, like GSM8K",
        make=lambda sandbox: Stories(),
        problem=_story,
        text=_story_form,
    ),
    GeneratedTask(
        name="algebra",
        title="eight kinds of algebra, like MATH",
        make=lambda sandbox: Algebra(),
        problem=_algebra,
        text=_algebra_form,
    ),
    GeneratedTask(
        name="functions",
        title="functions over lists to complete, like HumanEval",
        make=functions.Functions,
        problem=functions.problem_of,
    ),
    GeneratedTask(
        name="hostility",
        title="is a statement hateful, with neutral mentions, like ToxiGen",
        split="wordings",
        make=lambda sandbox: hostility.Hostility(),
        problem=hostility.problem_of,
        positive=1,
    ),
    GeneratedTask(
        name="confusions",
        title="true answers against common mistakes, like TruthfulQA",
        split="wordings",
        make=lambda sandbox: confusions.Confusions(),
        problem=confusions.problem_of,
    ),
)
