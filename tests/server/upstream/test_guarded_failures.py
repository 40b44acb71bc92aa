"""Servers that fail, or send what is no answer, under the gateway's guard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.server.upstream.guarded_answers import OPENAI, begun
from tests.support.fake_engine import Asked, Connection, FakeEngine, chat_chunk
from tests.support.gateway import data_of, gateway, outgoing, read, stream_of, whole_of, words

from zaphod.server.errors import ApiError
from zaphod.server.upstream.proxy import Outgoing, StreamedAnswer


def guarded(**changed: Any) -> Outgoing:
    return outgoing(make_rewriter=lambda: OPENAI.rewriter(begun(), {}), **changed)


def streamed(*chunks: Any, dies: bool = False, at_once: bool = False) -> tuple[bytes, StreamedAnswer]:
    """What a client gets of a stream, and how it ended."""

    async def answer(asked: Asked, connection: Connection) -> None:
        await connection.begin_stream()
        if at_once:
            await connection.chunk(b"".join(b"data: %s\n\n" % chunk for chunk in chunks))
        for chunk in () if at_once else chunks:
            await connection.event(chunk)
            await asyncio.sleep(0.01)
        if dies:
            connection.die()
        else:
            await connection.end_stream()

    async def run() -> tuple[bytes, StreamedAnswer]:
        async with gateway(FakeEngine(answer=answer)) as upstream:
            told = await stream_of(upstream, guarded())
            return await read(told), told

    return asyncio.run(run())


def test_what_was_held_back_comes_before_the_error_where_a_server_dies() -> None:
    raw, told = streamed(chat_chunk("Hel"), chat_chunk("lo sword"), dies=True)
    assert words(raw) == "Hello sword"
    *_, error, done = data_of(raw)
    assert (error["error"]["code"], done) == ("upstream_failed", "[DONE]")
    assert told.error is not None


def test_what_was_held_back_comes_where_the_last_mark_is_missing() -> None:
    raw, told = streamed(chat_chunk("a sword"), chat_chunk("", "stop"))
    assert words(raw) == "a sword"
    assert data_of(raw)[-1] == "[DONE]"
    assert told.error is None


def test_what_was_held_back_comes_before_the_mark_where_no_answer_ended() -> None:
    raw, _ = streamed(chat_chunk("a sword"), "[DONE]")
    assert words(raw) == "a sword"
    assert data_of(raw)[-1] == "[DONE]"


@pytest.mark.parametrize("data", ["[1]", "7", "{", '{"choices": ' + "[" * 5000, "NaN"])
def test_a_stream_ends_with_an_error_at_what_is_no_event(data: str) -> None:
    raw, told = streamed(chat_chunk("a swordfish, "), data, chat_chunk("and more"))
    assert words(raw) == "a [withheld], "
    assert told.error is not None
    assert data_of(raw)[-2]["error"]["code"] == "upstream_failed"


def test_events_before_the_one_that_is_none_go_out_even_if_they_came_together() -> None:
    head = b'{"choices": [{"delta": {"role": "assistant"}}]}'

    async def answer(asked: Asked, connection: Connection) -> None:
        await connection.begin_stream()
        await connection.event(head.decode())
        await asyncio.sleep(0.05)
        await connection.chunk(b'data: {"choices": [{"delta": {"content": "all is well "}}]}\n\ndata: 7\n\n')
        await connection.end_stream()

    async def run() -> bytes:
        async with gateway(FakeEngine(answer=answer)) as upstream:
            return await read(await stream_of(upstream, guarded()))

    assert words(asyncio.run(run())) == "all is well "


@pytest.mark.parametrize(
    "changed", [{"delta": 7}, {"index": {}}, {"delta": {"content": ["swordfish"]}}, {"finish_reason": 7}]
)
def test_odd_choices_break_nothing(changed: Any) -> None:
    odd = {"choices": [{"index": 0, "delta": {}, **changed}, 7, None], "id": {}, "usage": 7}
    raw, told = streamed(odd, chat_chunk("well"), chat_chunk("", "stop"), "[DONE]")
    assert '"content":"well"' in raw.decode()
    assert "swordfish" not in raw.decode()
    assert told.error is None


@pytest.mark.parametrize("body", [[1], 7, "a swordfish", None, {"choices": "swordfish"}, {"message": "swordfish"}])
def test_what_is_no_answer_is_none(body: Any) -> None:
    async def answer(asked: Asked, connection: Connection) -> None:
        await connection.json(body)

    async def run() -> bytes:
        async with gateway(FakeEngine(answer=answer)) as upstream:
            return (await whole_of(upstream, make_rewriter=lambda: OPENAI.rewriter(begun(), {}))).body

    if isinstance(body, dict):
        assert asyncio.run(run()) == b'{"choices":[]}'
    else:
        with pytest.raises(ApiError) as refused:
            asyncio.run(run())
        assert refused.value.status == 502
