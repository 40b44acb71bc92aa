"""Written answers, decoded greedily, an answer taken out of each and judged; knows no file and no sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zaphod.study.evaluation.models.asked import AskedModel, Prompt
from zaphod.study.evaluation.problems import TextProblem

Values = Mapping[str, float]
"""What is counted, 0 to 1, by its name."""


@dataclass(frozen=True)
class Judged:
    """What was taken out of an answer, and how good it is."""

    extracted: str | None
    values: Values


@dataclass(frozen=True, kw_only=True)
class TextForm:
    """How texts are asked for.

    Args:
        judge: looks at the problem and what was written.
        shots: question and worked answer, shown before every problem.
        max_tokens: of an answer.
        stop: what ends an answer.
        question_word, answer_word: what introduces them.
        seed: of models that draw even at temperature 0.
    """

    judge: Callable[[TextProblem, str], Judged]
    shots: Sequence[tuple[str, str]] = ()
    max_tokens: int = 512
    stop: tuple[str, ...] = ("\nQuestion:",)
    question_word: str = "Question: "
    answer_word: str = "\nAnswer:"
    seed: int = 0

    def ask(self, model: AskedModel, problems: Sequence[TextProblem]) -> list[dict[str, Any]]:
        """A record of each problem: what was written, what was taken out of it, whether it is right."""
        prompts = [
            Prompt(text=self.prompt(problem), max_tokens=self.max_tokens, stop=self.stop, seed=self.seed)
            for problem in problems
        ]
        records = []
        for problem, written in zip(problems, model.write(prompts), strict=True):
            judged = self.judge(problem, written.text)
            records.append(
                {
                    "key": problem.key,
                    "group": problem.group,
                    "right": problem.answer,
                    "written": written.text,
                    "extracted": judged.extracted,
                    "values": dict(judged.values),
                    "num_cut": int(written.is_cut),
                    "is_ended": written.is_ended,
                }
            )
        return records

    def prompt(self, problem: TextProblem) -> str:
        """All that stands before the answer."""
        asked = [f"{self.question_word}{question}{self.answer_word} {answer}" for question, answer in self.shots]
        return "\n\n".join([*asked, f"{self.question_word}{problem.question}{self.answer_word}"])

    def settings(self) -> Mapping[str, Any]:
        """What must be the same for figures to be comparable."""
        return {
            "max_tokens": self.max_tokens,
            "stop": list(self.stop),
            "question_word": self.question_word,
            "answer_word": self.answer_word,
            "shots": [list(shot) for shot in self.shots],
            "seed": self.seed,
        }
