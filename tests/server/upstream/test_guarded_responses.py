"""Answers of the Responses API under the gateway's guard."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.server.upstream.guarded_answers import (
    RESPONSE,
    RESPONSES,
    Json,
    response_events,
    rewriter,
    rules,
    said_in_response,
    streamed,
    whole,
)

TOOLS = {"tools": [{"type": "function", "name": "send", "parameters": {"required": ["to"]}}]}
CREATED: Json = {"type": "response.created", "response": RESPONSE}


def part(said: str, kind: str = "output_text") -> Json:
    more = {"annotations": [], "logprobs": []} if kind == "output_text" else {}
    return {"type": kind, "refusal" if kind == "refusal" else "text": said, **more}


def item(*parts: Json, **more: Any) -> Json:
    return {"id": "i", "type": "message", "role": "assistant", "status": "completed", "content": list(parts), **more}


def call(name: str = "send", arguments: str = '{"to": "ada"}', **more: Any) -> Json:
    told = {"id": f"fc_{name}", "type": "function_call", "call_id": f"call_{name}", "status": "completed"}
    return {**told, "name": name, "arguments": arguments, **more}


def response(*items: Any, **more: Any) -> Json:
    return {**RESPONSE, "status": "completed", "output": list(items), **more}


def about(index: int, kind: str, **more: Any) -> Json:
    return {"type": f"response.{kind}", "output_index": index, **more}


def text_events(index: int, *pieces: str, kind: str = "output_text", place: str = "content_index") -> list[Json]:
    common = {"item_id": "i", place: 0}
    return [about(index, f"{kind}.delta", **common, delta=piece) for piece in pieces]


def call_events(index: int, done: Json) -> list[Json]:
    return [
        about(index, "output_item.added", item={**done, "arguments": "", "status": "in_progress"}),
        about(index, "function_call_arguments.delta", item_id=done["id"], delta=done["arguments"]),
        about(index, "function_call_arguments.done", item_id=done["id"], arguments=done["arguments"]),
        about(index, "output_item.done", item=done),
    ]


def completed(*items: Json, **more: Any) -> Json:
    return {"type": "response.completed", "response": response(*items, **more)}


def kinds_of(events: list[Json]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


@pytest.mark.parametrize(
    ("kind", "name"),
    [("output_text", "text"), ("refusal", "refusal"), ("reasoning_text", "text"), ("summary_text", "text")],
)
def test_every_text_of_a_whole_answer_is_read(kind: str, name: str) -> None:
    holder = "summary" if kind == "summary_text" else "content"
    made = whole(RESPONSES, response({**item(), "type": "reasoning", holder: [part("a swordfish", kind)]}))
    assert made["output"][0][holder][0][name] == "a [withheld]"
    assert rules(made) == [("secret.plain", "redact")]


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("output_text", "content_index"),
        ("refusal", "content_index"),
        ("reasoning_text", "content_index"),
        ("reasoning_summary_text", "summary_index"),
    ],
)
def test_every_text_of_a_stream_is_read(kind: str, place: str) -> None:
    name = "refusal" if kind == "refusal" else "text"
    done = about(0, f"{kind}.done", item_id="i", **{place: 0, name: "a swordfish!"})
    made = streamed(RESPONSES, [CREATED, *text_events(0, "a sword", "fish!", kind=kind, place=place), done])
    assert made[-1][name] == "a [withheld]!"
    assert made[-1][name] == "".join(event.get("delta", "") for event in made)


def test_a_text_is_the_same_in_all_places_of_a_stream() -> None:
    made = streamed(RESPONSES, response_events(["a sword", "fish", "!"]))
    by_kind = {event["type"].removeprefix("response."): event for event in made}
    said = {
        said_in_response(made),
        by_kind["output_text.done"]["text"],
        by_kind["content_part.done"]["part"]["text"],
        by_kind["output_item.done"]["item"]["content"][0]["text"],
        by_kind["completed"]["response"]["output"][0]["content"][0]["text"],
    }
    assert said == {"a [withheld]!"}


def test_what_a_server_says_only_in_the_end_is_read_there() -> None:
    made = streamed(RESPONSES, [CREATED, completed(item(part("a swordfish")), call("forbidden", "{}"))])
    assert made[-1]["response"]["output"] == [item(part("a [withheld]"))]
    assert rules(made[-1]["response"]) == [("secret.plain", "redact"), ("authority.listed_tool", "block")]


def test_text_that_is_done_without_pieces_becomes_one() -> None:
    done = about(0, "output_text.done", item_id="i", content_index=0, text="a swordfish")
    assert said_in_response(streamed(RESPONSES, [CREATED, done])) == "a [withheld]"
    done = about(0, "content_part.done", item_id="i", content_index=0, part=part("a swordfish"))
    assert said_in_response(streamed(RESPONSES, [CREATED, done])) == "a [withheld]"


@pytest.mark.parametrize("last", ["output_text.done", "content_part.done", "output_item.done", "completed", "error"])
def test_what_is_held_back_is_released_by_whichever_event_comes_last(last: str) -> None:
    events = response_events(["a sword"])
    wanted = [event for event in events if f"response.{last}" == event["type"]] or [{"type": "error", "message": "no"}]
    made = streamed(RESPONSES, [*events[:4], *wanted])
    assert said_in_response(made) == "a sword"
    assert kinds_of(made)[-1] == last


def test_events_items_parts_and_fields_that_are_not_known_stay_here() -> None:
    place = {"item_id": "i", "content_index": 0}
    noted = {"annotations": [{"title": "swordfish"}], "note": "swordfish"}
    unknown = [
        {"type": "response.news", "text": "swordfish"},
        {
            "type": "response.created",
            "response": {**RESPONSE, "output": [item(part("swordfish"))], "note": "swordfish"},
        },
        about(0, "output_item.added", item=item(part("swordfish"), note="swordfish"), note="swordfish"),
        about(0, "content_part.added", **place, part={**part("swordfish"), **noted}),
        about(0, "content_part.added", **place, part={"type": "poem", "text": "swordfish"}),
        about(0, "output_text.annotation.added", **place, annotation={"title": "swordfish"}),
        about(1, "output_item.added", item={"type": "mcp_list_tools", "tools": ["swordfish"]}),
        about(1, "output_item.done", item={"type": "mcp_list_tools", "tools": ["swordfish"]}),
        about(0, "content_part.done", **place, part={**part("x"), **noted}),
        completed(
            {**item({**part("x"), **noted}), "note": "swordfish"}, {"type": ["x"]}, "swordfish", note="swordfish"
        ),
    ]
    made = streamed(RESPONSES, unknown)
    assert "swordfish" not in json.dumps(made)
    assert made[-1]["response"]["output"] == [item(part("x"))]
    assert "swordfish" not in json.dumps(whole(RESPONSES, unknown[-1]["response"]))


def test_a_call_goes_out_when_it_is_complete() -> None:
    made = streamed(RESPONSES, [CREATED, *call_events(0, call()), completed(call())], TOOLS)
    assert kinds_of(made)[1:] == [
        "output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
        "completed",
    ]  # fmt: skip
    assert made[1]["item"] == call(arguments="", status="in_progress")
    assert made[3]["arguments"] == call()["arguments"]
    assert made[-1]["response"]["output"] == [made[-2]["item"]] == [call()]


def test_calls_with_a_text_for_an_argument_are_judged_by_it() -> None:
    custom = {"id": "c", "type": "custom_tool_call", "call_id": "x", "status": "completed", "name": "run"}
    fine, bad = {**custom, "input": "print(1)"}, {**custom, "input": "armageddon"}
    made = streamed(RESPONSES, [CREATED, about(0, "output_item.done", item=fine), completed(fine)])
    assert kinds_of(made)[1:4] == ["output_item.added", "custom_tool_call_input.delta", "custom_tool_call_input.done"]
    assert made[-1]["response"]["output"] == [fine]
    assert whole(RESPONSES, response(bad))["output"] == []


@pytest.mark.parametrize("kind", ["web_search_call", "shell_call", "mcp_call", "computer_call"])
def test_other_calls_are_judged_as_they_are(kind: str) -> None:
    done = {"id": "w", "type": kind, "status": "completed", "action": {"query": "weather"}}
    made = streamed(RESPONSES, [CREATED, about(0, "output_item.done", item=done), completed(done)])
    assert kinds_of(made)[1:] == ["output_item.added", "output_item.done", "completed"]
    assert whole(RESPONSES, response(done))["output"] == [done]
    assert whole(RESPONSES, response({**done, "result": "armageddon"}))["output"] == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("forbidden", "{}"), ("asked", "{}"), ("send", "{}"), ("send", '{"to": "swordfish"}'), ("send", '{"to": "a')],
)
def test_a_call_that_may_not_be_made_is_dropped_and_told(name: str, arguments: str) -> None:
    made = whole(RESPONSES, response(call(name, arguments)), TOOLS)
    assert (made["output"], made["status"]) == ([], "incomplete")
    assert made["incomplete_details"] == {"reason": "content_filter"}
    events = streamed(
        RESPONSES, [CREATED, *call_events(0, call(name, arguments)), completed(call(name, arguments))], TOOLS
    )
    assert kinds_of(events) == ["created", "incomplete"]
    assert events[-1]["response"]["zaphod"] == made["zaphod"] | {"guard": events[-1]["response"]["zaphod"]["guard"]}


def test_a_call_is_judged_once() -> None:
    made = streamed(RESPONSES, [CREATED, *call_events(0, call("asked", "{}")), completed(call("asked", "{}"))], TOOLS)
    assert len(made[-1]["response"]["zaphod"]["guard"]["held"]) == 1


def test_items_are_counted_without_those_that_were_dropped() -> None:
    said = item(part("x"))
    events = [
        *call_events(0, call("forbidden", "{}")),
        about(1, "output_item.done", item=said),
        *call_events(2, call()),
    ]
    made = streamed(RESPONSES, [CREATED, *events, completed(call("forbidden", "{}"), said, call())], TOOLS)
    assert {event["output_index"] for event in made if event.get("item", {}).get("type") == "message"} == {0}
    assert {event["output_index"] for event in made if "arguments" in event or "delta" in event} == {1}
    assert made[-1]["response"]["output"] == [said, call()]
    assert made[-1]["type"] == "response.completed"


def test_a_call_that_the_answer_had_no_room_for_is_left_out_without_blame() -> None:
    cut = call("send", '{"to": "ad', status="incomplete")
    details = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    made = whole(RESPONSES, response(item(part("x")), cut, **details), TOOLS)
    assert made["output"] == [item(part("x"))]
    assert made["incomplete_details"] == {"reason": "max_output_tokens"}
    assert "zaphod" not in made


def test_a_blocked_stream_ends_with_what_was_said_before() -> None:
    events = response_events(["well ", "armageddon", " and more"])
    made = streamed(RESPONSES, events)
    last = made[-1]["response"]
    assert made[-1]["type"] == "response.incomplete"
    assert (last["status"], last["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})
    assert last["output"][0]["content"] == [part("well ")]
    assert last["output"][0]["status"] == "incomplete"
    assert rules(last) == [("secret.end", "block")]


def test_after_what_is_blocked_no_item_of_a_whole_answer_goes_out() -> None:
    made = whole(RESPONSES, response(item(part("armageddon")), item(part("more")), call()), TOOLS)
    assert made["output"] == [item(part(""))]
    assert made["status"] == "incomplete"


def test_log_probabilities_stay_with_text_that_is_whole() -> None:
    spelt = [{"token": "x", "logprob": -0.5}]
    assert (
        whole(RESPONSES, response(item({**part("x"), "logprobs": spelt})))["output"][0]["content"][0]["logprobs"]
        == spelt
    )
    withheld = whole(RESPONSES, response(item({**part("a swordfish"), "logprobs": spelt})))
    assert withheld["output"][0]["content"][0]["logprobs"] == []


def test_events_are_numbered_without_gaps() -> None:
    made = streamed(RESPONSES, response_events(["a swo", "rd", "fish", " and so on"]))
    assert [event["sequence_number"] for event in made] == list(range(len(made)))


def test_the_text_of_the_whole_answer_is_that_of_its_parts() -> None:
    reasoning = {"id": "x", "type": "reasoning", "summary": [part("hm", "summary_text")]}
    body = response(reasoning, item(part("a swordfish"), part("!")), output_text="a swordfish!")
    assert whole(RESPONSES, body)["output_text"] == "a [withheld]!"


def test_nothing_follows_a_block() -> None:
    rewriting = rewriter(RESPONSES)
    for event in response_events(["armageddon!"]):
        list(rewriting.event(event))
    assert rewriting.is_stopped
    assert list(rewriting.event(CREATED)) == []


def test_what_a_server_repeats_of_the_request_is_taken_from_there() -> None:
    request = {**TOOLS, "instructions": "be brief"}
    repeated = {
        "instructions": "swordfish",
        "tools": [{"name": "swordfish"}],
        "tool_choice": "swordfish",
        "text": "swordfish",
    }
    made = whole(RESPONSES, response(item(part("x")), **repeated), request)
    assert (made["instructions"], made["tools"], made["tool_choice"]) == ("be brief", TOOLS["tools"], "auto")
    assert "swordfish" not in json.dumps(made)
