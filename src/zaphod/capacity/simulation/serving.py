"""What a simulated engine is: how long a step takes and what its scheduler may put into one; knows no requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.simulation.lengths import Lengths
from zaphod.core.errors import ConfigError

Amount = float | NDArray[Any]
_USUAL_PROMPT_S = 0.5


class StepCost(Protocol):
    """How long one forward pass takes. Arguments are numbers, or arrays of one shape, which the answer then has."""

    def seconds(self, prefill_tokens: Amount, decode_sequences: Amount, context_tokens: Amount) -> Any:
        """Of a step with so many prompt tokens, sequences that decode, and tokens in all those sequences' caches."""


@dataclass(frozen=True, kw_only=True)
class LinearCost:
    """`fixed_s + sequence_s * sequences + prefill_token_s * prompt tokens + context_token_s * cached tokens`."""

    fixed_s: float
    sequence_s: float = 0.0
    prefill_token_s: float = 0.0
    context_token_s: float = 0.0

    def __post_init__(self) -> None:
        if not (self.fixed_s > 0 and min(self.sequence_s, self.prefill_token_s, self.context_token_s) >= 0):
            raise ConfigError(f"{self}.", "A step takes time, and more work takes no less.", "Mend the cost.")

    def seconds(self, prefill_tokens: Amount, decode_sequences: Amount, context_tokens: Amount) -> Any:
        """Of one step."""
        return (
            self.fixed_s
            + self.sequence_s * decode_sequences
            + self.prefill_token_s * prefill_tokens
            + self.context_token_s * context_tokens
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class TableCost:
    """Steps from a table."""

    seconds_at: NDArray[np.float32]
    """[sequences that decode from 0, prompt tokens from 0 in units of `tokens`], with empty caches."""
    context_token_s: NDArray[np.float32]
    """[sequences] for each cached token."""
    tokens: int

    def seconds(self, prefill_tokens: Amount, decode_sequences: Amount, context_tokens: Amount) -> Any:
        """Of one step; prompt tokens are rounded up to the table's unit."""
        row = np.asarray(decode_sequences, dtype=np.int64)
        column = np.asarray(-(-np.asarray(prefill_tokens) // self.tokens), dtype=np.int64)
        return self.seconds_at[row, column] + self.context_token_s[row] * np.asarray(context_tokens)


@dataclass(frozen=True, kw_only=True, eq=False)
class Serving:
    """One replica's engine."""

    cost: StepCost
    kv_tokens: int
    """What its caches hold."""
    max_batched_tokens: int = 8192
    """Of a step: one for each sequence that decodes, the rest for pieces of prompts."""
    max_sequences: int = 256
    """Decoding or being prefilled."""
    block_tokens: int = 16
    """Tokens of a block of the paged cache."""
    request_s: float = 0.0
    """What a request takes outside of the engine (HTTP, tokenising): part of its time to the first token."""

    def __post_init__(self) -> None:
        for name in ("kv_tokens", "max_batched_tokens", "max_sequences", "block_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.", f"Raise {name}.")
        if self.max_batched_tokens <= self.max_sequences:
            raise ConfigError(
                f"A step has {self.max_batched_tokens} tokens and {self.max_sequences} sequences.",
                "Beside one token for each sequence there must be room for prompts.",
                "Raise max_batched_tokens.",
            )


def check_lengths(serving: Serving, lengths: Lengths) -> None:
    """Refuse requests that no replica can ever hold.

    Raises:
        ConfigError: one prompt with its answer needs more than the whole cache.
    """
    longest = int((lengths.prompt + lengths.output).max())
    if longest > serving.kv_tokens - 2 * serving.block_tokens:
        raise ConfigError(
            f"A request has {longest} tokens and a replica's cache holds {serving.kv_tokens}.",
            "Every request must fit by itself.",
            "Shorten them (`Lengths.at_most`), or take a replica with more memory.",
        )


def pace(serving: Serving, lengths: Lengths) -> float:
    """How much longer than usual a window must be so that prompts are read well within it; 1 for most accelerators."""
    pieces = -(-int(lengths.mean_prompt) // serving.max_batched_tokens)
    tokens = min(int(lengths.mean_prompt), serving.max_batched_tokens)
    return max(pieces * float(serving.cost.seconds(tokens, 0, 0)) / _USUAL_PROMPT_S, 1.0)


@dataclass(frozen=True, kw_only=True)
class Steady:
    """A replica at constant load when every step is alike: the mean-field balance that simulations start from."""

    requests_per_s: float
    running: float
    """Sequences that decode."""
    step_s: float


def balance(serving: Serving, lengths: Lengths, cached_share: float = 0.0) -> tuple[NDArray[np.float64], ...]:
    """`(requests_per_s, step_s)` that keep 0, 1, 2, ... sequences decoding, up to what the engine admits.

    In each step `n / output` requests end and as many prompts enter: the step's time follows, and with it the rate.
    """
    context = lengths.mean_context
    most = max(min(serving.max_sequences, int(serving.kv_tokens / context)), 1)
    running = np.arange(most + 1)
    prefill = np.minimum(
        running * lengths.mean_prompt * (1 - cached_share) / lengths.mean_output, serving.max_batched_tokens - running
    )
    step_s = mixed_seconds(serving, prefill, running, lengths, cached_share)
    return running / (lengths.mean_output * step_s), step_s


def mixed_seconds(
    serving: Serving, prefill: NDArray[Any], running: NDArray[Any], lengths: Lengths, cached_share: float
) -> NDArray[np.float64]:
    """Mean seconds of a step where prompts come whole: most steps have none and some have one or more.

    A step's time is not linear in its prompt tokens: the mean over steps with none, one, two ... prompts (Poisson)
    is taken, not the time of the mean.
    """
    whole = max(lengths.mean_prompt * (1 - cached_share), 1.0)
    per_step = prefill / whole
    mean = np.zeros(len(running))
    share = np.exp(-per_step)
    left = np.ones(len(running))
    for count in range(6):
        tokens = np.minimum(int(count * whole), serving.max_batched_tokens - running)
        mean += share * serving.cost.seconds(tokens, running, running * lengths.mean_context)
        left = left - share
        share = share * per_step / (count + 1)
    tokens = np.minimum((np.maximum(per_step, 6) * whole).astype(int), serving.max_batched_tokens - running)
    return np.asarray(
        mean + np.maximum(left, 0) * serving.cost.seconds(tokens, running, running * lengths.mean_context)
    )


def saturation(serving: Serving, lengths: Lengths, cached_share: float = 0.0) -> float:
    """Requests a second that one replica can keep up with (mean-field)."""
    return float(balance(serving, lengths, cached_share)[0].max())


def steady(serving: Serving, lengths: Lengths, requests_per_s: float, cached_share: float = 0.0) -> Steady:
    """The balance at a load; at or above saturation the fullest batch."""
    rates, step_s = balance(serving, lengths, cached_share)
    top = int(rates.argmax())
    running = float(np.interp(requests_per_s, np.maximum.accumulate(rates[: top + 1]), np.arange(top + 1)))
    return Steady(
        requests_per_s=min(requests_per_s, float(rates[top])),
        running=running,
        step_s=float(np.interp(running, np.arange(len(step_s)), step_s)),
    )


def steady_of_users(
    serving: Serving, lengths: Lengths, users: float, think_s: float, cached_share: float = 0.0
) -> Steady:
    """The balance of one replica whose users think, ask and read: those who read are the sequences that decode."""
    rates, step_s = balance(serving, lengths, cached_share)
    running = np.arange(len(rates))
    there = float(np.interp(users, np.maximum.accumulate(running + rates * think_s), running))
    return Steady(
        requests_per_s=float(np.interp(there, running, rates)),
        running=there,
        step_s=float(np.interp(there, running, step_s)),
    )
