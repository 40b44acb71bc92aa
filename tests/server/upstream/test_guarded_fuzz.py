"""Whatever a server sends: nothing crashes, nothing forbidden goes out, and what goes out is JSON."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.upstream.guarded_answers import (
    MESSAGES,
    OPENAI,
    RESPONSES,
    STREAMS,
    Json,
    chat_events,
    message_events,
    read,
    response_events,
    rewriter,
)

from zaphod.server.upstream.dialects import Dialect
from zaphod.server.upstream.passing import PassingStream, UnreadableEventError

DIALECTS = {"openai": OPENAI, "messages": MESSAGES, "responses": RESPONSES}
TOOLS = {"tools": [{"type": "function", "function": {"name": "send", "parameters": {"type": "object"}}}]}
NAMES = st.sampled_from(
    ["type", "index", "choices", "delta", "message", "text", "content", "thinking", "reasoning", "refusal",
     "tool_calls", "function_call", "function", "name", "arguments", "input", "id", "finish_reason", "logprobs",
     "token_ids", "usage", "error", "content_block", "partial_json", "stop_reason", "response", "output",
     "output_index", "content_index", "summary_index", "item", "item_id", "part", "summary", "status", "role",
     "zaphod", "signature", "data"]
)  # fmt: skip
KINDS = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
     "message_stop", "error", "text", "thinking", "tool_use", "text_delta", "input_json_delta",
     "response.created", "response.completed", "response.incomplete", "response.output_item.added",
     "response.output_item.done", "response.output_text.delta", "response.output_text.done",
     "response.content_part.added", "response.content_part.done", "message", "reasoning", "function_call",
     "custom_tool_call", "shell_call", "output_text", "summary_text", "length", "max_tokens"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-2, 5) | st.floats(-1, 2) | KINDS
    | st.sampled_from(["", "swordfish", "a swordfish!", "armageddon", "{}", '{"a":1}', '{"a"', "send", "forbidden"])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=20
)
EVENTS = st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=6)
FORBIDDEN = ("swordfish", "armageddon")
NOT_SAID = ("zaphod", "error", "usage")
"""What servers tell of themselves; no model says it."""


def texts(value: object, name: str = "") -> list[str]:
    """What clients show: the texts under names that hold what a model says."""
    if isinstance(value, dict):
        return [text for key, one in value.items() if key not in NOT_SAID for text in texts(one, key)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one, name)]
    is_said = name in ("text", "content", "thinking", "reasoning", "refusal", "arguments", "partial_json", "delta")
    return [value] if is_said and isinstance(value, str) else []


def require_clean(made: list[Json]) -> None:
    for event in made:
        assert not [text for text in texts(event) if any(word in text for word in FORBIDDEN)], event


def sent(dialect: Dialect, events: list[Json]) -> bytes:
    """Through the stream as the gateway reads it."""
    told = PassingStream(dialect, hides_usage=True, rewriter=rewriter(dialect, TOOLS))
    made = b""
    for event in events:
        made += told.feed(b"data: " + json.dumps(event).encode() + b"\n\n")
        if told.is_stopped:
            break
    return made + told.end() + told.last()


@pytest.mark.parametrize("name", DIALECTS)
@given(events=EVENTS)
@settings(max_examples=150)
def test_any_events_are_rewritten_into_events_without_what_is_forbidden(name: str, events: list[Json]) -> None:
    require_clean(read(sent(DIALECTS[name], events)))


@pytest.mark.parametrize("name", DIALECTS)
@given(body=st.dictionaries(NAMES, VALUES, max_size=8))
@settings(max_examples=150)
def test_any_whole_answer_is_rewritten_into_one_without_what_is_forbidden(name: str, body: Json) -> None:
    made = rewriter(DIALECTS[name], TOOLS).whole(body)
    require_clean([json.loads(json.dumps(made))])


REAL: dict[str, list[Json]] = {
    "chat": chat_events(["a sword", "fish and armageddon"]),
    "message": message_events(["a sword", "fish and armageddon"]),
    "response": response_events(["a sword", "fish and armageddon"]),
}


@pytest.mark.parametrize("api", REAL)
@given(data=st.data())
@settings(max_examples=100)
def test_real_streams_with_events_lost_repeated_and_out_of_order_say_nothing_forbidden(
    api: str, data: st.DataObject
) -> None:
    order = data.draw(st.lists(st.integers(0, len(REAL[api]) - 1), max_size=14))
    changed = [REAL[api][number] for number in order]
    if changed:
        place, name, value = data.draw(st.tuples(st.integers(0, len(changed) - 1), NAMES, VALUES))
        changed[place] = {**changed[place], name: value}
    require_clean(read(sent(STREAMS[api][0], changed)))


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    "data", [b"[1]", b"7", b'"x"', b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"null", b"NaN"]
)
def test_what_is_no_object_ends_a_stream_that_must_be_checked(name: str, data: bytes) -> None:
    told = PassingStream(DIALECTS[name], hides_usage=False, rewriter=rewriter(DIALECTS[name]))
    with pytest.raises(UnreadableEventError):
        told.feed(b"data: " + data + b"\n\n")


@pytest.mark.parametrize("name", DIALECTS)
@given(depth=st.integers(1, 1500), field=NAMES)
@settings(max_examples=25)
def test_deep_objects_pass_or_end_the_stream(name: str, depth: int, field: str) -> None:
    deep = b'{"choices":[{"delta":{"content":"x"}}],"type":"error","%s":%s1%s}' % (
        field.encode(),
        b"[" * depth,
        b"]" * depth,
    )
    told = PassingStream(DIALECTS[name], hides_usage=False, rewriter=rewriter(DIALECTS[name]))
    with contextlib.suppress(UnreadableEventError):
        read(told.feed(b"data: " + deep + b"\n\n"))
    told.last()
