"""A server in OpenAI's format over a bare socket, which can misbehave in every way that a socket allows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request that arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.body)
        return fields


class Connection:
    """Where an answer goes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def json(self, body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer."""
        text = json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} Told", "Content-Type: application/json", f"Content-Length: {len(text)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + text)

    async def begin_stream(self, headers: str = "") -> None:
        """The head of a chunked stream of events."""
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
        await self.send((head + headers + "\r\n").encode())

    async def chunk(self, data: bytes) -> None:
        """One chunk of a chunked body."""
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def event(self, data: object) -> None:
        """One event, as a chunk."""
        text = data if isinstance(data, str) else json.dumps(data)
        await self.chunk(f"data: {text}\n\n".encode())

    async def end_stream(self) -> None:
        """The end of a chunked body."""
        await self.send(b"0\r\n\r\n")

    def die(self) -> None:
        """As when a process is killed: the connection is reset."""
        self._writer.transport.abort()

    async def until_left(self) -> None:
        """Wait until the other side has closed the connection."""
        with contextlib.suppress(OSError):
            while await self._reader.read(1):
                pass


Answer = Callable[[Asked, Connection], Awaitable[None]]


def chat_chunk(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    """A chunk of a chat stream."""
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish_reason}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}


async def answer_chat(asked: Asked, connection: Connection) -> None:
    """A well-behaved answer of two tokens, streamed if that is asked for."""
    if not asked.fields.get("stream"):
        message = {"role": "assistant", "content": "Hello there"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        await connection.json({"id": "1", "object": "chat.completion", "choices": [choice], "usage": USAGE})
        return
    await connection.begin_stream()
    for chunk in (chat_chunk("Hello"), chat_chunk(" there"), chat_chunk("", "stop")):
        await connection.event(chunk)
    if (asked.fields.get("stream_options") or {}).get("include_usage"):
        await connection.event({"id": "chatcmpl-1", "choices": [], "usage": USAGE})
    await connection.event("[DONE]")
    await connection.end_stream()


@dataclass
class FakeEngine:
    """One server; `serve` runs it."""

    answer: Answer = answer_chat
    """To whatever is posted."""
    models: Sequence[str] = ("m",)
    kind: str = "vllm"
    statuses: dict[str, int] = field(default_factory=lambda: {"/ready": 404, "/health": 200, "/v1/models": 200})
    """Of what is asked with GET."""
    reasons: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    """What was posted."""
    looked_at: list[str] = field(default_factory=list)
    """Paths that were asked with GET."""
    keeps_connections: bool = True
    """Whether a connection outlives what was asked with GET."""
    headers_of_looks: list[Mapping[str, str]] = field(default_factory=list)
    port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def serve(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeEngine]:
        """Listen until the block ends; a second time on the same port."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                await self._answer(await _read(reader), Connection(reader, writer))
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _answer(self, asked: Asked, connection: Connection) -> None:
        if asked.method != "GET":
            self.asked.append(asked)
            await self.answer(asked, connection)
            return
        self.looked_at.append(asked.path)
        self.headers_of_looks.append(asked.headers)
        status = self.statuses.get(asked.path, 404)
        listed = [{"id": name, "object": "model", "owned_by": self.kind, "root": "/secret"} for name in self.models]
        body: dict[str, object] = {"object": "list", "data": listed} if asked.path == "/v1/models" else {"ready": True}
        if asked.path in self.reasons:
            body = {"ready": False, "reason": self.reasons[asked.path]}
        await connection.json(body, status, {} if self.keeps_connections else {"Connection": "close"})


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = dict(_header(line) for line in head[1:] if line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, body)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


@contextlib.contextmanager
def serving(*engines: FakeEngine) -> Iterator[None]:
    """The engines answer from a thread of their own, so that a test may wait for other things."""
    loop, are_ready = asyncio.new_event_loop(), threading.Event()
    ended = asyncio.Event()

    async def serve() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for engine in engines:
                await stack.enter_async_context(engine.serve())
            are_ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    are_ready.wait()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
