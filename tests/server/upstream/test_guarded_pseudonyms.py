"""Values that engines behind a gateway see under pseudonyms come back to whoever sent them, and to nobody else."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.server.upstream import guarded_answers as answers
from tests.server.upstream.guarded_answers import MESSAGES, OPENAI, RESPONSES, Json, begun, read

from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded.passed_texts import inspected_fields
from zaphod.server.upstream.passing import PassingStream


def asked() -> tuple[Conversation, str]:
    """A conversation that went in, and the word that the engine got for a name."""
    conversation = begun()
    fields = asyncio.run(inspected_fields({"prompt": "write to zoe quill"}, conversation))
    return conversation, fields["prompt"].removeprefix("write to ")


def test_the_engine_sees_a_pseudonym() -> None:
    assert asked()[1].startswith("<NAME_")


@pytest.mark.parametrize("api", answers.STREAMS)
def test_a_stream_has_the_value_again_however_the_pseudonym_was_cut(api: str) -> None:
    dialect, events_of, said_in = answers.STREAMS[api]
    conversation, word = asked()
    told = PassingStream(dialect, hides_usage=False, rewriter=dialect.rewriter(conversation, {}))
    pieces = ["dear ", word[:3], word[3:7], word[7:], ","]
    written = b"".join(told.feed(dialect.written(event)) for event in events_of(pieces)) + told.last()
    assert said_in(read(written)) == "dear zoe quill,"


def test_a_whole_answer_has_it_again() -> None:
    conversation, word = asked()
    body = {"choices": [{"index": 0, "text": f"dear {word}, dear <NAME_aaaaaaaa>", "finish_reason": "stop"}]}
    made = OPENAI.rewriter(conversation, {}).whole(body)
    assert made["choices"][0]["text"] == "dear zoe quill, dear <NAME_aaaaaaaa>"


def test_calls_are_made_with_it() -> None:
    conversation, word = asked()
    arguments = json.dumps({"to": word})
    function = {"name": "send", "arguments": arguments}
    message = {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]}
    made = OPENAI.rewriter(conversation, {}).whole({"choices": [{"index": 0, "message": message}]})
    [call] = made["choices"][0]["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"to": "zoe quill"}
    block: Json = {"type": "tool_use", "id": "t", "name": "send", "input": {"to": word}}
    assert MESSAGES.rewriter(conversation, {}).whole({"content": [block]})["content"][0]["input"] == {"to": "zoe quill"}
    item = {"type": "function_call", "name": "send", "arguments": arguments}
    [called] = RESPONSES.rewriter(conversation, {}).whole({"output": [item]})["output"]
    assert json.loads(called["arguments"]) == {"to": "zoe quill"}
