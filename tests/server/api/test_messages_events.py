from collections.abc import Iterable
from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from zaphod.server.api.messages_events import MessageWriter
from zaphod.server.api.turns import AnswerEnd, Event, TextDelta, ToolCallBegin, ToolCallDelta, Usage
from zaphod.server.errors import ApiError

USAGE = Usage(
    prompt_tokens=9,
    cached_tokens=4,
    completion_tokens=3,
    energy_j=1.5,
    energy_source="RAPL",
    tokens_per_s=8.0,
    mode="fun",
)
TEXT = [TextDelta(answer=0, text="He"), TextDelta(answer=0, text="llo"), AnswerEnd(answer=0, reason="stop"), USAGE]
BEGIN = ToolCallBegin(answer=0, call=0, call_id="call_a", name="f")
CALL = [
    BEGIN,
    ToolCallDelta(answer=0, call=0, arguments='{"a":'),
    ToolCallDelta(answer=0, call=0, arguments="1}"),
    AnswerEnd(answer=0, reason="tool_calls"),
    USAGE,
]


def written(events: Iterable[Event]) -> list[dict[str, Any]]:
    one = MessageWriter("msg_1", "m", {"prompt_tokens": 9})
    return [*one.begin(), *(sent for event in events for sent in one.write(event))]


def message(events: Iterable[Event]) -> Message:
    one = MessageWriter("msg_1", "m", {"prompt_tokens": 9})
    for event in events:
        list(one.write(event))
    return Message.model_validate(one.message, strict=True)


def ended(end: AnswerEnd) -> Message:
    return message([TEXT[0], end, USAGE])


def test_a_text_is_one_block() -> None:
    block = ["content_block_start", "ping", "content_block_delta", "content_block_delta", "content_block_stop"]
    assert [event["type"] for event in written(TEXT)] == ["message_start", *block, "message_delta", "message_stop"]


def test_every_event_is_one_that_the_official_client_knows() -> None:
    events: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
    for event in written([*TEXT[:2], *CALL]):
        if event["type"] != "ping":
            assert events.validate_python(event, strict=True).type == event["type"]


def test_blocks_are_numbered_and_do_not_overlap() -> None:
    events = [event for event in written([*TEXT[:2], *CALL]) if event["type"].startswith("content_block")]
    assert [event["index"] for event in events] == [0, 0, 0, 0, 1, 1, 1, 1]


def test_arguments_come_as_pieces_of_json_and_add_up_to_the_input() -> None:
    deltas = [event["delta"] for event in written(CALL) if event["type"] == "content_block_delta"]
    assert "".join(delta["partial_json"] for delta in deltas) == '{"a":1}'
    (block,) = message(CALL).content
    assert block.type == "tool_use"
    assert (block.id, block.name, block.input) == ("call_a", "f", {"a": 1})


def test_a_tool_without_arguments_has_an_empty_input() -> None:
    (block,) = message([BEGIN, AnswerEnd(answer=0, reason="tool_calls"), USAGE]).content
    assert block.type == "tool_use"
    assert block.input == {}


def test_arguments_that_were_cut_off_are_as_much_of_an_object_as_came() -> None:
    half = ToolCallDelta(answer=0, call=0, arguments='{"a": 1, "b": "x')
    cut = message([BEGIN, half, AnswerEnd(answer=0, reason="length"), USAGE])
    assert cut.stop_reason == "max_tokens"
    assert cut.content[0].type == "tool_use"
    assert cut.content[0].input["a"] == 1


@pytest.mark.parametrize(
    ("end", "reason", "sequence"),
    [
        (AnswerEnd(answer=0, reason="stop"), "end_turn", None),
        (AnswerEnd(answer=0, reason="length"), "max_tokens", None),
        (AnswerEnd(answer=0, reason="tool_calls"), "tool_use", None),
        (AnswerEnd(answer=0, reason="stop", stop_text="END"), "stop_sequence", "END"),
    ],
)
def test_the_end_is_told_in_anthropics_words(end: AnswerEnd, reason: str, sequence: str | None) -> None:
    stopped = ended(end)
    assert (stopped.stop_reason, stopped.stop_sequence) == (reason, sequence)


def test_cached_tokens_are_counted_apart_from_the_input() -> None:
    usage = message(TEXT).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (5, 4, 3)


def test_the_last_delta_tells_the_usage_again() -> None:
    (delta,) = [event for event in written(TEXT) if event["type"] == "message_delta"]
    assert delta["usage"]["output_tokens"] == 3
    assert delta["usage"]["cache_read_input_tokens"] == 4
    assert delta["zaphod"]["energy_source"] == "RAPL"


def test_an_answer_without_text_has_no_blocks() -> None:
    assert message([AnswerEnd(answer=0, reason="stop"), USAGE]).content == []


def test_a_message_that_breaks_off_ends_with_an_error() -> None:
    (event,) = MessageWriter("msg_1", "m", {}).fail(ApiError(503, "engine_died", "The engine died."))
    assert event == {"type": "error", "error": {"type": "overloaded_error", "message": "The engine died."}}
