"""How answers of each API look on the wire, as far as a gateway must read them; knows no connection.

It must know four things: how many tokens an answer took, whether a stream reached its end, how to tell a client that it
did not, and which chunk nobody but the gateway asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from zaphod.server.errors import ApiError
from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded.messages_answers import MessagesRewriter
from zaphod.server.upstream.guarded.openai_answers import OpenAiRewriter
from zaphod.server.upstream.guarded.plain_answers import PlainRewriter
from zaphod.server.upstream.guarded.responses_answers import ResponsesRewriter
from zaphod.server.upstream.guarded.rewriting import Rewriter


@dataclass(frozen=True, kw_only=True)
class TokenUsage:
    """What a server says that an answer took; None where it did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None

    def or_later(self, later: TokenUsage) -> TokenUsage:
        """With what `later` says in place of what this says."""
        return TokenUsage(
            prompt_tokens=_first(later.prompt_tokens, self.prompt_tokens),
            completion_tokens=_first(later.completion_tokens, self.completion_tokens),
            cached_tokens=_first(later.cached_tokens, self.cached_tokens),
        )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one event of a stream, or a whole answer, tells."""

    usage: TokenUsage = TokenUsage()
    num_pieces: int = 0
    """Parts of answers in it; engines send about one for each token."""
    finish_reason: str | None = None
    begun: frozenset[int] = frozenset()
    """Answers of which it holds a part."""
    finished: frozenset[int] = frozenset()
    """Answers that are complete with it."""
    ends: bool = False
    """Whether the stream is complete with it."""
    is_only_usage: bool = False
    has_error: bool = False


class Dialect(Protocol):
    """One API's answers."""

    def read_event(self, data: Mapping[str, Any]) -> Reading:
        """The JSON object of one server-sent event."""

    def read_body(self, data: Mapping[str, Any]) -> Reading:
        """The JSON object of an answer that was not streamed."""

    def failure(self, error: ApiError) -> bytes:
        """Events that end a broken stream."""

    def written(self, data: Mapping[str, Any]) -> bytes:
        """An event."""

    @property
    def missing_end(self) -> bytes | None:
        """The last event, for streams whose answers are complete but that lack it; None if it cannot be made up."""

    @property
    def ends_apart(self) -> bool:
        """Whether a mark of its own ends a stream, apart from the answers' events."""

    def rewriter(self, conversation: Conversation, request: Mapping[str, Any]) -> Rewriter:
        """Lets out of an answer what may go out."""

    @property
    def asks_for_usage(self) -> bool:
        """Whether usage comes only to those who set `stream_options.include_usage`."""


class OpenAiDialect:
    """`/v1/chat/completions` and `/v1/completions`, and all routes that do not stream."""

    asks_for_usage = True
    ends_apart = True
    missing_end = b"data: [DONE]\n\n"

    def rewriter(self, conversation: Conversation, request: Mapping[str, Any]) -> Rewriter:
        return OpenAiRewriter(conversation, request)

    def read_event(self, data: Mapping[str, Any]) -> Reading:
        choices = _mappings(data.get("choices"))
        usage = _usage(data.get("usage"), "prompt_tokens", "completion_tokens")
        return Reading(
            usage=usage,
            num_pieces=sum(map(_has_content, choices)),
            finish_reason=next((one["finish_reason"] for one in choices if _reason(one.get("finish_reason"))), None),
            begun=frozenset(map(_index, choices)),
            finished=frozenset(_index(one) for one in choices if _reason(one.get("finish_reason"))),
            is_only_usage=data.get("choices") == [] and usage != TokenUsage(),
            has_error=data.get("error") is not None,
        )

    def read_body(self, data: Mapping[str, Any]) -> Reading:
        return self.read_event(data)

    def failure(self, error: ApiError) -> bytes:
        return _event(error.openai()) + b"data: [DONE]\n\n"

    def written(self, data: Mapping[str, Any]) -> bytes:
        return _event(data)


class PlainDialect(OpenAiDialect):
    """Routes on which no model says anything: embeddings, counts, tokens and their text."""

    def rewriter(self, conversation: Conversation, request: Mapping[str, Any]) -> Rewriter:
        return PlainRewriter(conversation)


