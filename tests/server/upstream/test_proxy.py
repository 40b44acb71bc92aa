import asyncio
import json
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.fake_engine import Answer, Asked, Connection, FakeEngine, answer_chat, chat_chunk

from zaphod.server.errors import ApiError
from zaphod.server.upstream.addresses import UpstreamAddress
from zaphod.server.upstream.circuit import CircuitOptions
from zaphod.server.upstream.dialects import MessagesDialect, OpenAiDialect, ResponsesDialect
from zaphod.server.upstream.health import HealthOptions
from zaphod.server.upstream.pool import UpstreamOptions, UpstreamPool
from zaphod.server.upstream.prefixes import Prefix
from zaphod.server.upstream.proxy import Outgoing, StreamedAnswer, Upstream, WholeAnswer

OPTIONS = UpstreamOptions(
    health=HealthOptions(interval_s=30),
    connect_timeout_s=1,
    first_byte_timeout_s=5,
    answer_timeout_s=5,
    idle_timeout_s=5,
)


@asynccontextmanager
async def gateway(*engines: FakeEngine, options: UpstreamOptions = OPTIONS, **address: Any) -> AsyncIterator[Upstream]:
    async with AsyncExitStack() as stack:
        for engine in engines:
            await stack.enter_async_context(engine.serve())
        addresses = [UpstreamAddress(url=engine.url, **address) for engine in engines]
        upstream = Upstream(UpstreamPool(options, addresses))
        await upstream.start()
        stack.push_async_callback(upstream.close)
        yield upstream
        assert all(status.in_flight == 0 for status in upstream.pool.statuses()), "a lease was not closed"


def outgoing(*, is_stream: bool = True, **changed: Any) -> Outgoing:
    fields = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": is_stream}
    standard: dict[str, Any] = {
        "path": "/v1/chat/completions",
        "fields": fields,
        "model": "m",
        "prefix": Prefix(blocks=(1,), anchor=1),
        "dialect": OpenAiDialect(),
        "is_stream": is_stream,
        "request_id": "req-1",
        "tenant": "acme",
    }
    return Outgoing(**{**standard, **changed})


async def stream_of(upstream: Upstream, request: Outgoing | None = None) -> StreamedAnswer:
    answer = await upstream.forward(request or outgoing())
    assert isinstance(answer, StreamedAnswer)
    return answer


async def whole_of(upstream: Upstream, **changed: Any) -> WholeAnswer:
    answer = await upstream.forward(outgoing(is_stream=False, **changed))
    assert isinstance(answer, WholeAnswer)
    return answer


async def read(answer: StreamedAnswer) -> bytes:
    return answer.first + b"".join([events async for events in answer.rest])


def data_of(raw: bytes) -> list[Any]:
    texts = [line[6:] for line in raw.decode().split("\n") if line.startswith("data: ")]
    return [text if text == "[DONE]" else json.loads(text) for text in texts]


def words(raw: bytes) -> str:
    chunks = [one for one in data_of(raw) if isinstance(one, dict) and one.get("choices")]
    return "".join(one["choices"][0]["delta"].get("content", "") for one in chunks)


def status_answer(status: int, body: object = None, headers: dict[str, str] | None = None) -> Answer:
    async def answer(asked: Asked, connection: Connection) -> None:
        await connection.json(body if body is not None else {"error": {"message": "told"}}, status, headers)

    return answer


def raw_answer(data: bytes, *, dies: bool = True) -> Answer:
    async def answer(asked: Asked, connection: Connection) -> None:
        await connection.send(data)
        if dies:
            await asyncio.sleep(0.02)  # what was sent arrives before the reset
            connection.die()

    return answer


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


# --- what goes to a server and what comes back -----------------------------------------------------------------------


def test_a_stream_passes_event_by_event_before_the_next_is_there() -> None:
    may_go_on = asyncio.Event()

    async def slow(asked: Asked, connection: Connection) -> None:
        await connection.begin_stream()
        await connection.event(chat_chunk("Hello"))
        await may_go_on.wait()
        await connection.event(chat_chunk(" there", "stop"))
        await connection.event("[DONE]")
        await connection.end_stream()

    async def test() -> None:
        async with gateway(FakeEngine(slow)) as upstream:
            answer = await stream_of(upstream)
            assert words(answer.first) == "Hello"
            may_go_on.set()
            assert words(await read(answer)) == "Hello there"
            assert (answer.error, answer.told.num_pieces, answer.told.finish_reason) == (None, 2, "stop")

    run(test)


