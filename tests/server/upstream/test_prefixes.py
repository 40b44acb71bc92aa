import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.server.upstream.prefixes import Prefix, PrefixOptions, PrefixTable, prefix_of

OPTIONS = PrefixOptions(block_chars=32)


def chat(*texts: str, model: str = "m", tenant: str = "t", **more: object) -> Prefix:
    roles = ["system", *["user", "assistant"] * len(texts)]
    messages = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
    return prefix_of({"model": model, "messages": messages, **more}, tenant=tenant, options=OPTIONS)


def num_shared(one: Prefix, other: Prefix) -> int:
    equal = [a == b for a, b in zip(one.blocks, other.blocks, strict=False)]
    return equal.index(False) if False in equal else len(equal)


def test_a_conversation_that_grows_keeps_all_its_blocks() -> None:
    first = chat("You are a robot.", "Pick up the red cube.")
    later = chat("You are a robot.", "Pick up the red cube.", "Done.", "Now the blue one.")
    assert num_shared(first, later) == len(first.blocks)
    assert first.anchor == later.anchor


def test_equal_beginnings_are_shared_up_to_where_they_part() -> None:
    one, other = chat("S" * 100, "what is the time?"), chat("S" * 100, "who are you?")
    alone = chat("S" * 100)
    assert num_shared(one, other) >= len(alone.blocks)
    assert num_shared(one, other) < len(one.blocks)


def test_another_beginning_shares_nothing_even_where_the_rest_is_equal() -> None:
    assert (
        num_shared(chat("You are a robot.", "Hello, how are you?"), chat("You, a robot!", "Hello, how are you?")) == 0
    )


@pytest.mark.parametrize("change", [{"tenant": "other"}, {"model": "n"}, {"tools": [{"type": "function"}]}])
def test_tenants_models_and_tools_share_nothing(change: dict[str, object]) -> None:
    assert num_shared(chat("You are a robot.", "Hello"), chat("You are a robot.", "Hello", **change)) == 0  # type: ignore[arg-type]


def test_every_route_s_prompt_is_read() -> None:
    text = "tell me a story about two heads " * 4
    for fields in ({"prompt": text}, {"input": text}, {"messages": [{"role": "user", "content": text}]}):
        assert len(prefix_of(fields, tenant="", options=OPTIONS).blocks) >= 4, fields


def test_token_prompts_share_their_beginning() -> None:
    one, other = ({"prompt": [*range(100, 140), last]} for last in (1, 2))
    assert num_shared(*(prefix_of(fields, tenant="", options=OPTIONS) for fields in (one, other))) >= 4


def test_long_prompts_are_cut() -> None:
    options = PrefixOptions(block_chars=4, max_blocks=10)
    assert len(prefix_of({"prompt": "x" * 1000}, tenant="", options=options).blocks) == 10


@given(st.text(max_size=80), st.text(max_size=80), st.text(min_size=1, max_size=80))
def test_a_longer_text_keeps_all_whole_blocks(shared: str, one: str, other: str) -> None:
    prefixes = [prefix_of({"prompt": shared + rest}, tenant="", options=OPTIONS) for rest in (one, other)]
    assert num_shared(*prefixes) >= len(shared) // OPTIONS.block_chars


def test_the_table_says_how_much_each_server_was_sent() -> None:
    table = PrefixTable(max_blocks=100)
    table.record([1, 2, 3, 4], "a")
    table.record([1, 2, 9], "b")
    assert table.matches([1, 2, 3, 5], ["a", "b", "c"]) == {"a": 3, "b": 2, "c": 0}


def test_a_block_without_those_before_it_is_no_shared_beginning() -> None:
    table = PrefixTable(max_blocks=100)
    table.record([2, 3], "a")
    assert table.matches([1, 2, 3], ["a"]) == {"a": 0}


def test_what_was_not_used_for_longest_is_forgotten_and_far_blocks_before_near_ones() -> None:
    table = PrefixTable(max_blocks=4)
    table.record([1, 2, 3], "a")
    table.record([7, 8], "b")
    assert len(table) == 4
    assert table.matches([1, 2, 3], ["a"]) == {"a": 2}
    assert table.matches([7, 8], ["b"]) == {"b": 2}


def test_a_restarted_server_is_known_for_nothing_until_it_is_sent_something() -> None:
    table = PrefixTable(max_blocks=10)
    table.record([1, 2], "a")
    table.record([1], "b")
    table.forget("a")
    assert table.matches([1, 2], ["a", "b"]) == {"a": 0, "b": 1}
    table.record([1], "a")
    assert table.matches([1, 2], ["a", "b"]) == {"a": 1, "b": 1}


def test_a_block_remembers_its_latest_servers() -> None:
    table = PrefixTable(max_blocks=10, max_servers=2)
    for name in "abc":
        table.record([1], name)
    assert table.matches([1], list("abc")) == {"a": 0, "b": 1, "c": 1}


def test_the_table_never_grows_over_its_bound() -> None:
    table, draw = PrefixTable(max_blocks=50), random.Random(1)
    for _ in range(300):
        table.record([draw.randrange(1000) for _ in range(20)], draw.choice("abc"))
        assert len(table) <= 50


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="block_chars"):
        PrefixOptions(block_chars=0)
