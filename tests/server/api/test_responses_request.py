import inspect
import json
from typing import Any, get_args

import pytest
from openai.resources.responses import Responses
from openai.types.responses import ResponseIncludable
from pydantic import BaseModel

from zaphod.server.api.fields import parse_body
from zaphod.server.api.responses_request import ResponseRequest
from zaphod.server.api.responses_turn import turn_of
from zaphod.server.api.turns import ToolChoice
from zaphod.server.errors import ApiError

CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a": 1}'}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "done"}
TOOLS = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in ("f", "g")]


def parsed(**fields: Any) -> ResponseRequest:
    return parse_body(ResponseRequest, json.dumps({"input": "hello", **fields}).encode())


def refused(**fields: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        turn_of(parsed(**fields))
    return error.value


def messages(*items: Any, **fields: Any) -> list[Any]:
    return list(turn_of(parsed(input=list(items), **fields)).messages)


def aliases(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_every_field_of_the_official_client_is_known_by_name() -> None:
    transport = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}
    official = set(inspect.signature(Responses.create).parameters) - transport
    assert len(official) > 25
    assert official <= aliases(ResponseRequest)


def test_everything_that_can_be_included_is_known_by_name() -> None:
    for name in get_args(ResponseIncludable):
        assert parsed(include=[name]).include == [name]


def test_a_text_is_a_message_of_the_user() -> None:
    assert messages_of_text("hello") == [{"role": "user", "content": "hello"}]


def messages_of_text(text: str) -> list[Any]:
    return list(turn_of(parsed(input=text)).messages)


def test_instructions_come_first() -> None:
    assert messages({"role": "user", "content": "a"}, instructions="Be brief.")[0] == {
        "role": "system",
        "content": "Be brief.",
    }


def test_a_developer_is_a_system() -> None:
    assert messages({"role": "developer", "content": "a"})[0]["role"] == "system"


def test_parts_are_one_text() -> None:
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]
    assert messages({"role": "user", "content": parts}) == [{"role": "user", "content": "ab"}]


def test_calls_belong_to_what_was_said_before_them() -> None:
    said = {"role": "assistant", "content": [{"type": "output_text", "text": "Wait.", "annotations": []}]}
    second = {**CALL, "call_id": "call_2"}
    (message,) = messages(said, CALL, second)
    assert message["content"] == "Wait."
    assert [call["id"] for call in message["tool_calls"]] == ["call_1", "call_2"]


def test_an_output_is_told_with_the_functions_name() -> None:
    answered = messages(CALL, OUTPUT)[-1]
    assert answered == {"role": "tool", "content": "done", "tool_call_id": "call_1", "name": "f"}


def test_reasoning_is_passed_over() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}
    assert len(messages(thought, {"role": "user", "content": "a"})) == 1


def test_allowed_tools_are_the_only_ones() -> None:
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]}
    turn = turn_of(parsed(tools=TOOLS, tool_choice=choice))
    assert [tool.name for tool in turn.tools] == ["g"]
    assert turn.tool_choice == ToolChoice(how="required")


def test_one_call_at_a_time_may_be_asked_for() -> None:
    assert not turn_of(parsed(parallel_tool_calls=False)).allows_parallel_calls
    assert turn_of(parsed()).allows_parallel_calls


def test_a_schema_becomes_the_grammar_of_the_text() -> None:
    format = {"type": "json_schema", "name": "x", "schema": {"type": "integer"}}
    grammar = turn_of(parsed(text={"format": format})).sampling.grammar
    assert grammar is not None
    assert json.loads(grammar.text) == {"type": "integer"}


def test_the_mode_may_choose_a_temperature_that_was_not_named() -> None:
    assert not turn_of(parsed()).names_temperature
    assert turn_of(parsed(temperature=0.3)).names_temperature


def test_logprobs_are_asked_for_by_include() -> None:
    assert turn_of(parsed()).sampling.logprobs is None
    assert turn_of(parsed(include=["message.output_text.logprobs"], top_logprobs=3)).sampling.logprobs == 3


@pytest.mark.parametrize("number", [-1, 0, 2**31, 2**63, 10**400])
def test_lengths_out_of_bounds_are_refused(number: int) -> None:
    assert refused(max_output_tokens=number).param == "max_output_tokens"


@pytest.mark.parametrize("item", ["image_generation_call", "web_search_call", "item_reference", "mcp_call", "program"])
def test_items_of_tools_that_are_not_here_are_refused_by_type(item: str) -> None:
    error = refused(input=[{"role": "user", "content": "a"}, {"type": item, "id": "x"}])
    assert error.param == "input.1"
    assert f"Its type is '{item}'" in error.message


@pytest.mark.parametrize("part", ["input_image", "input_file", "input_audio"])
def test_what_is_no_text_is_refused_by_type(part: str) -> None:
    error = refused(input=[{"role": "user", "content": [{"type": part}]}])
    assert (error.param, error.status) == ("input.0.content.0", 400)
    assert "reads text alone" in error.message


@pytest.mark.parametrize("verbosity", ["low", "high"])
def test_verbosity_is_refused_with_what_to_send_instead(verbosity: str) -> None:
    assert '"mode": "concise"' in refused(text={"verbosity": verbosity}).message


@pytest.mark.parametrize(
    "fields",
    [
        {"store": True, "background": False, "service_tier": "flex", "truncation": "disabled"},
        {"reasoning": {"effort": None, "summary": None}, "text": {"verbosity": "medium"}},
        {"user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "prompt_cache_retention": "24h"},
        {"previous_response_id": None, "conversation": None, "prompt": None, "context_management": []},
    ],
)
def test_what_changes_nothing_is_passed_over(fields: dict[str, Any]) -> None:
    assert turn_of(parsed(**fields)).messages == turn_of(parsed()).messages
