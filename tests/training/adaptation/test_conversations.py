"""Lines of JSON become conversations, or say what is wrong with them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.training.adaptation.conversations import Conversation, PlainText, parse_example, read_examples

ASK, SAY = {"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}


def parsed(**value):
    return parse_example(json.dumps(value))


def test_messages_are_a_conversation_whose_answers_are_learnt():
    got = parsed(messages=[ASK, SAY, ASK, SAY])
    assert got == Conversation(messages=(ASK, SAY, ASK, SAY), learnt=(1, 3))


def test_an_answer_of_weight_0_is_context():
    assert parsed(messages=[ASK, SAY | {"weight": 0}, ASK, SAY | {"weight": 1}]).learnt == (3,)


def test_prompt_and_completion_are_texts_or_messages():
    assert parsed(prompt="a", completion="b") == PlainText(prompt="a", completion="b")
    assert parsed(prompt=[ASK, SAY, ASK], completion=[SAY]).learnt == (3,)
    assert parsed(text="all of it") == PlainText(prompt="", completion="all of it")


def test_parts_of_text_are_joined_and_arguments_of_calls_are_objects():
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
    got = parsed(
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
        ],
        tools=[{"type": "function"}],
    )
    assert got.messages[0]["content"] == "ab"
    assert got.messages[1]["tool_calls"][0]["function"] == {"name": "f", "arguments": {"x": 1}}
    assert got.tools == ({"type": "function"},)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is no JSON"),
        ("[1]", "no JSON object"),
        ('{"question": "a"}', "holds question"),
        ('{"messages": []}', "no list of messages"),
        ('{"messages": [{"role": "user", "content": "a"}]}', "no assistant message"),
        ('{"messages": [{"role": "robot", "content": "a"}]}', "message 1 has no known role"),
        ('{"messages": [{"role": "assistant", "content": 7}]}', "no text"),
        ('{"messages": [{"role": "assistant"}]}', "neither content nor"),
        ('{"messages": [{"role": "assistant", "content": "a", "weight": 2}]}', "weight 2"),
        ('{"messages": [{"role": "assistant", "tool_calls": [{}]}]}', "calls no function"),
        ('{"messages": [{"role": "assistant", "content": "a"}], "tools": 1}', "tools that are no list"),
        ('{"prompt": "a", "completion": [{"role": "assistant", "content": "a"}]}', "mixes text and messages"),
    ],
)
def test_a_line_that_is_no_example_says_why_and_where(line, message, tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text(json.dumps({"text": "fine"}) + "\n\n" + line + "\n")
    with pytest.raises(ConfigError, match=message) as caught:
        list(read_examples(file))
    assert "line 3" in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "prompt", "completion", "text", "tools", "tool_calls", "weight"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_JSON | st.fixed_dictionaries({"messages": st.lists(_JSON, max_size=3)}))
def test_any_json_is_an_example_or_an_error_of_ours(value):
    try:
        got = parse_example(json.dumps(value))
    except ConfigError:
        return
    assert isinstance(got, Conversation | PlainText)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=30))
def test_any_bytes_are_an_example_or_an_error_of_ours(line):
    try:
        parse_example(line)
    except ConfigError:
        return