class ResponsesDialect:
    """`/v1/responses`."""

    asks_for_usage = False
    ends_apart = False
    missing_end = None

    def rewriter(self, conversation: Conversation, request: Mapping[str, Any]) -> Rewriter:
        return ResponsesRewriter(conversation, request)

    def read_event(self, data: Mapping[str, Any]) -> Reading:
        kind = str(data.get("type", ""))
        response = data.get("response")
        ends = kind in ("response.completed", "response.incomplete", "response.failed")
        reading = self.read_body(response) if ends and isinstance(response, Mapping) else Reading()
        return Reading(
            usage=reading.usage,
            num_pieces=int(kind.endswith(".delta")),
            finish_reason=reading.finish_reason,
            ends=ends or kind == "error",
            has_error=kind in ("error", "response.failed"),
        )

    def read_body(self, data: Mapping[str, Any]) -> Reading:
        status = data.get("status")
        return Reading(
            usage=_usage(data.get("usage"), "input_tokens", "output_tokens"),
            finish_reason={"completed": "stop", "incomplete": "length"}.get(str(status)),
            has_error=status == "failed",
        )

    def failure(self, error: ApiError) -> bytes:
        body = {"type": "error", "code": error.code, "message": error.message, "param": None}
        return b"event: error\n" + _event({**body, **error.openai()})

    def written(self, data: Mapping[str, Any]) -> bytes:
        return _named_event(data)


class MessagesDialect:
    """`/v1/messages`, Anthropic's."""

    asks_for_usage = False
    ends_apart = False
    missing_end = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

    def rewriter(self, conversation: Conversation, request: Mapping[str, Any]) -> Rewriter:
        return MessagesRewriter(conversation, request)

    def read_event(self, data: Mapping[str, Any]) -> Reading:
        kind = data.get("type")
        inner = data.get("message") if kind == "message_start" else data
        delta = data.get("delta")
        return Reading(
            usage=_anthropic_usage(inner.get("usage") if isinstance(inner, Mapping) else None),
            num_pieces=int(kind == "content_block_delta"),
            finish_reason=_reason(delta.get("stop_reason"))
            if kind == "message_delta" and isinstance(delta, Mapping)
            else None,
            ends=kind in ("message_stop", "error"),
            has_error=kind == "error",
        )

    def read_body(self, data: Mapping[str, Any]) -> Reading:
        return Reading(
            usage=_anthropic_usage(data.get("usage")),
            finish_reason=_reason(data.get("stop_reason")),
            has_error=data.get("type") == "error",
        )

    def failure(self, error: ApiError) -> bytes:
        return b"event: error\n" + _event(error.anthropic())

    def written(self, data: Mapping[str, Any]) -> bytes:
        return _named_event(data)


def _named_event(data: Mapping[str, Any]) -> bytes:
    """With its type as its name, without line breaks: what a server calls an event is not ours to trust."""
    name = "".join(str(data.get("type", "message")).splitlines())[:64]
    return f"event: {name}\n".encode("utf-8", "replace") + _event(data)


def _event(data: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def _reason(value: object) -> str | None:
    """Servers may put anything there; an empty word is none."""
    return value if isinstance(value, str) and value else None


def _index(choice: Mapping[str, Any]) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def _has_content(choice: Mapping[str, Any]) -> bool:
    if choice.get("text"):
        return True
    delta = choice.get("delta")
    return isinstance(delta, Mapping) and any(value for name, value in delta.items() if name != "role")


def _usage(raw: object, prompt: str, completion: str) -> TokenUsage:
    if not isinstance(raw, Mapping):
        return TokenUsage()
    details = raw.get("prompt_tokens_details") or raw.get("input_tokens_details")
    return TokenUsage(
        prompt_tokens=_count(raw.get(prompt)),
        completion_tokens=_count(raw.get(completion)),
        cached_tokens=_count(details.get("cached_tokens")) if isinstance(details, Mapping) else None,
    )


def _anthropic_usage(raw: object) -> TokenUsage:
    """Anthropic counts cached and newly cached tokens beside `input_tokens`, OpenAI inside."""
    usage = _usage(raw, "input_tokens", "output_tokens")
    if not isinstance(raw, Mapping) or usage.prompt_tokens is None:
        return usage
    cached = _count(raw.get("cache_read_input_tokens"))
    created = _count(raw.get("cache_creation_input_tokens"))
    return TokenUsage(
        prompt_tokens=usage.prompt_tokens + (cached or 0) + (created or 0),
        completion_tokens=usage.completion_tokens,
        cached_tokens=cached,
    )


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
    return value if is_count and isinstance(value, int) else None


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
