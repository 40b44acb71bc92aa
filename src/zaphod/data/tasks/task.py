"""What a task is: questions with right answers and a judge; knows no model, no tokens and no file.

Evaluation asks the judge whether an answer is right; training uses the example's own answer; both share this protocol.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

Split = Literal["train", "combinations", "wordings", "wordings_2"]
"""`combinations`: slot values never seen together in training. `wordings`: phrasings never seen in training; only tasks
of the second edition have `wordings_2`: whole families of phrasings that training has nothing of."""

SPLITS: tuple[Split, ...] = ("train", "combinations", "wordings")


class Context(NamedTuple):
    """One thing shown before a question: a tool's signature, a text, what a tool gave, or the wish for a route."""

    kind: Literal["tool", "text", "result", "route"]
    text: str


@dataclass(frozen=True, kw_only=True)
class Example:
    """One question and one right answer; `meta` holds what the judge needs to accept any other right answer."""

    task: str
    prompt: str
    answer: str
    context: tuple[Context, ...] = ()
    """What the model is shown before the question."""
    meta: Mapping[str, Any] = field(default_factory=dict)


class Score(NamedTuple):
    """A judge's verdict."""

    correct: bool
    reason: str


class Task(Protocol):
    """A source of examples and the judge of answers to them."""

    @property
    def name(self) -> str:
        """Short name, as in `Example.task`."""

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """Examples without end; the same split and seed give the same sequence on every machine."""

    def judge(self, example: Example, answer: str) -> Score:
        """Whether `answer` is right, and why not."""


def is_held_out(*values: object) -> bool:
    """Whether these slot values together belong to the `combinations` split: one in ten, by a hash."""
    digest = hashlib.blake2b(repr(values).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % 10 == 0


def fits_combinations(split: Split, *values: object) -> bool:
    """Whether the combination may appear in `split`: held-out ones in `combinations` only, the others elsewhere."""
    return is_held_out(*values) == (split == "combinations")
