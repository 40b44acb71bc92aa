"""What is never repeated, and what the client is told."""

import asyncio
from typing import Any

import pytest
from tests.support.fake_engine import Asked, Connection, FakeEngine, chat_chunk
from tests.support.gateway import (
    OPTIONS,
    data_of,
    gateway,
    outgoing,
    raw_answer,
    read,
    run,
    status_answer,
    stream_of,
    whole_of,
)

from zaphod.server.errors import ApiError
from zaphod.server.upstream.dialects import MessagesDialect, ResponsesDialect
from zaphod.server.upstream.pool import UpstreamOptions


@pytest.mark.parametrize(
    ("status", "told_status", "code"),
    [
        (400, 400, "context_length_exceeded"),
        (404, 404, "context_length_exceeded"),
        (422, 422, "context_length_exceeded"),
        (401, 502, "upstream_refused_key"),
        (403, 502, "upstream_refused_key"),
        (302, 502, "upstream_redirected"),
        (500, 502, "upstream_error"),
        (501, 502, "upstream_error"),
    ],
)
def test_other_statuses_are_told_and_not_tried_elsewhere(status: int, told_status: int, code: str) -> None:
    body = {"error": {"message": "too long", "code": "context_length_exceeded", "param": "messages"}}
    engines = tuple(FakeEngine(status_answer(status, body, {"Location": "http://127.0.0.1:1/"})) for _ in range(2))

    async def test() -> None:
        async with gateway(*engines) as upstream:
            with pytest.raises(ApiError) as refused:
                await upstream.forward(outgoing())
            assert (refused.value.status, refused.value.code) == (told_status, code)
            assert (refused.value.message == "too long") == (told_status < 500)
            assert sum(len(engine.asked) for engine in engines) == 1

    run(test)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "one", "code": 400}}, "one"),
        ({"object": "error", "message": "two"}, "two"),
        ({"type": "error", "error": {"type": "x", "message": "three"}}, "three"),
        ({"detail": "four"}, "four"),
        ({"error": "five"}, "five"),
        ([1], "The server refuses this: status 400."),
    ],
)
def test_every_engine_s_way_to_refuse_is_read(body: object, message: str) -> None:
    async def test() -> None:
        async with gateway(FakeEngine(status_answer(400, body))) as upstream:
            with pytest.raises(ApiError) as refused:
                await upstream.forward(outgoing())
            assert refused.value.message == message

    run(test)


def test_a_stream_that_has_begun_ends_with_an_error_at_once_when_its_server_dies() -> None:
    async def dying(asked: Asked, connection: Connection) -> None:
        await connection.begin_stream()
        await connection.event(chat_chunk("Hel"))
        await connection.chunk(b'data: {"choices": [{"ind')
        await asyncio.sleep(0.02)
        connection.die()

    engines = (FakeEngine(dying), FakeEngine(dying))

    async def test() -> None:
        async with gateway(*engines) as upstream:
            answer = await stream_of(upstream)
            chunk, error, done = data_of(await read(answer))
            assert chunk["choices"][0]["delta"]["content"] == "Hel"
            assert (error["error"]["code"], done) == ("upstream_failed", "[DONE]")
            assert answer.error is not None
            assert sum(len(engine.asked) for engine in engines) == 1
            assert sum(status.num_failures for status in upstream.pool.statuses()) == 1

    run(test)


@pytest.mark.parametrize(
    ("dialect", "begin"),
    [
        (ResponsesDialect(), {"type": "response.created"}),
        (MessagesDialect(), {"type": "message_start", "message": {}}),
    ],
    ids=["responses", "messages"],
)
def test_each_api_tells_a_broken_stream_in_its_own_shape(dialect: Any, begin: object) -> None:
    async def dying(asked: Asked, connection: Connection) -> None:
        await connection.begin_stream()
        await connection.event(begin)
        await asyncio.sleep(0.02)
        connection.die()

    async def test() -> None:
        async with gateway(FakeEngine(dying)) as upstream:
            raw = await read(await stream_of(upstream, outgoing(dialect=dialect)))
            assert raw.split(b"\n\n")[1].startswith(b"event: error\ndata: {")
            assert data_of(raw)[1]["type"] == "error"
            assert data_of(raw)[1]["error"]["message"]
            assert b"[DONE]" not in raw

    run(test)


