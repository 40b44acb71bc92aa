"""The official `anthropic` client against `/v1/messages` of a server as users start it."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, Literal

import anthropic
import pytest
from anthropic.types import Message, ToolUseBlock
from pydantic import BaseModel

SUM = "what is 4817 + 2944?"
COOL = {"temperature": 0}
TIMER: Any = {
    "name": "set_timer",
    "description": "Set a timer.",
    "input_schema": {
        "type": "object",
        "properties": {"amount": {"type": "integer"}, "unit": {"type": "string", "enum": ["minutes", "hours"]}},
        "required": ["amount", "unit"],
    },
}
ENDLESS: Any = {  # far more than the context holds
    "format": {"type": "json_schema", "schema": {"type": "array", "items": {"type": "integer"}, "minItems": 5000}}
}


class Wish(BaseModel):
    unit: Literal["minutes", "hours"]
    is_loud: bool


@pytest.fixture
def client(server: Any) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0) as one:
        yield one


def said(text: Any, role: str = "user") -> Any:
    return {"role": role, "content": text}


def request(question: Any = SUM, **fields: Any) -> Any:
    messages = question if isinstance(question, list) else [said(question)]
    body = {**COOL, **fields.pop("extra_body", {})}
    return {"model": "builtin", "max_tokens": 100, "messages": messages, "extra_body": body, **fields}


def asked(client: anthropic.Anthropic, question: Any = SUM, **fields: Any) -> Message:
    message = client.messages.create(**request(question, **fields))
    assert isinstance(message, Message)
    return message


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def used(message: Message) -> ToolUseBlock:
    (block,) = [block for block in message.content if isinstance(block, ToolUseBlock)]
    return block


def test_a_question_is_answered(client: anthropic.Anthropic) -> None:
    message = asked(client)
    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")
    assert text_of(message).endswith("= 7761")


def test_a_stream_comes_in_anthropics_order(client: anthropic.Anthropic) -> None:
    with client.messages.create(**request(), stream=True) as stream:
        kinds = [event.type for event in stream]
    assert kinds[:3] == ["message_start", "content_block_start", "content_block_delta"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_a_stream_tells_the_prompts_tokens_at_its_start_and_the_answers_at_its_end(client: anthropic.Anthropic) -> None:
    whole = asked(client).usage
    with client.messages.create(**request(), stream=True) as stream:
        events = list(stream)
    start, delta = events[0], events[-2]
    assert start.type == "message_start"
    assert start.message.usage.input_tokens == whole.input_tokens + (whole.cache_read_input_tokens or 0) > 0
    assert delta.type == "message_delta"
    assert delta.usage.output_tokens == whole.output_tokens > 0


def test_the_stream_helper_gathers_the_message(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**request()) as stream:
        text = "".join(stream.text_stream)
        assert text == text_of(stream.get_final_message()) == text_of(asked(client))


def test_the_asynchronous_client_streams(server: Any) -> None:
    async def text() -> str:
        client = anthropic.AsyncAnthropic(base_url=server.url, api_key="none")
        async with client, client.messages.stream(**request()) as stream:
            return await stream.get_final_text()

    assert asyncio.run(text()).endswith("7761")


def test_a_tool_is_used_with_its_input(client: anthropic.Anthropic) -> None:
    message = asked(client, "set a timer for 10 minutes", tools=[TIMER])
    assert message.stop_reason == "tool_use"
    assert (used(message).name, used(message).input) == ("set_timer", {"amount": 10, "unit": "minutes"})


def test_the_stream_helper_gathers_a_tools_input(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**request("set a timer for 10 minutes", tools=[TIMER])) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        assert used(stream.get_final_message()).input == {"amount": 10, "unit": "minutes"}
    assert "".join(pieces)


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "set_timer"}])
def test_a_tool_must_be_used_where_that_is_asked_for(client: anthropic.Anthropic, choice: Any) -> None:
    choice = {**choice, "disable_parallel_tool_use": True}
    assert used(asked(client, tools=[TIMER], tool_choice=choice)).name == "set_timer"


def test_no_tool_is_used_where_none_may_be(client: anthropic.Anthropic) -> None:
    message = asked(client, "set a timer for 10 minutes", tools=[TIMER], tool_choice={"type": "none"})
    assert [block.type for block in message.content] == ["text"]


def test_the_content_goes_back_in_with_what_the_tool_returned(client: anthropic.Anthropic) -> None:
    question = said("set a timer for 10 minutes")
    first = asked(client, [question], tools=[TIMER])
    result = {"type": "tool_result", "tool_use_id": used(first).id, "content": "It runs."}
    history = [question, said(first.content, "assistant"), said([result])]
    assert asked(client, history, tools=[TIMER]).stop_reason in ("end_turn", "tool_use")


def test_a_schema_holds_and_is_parsed(client: anthropic.Anthropic) -> None:
    parsed = client.messages.parse(**request(), output_format=Wish)
    assert isinstance(parsed.parsed_output, Wish)


def test_an_answer_that_is_cut_off_says_so(client: anthropic.Anthropic) -> None:
    message = asked(client, max_tokens=3)
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 3)


def test_a_stop_sequence_ends_the_answer_and_is_named(client: anthropic.Anthropic) -> None:
    message = asked(client, stop_sequences=["\n="])
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "\n=")
    assert "=7761" not in text_of(message).replace(" ", "")


def test_tokens_are_counted_as_they_are_used(client: anthropic.Anthropic) -> None:
    usage = asked(client).usage
    counted = client.messages.count_tokens(model="builtin", messages=[said(SUM)])
    assert counted.input_tokens == usage.input_tokens + (usage.cache_read_input_tokens or 0)


def test_a_system_text_may_come_in_blocks(client: anthropic.Anthropic) -> None:
    blocks = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    assert asked(client, system=blocks).stop_reason == "end_turn"


def test_thoughts_of_other_models_are_passed_over(client: anthropic.Anthropic) -> None:
    thought = {"type": "thinking", "thinking": "Add them.", "signature": "c2ln"}
    history = [said(SUM), said([thought, {"type": "text", "text": "7761"}], "assistant"), said(SUM)]
    assert text_of(asked(client, history)) == text_of(asked(client))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "`thinking` is an object. Its type is 'enabled'"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "this server runs none"),
        ({"tools": [TIMER], "tool_choice": {"type": "tool", "name": "fly"}}, "The tool `fly` is chosen"),
        ({"messages": [said([{"type": "image", "source": {}}])]}, "Its type is 'image'"),
        ({"messages": [said(SUM), said("It is", "assistant")]}, "Answers cannot be begun here"),
        ({"messages": [said([{"type": "tool_result", "tool_use_id": "t"}])]}, "No tool use 't' precedes"),
        ({"messages": [said([{"type": "tool_use", "id": "t", "name": "f", "input": {}}])]}, "Only the assistant"),
        ({"speed": "fast"}, "The one speed here is 'standard'"),
        ({"max_tokens": 0}, "greater than or equal to 1"),
        ({"extra_body": {"max_output_tokens": 5}}, "There is no field `max_output_tokens`"),
    ],
)
def test_what_cannot_be_had_is_refused_in_anthropics_shape(
    client: anthropic.Anthropic, fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(**{**request(), **fields})
    assert isinstance(refused.value.body, dict)
    assert refused.value.body["type"] == "error"
    assert refused.value.body["error"]["type"] == "invalid_request_error"
    assert reason in refused.value.body["error"]["message"]


def test_an_unknown_model_is_not_found(client: anthropic.Anthropic) -> None:
    for call in (client.messages.create, client.messages.count_tokens):
        fields = {"model": "claude-9", "messages": [said(SUM)]}
        with pytest.raises(anthropic.NotFoundError, match="There is no model 'claude-9'"):
            call(**(fields | ({"max_tokens": 5} if call == client.messages.create else {})))  # type: ignore[operator]


def test_max_tokens_must_be_named(server: Any) -> None:
    body = b'{"messages": [{"role": "user", "content": "hello"}]}'
    asked = urllib.request.Request(f"{server.url}/v1/messages", body)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=10)
    assert b"The field `max_tokens` is missing" in refused.value.read()
    refused.value.close()


def test_a_stream_whose_engine_dies_raises_an_error(client: anthropic.Anthropic, server: Any) -> None:
    stream = client.messages.create(**request(max_tokens=5000, output_config=ENDLESS), stream=True)
    assert next(stream).type == "message_start"
    server.engine.kill()
    with pytest.raises(anthropic.APIStatusError) as broken:
        list(stream)
    assert isinstance(broken.value.body, dict)
    assert broken.value.body["error"]["type"] in ("overloaded_error", "api_error")
    server.wait_until_ready()


def test_closing_a_stream_cancels_its_answer(client: anthropic.Anthropic, server: Any) -> None:
    before = server.num_aborted()
    with client.messages.create(**request(max_tokens=5000, output_config=ENDLESS), stream=True) as stream:
        for _ in zip(range(4), stream, strict=False):
            pass
    server.wait_until_aborted(before)


def test_a_client_that_stops_waiting_cancels_its_answer(client: anthropic.Anthropic, server: Any) -> None:
    before = server.num_aborted()
    with pytest.raises(anthropic.APITimeoutError):
        client.with_options(timeout=0.02).messages.create(**request(max_tokens=5000, output_config=ENDLESS))
    server.wait_until_aborted(before)
