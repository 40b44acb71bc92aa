from collections.abc import Iterable
from typing import Any

from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from zaphod.server.api.responses_events import ResponseWriter
from zaphod.server.api.turns import AnswerEnd, Event, TextDelta, ToolCallBegin, ToolCallDelta, Usage
from zaphod.server.engine_process.messages import TokenLogprob
from zaphod.server.errors import ApiError

HEAD = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "tools": [],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
}
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
CALL = [
    ToolCallBegin(answer=0, call=0, call_id="call_a", name="f"),
    ToolCallDelta(answer=0, call=0, arguments='{"a":'),
    ToolCallDelta(answer=0, call=0, arguments="1}"),
    AnswerEnd(answer=0, reason="tool_calls"),
    USAGE,
]


def writer() -> ResponseWriter:
    return ResponseWriter(HEAD, lambda tokens: [{"token": str(one.token_id), "logprob": one.logprob} for one in tokens])


def written(events: Iterable[Event]) -> list[dict[str, Any]]:
    one = writer()
    return [*one.begin(), *(sent for event in events for sent in one.write(event))]


def kinds(events: Iterable[Event]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in written(events)]


def response(events: Iterable[Event]) -> Response:
    return Response.model_validate(written(events)[-1]["response"], strict=True)


def test_a_text_begins_and_ends_its_item_and_its_part() -> None:
    item = ["output_item.added", "content_part.added", "output_text.delta", "output_text.delta"]
    ends = ["output_text.done", "content_part.done", "output_item.done", "completed"]
    assert kinds(TEXT) == ["created", "in_progress", *item, *ends]


def test_a_call_has_no_parts() -> None:
    item = ["output_item.added", "function_call_arguments.delta", "function_call_arguments.delta"]
    ends = ["function_call_arguments.done", "output_item.done", "completed"]
    assert kinds(CALL) == ["created", "in_progress", *item, *ends]


def test_every_event_is_one_that_the_official_client_knows() -> None:
    events: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for event in written(TEXT) + written(CALL) + written([*TEXT[:2], AnswerEnd(answer=0, reason="length"), USAGE]):
        assert type(events.validate_python(event, strict=True)).__name__ != "ResponseErrorEvent"


def test_events_are_numbered_from_0_without_a_gap() -> None:
    assert [event["sequence_number"] for event in written(TEXT + CALL)] == list(range(len(written(TEXT + CALL))))


def test_a_text_before_a_call_is_an_item_of_its_own() -> None:
    message, call = response([*TEXT[:2], *CALL]).output
    assert (message.type, call.type) == ("message", "function_call")
    assert call.type == "function_call"
    assert (call.call_id, call.name, call.arguments) == ("call_a", "f", '{"a":1}')


def test_items_are_told_apart_by_id_and_index() -> None:
    added = [event for event in written([*TEXT[:2], *CALL]) if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1]
    assert [event["item"]["id"] for event in added] == ["msg_1_0", "fc_1_1"]


def test_deltas_add_up_to_the_text_that_is_done() -> None:
    events = written(TEXT)
    deltas = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    done = next(event["text"] for event in events if event["type"] == "response.output_text.done")
    assert deltas == done == response(TEXT).output_text == "Hello"


def test_an_answer_that_is_cut_off_is_incomplete_and_says_why() -> None:
    cut = response([TEXT[0], AnswerEnd(answer=0, reason="length"), USAGE])
    assert cut.status == cut.output[0].status == "incomplete"
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"


def test_an_answer_without_text_is_an_empty_message() -> None:
    empty = response([AnswerEnd(answer=0, reason="stop"), USAGE])
    assert empty.output_text == ""
    assert [item.type for item in empty.output] == ["message"]


def test_usage_counts_cached_tokens_among_those_of_the_prompt() -> None:
    usage = response(TEXT).usage
    assert usage is not None
    assert usage.input_tokens_details.cached_tokens == 4
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (9, 3, 12)


def test_energy_and_mode_are_told_beside_the_usage() -> None:
    told = written(TEXT)[-1]["response"]["zaphod"]
    assert told["energy_j"] == 1.5
    assert told["energy_source"] == "RAPL"
    assert told["mode"] == "fun"


def test_logprobs_of_tokens_that_are_no_text_yet_go_with_the_next_text() -> None:
    first, second = (TokenLogprob(token_id=number, logprob=-0.5, top=()) for number in (1, 2))
    half = [TextDelta(answer=0, text="", logprobs=[first]), TextDelta(answer=0, text="é", logprobs=[second])]
    delta = next(event for event in written(half) if event["type"] == "response.output_text.delta")
    assert [one["token"] for one in delta["logprobs"]] == ["1", "2"]


def test_a_response_that_breaks_off_keeps_what_was_written_and_says_why() -> None:
    one = writer()
    events = [*one.begin(), *one.write(TEXT[0]), *one.fail(ApiError(503, "engine_died", "The engine died."))]
    failed = Response.model_validate(events[-1]["response"])
    assert events[-1]["type"] == "response.failed"
    assert failed.status == "failed"
    assert failed.output_text == "He"
    assert failed.error is not None
    assert (failed.error.code, failed.error.type) == ("server_error", "engine_died")
