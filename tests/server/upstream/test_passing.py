import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fake_engine import USAGE, chat_chunk

from zaphod.server.upstream.dialects import MessagesDialect, OpenAiDialect, ResponsesDialect, TokenUsage
from zaphod.server.upstream.passing import OversizedEventError, PassingStream


def stream(*, hides_usage: bool = False) -> PassingStream:
    return PassingStream(OpenAiDialect(), hides_usage=hides_usage)


def event(data: object) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


EVENTS = [event(chat_chunk("Hel")), b": ping\n\n", event(chat_chunk("lo")), event(chat_chunk("", "stop"))]
USAGE_EVENT = event({"choices": [], "usage": USAGE})
DONE = b"data: [DONE]\n\n"


def test_whole_events_go_on_at_once_and_unchanged() -> None:
    passing = stream()
    for one in [*EVENTS, DONE]:
        assert passing.feed(one) == one
    assert (passing.num_pieces, passing.finish_reason, passing.has_ended) == (2, "stop", True)


def test_half_an_event_waits_for_its_other_half() -> None:
    passing = stream()
    assert passing.feed(EVENTS[0] + EVENTS[2][:20]) == EVENTS[0]
    assert passing.feed(EVENTS[2][20:]) == EVENTS[2]


@given(st.lists(st.integers(1, 40), max_size=30), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.booleans())
def test_however_a_stream_is_cut_the_same_comes_out(cuts: list[int], line_end: bytes, hides: bool) -> None:
    whole = b"".join([*EVENTS, USAGE_EVENT, DONE]).replace(b"\n", line_end)
    passing, out, begin = stream(hides_usage=hides), b"", 0
    for cut in cuts:
        out += passing.feed(whole[begin : begin + cut])
        begin += cut
    out += passing.feed(whole[begin:]) + passing.end()
    expected = whole.replace(USAGE_EVENT.replace(b"\n", line_end), b"") if hides else whole
    # A lone CR at the very end could still become CR LF: that event goes on when the stream has ended.
    assert out.replace(line_end, b"\n") == expected.replace(line_end, b"\n")
    assert passing.usage == TokenUsage(prompt_tokens=7, completion_tokens=2, cached_tokens=4)


def test_a_usage_chunk_that_the_client_did_not_ask_for_is_hidden() -> None:
    passing = stream(hides_usage=True)
    assert passing.feed(EVENTS[0] + USAGE_EVENT + DONE) == EVENTS[0] + DONE
    assert passing.usage.completion_tokens == 2


def test_usage_beside_content_is_read_and_not_hidden() -> None:
    passing, both = stream(hides_usage=True), event({**chat_chunk("x"), "usage": USAGE})
    assert passing.feed(both) == both
    assert passing.usage.prompt_tokens == 7


def test_what_is_not_json_goes_on_as_it_is() -> None:
    odd = b"event: x\nid: 7\nretry: 9\ndata: {broken\n\ndata: [1]\n\ndata: 7\n\n"
    assert stream().feed(odd) == odd


def test_data_over_several_lines_is_one_text() -> None:
    passing = stream()
    passing.feed(b'data: {"choices": [],\ndata: "usage": {"prompt_tokens": 3}}\n\n')
    assert passing.usage.prompt_tokens == 3


def test_an_answer_is_complete_when_all_its_parts_are() -> None:
    passing = stream()
    for index, reason in ((0, None), (1, None), (0, "stop")):
        choice = {"index": index, "delta": {"content": "x"}, "finish_reason": reason}
        passing.feed(event({"choices": [choice]}))
    assert not passing.is_complete
    passing.feed(event({"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]}))
    assert passing.is_complete


def test_the_last_event_may_lack_its_empty_line() -> None:
    passing = stream()
    passing.feed(EVENTS[0] + b"data: [DONE]\n")
    assert passing.end() == DONE
    assert passing.has_ended


def test_half_an_event_at_the_end_is_dropped() -> None:
    passing = stream()
    passing.feed(EVENTS[0] + b'data: {"choices": [')
    assert passing.end() == b""


def test_an_event_without_an_end_is_refused() -> None:
    passing = PassingStream(OpenAiDialect(), hides_usage=False, max_event_bytes=100)
    with pytest.raises(OversizedEventError):
        passing.feed(b"data: " + b"x" * 200)


def test_an_error_in_a_stream_is_noticed() -> None:
    passing = stream()
    passing.feed(event({"error": {"message": "out of memory"}}))
    assert passing.has_error


def test_numbers_that_are_no_counts_are_no_usage() -> None:
    for wrong in (-1, 1.5, True, "7", 2**40, None):
        passing = stream()
        passing.feed(event({"choices": [], "usage": {"prompt_tokens": wrong}}))
        assert passing.usage.prompt_tokens is None, wrong


def test_the_responses_api_is_read() -> None:
    passing = PassingStream(ResponsesDialect(), hides_usage=False)
    passing.feed(event({"type": "response.output_text.delta", "delta": "x"}))
    usage = {"input_tokens": 5, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 2}}
    passing.feed(event({"type": "response.completed", "response": {"status": "completed", "usage": usage}}))
    assert passing.usage == TokenUsage(prompt_tokens=5, completion_tokens=1, cached_tokens=2)
    assert (passing.num_pieces, passing.finish_reason, passing.has_ended) == (1, "stop", True)


def test_anthropic_s_api_is_read() -> None:
    passing = PassingStream(MessagesDialect(), hides_usage=False)
    start = {"input_tokens": 5, "cache_read_input_tokens": 3, "output_tokens": 1}
    passing.feed(event({"type": "message_start", "message": {"usage": start}}))
    passing.feed(event({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}}))
    passing.feed(event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}}))
    assert passing.usage == TokenUsage(prompt_tokens=8, completion_tokens=4, cached_tokens=3)
    assert not passing.has_ended
    passing.feed(event({"type": "message_stop"}))
    assert (passing.num_pieces, passing.finish_reason, passing.has_ended) == (1, "end_turn", True)
