"""An answer's events as those of `/v1/responses`, and the response they add up to; knows no engine and no connection.

The order of events, each with its place in it as `sequence_number`:

    response.created, response.in_progress
    for a text:  output_item.added, content_part.added, output_text.delta …, output_text.done, content_part.done,
                 output_item.done
    for a call:  output_item.added, function_call_arguments.delta …, function_call_arguments.done, output_item.done
    response.completed, response.incomplete (the answer was cut off) or response.failed (it broke off)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from zaphod.server.api.turns import AnswerEnd, Event, TextDelta, ToolCallBegin, ToolCallDelta, Usage
from zaphod.server.engine_process.messages import TokenLogprob
from zaphod.server.errors import ApiError

_Json = dict[str, Any]
_Status = Literal["in_progress", "completed", "incomplete", "failed"]


class ResponseWriter:
    """One response while it is written. Not streamed, it is the same, and only `response` is of interest.

    Args:
        head: what every state of the response holds: id, model, what was asked for.
        logprobs: shows tokens' log-probabilities as OpenAI does.
    """

    def __init__(self, head: Mapping[str, Any], logprobs: Callable[[Sequence[TokenLogprob]], list[_Json]]) -> None:
        self._head = head
        self._logprobs = logprobs
        self._done: list[_Json] = []
        self._item: _Text | _Call | None = None
        self._early: list[_Json] = []
        """Log-probabilities of tokens that are no text yet."""
        self._status: _Status = "in_progress"
        self._usage: Usage | None = None
        self._error: ApiError | None = None
        self._next_number = 0

    def begin(self) -> Iterator[_Json]:
        """The events before the first of the answer's."""
        yield self._event("response.created", response=self.response)
        yield self._event("response.in_progress", response=self.response)

    def write(self, event: Event) -> Iterator[_Json]:
        """The events that one of the answer's becomes."""
        match event:
            case TextDelta():
                yield from self._write_text(event)
            case ToolCallBegin():
                yield from self._end_item("completed")
                yield from self._begin_call(event)
            case ToolCallDelta():
                yield from self._write_call(event.arguments)
            case AnswerEnd():
                yield from self._end_answer(event)
            case Usage():
                self._usage = event
                yield self._event(f"response.{self._status}", response=self.response)

    def fail(self, error: ApiError) -> Iterator[_Json]:
        """The events that end a response which cannot be finished."""
        yield from self._end_item("incomplete")
        self._status, self._error = "failed", error
        yield self._event("response.failed", response=self.response)

    def ended(self, usage: Usage) -> _Json:
        """The response as it will be when `usage` is written, which is all that is still missing."""
        return {**self.response, "usage": _usage(usage), "zaphod": extension(usage)}

    @property
    def response(self) -> _Json:
        """The response as far as it is written."""
        return {
            **self._head,
            "status": self._status,
            "error": None if self._error is None else _error(self._error),
            "incomplete_details": {"reason": self._cut_by} if self._status == "incomplete" else None,
            "output": list(self._done),
            "usage": None if self._usage is None else _usage(self._usage),
            **({} if self._usage is None else {"zaphod": extension(self._usage)}),
        }

    def _write_text(self, event: TextDelta) -> Iterator[_Json]:
        self._early += self._logprobs(event.logprobs)
        if not event.text:
            return
        if not isinstance(self._item, _Text):
            yield from self._end_item("completed")
            yield from self._begin_text()
        text, logprobs, self._early = self._item, self._early, []
        assert isinstance(text, _Text)
        text.pieces.append(event.text)
        text.logprobs += logprobs
        yield self._part_event("response.output_text.delta", text, delta=event.text, logprobs=logprobs)

    def _begin_text(self) -> Iterator[_Json]:
        text = self._item = _Text(id=self._item_id("msg"))
        yield self._item_event("response.output_item.added", text.item("in_progress", with_content=False))
        yield self._part_event("response.content_part.added", text, part=text.part())

    def _begin_call(self, event: ToolCallBegin) -> Iterator[_Json]:
        self._early = []
        call = self._item = _Call(id=self._item_id("fc"), call_id=event.call_id, name=event.name)
        yield self._item_event("response.output_item.added", call.item("in_progress"))

    def _write_call(self, arguments: str) -> Iterator[_Json]:
        call = self._item
        assert isinstance(call, _Call), "arguments without a call"
        if arguments:
            call.pieces.append(arguments)
            yield self._call_event("response.function_call_arguments.delta", call, delta=arguments)

    def _end_answer(self, event: AnswerEnd) -> Iterator[_Json]:
        is_filtered = event.reason == "content_filter"
        self._status = "incomplete" if is_filtered or event.reason == "length" else "completed"
        self._cut_by = "content_filter" if is_filtered else "max_output_tokens"
        if self._item is None and not self._done:
            yield from self._begin_text()  # clients look for a message, if only an empty one
        yield from self._end_item(self._status)

    def _end_item(self, status: _Status) -> Iterator[_Json]:
        item = self._item
        if isinstance(item, _Text):
            part = item.part()
            done = {"text": part["text"], "logprobs": part["logprobs"]}
            yield self._part_event("response.output_text.done", item, **done)
            yield self._part_event("response.content_part.done", item, part=part)
        elif isinstance(item, _Call):
            done = {"arguments": "".join(item.pieces), "name": item.name}
            yield self._call_event("response.function_call_arguments.done", item, **done)
        if item is not None:
            whole = item.item(status)
            yield self._item_event("response.output_item.done", whole)
            self._done.append(whole)
            self._item = None

    def _item_id(self, kind: str) -> str:
        return f"{kind}_{str(self._head['id']).removeprefix('resp_')}_{len(self._done)}"

    def _event(self, type: str, **fields: Any) -> _Json:
        event = {"type": type, "sequence_number": self._next_number, **fields}
        self._next_number += 1
        return event

    def _item_event(self, type: str, item: _Json) -> _Json:
        return self._event(type, output_index=len(self._done), item=item)

    def _call_event(self, type: str, item: _Call, **fields: Any) -> _Json:
        return self._event(type, item_id=item.id, output_index=len(self._done), **fields)

    def _part_event(self, type: str, item: _Text, **fields: Any) -> _Json:
        return self._event(type, item_id=item.id, output_index=len(self._done), content_index=0, **fields)


