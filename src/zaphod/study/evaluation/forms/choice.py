"""Choices scored by log-likelihood in two forms: the letter behind lettered options, the option behind the question.

Forms and normalisations are those of OLMES (arXiv 2406.08446): ` A` behind `Answer:`; in the cloze form the option's
text, its log-likelihood as it is, per character, and per byte. Ties go to the first option, as numpy's argmax has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from zaphod.study.evaluation.models.asked import AskedModel, Likelihood
from zaphod.study.evaluation.problems import ChoiceProblem

ChoiceStyle = Literal["letter", "cloze"]
STYLES: tuple[ChoiceStyle, ...] = ("letter", "cloze")

Shots = Callable[[ChoiceProblem], Sequence[ChoiceProblem]]


def no_shots(problem: ChoiceProblem) -> Sequence[ChoiceProblem]:
    """Nothing is shown before the question."""
    return ()


@dataclass(frozen=True, kw_only=True)
class ChoiceForm:
    """How choices are asked.

    Args:
        styles: one of them or both.
        shots: solved problems to show before a problem.
        preface: stands before everything; `{group}` is the problem's subject.
        question_word, answer_word: what introduces question and answer.
        counts_mass: also tell the share of probability on right options (TruthfulQA's MC2).
    """

    styles: tuple[ChoiceStyle, ...] = STYLES
    shots: Shots = no_shots
    preface: str = ""
    question_word: str = "Question: "
    answer_word: str = "Answer:"
    counts_mass: bool = False

    def ask(self, model: AskedModel, problems: Sequence[ChoiceProblem]) -> list[dict[str, Any]]:
        """A record of each problem: what was scored how, what was chosen, what is right."""
        asked = [(problem, style, self.context(problem, style)) for problem in problems for style in self.styles]
        pairs = [(context, text) for problem, style, context in asked for text in continuations(problem, style)]
        found = iter(model.likelihoods(pairs))
        records = {problem.key: _record(problem) for problem in problems}
        for problem, style, _ in asked:
            likelihoods = [next(found) for _ in problem.options]
            _add(records[problem.key], problem, style, likelihoods, self.counts_mass)
        return list(records.values())

    def context(self, problem: ChoiceProblem, style: ChoiceStyle) -> str:
        """All that stands before the answer."""
        preface = self.preface.format(group=problem.group.replace("_", " "))
        shown = [
            self._question(shot, style) + continuations(shot, style)[shot.right[0]] for shot in self.shots(problem)
        ]
        return preface + "\n\n".join([*shown, self._question(problem, style)])

    def _question(self, problem: ChoiceProblem, style: ChoiceStyle) -> str:
        lines = [f"{self.question_word}{problem.stem}"]
        if style == "letter":
            lines += [f" {letter_of(index)}. {option}" for index, option in enumerate(problem.options)]
        return "\n".join([*lines, self.answer_word])

    def settings(self) -> Mapping[str, Any]:
        """What must be the same for figures to be comparable."""
        return {
            "styles": list(self.styles),
            "preface": self.preface,
            "question_word": self.question_word,
            "answer_word": self.answer_word,
        }


def letter_of(index: int) -> str:
    """A, B, …; two letters past Z."""
    return chr(ord("A") + index) if index < 26 else letter_of(index // 26 - 1) + letter_of(index % 26)


def continuations(problem: ChoiceProblem, style: ChoiceStyle) -> list[str]:
    """What is scored for each option."""
    if style == "letter":
        return [f" {letter_of(index)}" for index in range(len(problem.options))]
    return [f" {option}" for option in problem.options]


def best(scores: Sequence[float]) -> int:
    """Index of the highest; the first of equals."""
    return max(range(len(scores)), key=lambda index: (scores[index], -index))


def per_character(logprobs: Sequence[float], options: Sequence[str]) -> list[float]:
    """Log-likelihoods over lengths in characters; an option without any counts as one."""
    return [logprob / max(1, len(option)) for logprob, option in zip(logprobs, options, strict=True)]


def per_byte(logprobs: Sequence[float], options: Sequence[str]) -> list[float]:
    """Log-likelihoods over lengths in UTF-8."""
    return [logprob / max(1, len(option.encode())) for logprob, option in zip(logprobs, options, strict=True)]


def right_mass(logprobs: Sequence[float], right: Sequence[int]) -> float:
    """Share of the right options in the probability of all options together."""
    highest = max(logprobs)
    weights = [math.exp(logprob - highest) for logprob in logprobs]
    return sum(weights[index] for index in right) / sum(weights)


def _record(problem: ChoiceProblem) -> dict[str, Any]:
    return {
        "key": problem.key,
        "group": problem.group,
        "right": list(problem.right),
        "chance": problem.chance,
        "values": {},
        "chosen": {},
        "logprobs": {},
        "num_cut": 0,
    }


def _add(
    record: dict[str, Any], problem: ChoiceProblem, style: ChoiceStyle, found: Sequence[Likelihood], counts_mass: bool
) -> None:
    logprobs = [likelihood.logprob for likelihood in found]
    chosen: dict[str, int] = {style: best(logprobs)}
    if style == "cloze":
        chosen["cloze per character"] = best(per_character(logprobs, problem.options))
        chosen["cloze per byte"] = best(per_byte(logprobs, problem.options))
    record["logprobs"][style] = logprobs
    record["chosen"] |= chosen
    record["values"] |= {name: float(index in problem.right) for name, index in chosen.items()}
    record["num_cut"] = max(record["num_cut"], int(any(likelihood.is_cut for likelihood in found)))
    if counts_mass and style == "cloze":
        record["values"]["mass on true answers"] = right_mass(logprobs, problem.right)
