"""Chats and completions under the gateway's guard."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.server.upstream.guarded_answers import (
    OPENAI,
    Json,
    chat_events,
    rewriter,
    rules,
    said_in_chat,
    streamed,
    whole,
)

TOOLS = {"tools": [{"type": "function", "function": {"name": "send", "parameters": {"required": ["to"]}}}]}


def chat(message: Json, finish: str = "stop", **more: Any) -> Json:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, **more}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def call(name: str = "send", arguments: str = '{"to": "ada"}', number: int | None = None) -> Json:
    told = {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": arguments}}
    return told if number is None else {"index": number, **told}


def chunk(delta: Json, finish: str | None = None, index: int = 0, **more: Any) -> Json:
    return {"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": finish, **more}]}


def message_of(body: Json) -> Json:
    message: Json = body["choices"][0]["message"]
    return message


def calls_of(events: list[Json]) -> list[Json]:
    choices = [choice for event in events for choice in event["choices"]]
    return [one for choice in choices for one in choice["delta"].get("tool_calls", ())]


def reasons_of(events: list[Json]) -> list[str]:
    return [choice["finish_reason"] for event in events for choice in event["choices"] if choice["finish_reason"]]


@pytest.mark.parametrize("name", ["content", "reasoning_content", "reasoning", "refusal"])
def test_every_text_of_a_message_is_read(name: str) -> None:
    assert message_of(whole(OPENAI, chat({name: "a swordfish"})))[name] == "a [withheld]"
    assert said_in_chat(streamed(OPENAI, chat_events(["a sword", "fish"], name=name)), name) == "a [withheld]"


def test_a_completion_s_text_is_read() -> None:
    body = {"choices": [{"index": 0, "text": "a swordfish", "finish_reason": "stop"}]}
    assert whole(OPENAI, body)["choices"][0]["text"] == "a [withheld]"


def test_after_what_is_blocked_no_other_text_of_the_answer_goes_out() -> None:
    choice = whole(OPENAI, chat({"reasoning": "armageddon", "content": "so much for that"}))["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "content_filter")


def test_what_is_not_known_stays_here() -> None:
    unknown = {"audio": {"transcript": "swordfish"}, "thoughts": "swordfish", "ids": [1, 2], "content": "x"}
    body = whole(OPENAI, {**chat(unknown, words="swordfish"), "messages": ["swordfish"]})
    assert "swordfish" not in json.dumps(body)
    assert message_of(body) == {"role": "assistant", "content": "x"}
    events = streamed(
        OPENAI, [chunk({"content": "x", "thoughts": "swordfish"}, words="swordfish"), {"note": "swordfish"}]
    )
    assert "swordfish" not in json.dumps(events)


def test_figures_and_names_of_the_server_pass() -> None:
    more: Json = {"usage": {"prompt_tokens": 3}, "timings": {"predicted_ms": 1.5}, "system_fingerprint": "f"}
    body = whole(OPENAI, {**chat({"content": "x"}, matched_stop=7), **more})
    assert {name: body[name] for name in more} == more
    assert body["choices"][0]["matched_stop"] == 7


def test_a_call_goes_out_whole_when_the_answer_ends() -> None:
    parts: list[Json] = [
        {"tool_calls": [{**call(arguments="", number=0)}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"to": '}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '"ada"}'}}]},
    ]
    events = streamed(OPENAI, [*map(chunk, parts), chunk({}, "tool_calls")], TOOLS)
    assert calls_of(events) == [call(number=0)]
    assert reasons_of(events) == ["tool_calls"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("forbidden", "{}"),
        ("asked", "{}"),
        ("send", '{"text": "nobody to send it to"}'),
        ("send", '{"to": "swordfish"}'),
        ("send", '{"to": "armageddon"}'),
        ("send", '{"to": "ad'),
    ],
)
def test_a_call_that_may_not_be_made_is_dropped_and_told(name: str, arguments: str) -> None:
    body = whole(OPENAI, chat({"content": None, "tool_calls": [call(name, arguments)]}, "tool_calls"), TOOLS)
    assert "tool_calls" not in message_of(body)
    assert body["choices"][0]["finish_reason"] == "content_filter"
    assert body["zaphod"]["guard"]["findings"]
    events = streamed(OPENAI, [chunk({"tool_calls": [call(name, arguments, 0)]}, "tool_calls")], TOOLS)
    assert (calls_of(events), reasons_of(events)) == ([], ["content_filter"])


def test_calls_are_counted_without_those_that_were_dropped() -> None:
    delta = {"tool_calls": [call("forbidden", "{}", 0), call("send", number=1), call("asked", "{}", 2)]}
    events = streamed(OPENAI, [chunk(delta), chunk({}, "tool_calls")], TOOLS)
    assert calls_of(events) == [call("send", number=0)]
    assert reasons_of(events) == ["tool_calls"]
    assert events[-1]["zaphod"]["guard"]["held"][0]["name"] == "asked"


def test_a_call_that_the_answer_had_no_room_for_is_left_out_without_blame() -> None:
    cut = {"content": "hm", "tool_calls": [call("send", '{"to": "ad')]}
    body = whole(OPENAI, chat(cut, "length"), TOOLS)
    assert "tool_calls" not in message_of(body)
    assert body["choices"][0]["finish_reason"] == "length"
    assert "zaphod" not in body


def test_a_whole_call_is_judged_wherever_the_room_ended() -> None:
    body = whole(OPENAI, chat({"tool_calls": [call("send", '{"to": "armageddon"}')]}, "length"), TOOLS)
    assert "tool_calls" not in message_of(body)
    assert rules(body) == [("secret.end", "block")]


def test_calls_in_the_older_form_stay_in_it() -> None:
    functions = {"functions": [{"name": "send", "parameters": {"required": ["to"]}}]}
    parts: list[Json] = [
        {"function_call": {"name": "send", "arguments": '{"to":'}},
        {"function_call": {"arguments": "1}"}},
    ]
    events = streamed(OPENAI, [*map(chunk, parts), chunk({}, "function_call")], functions)
    assert events[-1]["choices"][0]["delta"]["function_call"] == {"name": "send", "arguments": '{"to":1}'}
    refused = whole(OPENAI, chat({"function_call": {"name": "send", "arguments": "{}"}}, "function_call"), functions)
    assert "function_call" not in message_of(refused)


def test_each_choice_is_judged_by_itself() -> None:
    events: list[Json] = []
    for piece, others in (("a sword", "all "), ("fish", "is "), ("!", "well")):
        events += [chunk({"content": piece}, index=0), chunk({"content": others}, index=1)]
    made = streamed(OPENAI, [*events, chunk({}, "stop", 0), chunk({}, "stop", 1)], {"n": 2})
    said = ["", ""]
    for choice in (choice for event in made for choice in event["choices"]):
        said[choice["index"]] += choice["delta"].get("content") or ""
    assert said == ["a [withheld]!", "all is well"]


def test_a_block_ends_one_choice_and_the_stream_when_it_was_the_last() -> None:
    rewriting = rewriter(OPENAI, {"n": 2})
    first = list(rewriting.event(chunk({"content": "armageddon, oh"}, index=1)))
    assert reasons_of(first) == ["content_filter"]
    assert not rewriting.is_stopped  # the other one may not have begun
    assert list(rewriting.event(chunk({"content": "more"}, index=1))) == []
    assert said_in_chat(list(rewriting.event(chunk({"content": "well "}, index=0)))) == "well "
    assert reasons_of(list(rewriting.event(chunk({"content": "armageddon!"}, index=0)))) == ["content_filter"]
    assert rewriting.is_stopped


def spelt(text: str) -> Json:
    return {"logprobs": {"content": [{"token": text, "logprob": -0.5, "top_logprobs": []}]}, "token_ids": [len(text)]}


def spelt_in(events: list[Json]) -> tuple[str, list[int]]:
    choices = [choice for event in events for choice in event["choices"]]
    tokens = [one["token"] for choice in choices for one in (choice.get("logprobs") or {}).get("content", ())]
    return "".join(tokens), [number for choice in choices for number in choice.get("token_ids", ())]


def test_log_probabilities_and_token_ids_wait_with_their_text() -> None:
    pieces = ["all ", "is ", "we", "ll"]
    events = streamed(OPENAI, [*(chunk({"content": one}, **spelt(one)) for one in pieces), chunk({}, "stop")])
    assert spelt_in(events) == ("all is well", [4, 3, 2, 2])
    for number in range(len(events)):
        assert said_in_chat(events[:number]).startswith(spelt_in(events[:number])[0])


def test_they_are_dropped_where_their_text_is_withheld() -> None:
    pieces = ["a ", "swo", "rdfish", "!"]
    events = streamed(OPENAI, [*(chunk({"content": one}, **spelt(one)) for one in pieces), chunk({}, "stop")])
    assert spelt_in(events) == ("a !", [2, 1])
    whole_choice = whole(OPENAI, chat({"content": "a swordfish"}, **spelt("a swordfish")))["choices"][0]
    assert not {"logprobs", "token_ids"} & whole_choice.keys()


def test_they_go_out_where_everything_does() -> None:
    choice = whole(OPENAI, chat({"content": "all is well"}, **spelt("all is well")))["choices"][0]
    assert spelt_in([{"choices": [choice]}]) == ("all is well", [11])


def test_they_spell_no_call_that_is_held() -> None:
    delta = {"content": "x", "tool_calls": [call("asked", "{}", 0)]}
    assert spelt_in(streamed(OPENAI, [chunk(delta, **spelt("x<call>asked")), chunk({}, "tool_calls")], TOOLS)) == (
        "",
        [],
    )
    both = {"content": "x", "tool_calls": [call("asked", "{}"), call("send")]}
    choice = whole(OPENAI, chat(both, "tool_calls", **spelt("x<call>asked")), TOOLS)["choices"][0]
    assert message_of({"choices": [choice]})["tool_calls"] == [call("send")]
    assert "logprobs" not in choice


def test_texts_of_one_chunk_share_what_spells_nobody_knows_which() -> None:
    delta = {"reasoning": "swordfish", "content": "x"}
    assert spelt_in(streamed(OPENAI, [chunk(delta, **spelt("swordfish")), chunk({}, "stop")])) == ("", [])


def test_usage_passes_whatever_is_held_back() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    events = streamed(OPENAI, [chunk({"role": "assistant"}), {**chunk({"content": "sword"}), "usage": usage}])
    assert usage in [event.get("usage") for event in events]


def test_an_error_of_the_server_s_comes_after_what_was_held_back() -> None:
    events = streamed(OPENAI, [chunk({"content": "a sword"}), {"error": {"message": "no memory", "code": 500}}])
    assert said_in_chat(events[:-1]) == "a sword"
    assert events[-1] == {"error": {"message": "no memory", "code": 500}}


def test_what_was_found_is_told_once_at_the_end() -> None:
    rewriting = rewriter(OPENAI)
    list(rewriting.event(chunk({"content": "a swordfish!"}, "stop")))
    assert rules(list(rewriting.last())[-1]) == [("secret.plain", "redact")]
    assert list(rewriting.last()) == []
