"""One turn of a conversation, whatever API asked for it: the request in, events out; knows no wire format.

`/v1/chat/completions`, `/v1/responses` and `/v1/messages` each turn their request into a `Turn`, and the events of
`answering.answer(turn, call)` into their own chunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from zaphod.core.tokenizers import ChatMessage
from zaphod.engine import SamplingParams
from zaphod.server.engine_process.messages import TokenLogprob


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A function that the model may ask to be called."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    """JSON Schema of the arguments."""
    strict: bool = False


@dataclass(frozen=True, kw_only=True)
class ToolChoice:
    """Whether tools may, must or must not be called."""

    how: Literal["auto", "none", "required"] = "auto"
    name: str | None = None
    """The one that must be called, with `required`."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What is asked of the model."""

    messages: Sequence[ChatMessage]
    sampling: SamplingParams
    """Its `grammar` is the format that the answer's text must have; tools bring their own."""
    tools: Sequence[Tool] = ()
    tool_choice: ToolChoice = ToolChoice()
    allows_parallel_calls: bool = True
    num_answers: int = 1
    """Answers get the seeds `seed`, `seed + 1`, …"""
    mode: str | None = None
    """Name of a mode of `modes.toml`; the server's own if None."""
    reports_experts: bool = False
    names_temperature: bool = True
    """Whether `sampling.temperature` was asked for: a mode's own goes before a default."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the API calls `messages` and `response_format`, where it has other names: errors are told in them."""


@dataclass(frozen=True, kw_only=True)
class TextDelta:
    """More of an answer's text. `text` may be empty where only log-probabilities or experts are new."""

    answer: int
    text: str
    logprobs: Sequence[TokenLogprob] = ()
    experts_NLK: Sequence[Sequence[Sequence[int]]] = ()


@dataclass(frozen=True, kw_only=True)
class PromptScored:
    """How likely the prompt's tokens are, from the second one on; before the answer's first text."""

    answer: int
    logprobs: Sequence[TokenLogprob]


@dataclass(frozen=True, kw_only=True)
class ToolCallBegin:
    """The model asks for a function to be called."""

    answer: int
    call: int
    """Counts the calls of this answer from 0."""
    call_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ToolCallDelta:
    """More of a call's arguments, a piece of JSON text."""

    answer: int
    call: int
    arguments: str


@dataclass(frozen=True, kw_only=True)
class AnswerEnd:
    """An answer is complete."""

    answer: int
    reason: Literal["stop", "length", "tool_calls", "content_filter"]
    stop_text: str | None = None
    """The stop text that ended it, if one did."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the whole turn took; the last event."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    energy_j: float | None
    energy_source: str
    """`RAPL`, `NVML` or `estimated`."""
    tokens_per_s: float | None
    mode: str
    """The mode that was used."""
    mode_reason: str | None = None
    """Why another one than asked for."""
    guard: Mapping[str, Any] | None = None
    """What was redacted, held or blocked, and by which policy; None where nothing was."""


Event = TextDelta | PromptScored | ToolCallBegin | ToolCallDelta | AnswerEnd | Usage
