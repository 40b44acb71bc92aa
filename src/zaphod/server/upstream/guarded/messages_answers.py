"""Answers of `/v1/messages` under the guard; knows their shape and no connection.

Calls are judged when it is known why the answer ended, and follow its text. Blocks are counted without those that were
dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from zaphod.server.guarding.arguments import is_complete
from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded.rewriting import (
    Answers,
    Json,
    an_object,
    known,
    number_of,
    objects,
    with_guard,
    word,
)

_MESSAGE = frozenset({"id", "type", "role", "model", "stop_reason", "stop_sequence"})
_TEXTS = {"text": "text", "thinking": "thinking"}
"""Kinds of blocks, and the field that holds what is said."""
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking"}
_BLOCK = frozenset({"type", "signature", "data"})
"""What models sign or seal nobody here can read; clients hand it back."""
_CALL = frozenset({"type", "id", "caller", "server_name"})
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")
_EMPTY: Json = {"content": [], "stop_reason": None, "stop_sequence": None}
_REFUSAL = "refusal"


class MessagesRewriter:
    """Rewrites content blocks.

    Args:
        conversation: judges them.
        request: what was asked for.
    """

    def __init__(self, conversation: Conversation, request: Mapping[str, Any]) -> None:
        self._answers = Answers(conversation, request)
        self._open: dict[int, int] = {}
        """The server's index of each block that has begun and not ended, and the client's."""
        self._calls: dict[int, tuple[Json, list[str]]] = {}
        """Blocks of calls, and the pieces of their arguments."""
        self._num_blocks = self._num_deltas = 0
        self._has_lost_all = False
        self.is_stopped = False

    def whole(self, body: Json) -> Json:
        blocks = objects(body.get("content"))
        said = [made for index, block in enumerate(blocks) if (made := self._said(index, block)) is not None]
        self._calls = {index: (block, []) for index, block in enumerate(blocks) if block.get("type") in _CALLS}
        reason = word(body.get("stop_reason"))
        called = [{**call, "input": json.loads(arguments)} for call, arguments in self._called(reason)]
        made = known(body, _MESSAGE) | {"content": [*said, *called], "stop_reason": self._reason(reason)}
        return with_guard(made, self._answers.guard)

    def event(self, data: Json) -> Iterator[Json]:
        if self.is_stopped:
            return
        match data.get("type"):
            case "message_start":
                yield {"type": "message_start", "message": known(an_object(data.get("message")), _MESSAGE) | _EMPTY}
            case "content_block_start":
                yield from self._start(number_of(data), an_object(data.get("content_block")))
            case "content_block_delta":
                yield from self._delta(number_of(data), an_object(data.get("delta")))
            case "content_block_stop":
                yield from self._stop(number_of(data))
            case "message_delta":
                yield from self._end(data)
            case "message_stop":
                yield from self._closed()
                yield {"type": "message_stop"}
            case "ping":
                yield {"type": "ping"}
            case "error":
                yield from self.last()
                yield known(data, {"type"})
        if self._answers.is_blocked:
            yield from self._stopped()

    def last(self) -> Iterator[Json]:
        for (index, name), rest in self._answers.rests():
            if index in self._open:
                yield _delta(self._open[index], name, rest)

    def _said(self, index: int, block: Json) -> Json | None:
        """A block of text, with what may be said of it; None for others."""
        kind = str(block.get("type"))
        if self._answers.is_blocked or kind not in (*_TEXTS, "redacted_thinking"):
            return None
        texts = {name: block[name] for name in _TEXTS if isinstance(block.get(name), str)}
        said = {name: self._answers.whole_text((index, name), text, _where(index)) for name, text in texts.items()}
        return known(block, _BLOCK) | said

    def _start(self, index: int, block: Json) -> Iterator[Json]:
        kind = str(block.get("type"))
        if kind in _CALLS:
            self._calls[index] = (block, [])
        elif kind in (*_TEXTS, "redacted_thinking") and index not in self._open:
            texts = {name: block[name] for name in _TEXTS if isinstance(block.get(name), str)}
            said = {name: self._answers.push((index, name), text, _where(index)) for name, text in texts.items()}
            self._open[index] = self._next_number()
            yield _block_start(self._open[index], known(block, _BLOCK) | said)

    def _delta(self, index: int, delta: Json) -> Iterator[Json]:
        self._num_deltas += 1
        if index in self._calls:
            self._calls[index][1].append(str(delta.get("partial_json") or ""))
        if index not in self._open:
            return
        name = _DELTAS.get(str(delta.get("type")))
        if name is None and delta.get("type") == "signature_delta":
            signed = known(delta, {"type", "signature"})
            yield {"type": "content_block_delta", "index": self._open[index], "delta": signed}
        elif name is not None and isinstance(delta.get(name), str):
            text = self._answers.push((index, name), delta[name], _where(index))
            if text:
                yield _delta(self._open[index], name, text)

    def _stop(self, index: int) -> Iterator[Json]:
        if index not in self._open:
            return
        for (_, name), rest in self._answers.rests(index):
            yield _delta(self._open[index], name, rest)
        if not self._answers.is_blocked:
            yield {"type": "content_block_stop", "index": self._open.pop(index)}

    def _closed(self) -> Iterator[Json]:
        for index in list(self._open):
            yield from self._stop(index)

    def _end(self, data: Json) -> Iterator[Json]:
        """It is known why the answer ended: calls go out, and the reason."""
        yield from self._closed()
        if self._answers.is_blocked:
            return
        delta = an_object(data.get("delta"))
        reason = word(delta.get("stop_reason"))
        for call, arguments in self._called(reason):
            number = self._next_number()
            yield _block_start(number, {**call, "input": {}})
            yield _delta(number, "partial_json", arguments, kind="input_json_delta")
            yield {"type": "content_block_stop", "index": number}
        told = known(delta, {"stop_sequence"}) | {"stop_reason": self._reason(reason)}
        yield with_guard({**known(data, {"type"}), "delta": told}, self._answers.guard)

    def _called(self, reason: str | None) -> list[tuple[Json, str]]:
        """The calls that may be made, and their arguments as JSON."""
        calls, self._calls = list(self._calls.items()), {}
        if self._answers.is_blocked:
            return []
        if calls and reason == "max_tokens" and not is_complete(_arguments(*calls[-1][1])):
            calls.pop()  # the answer had no more room: nobody can make that call
        kept = [call for index, (block, pieces) in calls if (call := self._judged(index, block, pieces)) is not None]
        self._has_lost_all = self._has_lost_all or (bool(calls) and not kept)
        return kept

    def _judged(self, index: int, block: Json, pieces: list[str]) -> tuple[Json, str] | None:
        name = str(block.get("name"))
        arguments = self._answers.called(name, _arguments(block, pieces), _where(index))
        if arguments is None or not is_complete(arguments):
            return None
        return {**known(block, _CALL), "name": name}, arguments

    def _reason(self, reason: str | None) -> str | None:
        return _REFUSAL if self._answers.is_blocked or self._has_lost_all else reason

    def _stopped(self) -> Iterator[Json]:
        """The end before the end."""
        if self.is_stopped:
            return
        self.is_stopped = True
        for number in self._open.values():
            yield {"type": "content_block_stop", "index": number}
        delta = {"stop_reason": _REFUSAL, "stop_sequence": None}
        # Engines send about one delta for each token, and will not say any more how many there were.
        ended = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": self._num_deltas}}
        yield with_guard(ended, self._answers.guard)
        yield {"type": "message_stop"}

    def _next_number(self) -> int:
        number, self._num_blocks = self._num_blocks, self._num_blocks + 1
        return number


def _where(index: int) -> str:
    return f"content.{index}"


def _arguments(block: Json, pieces: list[str]) -> str:
    """What came in pieces, or with the block."""
    given = "".join(pieces) or block.get("input") or {}
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def _block_start(number: int, block: Json) -> Json:
    return {"type": "content_block_start", "index": number, "content_block": block}


def _delta(number: int, name: str, text: str, *, kind: str | None = None) -> Json:
    return {"type": "content_block_delta", "index": number, "delta": {"type": kind or f"{name}_delta", name: text}}
