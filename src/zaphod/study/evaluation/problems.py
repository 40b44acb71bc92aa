"""What a benchmark asks, once it is read: choices, texts and programs; knows no file, no prompt and no model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ChoiceProblem:
    """One of several options is to be chosen."""

    key: str
    """Names the problem within its benchmark, the same on every machine."""
    stem: str
    """The question, with the passage that it is about."""
    options: tuple[str, ...]
    right: tuple[int, ...]
    """Indices of the options that are right; one, but for TruthfulQA's second score."""
    group: str = ""
    """The subject, where the benchmark has several."""

    def __post_init__(self) -> None:
        assert len(self.options) >= 2, "a choice has two options or more"
        assert self.right, "an option is right"
        assert all(0 <= index < len(self.options) for index in self.right), "right options are options"

    @property
    def chance(self) -> float:
        """How often a blind guess is right."""
        return len(self.right) / len(self.options)


@dataclass(frozen=True, kw_only=True)
class TextProblem:
    """An answer is to be written; a judge compares it with the known one."""

    key: str
    question: str
    answer: str
    """The known answer alone, without its derivation."""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class CodeProblem:
    """A function is to be completed; tests tell whether it is right."""

    key: str
    prompt: str
    """The program's beginning, which ends inside the function."""
    tests: str
    """Defines `check(candidate)`."""
    entry_point: str
    """The function's name."""
    group: str = ""


Problem = ChoiceProblem | TextProblem | CodeProblem
