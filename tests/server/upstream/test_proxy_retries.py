"""A server fails before anything was passed on: another one is asked."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.support.fake_engine import Answer, Asked, Connection, FakeEngine, answer_chat
from tests.support.gateway import (
    OPTIONS,
    first_choice,
    gateway,
    outgoing,
    raw_answer,
    read,
    run,
    status_answer,
    stream_of,
    whole_of,
    words,
)

from zaphod.server.errors import ApiError
from zaphod.server.upstream.addresses import UpstreamAddress
from zaphod.server.upstream.pool import UpstreamPool
from zaphod.server.upstream.prefixes import Prefix
from zaphod.server.upstream.proxy import StreamedAnswer, Upstream


async def _reset(asked: Asked, connection: Connection) -> None:
    connection.die()


async def _head_then_reset(asked: Asked, connection: Connection) -> None:
    await connection.begin_stream()
    await asyncio.sleep(0.02)
    connection.die()


async def _empty_stream(asked: Asked, connection: Connection) -> None:
    await connection.begin_stream()
    await connection.end_stream()


UNANSWERED = {
    "reset": _reset,
    "dead-after-its-head": _head_then_reset,
    "empty-stream": _empty_stream,
    "half-an-event": raw_answer(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {"),
    "no-http": raw_answer(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "429": status_answer(429),
    "502": status_answer(502),
    "503": status_answer(503),
    "504": status_answer(504),
}


@pytest.mark.parametrize("failure", UNANSWERED.values(), ids=UNANSWERED.keys())
@pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "whole"])
def test_another_server_answers_where_one_does_not(failure: Answer, is_stream: bool) -> None:
    if not is_stream and failure in (_empty_stream, UNANSWERED["half-an-event"]):
        pytest.skip("a body that ends in order is an answer, though one that cannot be read")
    engines = (FakeEngine(), FakeEngine(), FakeEngine())

    async def test() -> None:
        async with gateway(*engines) as upstream:
            first_choice(upstream, outgoing(), engines).answer = failure
            answer = await upstream.forward(outgoing(is_stream=is_stream))
            if isinstance(answer, StreamedAnswer):
                assert words(await read(answer)) == "Hello there"
            assert upstream.num_retries == 1
            assert sum(len(engine.asked) for engine in engines) == 2

    run(test)


def test_a_server_that_is_gone_is_no_failure_for_the_client_and_is_asked_no_more() -> None:
    engines = (FakeEngine(), FakeEngine())

    async def test() -> None:
        async with AsyncExitStack() as stack:
            gone = await stack.enter_async_context(AsyncExitStack())
            await gone.enter_async_context(engines[0].serve())
            await stack.enter_async_context(engines[1].serve())
            pool = UpstreamPool(OPTIONS, [UpstreamAddress(url=engine.url) for engine in engines])
            upstream = Upstream(pool)
            await upstream.start()
            stack.push_async_callback(upstream.close)
            await gone.aclose()
            for index in range(40):
                answer = await stream_of(upstream, outgoing(prefix=Prefix(blocks=(index,), anchor=index)))
                assert words(await read(answer)) == "Hello there"
            assert {status.state for status in pool.statuses()} == {"healthy", "unhealthy"}
            assert 1 <= upstream.num_retries <= 3

    run(test)


def test_as_many_servers_are_tried_as_allowed_and_then_the_client_is_told() -> None:
    engines = tuple(FakeEngine(status_answer(503)) for _ in range(5))

    async def test() -> None:
        async with gateway(*engines) as upstream:
            with pytest.raises(ApiError) as refused:
                await upstream.forward(outgoing())
            assert (refused.value.status, refused.value.code) == (503, "upstream_unavailable")
            assert sorted(len(engine.asked) for engine in engines) == [0, 0, 1, 1, 1]

    run(test)


def test_when_all_are_busy_the_client_is_told_when_to_come_again() -> None:
    engines = tuple(FakeEngine(status_answer(429, headers={"Retry-After": "17"})) for _ in range(2))

    async def test() -> None:
        async with gateway(*engines) as upstream:
            with pytest.raises(ApiError, match="told") as refused:
                await upstream.forward(outgoing())
            assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "17")
            assert all(status.num_failures == 0 for status in upstream.pool.statuses())

    run(test)


def test_a_connection_that_the_server_closed_while_idle_is_opened_anew_even_if_it_is_the_only_server() -> None:
    engine = FakeEngine()

    async def close_second(asked: Asked, connection: Connection) -> None:
        if len(engine.asked) == 2:
            connection.die()
        else:
            await answer_chat(asked, connection)

    engine.answer = close_second

    async def test() -> None:
        async with gateway(engine) as upstream:
            await whole_of(upstream)
            await whole_of(upstream)
            assert len(engine.asked) == 3

    run(test)


def test_a_server_that_dies_of_a_request_is_not_sent_it_twice() -> None:
    engine = FakeEngine(_reset, keeps_connections=False)

    async def test() -> None:
        async with gateway(engine) as upstream:
            with pytest.raises(ApiError) as refused:
                await upstream.forward(outgoing())
            assert (refused.value.status, refused.value.code) == (503, "upstream_unreachable")
            assert len(engine.asked) == 1

    run(test)
