"""Items as they are kept and listed."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.server.api.responses_request import ResponseRequest
from zaphod.server.api.responses_turn import conversation, turn_of
from zaphod.server.api.stored_items import kept_items, page_of, read_items
from zaphod.server.errors import ApiError

CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "it rains"}
LISTED = [{"id": f"msg_{number}"} for number in range(5)]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
parts = st.lists(
    st.builds(lambda text: {"type": "input_text", "text": text}, texts)
    | st.builds(lambda text: {"type": "output_text", "text": text}, texts)
    | st.builds(lambda text: {"type": "refusal", "refusal": text}, texts),
    max_size=3,
)
roles = st.sampled_from(["user", "assistant", "system", "developer"])
messages = st.builds(lambda role, content: {"role": role, "content": content}, roles, texts | parts)
outputs = st.builds(lambda content: {**OUTPUT, "output": content}, texts | parts)


def request(*items: Any, **fields: Any) -> ResponseRequest:
    return ResponseRequest.model_validate_json(json.dumps({"input": list(items), **fields}))


def kept(*items: Any, let_in: list[str] | None = None) -> list[dict[str, Any]]:
    """What is kept of items whose messages the guard let in as these texts, or as they are."""
    asked = request(*items)
    laid_out = conversation(asked)
    turn = turn_of(asked, laid_out)
    passed = let_in or [message["content"] for message in turn.messages]
    return kept_items(asked.input, laid_out.texts(turn, passed))


def test_a_message_is_kept_with_its_parts_and_an_id_of_ours() -> None:
    (item,) = kept({"role": "user", "content": [{"type": "input_text", "text": "he"}] * 2, "id": "mine"})
    assert [part["text"] for part in item["content"]] == ["he", "he"]
    assert item["id"].startswith("msg_")


def test_what_the_guard_took_out_of_a_message_is_not_kept() -> None:
    secret = {
        "role": "user",
        "content": [{"type": "input_text", "text": "my card is "}, {"type": "input_text", "text": "4111"}],
    }
    (item,) = kept(secret, let_in=["my card is [card]"])
    assert item["content"] == [{"type": "input_text", "text": "my card is [card]"}]


def test_what_the_guard_took_out_of_a_result_is_not_kept() -> None:
    items = kept(CALL, OUTPUT, let_in=["", "it [weather]"])
    assert [item["type"] for item in items] == ["function_call", "function_call_output"]
    assert items[1]["output"] == "it [weather]"


def test_what_was_left_out_because_it_was_too_long_is_not_kept() -> None:
    asked = request(*({"role": "user", "content": text} for text in ("same", "same", "last")))
    laid_out = conversation(asked)
    turn = turn_of(asked, laid_out)
    shortened = turn_of(asked, type(laid_out)(messages=turn.messages[1:], places=laid_out.places))
    assert laid_out.texts(shortened, ["same", "last"]) == [None, "same", "last"]
    assert len(kept_items(asked.input, laid_out.texts(shortened, ["same", "last"]))) == 2


def test_what_other_models_thought_is_not_kept() -> None:
    assert kept({"type": "reasoning", "encrypted_content": "x"}, {"role": "user", "content": "a"})[0]["role"] == "user"


def test_the_past_comes_before_what_is_sent_now_and_behind_the_instructions() -> None:
    past = read_items(kept({"role": "user", "content": "a"}, CALL))
    laid_out = conversation(request(OUTPUT, {"role": "user", "content": "b"}, instructions="Be kind."), past)
    assert [message["role"] for message in laid_out.messages] == ["system", "user", "assistant", "tool", "user"]
    assert laid_out.places == [3, 4]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(messages | outputs, min_size=1, max_size=5))
def test_kept_items_say_again_what_was_said(items: list[Any]) -> None:
    again = json.loads(json.dumps(kept(CALL, *items)))
    gone_on = conversation(request({"role": "user", "content": "b"}), read_items(again)).messages
    assert gone_on[:-1] == conversation(request(CALL, *items)).messages
    assert len({item["id"] for item in again}) == len(items) + 1


@pytest.mark.parametrize("item", [{}, {"type": "image"}, {"type": "message"}, [], 1, {"role": "user", "content": 1}])
def test_what_is_no_item_is_not_read(item: Any) -> None:
    with pytest.raises(ValueError, match="validation error"):
        read_items([item])


def ids(**how: Any) -> tuple[list[str], bool]:
    page = page_of(LISTED, **{"limit": 20, "after": None, "order": "asc", **how})
    return [item["id"] for item in page["data"]], page["has_more"]


def test_a_page_begins_at_either_end() -> None:
    assert ids(limit=2) == (["msg_0", "msg_1"], True)
    assert ids(limit=2, order="desc") == (["msg_4", "msg_3"], True)


def test_a_page_goes_on_behind_the_last_one() -> None:
    assert ids(limit=2, after="msg_2") == (["msg_3", "msg_4"], False)
    assert ids(after="msg_4") == ([], False)


def test_a_page_behind_an_item_that_is_not_there_is_refused() -> None:
    with pytest.raises(ApiError, match="no item 'msg_9'") as refused:
        ids(after="msg_9")
    assert refused.value.param == "after"


@given(st.integers(0, 30), st.integers(1, 100), st.sampled_from(["asc", "desc"]))
def test_pages_hold_every_item_once(num_items: int, limit: int, order: Literal["asc", "desc"]) -> None:
    items = [{"id": str(number)} for number in range(num_items)]
    found, after, has_more = [], None, True
    while has_more:
        page = page_of(items, limit=limit, after=after, order=order)
        found += page["data"]
        after, has_more = page["last_id"], page["has_more"]
    assert found == (items if order == "asc" else items[::-1])
