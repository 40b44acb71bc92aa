"""Conversations laid out by the model's own template, which runs in a process of its own; knows no token.

The template comes from the model's files, never from a request. It may run for ever, take all memory or write without
end: then its process is ended, whoever asked is told so, and the next conversation gets a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zaphod.core.tokenizers.chat import failed_template
from zaphod.server.api.rendering_process import (
    Failed,
    FromRenderer,
    Prepare,
    Render,
    Rendered,
    ToRenderer,
    decode_from_renderer,
    encode,
)
from zaphod.server.engine_process.wire import framed, read_message
from zaphod.server.errors import ApiError

_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "TZ")
_START_WITHIN_S = 60.0
_SECOND_LOOK_S = 0.1
_BROKEN = (asyncio.IncompleteReadError, ConnectionError, TimeoutError)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RendererOptions:
    """What a template may take."""

    max_cpu_s: float = 0.1
    """Of the processor's time, for a conversation of a few messages."""
    max_cpu_s_per_message: float = 1e-4
    max_wall_s: float = 5.0
    """Until the process is given up, which may have been waiting for a busy processor."""
    max_output_bytes: int = 16 << 20
    max_memory_bytes: int = 256 << 20


class TemplateFailedError(ApiError):
    """The template refused a conversation, or took too much."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, "template_failed", str(failed_template(reason)).replace("\n", " "), param="messages")
        self.reason = reason


class Renderer:
    """One template, and the process it runs in.

    Args:
        source: the template.
        names: see `core.tokenizers.chat.token_names`.
        options: what it may take.
    """

    def __init__(self, source: str, names: Mapping[str, str], options: RendererOptions | None = None) -> None:
        self.source = source
        self._options = options or RendererOptions()
        self._prepare = Prepare(
            source, dict(names), self._options.max_output_bytes, max_memory_bytes=self._options.max_memory_bytes
        )
        self._lock = asyncio.Lock()
        self._running: _Running | None = None
        self._exchanges: set[asyncio.Task[FromRenderer]] = set()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._running is None else self._running.process.pid

    async def start(self) -> None:
        """Start the process now, so that the first conversation need not wait for it; log a template that fails."""
        async with self._lock:
            try:
                await self._ensure()
            except _BROKEN:
                await self._end()
                _log.error("the chat template takes too long to compile: conversations will be refused")

    async def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        add_generation_prompt: bool = True,
    ) -> str:
        """The text of a conversation.

        Raises:
            TemplateFailedError: the template refuses it, fails, or takes too much time, memory or room.
        """
        options = self._options
        render = Render(
            [dict(message) for message in messages],
            None if tools is None else [dict(tool) for tool in tools],
            add_generation_prompt,
            options.max_cpu_s + options.max_cpu_s_per_message * len(messages),
        )
        # Whoever asked may go meanwhile; the answer must be read all the same, or the next one would get it.
        exchange = asyncio.create_task(self._exchange(render), name="render")
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._exchanges.discard)
        reply = await asyncio.shield(exchange)
        if isinstance(reply, Failed):
            raise TemplateFailedError(reply.reason)
        return reply.text

    async def aclose(self) -> None:
        """End the process."""
        for exchange in list(self._exchanges):
            exchange.cancel()
        await asyncio.gather(*self._exchanges, return_exceptions=True)
        async with self._lock:
            await self._end()

    async def _exchange(self, render: Render) -> FromRenderer:
        async with self._lock:
            try:
                running = await self._ensure()
                return await _within(self._options.max_wall_s, running.ask(render))
            except _BROKEN:
                await self._end()
                return Failed("it takes too long")
            except asyncio.CancelledError:
                await self._end()
                raise

    async def _ensure(self) -> _Running:
        if self._running is None or self._running.process.returncode is not None:
            await self._end()
            self._running = await _started()
            async with asyncio.timeout(_START_WITHIN_S):
                reply = await self._running.ask(self._prepare)
            if isinstance(reply, Failed):
                _log.error("the chat template cannot be compiled: %s", reply.reason)
        return self._running

    async def _end(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            await running.end()


async def _within(timeout_s: float, work: Coroutine[Any, Any, FromRenderer]) -> FromRenderer:
    """The result of some work, if it comes in time.

    Looked at twice: where the loop itself was busy for long, the time is up before it has read an answer that is there.

    Raises:
        TimeoutError: it did not come.
    """
    working = asyncio.create_task(work)
    try:
        for wait_s in (timeout_s, _SECOND_LOOK_S):
            done, _ = await asyncio.wait([working], timeout=wait_s)
            if done:
                return working.result()
        raise TimeoutError
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


class _Running:
    """A renderer process and the way to it."""

    def __init__(self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.process, self._reader, self._writer = process, reader, writer

    async def ask(self, message: ToRenderer) -> Rendered | Failed:
        self._writer.write(framed(encode(message)))
        await self._writer.drain()
        reply: Rendered | Failed = decode_from_renderer(await read_message(self._reader))
        return reply

    async def end(self) -> None:
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        await self.process.wait()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def _started() -> _Running:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "zaphod.server.api.rendering_process", str(theirs.fileno())),
            pass_fds=(theirs.fileno(),),
            stdin=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            start_new_session=True,
        )
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    return _Running(process, reader, writer)
