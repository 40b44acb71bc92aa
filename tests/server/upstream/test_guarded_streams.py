"""Properties of all APIs' streams under the guard."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.server.upstream.guarded_answers import STREAMS, conversation, rules, streamed

WORDS = st.sampled_from(
    ["swordfish", "sword", "fish", " ", "the", "é", "漢字", "😀", "\n", "armageddon", "arma", "7761"]
)
TEXTS = st.lists(WORDS, max_size=12).map("".join)


def cut(text: str, places: list[int]) -> list[str]:
    borders = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[begin:end] for begin, end in pairwise(borders)]


def guarded(text: str) -> str:
    """The whole text, as the guard lets it out."""
    return conversation().whole(text, "content").text


@pytest.mark.parametrize("api", STREAMS)
@given(text=TEXTS, places=st.lists(st.integers(0, 200), max_size=12))
@example(text="a swordfish and armageddon, and more", places=[3, 5, 9, 20, 21])
def test_what_goes_out_is_the_guarded_text_however_it_was_cut(api: str, text: str, places: list[int]) -> None:
    dialect, events_of, said_in = STREAMS[api]
    said = said_in(streamed(dialect, events_of(cut(text, places))))
    assert said == guarded(text)


@pytest.mark.parametrize("api", STREAMS)
@given(text=TEXTS, places=st.lists(st.integers(0, 200), max_size=12), num_events=st.integers(0, 20))
def test_a_stream_that_breaks_off_has_released_what_came(
    api: str, text: str, places: list[int], num_events: int
) -> None:
    dialect, events_of, said_in = STREAMS[api]
    came = events_of(cut(text, places))[:num_events]
    assert said_in(streamed(dialect, came)) == guarded(said_in(came))


@pytest.mark.parametrize("api", STREAMS)
def test_a_word_that_is_withheld_stands_nowhere_in_the_stream_and_is_told(api: str) -> None:
    dialect, events_of, said_in = STREAMS[api]
    events = streamed(dialect, events_of(["a swo", "rdfi", "sh!"]))
    assert said_in(events) == "a [withheld]!"
    assert "swordfish" not in json.dumps(events)
    told = events[-1].get("response") or next(event for event in reversed(events) if "zaphod" in event)
    assert rules(told) == [("secret.plain", "redact")]


@pytest.mark.parametrize("api", STREAMS)
def test_after_a_block_nothing_follows_and_the_end_says_why(api: str) -> None:
    dialect, events_of, said_in = STREAMS[api]
    events = streamed(dialect, events_of(["well, armageddon", " and more"]))
    assert said_in(events).strip(" ,") == "well"
    assert any(reason in json.dumps(events) for reason in ('"content_filter"', '"refusal"'))
    assert "more" not in json.dumps(events)


@pytest.mark.parametrize("api", STREAMS)
def test_a_stream_without_findings_says_what_it_said_and_nothing_of_a_guard(api: str) -> None:
    dialect, events_of, said_in = STREAMS[api]
    events = streamed(dialect, events_of(["all ", "is ", "well"]))
    assert said_in(events) == "all is well"
    assert "zaphod" not in json.dumps(events)
