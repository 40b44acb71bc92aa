import asyncio
from collections.abc import Sequence

import pytest

from zaphod.core.tokenizers import ChatMessage
from zaphod.engine import SamplingParams
from zaphod.server.api.shortening import shortened
from zaphod.server.api.turns import Turn
from zaphod.server.errors import ApiError

TALK: list[ChatMessage] = [
    {"role": "system", "content": "rules"},
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "two"},
    {"role": "user", "content": "three"},
    {"role": "assistant", "content": "four"},
    {"role": "user", "content": "five"},
]


def kept(room: int, messages: Sequence[ChatMessage] = TALK) -> list[str]:
    """What is left of a talk where each message is one token and `room` of them fit."""

    async def tokens_of(turn: Turn) -> list[int]:
        if len(turn.messages) > room:
            raise ApiError(400, "context_length_exceeded", "It is too long.")
        return [0] * len(turn.messages)

    turn = asyncio.run(shortened(tokens_of, Turn(messages=messages, sampling=SamplingParams())))
    return [message["content"] for message in turn.messages]


def test_what_fits_stays_whole() -> None:
    assert kept(6) == ["rules", "one", "two", "three", "four", "five"]


def test_the_oldest_messages_go_first_and_instructions_stay() -> None:
    assert kept(4) == ["rules", "three", "four", "five"]


def test_no_answer_is_left_without_its_question() -> None:
    assert kept(3) == ["rules", "five"]


def test_as_few_as_possible_are_lost() -> None:
    assert kept(5) == ["rules", "three", "four", "five"]


def test_where_nothing_helps_the_whole_comes_back_to_be_refused() -> None:
    assert kept(1) == [message["content"] for message in TALK]


def test_a_talk_without_instructions_loses_its_beginning() -> None:
    assert kept(1, TALK[1:]) == ["five"]


def test_other_refusals_are_passed_on() -> None:
    async def tokens_of(turn: Turn) -> list[int]:
        raise ApiError(503, "engine_loading", "Wait.")

    with pytest.raises(ApiError, match=r"Wait\."):
        asyncio.run(shortened(tokens_of, Turn(messages=TALK, sampling=SamplingParams())))