def test_an_answer_that_is_not_streamed_comes_unchanged_with_its_usage() -> None:
    async def test() -> None:
        async with gateway(FakeEngine()) as upstream:
            answer = await whole_of(upstream)
            assert json.loads(answer.body)["choices"][0]["message"]["content"] == "Hello there"
            assert (answer.reading.usage.prompt_tokens, answer.reading.usage.cached_tokens) == (7, 4)
            assert answer.reading.finish_reason == "stop"

    run(test)


def test_the_client_s_own_key_and_cookies_stay_here_and_ours_goes() -> None:
    engine = FakeEngine()
    sent = {"authorization": "Bearer theirs", "x-api-key": "theirs", "cookie": "a=b", "traceparent": "00-1", "te": "x"}

    async def test() -> None:
        async with gateway(engine, key="ours") as upstream:
            await read(await stream_of(upstream, outgoing(headers=sent, deadline=time.monotonic() + 60)))
        headers = engine.asked[0].headers
        assert headers["authorization"] == "Bearer ours"
        assert (headers["traceparent"], headers["x-request-id"]) == ("00-1", "req-1")
        assert 50 < float(headers["x-zaphod-timeout-s"]) <= 60
        assert headers["accept-encoding"] == "identity"
        assert not {"x-api-key", "cookie", "te"} & headers.keys()
        assert "theirs" not in str(engine.asked[0])

    run(test)


def test_a_server_s_cookies_limits_and_hop_by_hop_headers_stay_with_us() -> None:
    told = {"Set-Cookie": "a=b", "X-RateLimit-Limit-Requests": "9", "Keep-Alive": "timeout=9", "Server": "x"}
    engine = FakeEngine(status_answer(200, {"choices": []}, {**told, "OpenAI-Processing-Ms": "5"}))

    async def test() -> None:
        async with gateway(engine) as upstream:
            assert dict((await whole_of(upstream)).headers) == {"openai-processing-ms": "5"}

    run(test)


def test_the_body_is_what_we_read_and_nothing_else() -> None:
    engine, fields = FakeEngine(), {"model": "m", "own_field": {"ü": [1, 2.5, None, 10**30]}, "messages": []}

    async def test() -> None:
        async with gateway(engine) as upstream:
            await whole_of(upstream, fields=fields, tenant="")
        assert engine.asked[0].fields == fields

    run(test)


def test_numbers_that_json_does_not_have_are_refused() -> None:
    async def test() -> None:
        async with gateway(FakeEngine()) as upstream:
            with pytest.raises(ApiError, match="infinit") as refused:
                await whole_of(upstream, fields={"own": [float("inf")]})
            assert refused.value.status == 400

    run(test)


@pytest.mark.parametrize(("kind", "is_salted"), [("vllm", True), ("sglang", True), ("zaphod", False)])
def test_tenants_do_not_share_a_server_s_cache(kind: str, is_salted: bool) -> None:
    engine = FakeEngine(kind=kind)

    async def test() -> None:
        async with gateway(engine) as upstream:
            for tenant, salt in (("a", None), ("b", None), ("a", None), ("a", "own")):
                await whole_of(upstream, tenant=tenant, fields={"model": "m", **({"cache_salt": salt} if salt else {})})
        salts = [asked.fields.get("cache_salt") for asked in engine.asked]
        assert salts[0] == salts[2]
        assert len(set(salts)) == (3 if is_salted else 2)

    run(test)


def test_without_keys_there_are_no_tenants_to_keep_apart() -> None:
    engine = FakeEngine()

    async def test() -> None:
        async with gateway(engine) as upstream:
            await whole_of(upstream, tenant="")
        assert "cache_salt" not in engine.asked[0].fields

    run(test)


# --- a server fails before anything was passed on: another one is asked -----------------------------------------------


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


def first_choice(upstream: Upstream, request: Outgoing, engines: tuple[FakeEngine, ...]) -> FakeEngine:
    lease = upstream.pool.pick(request.model, request.prefix)
    lease.close()
    return next(engine for engine in engines if engine.url == lease.server.address.url)


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


# --- what is never repeated -------------------------------------------------------------------------------------------


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


# --- time -------------------------------------------------------------------------------------------------------------


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
