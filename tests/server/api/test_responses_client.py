"""The official `openai` client against `/v1/responses` of a server as users start it."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseStreamEvent
from pydantic import BaseModel

SUM = "what is 4817 + 2944?"
TIMER: Any = {
    "type": "function",
    "name": "set_timer",
    "description": "Set a timer.",
    "parameters": {
        "type": "object",
        "properties": {"amount": {"type": "integer"}, "unit": {"type": "string", "enum": ["minutes", "hours"]}},
        "required": ["amount", "unit"],
    },
    "strict": True,
}
ENDLESS: Any = {  # far more than the context holds
    "format": {
        "type": "json_schema",
        "name": "numbers",
        "schema": {"type": "array", "items": {"type": "integer"}, "minItems": 5000},
    }
}


class Wish(BaseModel):
    unit: Literal["minutes", "hours"]
    is_loud: bool


@pytest.fixture
def client(server: Any) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as one:
        yield one


def asked(client: openai.OpenAI, question: Any = SUM, **fields: Any) -> Response:
    response = client.responses.create(model="builtin", input=question, temperature=0, **fields)
    assert isinstance(response, Response)
    return response


def streamed(client: openai.OpenAI, **fields: Any) -> list[ResponseStreamEvent]:
    with client.responses.create(model="builtin", input=SUM, temperature=0, stream=True, **fields) as stream:
        return list(stream)


def called(response: Response) -> ResponseFunctionToolCall:
    (call,) = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
    return call


def test_a_question_is_answered(client: openai.OpenAI) -> None:
    response = asked(client)
    assert response.status == "completed"
    assert response.output_text.endswith("= 7761")


def test_usage_adds_up(client: openai.OpenAI) -> None:
    usage = asked(client).usage
    assert usage is not None
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens > usage.input_tokens > 0


def test_a_stream_begins_with_created_and_ends_with_completed(client: openai.OpenAI) -> None:
    kinds = [event.type for event in streamed(client)]
    begun = ["created", "in_progress", "output_item.added", "content_part.added", "output_text.delta"]
    ended = ["output_text.delta", "output_text.done", "content_part.done", "output_item.done", "completed"]
    assert kinds[:5] == [f"response.{kind}" for kind in begun]
    assert kinds[-5:] == [f"response.{kind}" for kind in ended]


def test_a_stream_is_numbered_without_a_gap(client: openai.OpenAI) -> None:
    events = streamed(client)
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_a_stream_says_what_the_whole_response_says(client: openai.OpenAI) -> None:
    last = streamed(client)[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == asked(client).output_text


def test_the_stream_helper_gathers_the_response(client: openai.OpenAI) -> None:
    with client.responses.stream(model="builtin", input=SUM, temperature=0) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        assert "".join(deltas) == stream.get_final_response().output_text


def test_the_asynchronous_client_streams(server: Any) -> None:
    async def text() -> str:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
            stream = await client.responses.create(model="builtin", input=SUM, temperature=0, stream=True)
            return "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])

    assert asyncio.run(text()).endswith("7761")


def test_a_function_is_called_with_its_arguments(client: openai.OpenAI) -> None:
    call = called(asked(client, "set a timer for 10 minutes", tools=[TIMER]))
    assert call.name == "set_timer"
    assert json.loads(call.arguments) == {"amount": 10, "unit": "minutes"}


def test_arguments_stream_as_pieces_of_json(client: openai.OpenAI) -> None:
    events = streamed(client, tools=[TIMER], tool_choice="required")
    deltas = "".join(event.delta for event in events if event.type == "response.function_call_arguments.delta")
    (done,) = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert deltas == done.arguments
    assert "response.output_text.delta" not in {event.type for event in events}


def test_a_named_function_must_be_called(client: openai.OpenAI) -> None:
    response = asked(client, tools=[TIMER], tool_choice={"type": "function", "name": "set_timer"})
    assert called(response).name == "set_timer"


def test_no_function_is_called_where_none_may_be(client: openai.OpenAI) -> None:
    response = asked(client, "set a timer for 10 minutes", tools=[TIMER], tool_choice="none")
    assert [item.type for item in response.output] == ["message"]


def test_the_output_goes_back_in_with_what_the_function_returned(client: openai.OpenAI) -> None:
    question = {"role": "user", "content": "set a timer for 10 minutes"}
    first = asked(client, [question], tools=[TIMER])
    result = {"type": "function_call_output", "call_id": called(first).call_id, "output": "It runs."}
    assert asked(client, [question, *first.output, result], tools=[TIMER]).status == "completed"


def test_an_output_without_its_call_is_refused(client: openai.OpenAI) -> None:
    lone = {"type": "function_call_output", "call_id": "call_1", "output": "It runs."}
    with pytest.raises(openai.BadRequestError, match="No function call 'call_1' precedes") as refused:
        asked(client, [lone])
    assert refused.value.param == "input.0.call_id"


def test_a_schema_holds_and_is_parsed(client: openai.OpenAI) -> None:
    parsed = client.responses.parse(model="builtin", input=SUM, text_format=Wish, temperature=0).output_parsed
    assert isinstance(parsed, Wish)


def test_an_object_is_json(client: openai.OpenAI) -> None:
    cut = asked(client, text={"format": {"type": "json_object"}}, max_output_tokens=5)
    assert cut.output_text.lstrip().startswith("{")


def test_an_answer_that_is_cut_off_is_incomplete(client: openai.OpenAI) -> None:
    cut = asked(client, max_output_tokens=3)
    assert cut.status == "incomplete"
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"


def test_logprobs_come_where_they_are_included(client: openai.OpenAI) -> None:
    response = asked(client, include=["message.output_text.logprobs"], top_logprobs=2)
    (message,) = response.output
    assert message.type == "message"
    assert message.content[0].type == "output_text"
    logprobs = message.content[0].logprobs or []
    assert "".join(one.token for one in logprobs).startswith(response.output_text)
    assert all(len(one.top_logprobs) == 2 for one in logprobs)


def test_instructions_and_metadata_come_back(client: openai.OpenAI) -> None:
    response = asked(client, instructions="Be brief.", metadata={"ticket": "7"})
    assert (response.instructions, response.metadata) == ("Be brief.", {"ticket": "7"})


def test_the_mode_is_told(client: openai.OpenAI) -> None:
    facts = asked(client, "set a timer for the oven", extra_body={"mode": "fun"}).model_dump()["zaphod"]
    assert facts["mode"] == "regular"
    assert "answered as 'regular', not as 'fun'" in facts["mode_reason"]


@pytest.mark.parametrize(
    ("fields", "param", "reason"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools.0", "this server runs no tools"),
        ({"conversation": "conv_1"}, "conversation", "There are no conversations here"),
        ({"background": True}, "background", "on the connection that asked"),
        ({"reasoning": {"effort": "high"}}, "reasoning.effort", "do not reason"),
        ({"tools": [TIMER], "tool_choice": {"type": "function", "name": "fly"}}, "tool_choice", "`fly` is chosen"),
        ({"tools": [TIMER, TIMER]}, "tools", "same name"),
        ({"temperature": 2.5}, "temperature", "less than or equal to 2"),
        ({"extra_body": {"max_tokens": 5}}, "max_tokens", "Did you mean `max_output_tokens`"),
        ({"extra_body": {"mode": "funny"}}, "mode", "Did you mean 'fun'"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(
    client: openai.OpenAI, fields: dict[str, Any], param: str, reason: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**{"model": "builtin", "input": SUM, **fields})
    assert refused.value.param == param
    assert reason in refused.value.message


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="There is no model 'gpt-7'"):
        client.responses.create(model="gpt-7", input=SUM)


def test_a_refusal_of_a_stream_has_a_status_of_its_own(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="tokens"):
        client.responses.create(model="builtin", input="word " * 600, stream=True)


def test_nothing_is_kept_unless_it_is_asked_for(client: openai.OpenAI) -> None:
    response, responses = asked(client), client.responses
    assert response.model_dump()["store"] is False
    for call in (responses.retrieve, responses.delete, responses.cancel, responses.input_items.list):
        with pytest.raises(openai.NotFoundError, match="Only those are kept that were asked for"):
            call(response.id)


def test_a_stream_whose_engine_dies_ends_with_failed(client: openai.OpenAI, server: Any) -> None:
    stream = client.responses.create(model="builtin", input=SUM, stream=True, text=ENDLESS)
    first = next(stream)
    server.engine.kill()
    last = list(stream)[-1]
    assert first.type == "response.created"
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert last.response.error.code == "server_error"
    server.wait_until_ready()


def test_closing_a_stream_cancels_its_answer(client: openai.OpenAI, server: Any) -> None:
    before = server.num_aborted()
    with client.responses.create(model="builtin", input=SUM, stream=True, text=ENDLESS) as stream:
        for _ in zip(range(6), stream, strict=False):
            pass
    server.wait_until_aborted(before)


def test_a_client_that_stops_waiting_cancels_its_answer(client: openai.OpenAI, server: Any) -> None:
    before = server.num_aborted()
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.1).responses.create(model="builtin", input=SUM, text=ENDLESS)
    server.wait_until_aborted(before)
