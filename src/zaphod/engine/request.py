"""What a caller asks for and what it gets back: token ids and options; never text policy.

Order of a step: penalties and bias on the raw logits, temperature, then top-k, top-p, min-p (the order of vLLM and of
transformers). Log-probabilities are of the raw logits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from zaphod.core.errors import RequestError
from zaphod.engine.grammar import GrammarSpec

FinishReason = Literal["stop", "length", "cancelled"]

MAX_LOGPROBS = 20
"""OpenAI's limit on alternatives per token."""


@dataclass(frozen=True, kw_only=True)
class SamplingParams:
    """How tokens are chosen and when to stop."""

    temperature: float = 0.0
    """0 takes the most likely token; ties go to the lower id."""
    top_k: int | None = None
    top_p: float = 1.0
    """Smallest set of most likely tokens whose probability reaches this."""
    min_p: float = 0.0
    """Drop tokens less likely than this share of the most likely one."""
    repetition_penalty: float = 1.0
    """Divides positive and multiplies negative logits of every token in prompt and output (arXiv 1909.05858).

    Far below 1 the quotient would be infinite, and no token could be drawn."""
    presence_penalty: float = 0.0
    """Subtracted once from the logit of every token already produced (OpenAI)."""
    frequency_penalty: float = 0.0
    """Subtracted for each time a token was already produced (OpenAI)."""
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    seed: int | None = None
    """The same seed gives the same tokens, whatever else runs. None draws one."""
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    """Generation ends before the first of these texts; they are not part of the answer."""
    stop_token_ids: tuple[int, ...] = ()
    ignore_eos: bool = False
    logprobs: int | None = None
    """How many alternatives to report for each token; 0 reports the chosen token alone."""
    grammar: GrammarSpec | None = None
    """What the answer must look like."""

    def __post_init__(self) -> None:
        _in_range(self.temperature, "temperature", 0.0, 100.0)
        _in_range(self.top_p, "top_p", 0.0, 1.0, open_low=True)
        _in_range(self.min_p, "min_p", 0.0, 1.0)
        _in_range(self.repetition_penalty, "repetition_penalty", 0.01, 100.0)
        _in_range(self.presence_penalty, "presence_penalty", -100.0, 100.0)
        _in_range(self.frequency_penalty, "frequency_penalty", -100.0, 100.0)
        _whole(self.max_tokens, "max_tokens", 1)
        if self.top_k is not None:
            _whole(self.top_k, "top_k", 1)
        if self.logprobs is not None:
            _whole(self.logprobs, "logprobs", 0, MAX_LOGPROBS)
        if self.seed is not None:
            _whole(self.seed, "seed", 0, 2**63 - 1)
        for token_id, bias in self.logit_bias.items():
            _whole(token_id, "a token id in logit_bias", 0)
            _in_range(bias, f"logit_bias[{token_id}]", -1000.0, 1000.0)
        for token_id in self.stop_token_ids:
            _whole(token_id, "a stop token id", 0)
        if self.grammar is not None and not isinstance(self.grammar, GrammarSpec):
            raise RequestError(f"grammar is {self.grammar!r}.", "It must be a GrammarSpec.", "Make one of the text.")
        if not isinstance(self.stop, tuple) or any(not isinstance(text, str) or not text for text in self.stop):
            raise RequestError(
                f"stop is {self.stop!r}.", "It must be a tuple of texts, none of them empty.", "Leave empty texts out."
            )


@dataclass(frozen=True, kw_only=True)
class Request:
    """One prompt to continue."""

    request_id: str
    prompt_token_ids: tuple[int, ...]
    sampling: SamplingParams = field(default_factory=SamplingParams)
    queue: str = ""
    """Whose share of the engine it uses: queues get equal numbers of tokens, however many requests they bring."""
    tenant: str = ""
    """Who may profit from its prompt: prefixes are found again by requests of the same tenant alone."""
    adapter: str | None = None
    """Name of the adapter to apply."""
    embeds: bool = False
    """Whether the mean of the prompt's last hidden states is wanted instead of an answer; nothing is sampled then."""
    reports_experts: bool = False
    """Whether increments tell which experts computed the choice of each token."""
    scored_from: int | None = None
    """Log-probabilities of the prompt's own tokens are wanted from this position on, 1 or more: nothing comes before
    the first token that could tell how likely it is. `sampling.logprobs` says with how many alternatives."""

    def __post_init__(self) -> None:
        if self.embeds and self.reports_experts:
            raise RequestError(
                "embeds and reports_experts were both asked for.",
                "Experts are told of for each token of an answer, and a request that embeds has none.",
                "Leave one of them out.",
            )
        if not self.prompt_token_ids:
            raise RequestError("The prompt holds no tokens.", "There must be at least one.", "Send some text.")
        for token_id in self.prompt_token_ids:
            _whole(token_id, "a token id of the prompt", 0)
        if self.scored_from is not None:
            _whole(self.scored_from, "scored_from", 1, len(self.prompt_token_ids))
            self._require_answer()

    def _require_answer(self) -> None:
        if self.embeds:
            raise RequestError(
                "embeds and scored_from were both asked for.",
                "A request that embeds computes no logits.",
                "Leave one of them out.",
            )


@dataclass(frozen=True, kw_only=True)
class TokenLogprobs:
    """Natural-log probabilities of one produced token and of the most likely alternatives."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...]


@dataclass(frozen=True, kw_only=True)
class Completion:
    """What a request produced."""

    request_id: str
    token_ids: tuple[int, ...]
    text: str
    """Decoded and cut at a stop text; empty where the engine has no decoder."""
    finish_reason: FinishReason
    stop_reason: str | int | None = None
    """The stop text or token id that ended it."""
    logprobs: tuple[TokenLogprobs, ...] | None = None
    prompt_logprobs: tuple[TokenLogprobs, ...] = ()
    """Of the prompt's tokens from `Request.scored_from` on."""
    num_cached_tokens: int = 0
    """Tokens of the prompt that were in the prefix cache when the request was admitted."""
    embedding_D: tuple[float, ...] | None = None
    """Mean over the prompt's tokens of the hidden states after the last norm, of a request that embeds."""


def _in_range(value: float, name: str, low: float, high: float, *, open_low: bool = False) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value > high or value < low or (open_low and value == low):
        raise RequestError(
            f"{name} is {value!r}.",
            f"It must be a number {'above' if open_low else 'from'} {low:g}, up to {high:g}.",
            "Correct it, or leave it out for the default.",
        )


def _whole(value: int, name: str, low: int, high: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        limit = f"from {low} to {high}" if high is not None else f"of {low} or more"
        raise RequestError(f"{name} is {value!r}.", f"It must be a whole number {limit}.", "Correct it.")
