"""An answer's events as those of `/v1/messages`, and the message they add up to; knows no engine and no connection.

The order of events:

    message_start
    for each block: content_block_start, content_block_delta …, content_block_stop; `ping` after the first start
    message_delta, message_stop; or error, where the answer broke off
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import from_json

from zaphod.server.api.responses_events import extension
from zaphod.server.api.turns import AnswerEnd, Event, TextDelta, ToolCallBegin, ToolCallDelta, Usage
from zaphod.server.errors import ApiError

_Json = dict[str, Any]


class MessageWriter:
    """One message while it is written. Not streamed, it is the same, and only `message` is of interest.

    Args:
        message_id: unique.
        model: its name.
        counts: holds `prompt_tokens` when the first event comes: how many were cached is known at the end only.
    """

    def __init__(self, message_id: str, model: str, counts: Mapping[str, int]) -> None:
        self._id, self._model, self._counts = message_id, model, counts
        self._done: list[_Json] = []
        self._block: _Block | None = None
        self._end: AnswerEnd | None = None
        self._usage: Usage | None = None

    def begin(self) -> Iterator[_Json]:
        """The event before the first of the answer's."""
        yield {"type": "message_start", "message": self.message}

    def write(self, event: Event) -> Iterator[_Json]:
        """The events that one of the answer's becomes."""
        match event:
            case TextDelta():
                if event.text:
                    yield from self._write_text(event.text)
            case ToolCallBegin():
                yield from self._begin_block(_Block(type="tool_use", id=event.call_id, name=event.name))
            case ToolCallDelta():
                if event.arguments:
                    yield self._delta(event.arguments, {"type": "input_json_delta", "partial_json": event.arguments})
            case AnswerEnd():
                self._end = event
                yield from self._end_block()
            case Usage():
                self._usage = event
                yield from self._end_message(event)

    def fail(self, error: ApiError) -> Iterator[_Json]:
        """The event that ends a message which cannot be finished."""
        yield error.anthropic()

    @property
    def message(self) -> _Json:
        """The message as far as it is written."""
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": list(self._done),
            **_stopped(self._end),
            "usage": _usage(self._usage, self._counts["prompt_tokens"]),
            **({} if self._usage is None else {"zaphod": extension(self._usage)}),
        }

    def _write_text(self, text: str) -> Iterator[_Json]:
        if self._block is None or self._block.type != "text":
            yield from self._begin_block(_Block(type="text"))
        yield self._delta(text, {"type": "text_delta", "text": text})

    def _begin_block(self, block: _Block) -> Iterator[_Json]:
        yield from self._end_block()
        self._block = block
        yield {"type": "content_block_start", "index": len(self._done), "content_block": block.content()}
        if not self._done:
            yield {"type": "ping"}

    def _delta(self, piece: str, delta: _Json) -> _Json:
        assert self._block is not None, "arguments without a call"
        self._block.pieces.append(piece)
        return {"type": "content_block_delta", "index": len(self._done), "delta": delta}

    def _end_block(self) -> Iterator[_Json]:
        if self._block is not None:
            yield {"type": "content_block_stop", "index": len(self._done)}
            self._done.append(self._block.content())
            self._block = None

    def _end_message(self, usage: Usage) -> Iterator[_Json]:
        counts = _usage(usage, self._counts["prompt_tokens"])
        counts.pop("service_tier")
        yield {"type": "message_delta", "delta": _stopped(self._end), "usage": counts, "zaphod": extension(usage)}
        yield {"type": "message_stop"}


@dataclass(kw_only=True)
class _Block:
    """A block that is being written."""

    type: Literal["text", "tool_use"]
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)

    def content(self) -> _Json:
        text = "".join(self.pieces)
        if self.type == "text":
            return {"type": "text", "text": text, "citations": None}
        return {"type": "tool_use", "id": self.id, "name": self.name, "input": _arguments(text)}


def _arguments(text: str) -> Any:
    """Arguments as an object; of those that were cut off, what is there: `stop_reason` tells."""
    return from_json(text, allow_partial=True) if text.strip() else {}


def _stopped(end: AnswerEnd | None) -> _Json:
    if end is None:
        return {"stop_reason": None, "stop_sequence": None}
    if end.reason == "stop" and end.stop_text is not None:
        return {"stop_reason": "stop_sequence", "stop_sequence": end.stop_text}
    reasons = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
    return {"stop_reason": reasons[end.reason], "stop_sequence": None}


def _usage(usage: Usage | None, prompt_tokens: int) -> _Json:
    """Anthropic counts cached tokens apart from `input_tokens`."""
    cached_tokens = 0 if usage is None else usage.cached_tokens
    return {
        "input_tokens": prompt_tokens - cached_tokens,
        "cache_read_input_tokens": cached_tokens,
        "cache_creation_input_tokens": 0,
        "output_tokens": 0 if usage is None else usage.completion_tokens,
        "service_tier": "standard",
    }
