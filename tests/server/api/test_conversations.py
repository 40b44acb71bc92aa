"""Turns as templates take them: system texts in their place, tools told where a template does not, calls spelt."""

from typing import Any

from zaphod.engine import SamplingParams
from zaphod.server.api.conversations import arguments_of, layouts
from zaphod.server.api.tool_formats import BUILTIN, GENERIC, HERMES
from zaphod.server.api.turns import Tool, ToolChoice, Turn

ASK: Any = {"role": "user", "content": "ask"}
SYSTEM: Any = {"role": "system", "content": "own"}
CALL: Any = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
}
RESULT: Any = {"role": "tool", "tool_call_id": "c1", "content": "done"}
TOOL = Tool(name="f", description="does it")


def turn(*messages: Any, tools: Any = (), how: Any = "auto") -> Turn:
    return Turn(messages=messages, sampling=SamplingParams(), tools=tools, tool_choice=ToolChoice(how=how))


def test_a_plain_conversation_stays_as_it_is() -> None:
    (only,) = layouts(turn(SYSTEM, ASK), "", HERMES)
    assert (only.messages, only.tools) == ([SYSTEM, ASK], None)


def test_a_modes_text_goes_before_the_conversations_own() -> None:
    best = layouts(turn(SYSTEM, ASK), "mode", HERMES)[0]
    assert best.messages[0] == {"role": "system", "content": "mode\n\nown"}
    assert list(best.messages[1:]) == [ASK]


def test_where_a_template_may_have_no_place_for_system_texts_there_is_another_layout() -> None:
    _, other = layouts(turn(ASK), "mode", HERMES)
    assert other.messages == [{"role": "user", "content": "mode\n\nask"}]


def test_a_conversation_with_a_system_text_of_its_own_has_one_layout() -> None:
    assert len(layouts(turn(SYSTEM, ASK), "mode", HERMES)) == 1


def test_a_template_that_knows_tools_is_given_them() -> None:
    (only,) = layouts(turn(ASK, tools=[TOOL]), "", HERMES)
    assert only.messages == [ASK]
    assert only.tools is not None
    assert only.tools[0]["function"]["name"] == "f"


def test_a_template_that_knows_no_tools_has_them_told_in_words() -> None:
    best = layouts(turn(SYSTEM, ASK, tools=[TOOL]), "", GENERIC)[0]
    assert best.tools is None
    assert best.messages[0]["content"].startswith("own\n\n")
    assert '"name": "f", "description": "does it"' in best.messages[0]["content"]


def test_the_built_in_model_knows_its_tools_by_heart() -> None:
    (only,) = layouts(turn(ASK, tools=[TOOL]), "", BUILTIN)
    assert (only.messages, only.tools) == ([ASK], None)


def test_tools_that_must_not_be_called_are_not_told() -> None:
    for format in (HERMES, GENERIC):
        (only,) = layouts(turn(ASK, tools=[TOOL], how="none"), "", format)
        assert (only.messages, only.tools) == ([ASK], None)


def test_calls_in_messages_reach_templates_with_their_arguments_as_objects() -> None:
    (only,) = layouts(turn(ASK, CALL, RESULT), "", HERMES)
    assert only.messages[1]["tool_calls"][0]["function"]["arguments"] == {"a": 1}
    assert only.messages[2] == RESULT


def test_templates_that_know_no_tools_see_calls_and_results_as_text() -> None:
    (only,) = layouts(turn(ASK, CALL, RESULT, RESULT, ASK), "", GENERIC)
    assert [message["role"] for message in only.messages] == ["user", "assistant", "user"]
    assert only.messages[1]["content"] == '{"name": "f", "arguments": {"a": 1}}'
    assert only.messages[2]["content"] == "f returned: done\n\nf returned: done\n\nask"


def test_arguments_that_are_no_json_stay_text() -> None:
    for text in ("{", "NaN", "[" * 5000, '{"a": 99999999999999999999}', "{'a': 1}"):
        assert arguments_of(text) == text
    assert arguments_of('{"a": [1, null]}') == {"a": [1, None]}
