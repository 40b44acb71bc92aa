"""How many tokens a second a runner computes; knows batches and a clock, nothing of requests or sampling.

Tokens are random and nothing is chosen from the logits, as in llama-bench: a token costs the same whichever it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zaphod.core.errors import ConfigError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.runner import Runner

TOKENS_A_PASS = 512
"""The most tokens of prompts that one pass gets, as llama.cpp's default `ubatch`."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is timed: `prompt` tokens read and then `generate` tokens made one by one, both behind `depth` tokens."""

    prompt: int = 0
    generate: int = 0
    depth: int = 0
    batch: int = 1
    """How many sequences do so at the same time."""

    @property
    def name(self) -> str:
        """Llama-bench's name: `pp512`, `tg128`, `pp512+tg128 @ d8192`."""
        parts = [f"{kind}{count}" for kind, count in (("pp", self.prompt), ("tg", self.generate)) if count]
        return "+".join(parts) + (f" @ d{self.depth}" if self.depth else "")

    @property
    def length(self) -> int:
        """Tokens that each sequence holds at the end."""
        return self.depth + self.prompt + self.generate

    @property
    def num_tokens(self) -> int:
        """Tokens that are timed, of all sequences."""
        return self.batch * (self.prompt + self.generate)


class Workbench:
    """A runner with blocks dealt out to sequences of one length.

    Args:
        runner: what is measured.
        num_sequences: how many sequences there are.
        length: the most tokens of each.
        seed: of the random tokens.

    Raises:
        ConfigError: the runner's cache is too small.
    """

    def __init__(self, runner: Runner, *, num_sequences: int, length: int, seed: int = 0) -> None:
        self._runner = runner
        self._rng = np.random.default_rng(seed)
        per_sequence = -(-length // runner.block_size)
        if length > runner.max_len or num_sequences * per_sequence > runner.num_blocks:
            raise ConfigError(
                f"{num_sequences} sequences of {length} tokens are to be measured.",
                f"The runner holds sequences of {runner.max_len} tokens in {runner.num_blocks} blocks of "
                f"{runner.block_size}.",
                "Measure fewer or shorter ones.",
            )
        starts = range(0, num_sequences * per_sequence, per_sequence)
        self._tables = [tuple(range(start, start + per_sequence)) for start in starts]

    def read(self, start: int, count: int) -> None:
        """Read `count` tokens of every sequence from position `start` on, `TOKENS_A_PASS` in a pass."""
        step = max(1, TOKENS_A_PASS // len(self._tables))
        end = start + count
        for position in range(start, end, step):
            self._pass(position, min(step, end - position), num_logits=int(position + step >= end))

    def generate(self, start: int, count: int) -> None:
        """Add `count` tokens to every sequence from position `start` on, one a pass."""
        for position in range(start, start + count):
            self._pass(position, 1)

    def _pass(self, position: int, count: int, num_logits: int = 1) -> None:
        tokens = self._rng.integers(0, self._runner.vocab_size, (len(self._tables), count)).tolist()
        work = [Scheduled(row, position, table, num_logits) for row, table in zip(tokens, self._tables, strict=True)]
        self._runner.forward(assemble(work, self._runner.block_size))


def measure(runner: Runner, work: Work, *, repeat: int, done: Callable[[], None] = lambda: None) -> list[float]:
    """Tokens a second of each of `repeat` runs, after one that is not counted.

    The `depth` tokens are read once, before the clock starts; what a run adds behind them is written over by the next.

    Args:
        runner: what is measured.
        work: one run.
        repeat: how many runs are counted.
        done: called after each run.
    """
    bench = Workbench(runner, num_sequences=work.batch, length=work.length)
    bench.read(0, work.depth)
    _warm_up(bench, work)
    speeds = []
    for _ in range(repeat):
        start_s = time.perf_counter()
        bench.read(work.depth, work.prompt)
        bench.generate(work.depth + work.prompt, work.generate)
        speeds.append(work.num_tokens / (time.perf_counter() - start_s))
        done()
    return speeds


def _warm_up(bench: Workbench, work: Work) -> None:
    """The prompt once, or one token: as llama-bench does."""
    bench.read(work.depth, work.prompt)
    bench.generate(work.depth + work.prompt, min(1, work.generate))
