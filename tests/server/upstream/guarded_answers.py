"""A guard that finds one word of each kind, and answers of each API put through it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from zaphod.safety.guard.guard import Guard
from zaphod.server.caller import LOCAL
from zaphod.server.guarding.conversation import Conversation, Passage
from zaphod.server.guarding.guarding import Guarding
from zaphod.server.upstream.dialects import Dialect, MessagesDialect, OpenAiDialect, ResponsesDialect
from zaphod.server.upstream.guarded.rewriting import Rewriter
from zaphod.server.upstream.passing import PassingStream

Json = dict[str, Any]

POLICY = r"""
name = "words"
version = "1"
description = "One word for each thing that may follow."
max_delay_tokens = 64

[stages.input.actions]
"injection.split" = "block"
"secret.plain" = "redact"
"pii.name" = { action = "redact", replacement = "pseudonym" }

[stages.retrieval.actions]
"injection.split" = "redact"

[stages.output.actions]
"secret.plain" = { action = "redact", replacement = "[withheld]" }
"secret.end" = "block"

[stages.tool_call.actions]
"secret.plain" = "confirm"
"secret.end" = "block"

[[rules]]
id = "secret.plain"
title = "the plain word"
patterns = ['swordfish']

[[rules]]
id = "secret.end"
title = "the word that ends all"
patterns = ['armageddon']

[[rules]]
id = "injection.split"
title = "an order"
stages = ["input", "retrieval"]
patterns = ['obey\s{1,9}the\s{1,9}lark']

[[rules]]
id = "pii.name"
title = "a name"
stages = ["input"]
patterns = ['zoe quill']

[authority.tools.forbidden]
action = "block"

[authority.tools.asked]
action = "confirm"
"""


@cache
def guard() -> Guard:
    """Without the finders that come with every guard, which take their time."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "words.toml"
        file.write_text(POLICY)
        return Guard.load(file, finders=())


def begun() -> Conversation:
    """A conversation in which nothing was said yet."""
    return Guarding(guard(), lambda tenant: bytes(range(32))).begin(LOCAL, "/v1/chat/completions", "req_1")


def conversation(*passages: Passage) -> Conversation:
    """One whose request went in."""
    made = begun()
    asyncio.run(made.inspect(list(passages)))
    return made


def rewriter(dialect: Dialect, request: Json | None = None, passages: Sequence[Passage] = ()) -> Rewriter:
    """Rewrites an answer to a request."""
    return dialect.rewriter(conversation(*passages), request or {})


def whole(dialect: Dialect, body: Json, request: Json | None = None) -> Json:
    """An answer that came at once."""
    return rewriter(dialect, request).whole(body)


def streamed(dialect: Dialect, events: Iterable[Json], request: Json | None = None) -> list[Json]:
    """What becomes of a stream's events, its end included, as clients read them."""
    rewriting = rewriter(dialect, request)
    told = PassingStream(dialect, hides_usage=False, rewriter=rewriting)
    written = b"".join(told.feed(dialect.written(event)) for event in events) + told.last()
    return read(written)


def read(stream: bytes) -> list[Json]:
    """The JSON of each event."""
    lines = [line[6:] for line in stream.splitlines() if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def rules(told: Json) -> list[tuple[str, str]]:
    """What was found, and what followed."""
    return [(finding["rule"], finding["action"]) for finding in told["zaphod"]["guard"]["findings"]]


OPENAI, RESPONSES, MESSAGES = OpenAiDialect(), ResponsesDialect(), MessagesDialect()


def chat_events(pieces: Iterable[str], *, name: str = "content", finish: str | None = "stop") -> list[Json]:
    """A chat's stream that says something in pieces."""
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas = [({"role": "assistant", "content": ""}, None), *(({name: piece}, None) for piece in pieces)]
    deltas += [({}, finish)] if finish else []
    choices = [{"index": 0, "delta": delta, "finish_reason": reason} for delta, reason in deltas]
    return [{**head, "choices": [choice]} for choice in choices]


def text_events(pieces: Iterable[str]) -> list[Json]:
    """A completion's stream."""
    choices = [{"index": 0, "text": piece, "finish_reason": None} for piece in pieces]
    return [
        {"id": "c", "choices": [choice]} for choice in [*choices, {"index": 0, "text": "", "finish_reason": "stop"}]
    ]


def message_events(pieces: Iterable[str], *, kind: str = "text") -> list[Json]:
    """A stream of Anthropic's API with one block."""
    delta = {"type": f"{kind}_delta"}
    return [
        message_start(),
        {"type": "content_block_start", "index": 0, "content_block": {"type": kind, kind: ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {**delta, kind: piece}} for piece in pieces),
        {"type": "content_block_stop", "index": 0},
        *message_end(),
    ]


def message_start() -> Json:
    """The first event of Anthropic's API."""
    usage = {"input_tokens": 3, "output_tokens": 1}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    return {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}}


def message_end(reason: str = "end_turn") -> list[Json]:
    """The last ones."""
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [{"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}}, {"type": "message_stop"}]


RESPONSE: Json = {"id": "r", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": [],
                  "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}  # fmt: skip


def response_events(pieces: Iterable[str]) -> list[Json]:
    """A stream of the Responses API with one message, as OpenAI sends it."""
    pieces = list(pieces)
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    item = {"id": "i", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    said = {**part, "text": "".join(pieces)}
    done = {**item, "status": "completed", "content": [said]}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6, **details}
    events = [
        {"type": "response.created", "response": RESPONSE},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": part},
        *({"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []} for piece in pieces),
        {"type": "response.output_text.done", **place, "text": said["text"], "logprobs": []},
        {"type": "response.content_part.done", **place, "part": said},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {
            "type": "response.completed",
            "response": {**RESPONSE, "status": "completed", "output": [done], "usage": usage},
        },
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def said_in_chat(events: Iterable[Json], name: str = "content") -> str:
    """The text of a chat's stream."""
    return "".join(choice["delta"].get(name) or "" for event in events for choice in event["choices"])


def said_in_text(events: Iterable[Json]) -> str:
    """Of a completion's."""
    return "".join(choice["text"] for event in events for choice in event["choices"])


def said_in_message(events: Iterable[Json], kind: str = "text") -> str:
    """Of one in Anthropic's API."""
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    return "".join(delta.get(kind, "") for delta in deltas)


def said_in_response(events: Iterable[Json]) -> str:
    """Of one in the Responses API."""
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


STREAMS: dict[str, tuple[Dialect, Callable[..., list[Json]], Callable[..., str]]] = {
    "chat": (OPENAI, chat_events, said_in_chat),
    "completion": (OPENAI, text_events, said_in_text),
    "message": (MESSAGES, message_events, said_in_message),
    "response": (RESPONSES, response_events, said_in_response),
}
"""How each API streams a text, and how the text is read from its stream."""
