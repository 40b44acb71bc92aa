"""Answers of Anthropic's API under the gateway's guard."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.server.upstream.guarded_answers import (
    MESSAGES,
    Json,
    message_end,
    message_events,
    message_start,
    rewriter,
    rules,
    said_in_message,
    streamed,
    whole,
)

TOOLS = {"tools": [{"name": "send", "input_schema": {"required": ["to"]}}]}


def message(*blocks: Json, reason: str = "end_turn", **more: Any) -> Json:
    return {**message_start()["message"], "content": list(blocks), "stop_reason": reason, **more}


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def tool(name: str = "send", **arguments: Any) -> Json:
    return {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": arguments}


def block_events(index: int, block: Json, *deltas: Json) -> list[Json]:
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_block(index: int, *pieces: str) -> list[Json]:
    return block_events(index, text(""), *({"type": "text_delta", "text": piece} for piece in pieces))


def tool_block(index: int, name: str, *pieces: str) -> list[Json]:
    deltas = ({"type": "input_json_delta", "partial_json": piece} for piece in pieces)
    return block_events(index, tool(name), *deltas)


def blocks_of(events: list[Json]) -> list[Json]:
    """As official clients put them together."""
    blocks: list[Json] = []
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            blocks[event["index"]]["json"] += event["delta"].get("partial_json", "")
    return blocks


def end_of(events: list[Json]) -> Json:
    assert events[-1] == {"type": "message_stop"}
    return events[-2]


@pytest.mark.parametrize("kind", ["text", "thinking"])
def test_every_text_is_read(kind: str) -> None:
    body = whole(MESSAGES, message({"type": kind, kind: "a swordfish", "signature": "s"}))
    assert body["content"] == [{"type": kind, kind: "a [withheld]", "signature": "s"}]
    assert said_in_message(streamed(MESSAGES, message_events(["a sword", "fish"], kind=kind)), kind) == "a [withheld]"


def test_text_that_comes_with_its_block_is_read_too() -> None:
    events = streamed(MESSAGES, [message_start(), *block_events(0, text("swordfish!")), *message_end()])
    assert "swordfish" not in json.dumps(events)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "web_search_tool_result", "tool_use_id": "t", "content": [{"title": "swordfish"}]},
        {"type": "poem", "lines": ["swordfish"]},
        {"type": ["text"], "text": "swordfish"},
        {"text": "swordfish"},
    ],
)
def test_blocks_that_are_not_known_stay_here(block: Json) -> None:
    assert whole(MESSAGES, message(block, text("x")))["content"] == [text("x")]
    events = [
        message_start(),
        *block_events(0, block, {"type": "text_delta", "text": "swordfish"}),
        *text_block(1, "x"),
    ]
    made = streamed(MESSAGES, [*events, *message_end()])
    assert "swordfish" not in json.dumps(made)
    assert [block["type"] for block in blocks_of(made)] == ["text"]


def test_events_fields_and_deltas_that_are_not_known_stay_here() -> None:
    start = {**message_start(), "note": "swordfish"}
    start["message"] = {**start["message"], "content": [text("swordfish")], "note": "swordfish"}
    inside = [
        {"type": "citations_delta", "citation": {"cited_text": "swordfish"}},
        {"type": "text_delta", "text": ["swordfish"]},
    ]
    events = [start, {"type": "news", "text": "swordfish"}, {"type": "ping", "text": "swordfish"}]
    made = streamed(
        MESSAGES, [*events, *block_events(0, {**text(""), "citations": ["swordfish"]}, *inside), *message_end()]
    )
    assert "swordfish" not in json.dumps(made)
    assert [event["type"] for event in made] == [
        "message_start", "ping", "content_block_start", "content_block_stop", "message_delta", "message_stop",
    ]  # fmt: skip


def test_seals_and_signatures_pass() -> None:
    sealed = {"type": "redacted_thinking", "data": "b64"}
    assert whole(MESSAGES, message(sealed))["content"] == [sealed]
    signed = {"type": "signature_delta", "signature": "s"}
    thinking = {"type": "thinking", "thinking": ""}
    made = streamed(
        MESSAGES, [message_start(), *block_events(0, thinking, signed), *block_events(1, sealed), *message_end()]
    )
    assert signed in [event.get("delta") for event in made]
    assert blocks_of(made)[1]["data"] == "b64"


def test_a_call_goes_out_whole_when_it_is_known_why_the_answer_ends() -> None:
    came = [message_start(), *text_block(0, "I ask"), *tool_block(1, "send", '{"to":', '"ada"}'), *text_block(2, "so")]
    made = streamed(MESSAGES, [*came, *message_end("tool_use")], TOOLS)
    assert [(block["type"], block["json"]) for block in blocks_of(made)] == [
        ("text", ""), ("text", ""), ("tool_use", '{"to":"ada"}'),
    ]  # fmt: skip
    assert end_of(made)["delta"]["stop_reason"] == "tool_use"


def test_a_call_whose_arguments_come_with_its_block_is_judged_by_them() -> None:
    came = [message_start(), *block_events(0, tool(to="armageddon")), *message_end("tool_use")]
    made = streamed(MESSAGES, came, TOOLS)
    assert blocks_of(made) == []
    assert rules(end_of(made)) == [("secret.end", "block")]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("forbidden", {}), ("asked", {}), ("send", {"text": "x"}), ("send", {"to": "swordfish"})],
)
def test_a_call_that_may_not_be_made_is_dropped_and_told(name: str, arguments: Json) -> None:
    body = whole(MESSAGES, message(tool(name, **arguments), reason="tool_use"), TOOLS)
    assert (body["content"], body["stop_reason"]) == ([], "refusal")
    came = [message_start(), *tool_block(0, name, json.dumps(arguments)), *message_end("tool_use")]
    made = streamed(MESSAGES, came, TOOLS)
    assert (blocks_of(made), end_of(made)["delta"]["stop_reason"]) == ([], "refusal")
    assert end_of(made)["zaphod"]["guard"]["findings"]


def test_blocks_are_counted_without_those_that_were_dropped() -> None:
    came = [*tool_block(0, "forbidden", "{}"), *text_block(1, "x"), *tool_block(2, "send", '{"to":1}')]
    made = streamed(MESSAGES, [message_start(), *came, *message_end("tool_use")], TOOLS)
    assert [block["type"] for block in blocks_of(made)] == ["text", "tool_use"]
    assert end_of(made)["delta"]["stop_reason"] == "tool_use"


def test_a_call_that_the_answer_had_no_room_for_is_left_out_without_blame() -> None:
    came = [message_start(), *text_block(0, "x"), *tool_block(1, "send", '{"to": "ad'), *message_end("max_tokens")]
    made = streamed(MESSAGES, came, TOOLS)
    assert [block["type"] for block in blocks_of(made)] == ["text"]
    assert (end_of(made)["delta"]["stop_reason"], "zaphod" in end_of(made)) == ("max_tokens", False)


def test_a_call_that_lacks_its_end_for_no_reason_is_refused() -> None:
    made = streamed(MESSAGES, [message_start(), *tool_block(0, "send", '{"to": "a'), *message_end("tool_use")], TOOLS)
    assert (blocks_of(made), end_of(made)["delta"]["stop_reason"]) == ([], "refusal")


def test_a_blocked_stream_ends_in_order_and_counts_what_it_took() -> None:
    came = [message_start(), *text_block(0, "well ", "armageddon", " and", " more"), *message_end()]
    made = streamed(MESSAGES, came)
    assert [event["type"] for event in made][-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert end_of(made)["delta"] == {"stop_reason": "refusal", "stop_sequence": None}
    assert end_of(made)["usage"] == {"output_tokens": 3}
    assert rules(end_of(made)) == [("secret.end", "block")]


def test_after_what_is_blocked_no_block_of_a_whole_answer_goes_out() -> None:
    body = whole(MESSAGES, message(text("armageddon"), text("more"), tool(to="ada"), reason="tool_use"), TOOLS)
    assert (body["content"], body["stop_reason"]) == ([text("")], "refusal")


def test_blocks_that_never_end_are_ended() -> None:
    came = [event for event in message_events(["a sword"]) if event["type"] != "content_block_stop"]
    made = streamed(MESSAGES, came)
    assert said_in_message(made) == "a sword"
    assert [event["type"] for event in made][-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_an_error_of_the_server_s_comes_after_what_was_held_back() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    made = streamed(MESSAGES, [*message_events(["a sword"])[:3], error])
    assert said_in_message(made) == "a sword"
    assert made[-1] == error


def test_usage_and_reasons_pass() -> None:
    made = streamed(MESSAGES, message_events(["x"]))
    assert made[0]["message"]["usage"] == {"input_tokens": 3, "output_tokens": 1}
    assert end_of(made)["usage"] == {"output_tokens": 9}
    assert whole(MESSAGES, message(text("x"), reason="stop_sequence", stop_sequence="#"))["stop_sequence"] == "#"


def test_nothing_follows_a_block() -> None:
    rewriting = rewriter(MESSAGES)
    for event in message_events(["armageddon!"]):
        list(rewriting.event(event))
    assert rewriting.is_stopped
    assert list(rewriting.event({"type": "ping"})) == []
    assert list(rewriting.last()) == []
