"""A gateway of fake engines inside one event loop, and what it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.support.fake_engine import Answer, Asked, Connection, FakeEngine

from zaphod.server.upstream.addresses import UpstreamAddress
from zaphod.server.upstream.dialects import OpenAiDialect
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
    """The test, on a loop of its own."""
    asyncio.run(test())  # type: ignore[arg-type]


def first_choice(upstream: Upstream, request: Outgoing, engines: tuple[FakeEngine, ...]) -> FakeEngine:
    """The engine that the request will go to."""
    lease = upstream.pool.pick(request.model, request.prefix)
    lease.close()
    return next(engine for engine in engines if engine.url == lease.server.address.url)