@dataclass(kw_only=True)
class _Text:
    """A message that is being written."""

    id: str
    pieces: list[str] = field(default_factory=list)
    logprobs: list[_Json] = field(default_factory=list)

    def part(self) -> _Json:
        text = "".join(self.pieces)
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": list(self.logprobs)}

    def item(self, status: _Status, *, with_content: bool = True) -> _Json:
        content = [self.part()] if with_content else []
        return {"id": self.id, "type": "message", "role": "assistant", "status": status, "content": content}


@dataclass(kw_only=True)
class _Call:
    """A function call that is being written."""

    id: str
    call_id: str
    name: str
    pieces: list[str] = field(default_factory=list)

    def item(self, status: _Status) -> _Json:
        named = {"call_id": self.call_id, "name": self.name, "arguments": "".join(self.pieces)}
        return {"id": self.id, "type": "function_call", "status": status, **named}


def extension(usage: Usage) -> _Json:
    """What only Zaphod tells of an answer."""
    return {
        "energy_j": usage.energy_j,
        "energy_source": usage.energy_source,
        "tokens_per_s": usage.tokens_per_s,
        "mode": usage.mode,
        "mode_reason": usage.mode_reason,
        "guard": usage.guard,
    }


def _usage(usage: Usage) -> _Json:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _error(error: ApiError) -> _Json:
    # `code` has few values, which clients know by heart; ours goes into `type`.
    codes = {429: "rate_limit_exceeded"}
    code = codes.get(error.status, "server_error" if error.status >= 500 else "invalid_prompt")
    return {"code": code, "message": error.message, "type": error.code, "param": error.param}
