"""Answers that are gathered before they are sent end in time, before they fill the memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from zaphod.server.api import answers
from zaphod.server.api.answers import MAX_PROBABILITIES, at_once
from zaphod.server.api.calls import Call
from zaphod.server.api.turns import Event, TextDelta, Usage
from zaphod.server.caller import LOCAL
from zaphod.server.engine_process.messages import TokenLogprob
from zaphod.server.errors import ApiError
from zaphod.server.memory import Room

TOKEN = TokenLogprob(5, -0.1, tuple((number, -1.0) for number in range(19)))

USAGE = Usage(
    prompt_tokens=1,
    cached_tokens=0,
    completion_tokens=1,
    energy_j=None,
    energy_source="estimated",
    tokens_per_s=None,
    mode="regular",
)


async def for_ever() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


def gather(events: AsyncGenerator[Event, None]) -> int:
    """How many events come to be gathered."""

    async def count(gathered: AsyncIterator[Event]) -> int:
        return len([event async for event in gathered])

    async def run() -> Any:
        request = Request({"type": "http", "method": "POST", "path": "/", "headers": []}, for_ever)
        call = Call(caller=LOCAL, request_id="a", route="/", model="m", headers={}, deadline=None)
        return await at_once(request, call, events, count)

    return int(asyncio.run(run()).body)


async def tokens(num_events: int, num_tokens: int) -> AsyncGenerator[Event, None]:
    for _ in range(num_events):
        yield TextDelta(answer=0, text="a", logprobs=(TOKEN,) * num_tokens)
    yield USAGE


def test_as_many_probabilities_as_one_body_holds_are_gathered() -> None:
    assert gather(tokens(20, MAX_PROBABILITIES // 400)) == 21


def test_more_than_one_body_holds_are_refused() -> None:
    with pytest.raises(ApiError, match="Stream it") as refused:
        gather(tokens(21, MAX_PROBABILITIES // 400))
    assert (refused.value.status, refused.value.code) == (400, "too_many_logprobs")


def test_a_long_answer_ends_when_the_memory_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "Room", lambda: Room(lambda: 1_000_000))
    assert gather(tokens(100, 0)) == 101
    for many in (tokens(1000, 0), tokens(1, 10)):  # tokens without end, and probabilities that have to be written
        with pytest.raises(ApiError) as refused:
            gather(many)
        assert refused.value.code == "out_of_memory"
