"""What is asked: random words of a wanted length, with or without a shared beginning, or the built-in tasks.

Prompts are made from their number alone, so the same seed asks two servers exactly the same. Tokens are not known here,
only how many of them a word makes on the server that is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from zaphod.core.errors import ConfigError

Dataset = Literal["random", "shared-prefix", "tasks"]
DATASETS: tuple[Dataset, ...] = ("random", "shared-prefix", "tasks")
Source = Callable[[int], "Prompt"]
"""From a request's number to what it asks; negative numbers are warm-up."""
_WORD_LETTERS = 5
_FIRST_LETTER, _NUM_LETTERS, _SPACE = ord("a"), 26, ord(" ")
_SUFFIXES, _PREFIXES, _WARMUP = 0, 1, 2  # streams of random numbers


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One request's text and how long its answer may become."""

    text: str
    max_tokens: int
    expected_tokens: int = 0
    """What the text should count as, for servers that do not tell; 0 where nobody knows."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How the server counts our words: tokens = fixed + words * tokens_per_word."""

    tokens_per_word: float = 1.0
    fixed_tokens: float = 0.0
    """Of a chat's template."""

    def num_words(self, num_tokens: int) -> int:
        return max(1, round((num_tokens - self.fixed_tokens) / self.tokens_per_word))

    def num_tokens(self, num_words: int) -> int:
        return round(self.fixed_tokens + num_words * self.tokens_per_word)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How prompts and answers are distributed.

    Raises:
        ConfigError: a length is impossible.
    """

    dataset: Dataset = "random"
    input_tokens: int = 512
    output_tokens: int = 128
    range_ratio: float = 0.0
    """Lengths are uniform between (1 - ratio) and (1 + ratio) times the wanted one, both ends included."""
    prefix_tokens: int = 256
    """Of `shared-prefix`: how much of the input is shared."""
    num_prefixes: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dataset not in DATASETS:
            raise ConfigError(f"There is no dataset {self.dataset!r}.", f"There are {', '.join(DATASETS)}.")
        if min(self.input_tokens, self.output_tokens, self.num_prefixes) < 1:
            raise ConfigError("A length below 1 token was asked for.", "Every length must be 1 or more.")
        if not 0 <= self.range_ratio < 1:
            raise ConfigError(f"The range ratio is {self.range_ratio:g}.", "It must be at least 0 and below 1.")
        if self.dataset == "shared-prefix" and not 0 < self.prefix_tokens < self.input_tokens:
            raise ConfigError(
                f"{self.prefix_tokens} of {self.input_tokens} input tokens are shared.",
                "Some must be shared, and some must not.",
                "Change --prefix-len or --input-len.",
            )

    def describe(self) -> dict[str, object]:
        """Distributions of both lengths, in words."""
        about: dict[str, object] = {"dataset": self.dataset}
        if self.dataset == "tasks":
            answers = f"at most {self.output_tokens} tokens"
            return about | {"input": "questions of the built-in tasks", "output": answers}
        about |= {"input": f"{self._spread(self.input_tokens)} tokens of random words"}
        about |= {"output": f"at most {self._spread(self.output_tokens)} tokens"}
        if self.dataset == "shared-prefix":
            about |= {"shared_prefix": f"{self.prefix_tokens} tokens, one of {self.num_prefixes}"}
        return about

    def _spread(self, wanted: int) -> str:
        low, high = _bounds(wanted, self.range_ratio)
        return f"{low} to {high} (uniform)" if low < high else str(wanted)

    def cache_state(self) -> str:
        """What a prefix cache can know of the prompts before they come."""
        if self.dataset == "tasks":
            return "questions of tasks, which may repeat; answers of one template share its beginning"
        if self.dataset == "shared-prefix":
            return f"{self.prefix_tokens} tokens shared by design, the rest new to the server"
        return f"cold: every prompt is new to the server, unless seed {self.seed} was used on it before"


def source_of(shape: Shape, calibration: Calibration) -> Source:
    """The prompts of a shape."""
    return _tasks(shape) if shape.dataset == "tasks" else _random(shape, calibration)


def random_words(count: int, rng: np.random.Generator) -> str:
    """Words of five random letters."""
    letters = np.full((count, _WORD_LETTERS + 1), _SPACE, np.uint8)
    letters[:, :_WORD_LETTERS] = rng.integers(_FIRST_LETTER, _FIRST_LETTER + _NUM_LETTERS, (count, _WORD_LETTERS))
    return letters.tobytes().decode("ascii").rstrip()


def _random(shape: Shape, calibration: Calibration) -> Source:
    shared_tokens = shape.prefix_tokens if shape.dataset == "shared-prefix" else 0
    prefixes = [
        random_words(calibration.num_words(shared_tokens), np.random.default_rng((shape.seed, _PREFIXES, number))) + " "
        for number in range(shape.num_prefixes if shared_tokens else 0)
    ]

    def make(index: int) -> Prompt:
        rng = np.random.default_rng((shape.seed, _SUFFIXES if index >= 0 else _WARMUP, abs(index)))
        wanted_tokens, max_tokens = _length(shape.input_tokens, shape, rng), _length(shape.output_tokens, shape, rng)
        prefix = prefixes[int(rng.integers(len(prefixes)))] if prefixes else ""
        num_shared = len(prefix) // (_WORD_LETTERS + 1)
        num_own = max(1, calibration.num_words(wanted_tokens) - num_shared)
        return Prompt(
            text=prefix + random_words(num_own, rng),
            max_tokens=max_tokens,
            expected_tokens=calibration.num_tokens(num_shared + num_own),
        )

    return make


def _length(wanted: int, shape: Shape, rng: np.random.Generator) -> int:
    low, high = _bounds(wanted, shape.range_ratio)
    return int(rng.integers(low, high + 1))


def _bounds(wanted: int, ratio: float) -> tuple[int, int]:
    return max(1, int(wanted * (1 - ratio))), max(1, int(wanted * (1 + ratio)))


def _tasks(shape: Shape) -> Source:
    measured, warmup = _Questions(shape.seed), _Questions(shape.seed + 1)
    return lambda index: Prompt(text=measured[index] if index >= 0 else warmup[-index], max_tokens=shape.output_tokens)


class _Questions:
    """Questions of the built-in tasks in turn, remembered, so that each number has its own."""

    def __init__(self, seed: int) -> None:
        self._made: list[str] = []
        self._endless = self._ask(seed)

    def __getitem__(self, index: int) -> str:
        while len(self._made) <= index:
            self._made.append(next(self._endless))
        return self._made[index]

    @staticmethod
    def _ask(seed: int) -> Iterator[str]:
        from zaphod.data.tasks import Arithmetic, RobotPlan, ToolCall

        endless = [task.examples("train", seed) for task in (Arithmetic(), ToolCall(), RobotPlan())]
        while True:
            for examples in endless:
                yield next(examples).prompt
