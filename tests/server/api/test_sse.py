"""Streams and answers that end when their client goes, with everything behind them closed exactly then."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import pytest
from starlette.requests import Request

from zaphod.server.api import sse


class Client:
    """The other side of an ASGI application: takes what is sent, and goes when it is told to."""

    def __init__(self, *, takes: int = 1000) -> None:
        self.sent: list[Any] = []
        self.gone = asyncio.Event()
        self._takes = takes

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if len(self.sent) > self._takes:
            self.gone.set()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


class Source:
    """Events without end, or so many; knows whether it was closed."""

    def __init__(self, number: int = 1_000_000, error: Exception | None = None) -> None:
        self.number, self.error = number, error
        self.has_begun = self.is_closed = False

    async def events(self) -> AsyncGenerator[bytes, None]:
        self.has_begun = True
        try:
            for number in range(self.number):
                await asyncio.sleep(0)
                yield sse.data(number)
            if self.error is not None:
                raise self.error
        finally:
            self.is_closed = True


def run(test: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(test, 30))


async def respond(source: Source, client: Client) -> None:
    events = source.events()
    response = sse.EventStream(events, events, {"x-a": "b"})
    await response({"type": "http"}, client.receive, client.send)


def test_events_are_sent_in_order_and_the_stream_is_closed() -> None:
    async def test() -> None:
        client, source = Client(), Source(3)
        await respond(source, client)
        assert client.body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
        assert client.sent[0]["status"] == 200
        assert dict(client.sent[0]["headers"])[b"x-a"] == b"b"
        assert client.sent[-1]["more_body"] is False
        assert source.is_closed

    run(test())


def test_a_stream_ends_when_its_client_goes() -> None:
    async def test() -> None:
        client, source = Client(takes=5), Source()
        await respond(source, client)
        assert source.is_closed
        assert len(client.sent) < 10

    run(test())


def test_a_client_that_was_gone_before_closes_what_has_not_begun() -> None:
    async def test() -> None:
        client, source = Client(), Source()
        client.gone.set()
        inner = await sse.begin(source.events())
        response = sse.EventStream(never_begun(inner), inner)
        task = asyncio.create_task(response({"type": "http"}, client.receive, client.send))
        await asyncio.gather(task, return_exceptions=True)
        assert source.is_closed

    async def never_begun(events: Any) -> AsyncGenerator[bytes, None]:
        async for event in events:
            yield event

    run(test())


def test_a_client_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_STALL_S", 0.01)

    async def test() -> None:
        client, source = Client(), Source()

        async def stalled(message: Any) -> None:
            await asyncio.Event().wait()

        events = source.events()
        await sse.EventStream(events, events)({"type": "http"}, client.receive, stalled)
        assert not source.has_begun or source.is_closed

    run(test())


def test_an_error_inside_a_stream_closes_it_and_is_raised() -> None:
    async def test() -> None:
        client, source = Client(), Source(1, RuntimeError("broken"))
        with pytest.raises(RuntimeError, match="broken"):
            await respond(source, client)
        assert source.is_closed

    run(test())


def test_what_is_refused_before_the_first_event_is_raised_by_begin() -> None:
    async def test() -> None:
        source = Source(0, ValueError("refused"))
        with pytest.raises(ValueError, match="refused"):
            await sse.begin(source.events())
        assert source.is_closed

    run(test())


def test_work_is_done_unless_its_client_goes() -> None:
    async def test() -> None:
        client = Client()
        request = Request({"type": "http"}, client.receive)
        assert await sse.until_gone(request, asyncio.sleep(0, "done")) == "done"
        was_cancelled = asyncio.Event()

        async def endless() -> None:
            try:
                client.gone.set()
                await asyncio.Event().wait()
            finally:
                was_cancelled.set()

        with pytest.raises(sse.ClientGoneError):
            await sse.until_gone(request, endless())
        assert was_cancelled.is_set()

    run(test())


def test_events_may_have_names() -> None:
    assert sse.named("ping", {"a": "é\n"}) == 'event: ping\ndata: {"a":"é\\n"}\n\n'.encode()
