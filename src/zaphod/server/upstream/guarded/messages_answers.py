"""Answers of `/v1/messages` under the guard; knows their shape and no connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded.rewriting import Answers, Json, objects, with_guard

_WHERE = "content"
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking"}
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")


class MessagesRewriter:
    """Rewrites content blocks.

    Args:
        conversation: judges them.
        parameters: JSON Schema of each tool that the request offered.
    """

    def __init__(self, conversation: Conversation, parameters: Mapping[str, Any]) -> None:
        self._answers = Answers(conversation, parameters)
        self._held: dict[int, list[Json]] = {}
        self._open: dict[int, Json] = {}
        self._numbers: dict[int, int] = {}
        self._num_passed = self._num_calls = self._num_dropped = 0
        self.is_stopped = False

    def whole(self, body: Json) -> Json:
        blocks = [block for index, block in enumerate(objects(body.get("content"))) if self._block(index, block)]
        calls = [block for block in objects(body.get("content")) if block.get("type") in _CALLS]
        has_lost = bool(calls) and not any(block.get("type") in _CALLS for block in blocks)
        reason = "refusal" if self._answers.is_blocked or has_lost else body.get("stop_reason")
        made = {**body, "content": blocks, "stop_reason": reason} if "content" in body else body
        return with_guard(made, self._answers.guard)

    def event(self, data: Json) -> Iterator[Json]:
        if self.is_stopped:
            return
        match data.get("type"):
            case "content_block_start":
                yield from self._start(data)
            case "content_block_delta":
                yield from self._delta(data)
            case "content_block_stop":
                yield from self._stop(data)
            case "message_delta":
                yield self._message_delta(data)
            case _:
                yield data

    def last(self) -> Iterator[Json]:
        return iter(())

    def _block(self, index: int, block: Json) -> bool:
        """Rewrite a block in its place; whether it goes out."""
        if block.get("type") in _CALLS:
            may = self._answers.may_call(block.get("name"), block.get("input"), f"{_WHERE}.{index}")
            return may and not self._answers.is_blocked
        for name in ("text", "thinking"):
            if isinstance(block.get(name), str):
                block[name] = self._answers.whole_text((index, name), block[name], f"{_WHERE}.{index}")
        return True

    def _start(self, data: Json) -> Iterator[Json]:
        index, block = _index(data), data.get("content_block")
        block = block if isinstance(block, dict) else {}
        if block.get("type") in _CALLS:
            self._held[index] = [data]
            self._num_calls += 1
            return
        self._open[index] = data
        yield {**data, "index": self._number(index), "content_block": {**block, **self._opening(index, block)}}
        yield from self._end_if_blocked()

    def _opening(self, index: int, block: Json) -> Json:
        texts = {name: block[name] for name in ("text", "thinking") if isinstance(block.get(name), str)}
        return {name: self._answers.push((index, name), text, f"{_WHERE}.{index}") for name, text in texts.items()}

    def _delta(self, data: Json) -> Iterator[Json]:
        index, delta = _index(data), data.get("delta")
        if index in self._held:
            self._held[index].append(data)
            return
        if index not in self._open or not isinstance(delta, dict):
            return
        name = _DELTAS.get(str(delta.get("type")))
        if name is None:
            yield {**data, "index": self._number(index)}
            return
        text = self._answers.push((index, name), str(delta.get(name, "")), f"{_WHERE}.{index}")
        if text:
            yield {**data, "index": self._number(index), "delta": {**delta, name: text}}
        yield from self._end_if_blocked()

    def _stop(self, data: Json) -> Iterator[Json]:
        index = _index(data)
        if index in self._held:
            yield from self._judged(index, data)
            return
        if self._open.pop(index, None) is None:
            return
        yield from self._rests(index)
        yield {**data, "index": self._number(index)}
        yield from self._end_if_blocked()

    def _rests(self, index: int) -> Iterator[Json]:
        for name, rest in self._answers.finish_all(index, f"{_WHERE}.{index}"):
            if rest:
                delta = {"type": f"{name}_delta", name: rest}
                yield {"type": "content_block_delta", "index": self._number(index), "delta": delta}

    def _judged(self, index: int, stop: Json) -> Iterator[Json]:
        start, *deltas = self._held.pop(index)
        block = start["content_block"]
        parts = [one["delta"].get("partial_json", "") for one in deltas if isinstance(one.get("delta"), dict)]
        arguments = "".join(map(str, parts)) or block.get("input") or {}
        if not self._answers.may_call(block.get("name"), arguments, f"{_WHERE}.{index}"):
            self._num_dropped += 1
            return
        for event in (start, *deltas, stop):
            yield {**event, "index": self._number(index)}

    def _message_delta(self, data: Json) -> Json:
        delta = data.get("delta")
        if isinstance(delta, dict) and self._num_dropped and self._num_dropped == self._num_calls:
            data = {**data, "delta": {**delta, "stop_reason": "refusal"}}
        return with_guard(data, self._answers.guard)

    def _end_if_blocked(self) -> Iterator[Json]:
        if not self._answers.is_blocked or self.is_stopped:
            return
        self.is_stopped = True
        for index in self._open:
            yield {"type": "content_block_stop", "index": self._number(index)}
        ended = {
            "type": "message_delta",
            "delta": {"stop_reason": "refusal", "stop_sequence": None},
            "usage": {"output_tokens": 0},
        }
        yield with_guard(ended, self._answers.guard)
        yield {"type": "message_stop"}

    def _number(self, index: int) -> int:
        """Blocks are counted without those that were dropped."""
        if index not in self._numbers:
            self._numbers[index] = self._num_passed
            self._num_passed += 1
        return self._numbers[index]


def _index(data: Json) -> int:
    index = data.get("index")
    return index if isinstance(index, int) else 0
