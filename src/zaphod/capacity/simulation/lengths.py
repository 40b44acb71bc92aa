"""How long prompts and answers are: a population of pairs that simulations draw from; knows no times."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zaphod.core.errors import ConfigError

_POPULATION = 1 << 15
DEFAULT_CV = 1.0
"""Standard deviation over mean of lengths unless something is known: chats vary about as much as their mean."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lengths:
    """Pairs of (prompt, output) tokens, all equally likely."""

    prompt: NDArray[np.int64]
    output: NDArray[np.int64]

    def __post_init__(self) -> None:
        if not len(self.prompt) or len(self.prompt) != len(self.output):
            raise ConfigError("Lengths come in pairs.", "One prompt and one output length per request.", "Add some.")
        if min(self.prompt.min(), self.output.min()) < 1:
            raise ConfigError("A prompt or an answer has no token.", "Each has 1 or more.", "Leave such pairs out.")

    @property
    def mean_prompt(self) -> float:
        return float(self.prompt.mean())

    @property
    def mean_output(self) -> float:
        return float(self.output.mean())

    @property
    def mean_context(self) -> float:
        """Tokens that a stream has behind it while it is decoded, averaged over all decoded tokens."""
        return float(((self.prompt + self.output / 2) * self.output).sum() / self.output.sum())

    def draw(self, random: np.random.Generator, shape: Any) -> NDArray[np.int64]:
        """Indices of pairs."""
        return np.asarray(random.integers(0, len(self.prompt), shape))

    def draw_running(self, random: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Indices of pairs as they are met in the middle of decoding: long answers more often, by their length."""
        until = np.cumsum(self.output)
        return np.asarray(np.searchsorted(until, random.random(count) * until[-1], side="right"))

    def at_most(self, tokens: int) -> Lengths:
        """The same, cut so that no prompt with its answer passes `tokens`; answers give way to half of it first."""
        output = np.minimum(self.output, np.maximum(tokens - self.prompt, tokens // 2))
        return Lengths(prompt=np.minimum(self.prompt, tokens - output), output=output)


def lognormal(
    prompt_tokens: float, output_tokens: float, *, prompt_cv: float = DEFAULT_CV, output_cv: float = DEFAULT_CV
) -> Lengths:
    """Lognormal lengths of these means; `cv` is standard deviation over mean, 0 for lengths that are all the same.

    Prompts and answers are independent. The population is fixed (quantiles in a shuffled order), so that two runs see
    the same one.
    """
    random = np.random.default_rng(0)
    return Lengths(
        prompt=_lognormal(prompt_tokens, prompt_cv, random), output=_lognormal(output_tokens, output_cv, random)
    )


def _lognormal(mean: float, cv: float, random: np.random.Generator) -> NDArray[np.int64]:
    if cv == 0:
        return np.full(_POPULATION, max(round(mean), 1))
    sigma = math.sqrt(math.log1p(cv * cv))
    normal = _normal_quantiles(_POPULATION)
    numbers = np.exp(sigma * normal)
    numbers *= mean / numbers.mean()
    return np.asarray(np.maximum(np.rint(random.permutation(numbers)), 1), dtype=np.int64)


def _normal_quantiles(count: int) -> NDArray[np.float64]:
    """The middles of `count` equally likely pieces of the standard normal distribution."""
    grid = np.linspace(-6, 6, 20001)
    share = np.cumsum(np.exp(-grid * grid / 2))
    return np.asarray(np.interp((np.arange(count) + 0.5) / count, share / share[-1], grid))


def read_lengths(file: Path) -> Lengths:
    """Pairs from a CSV file: the first two columns are prompt and output tokens, a head line may name them.

    Raises:
        ConfigError: a line has no two whole numbers, or there is none.
    """
    pairs = []
    with file.open(newline="") as stream:
        for number, row in enumerate(csv.reader(stream), 1):
            try:
                pairs.append((int(row[0]), int(row[1])))
            except (ValueError, IndexError) as error:
                if number == 1:
                    continue
                raise ConfigError(
                    f"{file}, line {number}: {','.join(row)!r}.", "Wanted: prompt tokens, output tokens.", "Mend it."
                ) from error
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Lengths(prompt=table[:, 0], output=table[:, 1])
