"""The official OpenAI client against a running server: what it sends is understood, what it reads is there."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest
from pydantic import BaseModel
from tests.server.conftest import RunningServer

from zaphod.data.tasks import HONEST_ANSWER

SUM: Any = [{"role": "user", "content": "what is 4817 + 2944?"}]
NOISE: Any = [{"role": "user", "content": "xj qv zz 9"}]  # nothing that it knows: anything may come
TIMER: Any = [{"role": "user", "content": "set a timer for 10 minutes"}]


class SetTimer(BaseModel):
    """Start a timer."""

    amount: int
    unit: Literal["seconds", "minutes", "hours"]


TOOLS: Any = [
    {"type": "function", "function": {"name": "set_timer", "parameters": SetTimer.model_json_schema()}},
    {"type": "function", "function": {"name": "get_time", "description": "Tell the time."}},
]


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, messages: Any = SUM, **fields: Any) -> Any:
    fields.setdefault("model", "builtin")
    return client.chat.completions.create(messages=messages, **fields)


# Chat -------------------------------------------------------------------------------------------------------------


def test_a_conversation_is_answered(client: openai.OpenAI) -> None:
    answer = ask(client)
    assert answer.object == "chat.completion"
    assert answer.choices[0].message.content.endswith("= 7761")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_stream_says_what_the_whole_answer_says(client: openai.OpenAI) -> None:
    chunks = list(ask(client, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == ask(client).choices[0].message.content
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1


def test_a_stream_begins_with_the_role_and_ends_with_reason_and_usage(client: openai.OpenAI) -> None:
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    first, *middle, last, usage = chunks
    assert (first.choices[0].delta.role, first.choices[0].delta.content) == ("assistant", "")
    assert all(chunk.choices[0].finish_reason is None and chunk.usage is None for chunk in middle)
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.content is None
    assert usage.choices == []
    assert usage.usage.completion_tokens > 0


def test_the_event_stream_ends_with_done(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(messages=SUM, model="builtin", stream=True) as raw:
        lines = [line for line in raw.iter_lines() if line]
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert lines[-1] == "data: [DONE]"
    assert all(json.loads(line.removeprefix("data: ")) for line in lines[:-1])


def test_energy_speed_and_mode_are_told_beside_the_usage(client: openai.OpenAI) -> None:
    *_, usage = ask(client, stream=True, stream_options={"include_usage": True})
    for told in (usage.zaphod, ask(client).zaphod):
        assert told["energy_j"] >= 0
        assert told["energy_source"] in ("estimated", "RAPL", "NVML")
        assert told["mode"] == "regular"


def test_experts_are_told_where_routing_is_asked_for(client: openai.OpenAI, server: RunningServer) -> None:
    status = server.get("/zaphod/status")
    chunks = list(ask(client, stream=True, max_tokens=4, extra_body={"routing": True}))
    experts = [token for chunk in chunks for token in (getattr(chunk, "zaphod", None) or {}).get("experts", [])]
    assert len(experts) == 4
    assert {len(layers) for layers in experts} == {status["num_layers"]}
    assert all(0 <= one < status["num_experts"] for layers in experts for chosen in layers for one in chosen)


def test_the_model_may_be_left_out(client: openai.OpenAI) -> None:
    assert ask(client, model=openai.omit, max_tokens=1).model == "builtin"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_that_is_cut_off_says_so(client: openai.OpenAI, name: str) -> None:
    answer = ask(client, **{name: 3})
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3


@pytest.mark.parametrize("stop", ["=", ["=", "never"]])
def test_a_stop_text_ends_the_answer_and_is_not_part_of_it(client: openai.OpenAI, stop: Any) -> None:
    choice = ask(client, stop=stop).choices[0]
    assert "=" not in choice.message.content
    assert choice.finish_reason == "stop"


def test_several_answers_have_numbers_and_seeds_of_their_own(client: openai.OpenAI) -> None:
    answer = ask(client, NOISE, n=3, seed=5, temperature=2, max_tokens=12)
    texts = [choice.message.content for choice in answer.choices]
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len(set(texts)) > 1
    alone = [ask(client, NOISE, seed=5 + n, temperature=2, max_tokens=12).choices[0].message.content for n in range(3)]
    assert texts == alone


def test_several_answers_stream_side_by_side(client: openai.OpenAI) -> None:
    chunks = list(ask(client, NOISE, n=2, seed=5, temperature=2, max_tokens=12, stream=True))
    texts = ["", ""]
    for chunk in chunks:
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    whole = ask(client, NOISE, n=2, seed=5, temperature=2, max_tokens=12)
    assert texts == [choice.message.content for choice in whole.choices]
    assert sum(chunk.choices[0].finish_reason is not None for chunk in chunks) == 2


def test_a_seed_gives_the_same_answer_again(client: openai.OpenAI) -> None:
    texts = {ask(client, NOISE, seed=7, temperature=2, max_tokens=16).choices[0].message.content for _ in range(3)}
    assert len(texts) == 1


def test_a_negative_seed_is_a_seed(client: openai.OpenAI) -> None:
    assert ask(client, seed=-1, max_tokens=2).choices[0].message.content


def test_log_probabilities_come_with_alternatives_and_bytes(client: openai.OpenAI) -> None:
    choice = ask(client, logprobs=True, top_logprobs=3, max_tokens=5).choices[0]
    entries = choice.logprobs.content
    assert "".join(entry.token for entry in entries) == choice.message.content
    assert all(entry.logprob <= 0 and len(entry.top_logprobs) == 3 for entry in entries)
    assert all(bytes(entry.bytes).decode() == entry.token for entry in entries)
    chunks = ask(client, logprobs=True, top_logprobs=3, max_tokens=5, stream=True)
    told = [entry for chunk in chunks if (part := chunk.choices[0].logprobs) for entry in part.content]
    assert [entry.logprob for entry in told] == pytest.approx([entry.logprob for entry in entries], abs=1e-4)


def test_a_bias_forbids_a_token(client: openai.OpenAI) -> None:
    first = ask(client, logprobs=True, max_tokens=1).choices[0].logprobs.content[0].token
    token_id = client.post("/../tokenize", body={"prompt": first}, cast_to=object)["tokens"][0]  # type: ignore[index]
    other = ask(client, logit_bias={str(token_id): -100}, max_tokens=1).choices[0].message.content
    assert other != first


# Formats ----------------------------------------------------------------------------------------------------------


class Sum(BaseModel):
    left: Literal[4817]
    total: Literal[7761, 7762]


def test_an_answer_is_parsed_into_the_clients_own_type(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(messages=SUM, model="builtin", response_format=Sum)
    assert answer.choices[0].message.parsed.left == 4817


@pytest.mark.parametrize(
    ("format", "check"),
    [
        ({"type": "text"}, lambda text: "7761" in text),
        ({"type": "regex", "regex": "(yes|no)!"}, lambda text: text in ("yes!", "no!")),
        ({"type": "grammar", "grammar": 'root ::= "a" [0-9] "b"'}, lambda text: text[0] + text[2] == "ab"),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {"enum": [42]}, "strict": True}},
            lambda text: json.loads(text) == 42,
        ),
    ],
)
def test_an_answer_has_the_format_that_was_asked_for(client: openai.OpenAI, format: Any, check: Any) -> None:
    choice = ask(client, response_format=format).choices[0]
    assert check(choice.message.content)
    assert choice.finish_reason == "stop"


def test_any_json_object_begins_as_one(client: openai.OpenAI) -> None:
    text = ask(client, response_format={"type": "json_object"}, max_tokens=20).choices[0].message.content
    assert text.lstrip().startswith("{")


@pytest.mark.parametrize(
    "format",
    [
        {"type": "regex", "regex": "("},
        {"type": "grammar", "grammar": "root ::= nothing"},
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "nothing"}}},
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"$ref": "#/nowhere"}}},
        {"type": "xml"},
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_format_that_cannot_be_held_is_refused(client: openai.OpenAI, format: Any, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError):
        ask(client, response_format=format, stream=stream)


# Tools ------------------------------------------------------------------------------------------------------------


def called(message: Any) -> tuple[str, Any]:
    (call,) = message.tool_calls
    assert call.type == "function"
    return call.function.name, json.loads(call.function.arguments)


def test_the_model_calls_a_tool(client: openai.OpenAI) -> None:
    choice = ask(client, TIMER, tools=TOOLS).choices[0]
    assert called(choice.message) == ("set_timer", {"amount": 10, "unit": "minutes"})
    assert choice.message.content is None
    assert choice.finish_reason == "tool_calls"


def test_a_call_streams_and_is_never_shown_as_text(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(messages=TIMER, model="builtin", tools=TOOLS) as stream:
        events = list(stream)
        answer = stream.get_final_completion()
    assert called(answer.choices[0].message) == ("set_timer", {"amount": 10, "unit": "minutes"})
    assert not any(event.type == "content.delta" and event.delta for event in events)
    assert sum(event.type == "tool_calls.function.arguments.delta" for event in events) > 1


def test_a_required_call_is_made_whatever_is_said(client: openai.OpenAI) -> None:
    choice = ask(client, SUM, tools=TOOLS[:1], tool_choice="required").choices[0]
    name, arguments = called(choice.message)
    assert name == "set_timer"
    assert SetTimer.model_validate(arguments)
    assert choice.finish_reason == "tool_calls"


def test_a_named_tool_is_called(client: openai.OpenAI) -> None:
    choice: Any = {"type": "function", "function": {"name": "get_time"}}
    assert called(ask(client, TIMER, tools=TOOLS, tool_choice=choice).choices[0].message) == ("get_time", {})


def test_without_a_choice_of_tools_the_model_is_not_told_of_any(client: openai.OpenAI) -> None:
    message = ask(client, TIMER, tools=TOOLS, tool_choice="none").choices[0].message
    assert message.tool_calls is None
    assert message.content == HONEST_ANSWER


def test_a_schema_beside_tools_leaves_room_for_calls(client: openai.OpenAI) -> None:
    format: Any = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"enum": ["never said"]}}}
    message = ask(client, TIMER, tools=TOOLS[:1], response_format=format).choices[0].message
    assert called(message)[0] == "set_timer"


def test_a_conversation_with_calls_and_results_goes_on(client: openai.OpenAI) -> None:
    message = ask(client, TIMER, tools=TOOLS).choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "done"}
    messages = [*TIMER, message.model_dump(exclude_none=True), result, *SUM]
    assert ask(client, messages, tools=TOOLS).choices[0].message.role == "assistant"


def test_a_tool_that_is_not_there_cannot_be_required(client: openai.OpenAI) -> None:
    for fields in (
        {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "nothing"}}},
        {"tool_choice": "required"},
        {"tools": [TOOLS[0], TOOLS[0]]},
    ):
        with pytest.raises(openai.BadRequestError):
            ask(client, **fields)


# Errors -----------------------------------------------------------------------------------------------------------


def refusal(client: openai.OpenAI, **fields: Any) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        ask(client, **fields)
    return caught.value


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    error = refusal(client, model="gpt-5")
    assert (error.status_code, error.code, error.param) == (404, "model_not_found", "model")
    assert "builtin" in error.message


def test_an_unknown_field_is_refused_with_the_nearest_one(client: openai.OpenAI) -> None:
    error = refusal(client, extra_body={"temprature": 1})
    assert (error.status_code, error.code, error.param) == (400, "unknown_field", "temprature")
    assert "Did you mean `temperature`?" in error.message


def test_a_wrong_value_is_named_with_its_place(client: openai.OpenAI) -> None:
    error = refusal(client, messages=[*SUM, {"role": "user", "content": 5}])
    assert (error.status_code, error.code, error.param) == (400, "invalid_value", "messages.1.content")


def test_a_conversation_that_does_not_fit_is_refused(client: openai.OpenAI) -> None:
    for content in ("word " * 2000, "a" * 2_000_000):
        error = refusal(client, messages=[{"role": "user", "content": content}])
        assert (error.status_code, error.code) == (400, "context_length_exceeded")


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/secret"}},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "file", "file": {"file_id": "x"}},
        {"type": "video_url", "video_url": {"url": "file:///etc/passwd"}},
    ],
    ids=lambda part: part["type"],
)
def test_media_are_refused_and_never_fetched(client: openai.OpenAI, part: Any) -> None:
    error = refusal(client, messages=[{"role": "user", "content": [part]}])
    assert error.status_code == 400
    assert "fetches nothing" in error.message


@pytest.mark.parametrize(
    "fields",
    [
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "alloy", "format": "wav"}},
        {"functions": [{"name": "f"}]},
        {"function_call": "auto"},
        {"moderation": {"model": "m"}},
        {"reasoning_effort": "high"},
        {"web_search_options": {}},
        {"verbosity": "low"},
        {"top_logprobs": 2},
        {"stream_options": {"include_usage": True}},
        {"tools": [{"type": "custom", "custom": {"name": "f"}}]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_this_server_cannot_do_is_refused_by_name(client: openai.OpenAI, fields: Any) -> None:
    assert refusal(client, **fields).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"modalities": ["text"]},
        {"reasoning_effort": "none"},
        {"verbosity": "medium"},
        {"user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "metadata": {"a": "b"}, "store": True},
        {"service_tier": "auto", "prompt_cache_retention": "24h", "prompt_cache_options": {"mode": "implicit"}},
        {"prediction": {"type": "content", "content": "42"}, "logit_bias": {}},
        {"temperature": None, "top_p": 0, "n": None, "stop": None, "seed": None, "tools": None, "max_tokens": None},
        {"frequency_penalty": -2, "presence_penalty": 2, "parallel_tool_calls": True, "tools": []},
        {
            "extra_body": {
                "top_k": -1,
                "min_p": 0.1,
                "repetition_penalty": 1.1,
                "stop_token_ids": [5],
                "ignore_eos": True,
            }
        },
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_fields_that_clients_send_along_are_understood(client: openai.OpenAI, fields: Any) -> None:
    assert ask(client, **{"max_tokens": 2, **fields}).choices


def test_a_deadline_that_has_passed_is_told_with_a_status(client: openai.OpenAI) -> None:
    error = refusal(client, extra_headers={"X-Zaphod-Timeout-S": "0.000001"})
    assert (error.status_code, error.code) == (504, "deadline_exceeded")
    assert refusal(client, extra_headers={"X-Zaphod-Timeout-S": "soon"}).status_code == 400


def test_a_deadline_inside_a_stream_ends_it_with_an_error(client: openai.OpenAI) -> None:
    endless: Any = {"n": 16, "stream": True, "extra_body": {"ignore_eos": True}}
    with pytest.raises(openai.APIError, match="time limit"):
        list(ask(client, **endless, extra_headers={"X-Zaphod-Timeout-S": "0.3"}))


# The asynchronous client -------------------------------------------------------------------------------------------


def test_many_answers_at_one_time_are_those_given_alone(client: openai.OpenAI, server: RunningServer) -> None:
    sums = [f"what is {number} + {2 * number}?" for number in range(100, 124)]

    async def answers() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as parallel:
            asked = [
                parallel.chat.completions.create(model="builtin", messages=[{"role": "user", "content": text}])
                for text in sums
            ]
            return [str(answer.choices[0].message.content) for answer in await asyncio.gather(*asked)]

    alone = [ask(client, [{"role": "user", "content": text}]).choices[0].message.content for text in sums[:4]]
    assert asyncio.run(answers())[:4] == alone


def test_an_asynchronous_stream_is_read_and_may_be_left(server: RunningServer) -> None:
    async def read() -> str:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            stream = await client.chat.completions.create(model="builtin", messages=SUM, stream=True)
            async with stream:
                async for chunk in stream:
                    if chunk.choices[0].delta.content:
                        return chunk.choices[0].delta.content
        raise AssertionError("nothing was said")

    assert asyncio.run(read())
