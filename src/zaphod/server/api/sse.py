"""Server-sent events, and answers that end when their client goes; knows no event's meaning.

A client that goes away is noticed at once, whether its answer is streamed or not: what works for it is cancelled, which
cancels it in the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

DONE = b"data: [DONE]\n\n"
"""The last event of OpenAI's streams."""
MAX_STALL_S = 60.0
"""A client that takes nothing for so long is gone."""

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the latter: nginx passes events on at once
_encode = msgspec.json.Encoder().encode
_T = TypeVar("_T")
_E = TypeVar("_E")


class Closable(Protocol):
    """What ends its work when it is closed."""

    async def aclose(self) -> None: ...


class ClientGoneError(Exception):
    """Nobody waits for this answer any more."""


class EventStream(Response):
    """A response of server-sent events.

    Args:
        events: encoded events.
        source: what the events are made of. Both are closed when the client goes, or takes nothing for `MAX_STALL_S`;
            closing a generator that has not begun does not run it, so that the source must be closed by its own name.
        headers: further headers.
    """

    media_type = "text/event-stream"

    def __init__(
        self, events: AsyncGenerator[bytes, None], source: Closable, headers: Mapping[str, str] | None = None
    ) -> None:
        self.events, self.source = events, source
        self.status_code = 200
        self.background: BackgroundTask | None = None
        self.body = b""
        self.init_headers({**_HEADERS, **(headers or {})})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            outcome, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
            await self.events.aclose()
            await self.source.aclose()
        if isinstance(outcome, Exception) and not isinstance(outcome, OSError | TimeoutError):
            raise outcome

    async def _send(self, send: Send) -> None:
        await _send_one(send, {"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for event in self.events:
            await _send_one(send, {"type": "http.response.body", "body": event, "more_body": True})
        await _send_one(send, {"type": "http.response.body", "body": b"", "more_body": False})


class JsonBody(Response):
    """A response of one JSON document, encoded by msgspec."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(_encode(content), status_code, dict(headers or {}))


def data(content: Any) -> bytes:
    """An event without a name, as OpenAI's chat streams have them."""
    return b"data: " + _encode(content) + b"\n\n"


def named(name: str, content: Any) -> bytes:
    """An event with a name, as Anthropic's and the Responses API's streams have them."""
    return b"event: " + name.encode() + b"\ndata: " + _encode(content) + b"\n\n"


async def until_gone(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of `work`, which is cancelled when the client goes before.

    Raises:
        ClientGoneError: it went.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request.receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientGoneError
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


class Begun(Generic[_E]):
    """The same events, the first of which has come: what is refused before it was raised then. Made by `begin`."""

    def __init__(self, first: _E, events: AsyncGenerator[_E, None]) -> None:
        self._first: list[_E] = [first]
        self._events = events

    def __aiter__(self) -> Begun[_E]:
        return self

    async def __anext__(self) -> _E:
        return self._first.pop() if self._first else await anext(self._events)

    async def aclose(self) -> None:
        """Close the events, begun or not."""
        await self._events.aclose()


async def begin(events: AsyncGenerator[_E, None]) -> Begun[_E]:
    """Wait for the first event; raises what is raised before it."""
    try:
        return Begun(await anext(events), events)
    except BaseException:
        await events.aclose()
        raise


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_one(send: Send, message: Message) -> None:
    async with asyncio.timeout(MAX_STALL_S):
        await send(message)
