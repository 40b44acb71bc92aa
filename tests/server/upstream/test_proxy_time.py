"""Time limits, clients that leave, the end of the gateway."""

import asyncio
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from tests.support.fake_engine import Asked, Connection, FakeEngine, chat_chunk
from tests.support.gateway import (
    OPTIONS,
    data_of,
    gateway,
    outgoing,
    read,
    run,
    status_answer,
    stream_of,
)

from zaphod.server.errors import ApiError
from zaphod.server.upstream.addresses import UpstreamAddress
from zaphod.server.upstream.circuit import CircuitOptions
from zaphod.server.upstream.pool import UpstreamOptions, UpstreamPool
from zaphod.server.upstream.proxy import Upstream


async def _silent(asked: Asked, connection: Connection) -> None:
    await connection.until_left()


async def _silent_in_a_stream(asked: Asked, connection: Connection) -> None:
    await connection.begin_stream()
    await connection.event(chat_chunk("Hel"))
    await connection.until_left()


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_silent_server_is_not_waited_for_without_end(is_stream: bool) -> None:
    options = UpstreamOptions(health=OPTIONS.health, first_byte_timeout_s=0.05, answer_timeout_s=0.05)

    async def test() -> None:
        async with gateway(FakeEngine(_silent), options=options) as upstream:
            with pytest.raises(ApiError) as refused:
                await upstream.forward(outgoing(is_stream=is_stream))
            assert (refused.value.status, refused.value.code) == (504, "upstream_timeout")
            assert upstream.pool.statuses()[0].num_failures == 1

    run(test)


def test_a_stream_that_falls_silent_ends_with_an_error() -> None:
    async def test() -> None:
        options = UpstreamOptions(health=OPTIONS.health, idle_timeout_s=0.05)
        async with gateway(FakeEngine(_silent_in_a_stream), options=options) as upstream:
            assert data_of(await read(await stream_of(upstream)))[1]["error"]["code"] == "upstream_timeout"

    run(test)


def test_a_deadline_ends_a_request_and_is_not_the_server_s_fault() -> None:
    async def test() -> None:
        async with gateway(FakeEngine(_silent)) as upstream:
            with pytest.raises(ApiError) as refused:
                await upstream.forward(outgoing(deadline=time.monotonic() + 0.05))
            assert (refused.value.status, refused.value.code) == (504, "deadline_exceeded")
            assert upstream.pool.statuses()[0].num_failures == 0

    run(test)


def test_a_deadline_ends_a_stream_with_an_error() -> None:
    async def test() -> None:
        async with gateway(FakeEngine(_silent_in_a_stream)) as upstream:
            answer = await stream_of(upstream, outgoing(deadline=time.monotonic() + 0.1))
            assert data_of(await read(answer))[1]["error"]["code"] == "deadline_exceeded"
            assert upstream.pool.statuses()[0].num_failures == 0

    run(test)


def test_a_client_that_leaves_ends_the_request_on_the_server() -> None:
    engine = FakeEngine()
    has_ended = asyncio.Event()

    async def patient(asked: Asked, connection: Connection) -> None:
        await _silent_in_a_stream(asked, connection)
        has_ended.set()

    engine.answer = patient

    async def test() -> None:
        async with gateway(engine) as upstream:
            answer = await stream_of(upstream)
            await answer.rest.aclose()
            async with asyncio.timeout(5):
                await has_ended.wait()
            assert upstream.pool.statuses()[0].num_failures == 0

    run(test)


def test_a_client_that_leaves_before_the_answer_ends_the_request_on_the_server() -> None:
    has_begun, has_ended = asyncio.Event(), asyncio.Event()

    async def patient(asked: Asked, connection: Connection) -> None:
        has_begun.set()
        await connection.until_left()
        has_ended.set()

    async def test() -> None:
        async with gateway(FakeEngine(patient)) as upstream:
            task = asyncio.create_task(upstream.forward(outgoing()))
            await has_begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(5):
                await has_ended.wait()

    run(test)


def test_at_the_end_all_requests_are_told() -> None:
    error = ApiError(503, "shutting_down", "The server shut down.")
    engine = FakeEngine(_silent_in_a_stream)

    async def test() -> None:
        async with gateway(engine) as upstream:
            answer = await stream_of(upstream)
            engine.answer = _silent
            waiting = asyncio.create_task(upstream.forward(outgoing()))
            while len(engine.asked) < 2:
                await asyncio.sleep(0.005)
            upstream.fail_all(error)
            assert data_of(await read(answer))[1]["error"]["code"] == "shutting_down"
            with pytest.raises(ApiError, match="shut down"):
                await waiting

    run(test)


def test_failures_of_requests_open_the_circuit() -> None:
    async def test() -> None:
        options = UpstreamOptions(health=OPTIONS.health, circuit=CircuitOptions(max_failures=2, first_pause_s=20))
        async with gateway(FakeEngine(status_answer(503)), options=options) as upstream:
            for _ in range(2):
                with pytest.raises(ApiError, match="did not answer"):
                    await upstream.forward(outgoing())
            with pytest.raises(ApiError, match="can answer now"):
                await upstream.forward(outgoing())
            assert not upstream.health().is_ready
            assert "open" in upstream.health().reason

    run(test)


def test_the_gateway_is_ready_when_one_server_is() -> None:
    async def test() -> None:
        down = FakeEngine(statuses={"/v1/models": 500})
        async with gateway(FakeEngine(), down) as upstream:
            assert upstream.health().is_ready

    run(test)


def test_a_certificate_that_nobody_vouches_for_is_no_connection(tmp_path: Path) -> None:
    files = {"-keyout": tmp_path / "key.pem", "-out": tmp_path / "cert.pem"}
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    alternative = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    places = [str(word) for pair in files.items() for word in pair]
    subprocess.run([*command.split(), *alternative, *places], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files["-out"], files["-keyout"])

    async def test() -> None:
        engine = FakeEngine()
        async with engine.serve(tls):
            upstream = Upstream(UpstreamPool(OPTIONS, [UpstreamAddress(url=engine.url.replace("http:", "https:"))]))
            await upstream.start()
            (status,) = upstream.pool.statuses()
            await upstream.close()
            assert (status.state, engine.looked_at) == ("unhealthy", [])
            assert "certificate" in status.reason.lower()

    run(test)
