"""What goes to a server, and what comes back."""

import asyncio
import json
import time

import pytest
from tests.support.fake_engine import Asked, Connection, FakeEngine, chat_chunk
from tests.support.gateway import (
    gateway,
    outgoing,
    read,
    run,
    status_answer,
    stream_of,
    whole_of,
    words,
)

from zaphod.server.errors import ApiError


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
