import inspect
import json
from typing import Any

import pytest
from anthropic.resources.messages import Messages
from pydantic import BaseModel

from zaphod.server.api.fields import parse_body
from zaphod.server.api.messages_request import CountRequest, MessagesRequest
from zaphod.server.api.messages_turn import turn_of
from zaphod.server.api.turns import ToolChoice, Turn
from zaphod.server.errors import ApiError

TRANSPORT = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}
HELLO = {"role": "user", "content": "hello"}
USE = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "done"}
TOOLS = [{"name": "f", "input_schema": {"type": "object"}}]


def turn(*messages: Any, **fields: Any) -> Turn:
    body = {"max_tokens": 9, "messages": list(messages) or [HELLO], **fields}
    return turn_of(parse_body(MessagesRequest, json.dumps(body).encode()))


def refused(*messages: Any, **fields: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        turn(*messages, **fields)
    return error.value


def aliases(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_every_field_of_the_official_client_is_known_by_name() -> None:
    official = set(inspect.signature(Messages.create).parameters) - TRANSPORT
    assert len(official) > 15
    assert official <= aliases(MessagesRequest)


def test_every_field_that_is_counted_is_known_by_name() -> None:
    # `output_format` is the client's own name: it is sent as `output_config`.
    official = set(inspect.signature(Messages.count_tokens).parameters) - TRANSPORT - {"output_format"}
    assert official <= aliases(CountRequest)


def test_the_system_text_comes_first() -> None:
    blocks = [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]
    assert turn(system=blocks).messages[0] == {"role": "system", "content": "Be brief.\nBe kind."}


def test_neighbours_of_the_same_role_are_one_message() -> None:
    assert turn(HELLO, {"role": "user", "content": "again"}).messages == [{"role": "user", "content": "hello\nagain"}]


def test_a_use_goes_with_what_was_said_before_it() -> None:
    said = {"role": "assistant", "content": [{"type": "text", "text": "Wait."}, USE]}
    message = turn(HELLO, said, {"role": "user", "content": [RESULT]}).messages[1]
    assert message["content"] == "Wait."
    assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a": 1}'}


def test_a_result_is_a_message_of_the_tool_before_what_the_user_adds() -> None:
    answer = {"role": "user", "content": [RESULT, {"type": "text", "text": "Thanks."}]}
    tool, user = turn(HELLO, {"role": "assistant", "content": [USE]}, answer).messages[2:]
    assert tool == {"role": "tool", "content": "done", "tool_call_id": "t", "name": "f"}
    assert user == {"role": "user", "content": "Thanks."}


def test_a_result_that_is_an_error_says_so() -> None:
    failed = {"role": "user", "content": [{**RESULT, "is_error": True}]}
    assert turn(HELLO, {"role": "assistant", "content": [USE]}, failed).messages[-1]["content"] == "Error: done"


def test_a_system_message_may_stand_in_the_middle() -> None:
    assert [one["role"] for one in turn(HELLO, {"role": "system", "content": "Be brief."}, HELLO).messages] == [
        "user",
        "system",
        "user",
    ]


def test_thoughts_are_passed_over() -> None:
    thought = {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]}
    assert len(turn(HELLO, thought, HELLO).messages) == 1


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        ({"type": "auto"}, ToolChoice()),
        ({"type": "any"}, ToolChoice(how="required")),
        ({"type": "tool", "name": "f"}, ToolChoice(how="required", name="f")),
        ({"type": "none"}, ToolChoice(how="none")),
    ],
)
def test_choices_of_tools_are_understood(choice: dict[str, str], meant: ToolChoice) -> None:
    assert turn(tools=TOOLS, tool_choice=choice).tool_choice == meant


def test_one_use_at_a_time_may_be_asked_for() -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert not turn(tools=TOOLS, tool_choice=choice).allows_parallel_calls
    assert turn(tools=TOOLS).allows_parallel_calls


def test_sampling_is_handed_on() -> None:
    sampling = turn(temperature=0.3, top_p=0.9, top_k=7, stop_sequences=["END"]).sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k, sampling.stop) == (0.3, 0.9, 7, ("END",))
    assert sampling.max_tokens == 9


def test_a_schema_becomes_the_grammar_of_the_text() -> None:
    format = {"type": "json_schema", "schema": {"type": "integer"}}
    grammar = turn(output_config={"format": format}).sampling.grammar
    assert grammar is not None
    assert json.loads(grammar.text) == {"type": "integer"}


@pytest.mark.parametrize("block", ["image", "document", "search_result", "server_tool_use", "container_upload"])
def test_what_is_no_text_is_refused_by_type(block: str) -> None:
    error = refused({"role": "user", "content": [{"type": block}]})
    assert error.param == "messages.0.content.0"
    assert f"Its type is '{block}'" in error.message


@pytest.mark.parametrize("thinking", [{"type": "enabled", "budget_tokens": 2048}, {"type": "adaptive"}])
def test_thinking_is_refused_unless_it_is_disabled(thinking: dict[str, Any]) -> None:
    assert "do not think" in refused(thinking=thinking).message
    assert turn(thinking={"type": "disabled"}).messages == turn().messages


@pytest.mark.parametrize(
    "fields",
    [
        {"container": "c"},
        {"diagnostics": {"previous_message_id": "m"}},
        {"inference_geo": "eu"},
        {"speed": "fast"},
        {"output_config": {"effort": "low"}},
    ],
)
def test_what_cannot_be_had_is_refused_by_name(fields: dict[str, Any]) -> None:
    assert (refused(**fields).param or "").split(".")[0] in fields


@pytest.mark.parametrize(
    "fields",
    [
        {"service_tier": "standard_only", "speed": "standard", "metadata": {"user_id": "u"}},
        {"cache_control": {"type": "ephemeral", "ttl": "1h"}, "output_config": {"effort": "high"}},
        {"container": None, "diagnostics": None, "inference_geo": None},
    ],
)
def test_what_changes_nothing_is_passed_over(fields: dict[str, Any]) -> None:
    assert turn(**fields).messages == turn().messages


@pytest.mark.parametrize("number", [-1, 0, 2**31, 2**63])
def test_lengths_out_of_bounds_are_refused(number: int) -> None:
    assert refused(max_tokens=number).param == "max_tokens"
