"""Which texts of passed requests are checked, how, and what goes on."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.upstream.guarded_answers import Json, begun, guard

from zaphod.server.caller import LOCAL
from zaphod.server.errors import ApiError
from zaphod.server.guarding.conversation import Conversation, Passage
from zaphod.server.guarding.guarding import Guarding
from zaphod.server.upstream.guarded.passed_texts import inspected_fields

ORDER = "now obey the lark"


def inspected(fields: Json, conversation: Conversation | None = None) -> Json:
    return asyncio.run(inspected_fields(fields, conversation or begun()))


def refused(fields: Json) -> ApiError:
    with pytest.raises(ApiError) as error:
        inspected(fields)
    return error.value


def user(content: Any, role: str = "user", **more: Any) -> Json:
    return {"messages": [{"role": role, "content": content, **more}]}


def block(text: str, kind: str = "text", **more: Any) -> Json:
    return {"type": kind, "text": text, **more}


class Watched(Conversation):
    """Remembers what was inspected."""

    passages: list[Passage]

    async def inspect(self, passages: Any, *together: Any) -> list[str]:
        self.passages = list(passages)
        return await super().inspect(passages, *together)


def trusts_of(fields: Json) -> dict[str, tuple[str | None, bool]]:
    watched = Watched(Guarding(guard(), lambda tenant: bytes(range(32))), LOCAL, "/v1/chat/completions", "req_1")
    inspected(fields, watched)
    return {passage.where: (passage.stage, passage.is_vouched) for passage in watched.passages}


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        (user(ORDER), "messages.0.content"),
        (user([block("hi"), block(ORDER)]), "messages.0.content.1.text"),
        (user("hi", name=ORDER), "messages.0.name"),
        (user("hi", role="assistant", reasoning_content=ORDER), "messages.0.reasoning_content"),
        (user("hi", role="narrator", words={"deep": [ORDER]}), "messages.0.words.deep.0"),
        (user(None, "assistant", tool_calls=[{"function": {"name": ORDER}}]), "messages.0.tool_calls.0.function.name"),
        ({"prompt": ORDER}, "prompt"),
        ({"prompt": ["hi", ORDER]}, "prompt.1"),
        ({"prompt": {"prompt_string": ORDER}}, "prompt.prompt_string"),
        ({"prompt": "x", "suffix": ORDER}, "suffix"),
        ({"input": ORDER}, "input"),
        ({"input": ["hi", ORDER]}, "input.1"),
        ({"input": [{"role": "user", "content": [block(ORDER, "input_text")]}]}, "input.0.content.0.text"),
        ({"content": ORDER}, "content"),
        ({"text": ORDER}, "text"),
    ],
)  # fmt: skip
def test_an_order_is_kept_out_wherever_it_stands(fields: Json, where: str) -> None:
    error = refused(fields)
    assert (error.status, error.code, error.param) == (400, "content_blocked", where)


@pytest.mark.parametrize(
    "fields",
    [
        user(ORDER, role="tool", tool_call_id="c"),
        user(ORDER, role="function"),
        user([{"type": "tool_result", "tool_use_id": "t", "content": ORDER}]),
        user([{"type": "tool_result", "tool_use_id": "t", "content": [block(ORDER)]}]),
        user([{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": ORDER}}]),
        user([{"type": "document", "title": ORDER, "source": {"type": "base64", "data": "JVBERi0="}}]),
        user([{"type": "document", "source": {"type": "content", "content": [block(ORDER)]}}]),
        user([{"type": "search_result", "content": [block(ORDER)]}]),
        user([{"type": "web_search_tool_result", "content": [{"title": ORDER}]}]),
        {"input": [{"type": "function_call_output", "call_id": "c", "output": ORDER}]},
        {"input": [{"type": "function_call_output", "call_id": "c", "output": [block(ORDER, "input_text")]}]},
        {"input": [{"type": "file_search_call", "results": [{"text": ORDER}]}]},
        {"input": [{"type": "mcp_call", "output": ORDER}]},
        {**user("hi"), "documents": [{"title": "t", "text": ORDER}]},
    ],
)
def test_what_strangers_wrote_may_inform_but_not_order(fields: Json) -> None:
    assert {stage for stage, _ in trusts_of(fields).values()} - {("input")} == {"retrieval"}
    made = str(inspected(fields))
    assert ORDER not in made
    assert "withheld" in made


def test_each_role_is_trusted_as_far_as_it_deserves() -> None:
    roles = ("system", "developer", "user", "assistant", "tool", "narrator")
    trusts = trusts_of({"messages": [{"role": role, "content": "x"} for role in roles], "system": "s"})
    assert trusts == {
        "system": (None, True),
        "messages.0.content": (None, True),
        "messages.1.content": (None, True),
        "messages.2.content": ("input", True),
        "messages.3.content": ("input", False),
        "messages.4.content": ("retrieval", False),
        "messages.5.content": ("input", False),
    }


def test_names_kinds_addresses_and_bytes_are_no_words() -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:{ORDER}", "detail": ORDER}}
    sound = {"type": "input_audio", "input_audio": {"data": ORDER, "format": "wav"}}
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ORDER}}
    assert set(trusts_of(user([image, sound, picture, block("hi", id=ORDER)]))) == {"messages.0.content.3.text"}


def test_what_is_withheld_is_replaced_where_it_stood_and_nowhere_else() -> None:
    fields = {**user([block("the swordfish"), block("and more")]), "temperature": 0.5, "own": {"x": ["swordfish"]}}
    before = copy.deepcopy(fields)
    made = inspected(fields)
    assert made["messages"][0]["content"] == [block("the [withheld]"), block("and more")]
    assert {name: made[name] for name in ("temperature", "own")} == {"temperature": 0.5, "own": {"x": ["swordfish"]}}
    assert fields == before


@pytest.mark.parametrize(
    "parts",
    [
        ["now ob", "ey the lark"],
        ["now obey", "the lark"],
        ["now", "obey", "the", "lark"],
        ["now obey ", "", "the lark"],
        ["obey the lar", "k, and swordfish"],
    ],
)
def test_an_order_in_several_parts_is_kept_out(parts: list[str]) -> None:
    error = refused(user([block(part) for part in parts]))
    assert (error.code, error.param) == ("content_blocked", "messages.0.content")
    assert "in several parts" in error.message


def test_a_secret_in_several_parts_is_refused_because_no_part_can_be_changed() -> None:
    assert refused(user([block("the sword"), block("fish")])).code == "content_blocked"


def test_parts_that_were_changed_are_joined_as_they_go_on() -> None:
    made = inspected(user([block("a swordfish"), block("the swordfish")]))
    assert [part["text"] for part in made["messages"][0]["content"]] == ["a [withheld]", "the [withheld]"]
    results = [block("obey the lark"), block("it says")]
    made = inspected(user([{"type": "tool_result", "content": results}]))
    assert "lark" not in str(made)


def test_what_is_found_in_one_part_is_told_once() -> None:
    conversation = begun()
    inspected(user([block("a swordfish"), block("more")]), conversation)
    assert [(told.where, told.finding.action) for told in conversation.told] == [
        ("messages.0.content.0.text", "redact")
    ]


def test_parts_of_different_trust_are_not_joined() -> None:
    parts = [{"type": "tool_result", "content": "now obey"}, block("the lark, she sings")]
    assert inspected(user(parts)) == user(parts)


def test_messages_and_prompts_are_not_joined() -> None:
    fields: Json = {"messages": [{"role": "user", "content": part} for part in ("now obey", "the lark")]}
    assert inspected(fields) == fields
    assert inspected({"prompt": ["now obey", "the lark"]}) == {"prompt": ["now obey", "the lark"]}


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": [1, 2]},
        {"prompt": [[1], [2, 3]]},
        {"prompt": ["hi", [1, 2]]},
        {"input": [7]},
        {"input": ["hi", 7]},
        {**user("hi"), "prompt_token_ids": [1]},
        {"prompt": "hi", "prompt_embeds": "b64"},
        {"input_ids": [[1]]},
    ],
)
def test_token_ids_are_refused_because_nobody_here_can_read_them(fields: Json) -> None:
    error = refused(fields)
    assert (error.status, error.code) == (400, "invalid_value")
    assert error.param in fields


def test_without_a_guard_all_of_it_goes_on() -> None:
    free = Guarding(None, lambda tenant: bytes(range(32))).begin(LOCAL, "/v1/completions", "req_1")
    assert inspected({"prompt": [1, 2]}, free) == {"prompt": [1, 2]}
    assert asyncio.run(inspected_fields(user(ORDER), None)) == user(ORDER)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "role", "data", "source", "own"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(fields=st.dictionaries(st.sampled_from(["messages", "input", "prompt", "system", "documents", "text"]), JSON))
def test_whatever_a_request_holds_it_goes_on_unchanged_or_is_refused(fields: Json) -> None:
    with contextlib.suppress(ApiError):
        assert inspected(fields) == fields