def test_a_stream_that_closes_in_order_without_an_end_is_broken_too() -> None:
    async def cut(asked: Asked, connection: Connection) -> None:
        await connection.begin_stream()
        await connection.event(chat_chunk("Hel"))
        await connection.end_stream()

    async def test() -> None:
        async with gateway(FakeEngine(cut)) as upstream:
            assert data_of(await read(await stream_of(upstream)))[1]["error"]["code"] == "upstream_failed"

    run(test)


def test_a_complete_stream_that_only_lacks_its_last_event_gets_it() -> None:
    async def without_done(asked: Asked, connection: Connection) -> None:
        await connection.begin_stream()
        await connection.event(chat_chunk("Hello", "stop"))
        await connection.end_stream()

    async def test() -> None:
        async with gateway(FakeEngine(without_done)) as upstream:
            answer = await stream_of(upstream)
            assert data_of(await read(answer))[-1] == "[DONE]"
            assert answer.error is None

    run(test)


def test_a_server_that_holds_the_connection_open_after_the_end_delays_nobody() -> None:
    async def lingering(asked: Asked, connection: Connection) -> None:
        await connection.begin_stream()
        await connection.event(chat_chunk("Hello", "stop"))
        await connection.event("[DONE]")
        await connection.until_left()

    async def test() -> None:
        async with gateway(FakeEngine(lingering)) as upstream:
            answer = await stream_of(upstream)
            assert data_of(await read(answer))[-1] == "[DONE]"
            assert answer.error is None

    run(test)


@pytest.mark.parametrize(
    "garbage",
    [b"not json", b"[1, 2]", b'"text"', b"", b'{"choices": [', b"\xff\xfe"],
    ids=["text", "list", "string", "nothing", "half", "bytes"],
)
def test_what_is_no_answer_is_told_as_such(garbage: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(garbage)}\r\n\r\n"

    async def test() -> None:
        async with gateway(FakeEngine(raw_answer(head.encode() + garbage, dies=False))) as upstream:
            with pytest.raises(ApiError) as refused:
                await whole_of(upstream)
            assert (refused.value.status, refused.value.code) == (502, "upstream_invalid")

    run(test)


def test_a_wrong_content_length_is_no_answer() -> None:
    short = raw_answer(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"choices": []}'
    )

    async def test() -> None:
        async with gateway(FakeEngine(short)) as upstream:
            with pytest.raises(ApiError) as refused:
                await whole_of(upstream)
            assert (refused.value.status, refused.value.code) == (503, "upstream_unreachable")

    run(test)


def test_packed_answers_that_nobody_asked_for_are_refused() -> None:
    packed = status_answer(200, {"choices": []}, {"Content-Encoding": "gzip"})

    async def test() -> None:
        async with gateway(FakeEngine(packed)) as upstream:
            with pytest.raises(ApiError) as refused:
                await whole_of(upstream)
            assert refused.value.code == "upstream_invalid"

    run(test)


def test_an_answer_without_an_end_does_not_fill_the_memory() -> None:
    async def endless(asked: Asked, connection: Connection) -> None:
        await connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        while True:
            await connection.chunk(b" " * 4096)

    async def test() -> None:
        options = UpstreamOptions(health=OPTIONS.health, max_answer_bytes=100_000)
        async with gateway(FakeEngine(endless), options=options) as upstream:
            with pytest.raises(ApiError) as refused:
                await whole_of(upstream)
            assert refused.value.code == "upstream_oversized"

    run(test)
