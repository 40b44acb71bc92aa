"""The server's process: sockets, signals, start, drain, end; knows no route and no model."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from zaphod.core.errors import ConfigError
from zaphod.server.admission.protocol import HeadBounds, bounded_protocol
from zaphod.server.errors import ApiError
from zaphod.server.options import ServerOptions
from zaphod.server.services import Services

_log = logging.getLogger(__name__)

_LAST_WORDS_S = 2.0
"""After the deadline, clients get so long to receive the error that ends their stream."""
_MAX_CONNECTIONS = 4096
_KEPT_DESCRIPTORS = 128
"""Open files that are not for clients: the engine's socket, libraries, keys, logs, upstreams, a new engine's pipes."""


class _Uvicorn(uvicorn.Server):
    """uvicorn, but signals are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(options: ServerOptions) -> socket.socket:
    """The socket to listen on.

    Raises:
        ConfigError: the address cannot be taken.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host, options.port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"{options.host}:{options.port} cannot be listened on: {error.strerror or error}.",
            "The port must be free and the address one of this machine's.",
            "Stop the other program, or choose another port: --port 8001",
        ) from error
    return listening


async def run_server(
    app: ASGIApp, services: Services, listening: socket.socket, *, on_ready: Callable[[], None] = lambda: None
) -> int:
    """Serve until a signal comes, then let running requests finish.

    SIGTERM and Ctrl-C drain: new work is refused, running requests get `shutdown_timeout_s`, what still runs then is
    told so. A second signal ends everything at once.

    Args:
        app: what answers.
        services: whose engine is started and closed.
        listening: a bound socket; its end is ours.
        on_ready: called when the model can answer.

    Returns:
        The exit code: 0 after a drain.

    Raises:
        ZaphodError: the model cannot be loaded.
    """
    config = uvicorn.Config(
        app,
        http=bounded_protocol(HeadBounds(max_connections=_max_connections())),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # what a client says of its own address is not its address
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
        lifespan="off",
        ws="none",
    )
    server = _Uvicorn(config)
    stopping = asyncio.Event()
    with _signals(stopping):
        serving = asyncio.create_task(server.serve([listening]), name="http")
        writing = asyncio.create_task(services.keys.flush_often(), name="keys")
        try:
            if await _unless(stopping, serving, start_services(services)):
                on_ready()
                await _unless(stopping, serving, asyncio.Event().wait())
            await drain(services)
        finally:
            server.should_exit = True
            writing.cancel()
            await serving
            await close_services(services)
    return 0


async def drain(services: Services) -> None:
    """No new work; what runs may finish until the deadline, and is told after it."""
    services.life.is_draining = True
    services.admission.drain()
    running, timeout_s = services.life.num_running, services.options.shutdown_timeout_s
    if running:
        _log.warning("stopping: %d requests may finish within %.0f s (once more to stop at once)", running, timeout_s)
    if await services.life.until_idle(timeout_s):
        return
    message = f"The server shut down and the answer was not complete after {timeout_s:g} s. Send the request anew."
    error = ApiError(503, "shutting_down", message, headers={"Retry-After": "5"})
    if services.engine is not None:
        services.engine.fail_all(error)
    if services.upstream is not None:
        services.upstream.fail_all(error)
    await services.life.until_idle(_LAST_WORDS_S)


async def start_services(services: Services) -> None:
    """Load the model, or look at the servers that answer instead.

    Raises:
        ZaphodError: the model cannot be loaded.
    """
    starting: list[Awaitable[object]] = []
    if services.guarding is not None:
        starting.append(services.guarding.start())
    if services.upstream is not None:
        starting.append(services.upstream.start())
    if services.engine is not None:
        assert services.answering is not None
        starting += [services.engine.start(), services.answering.start()]
    await asyncio.gather(*starting)


async def close_services(services: Services) -> None:
    """End everything, after `drain`."""
    if services.answering is not None:
        await services.answering.close()
    if services.engine is not None:
        await services.engine.close()
    if services.upstream is not None:
        await services.upstream.close()
    services.observer.close()
    services.keys.close()
    if services.guarding is not None:
        await services.guarding.close()
    if services.keeping is not None:
        services.keeping.close()


async def _unless(stopping: asyncio.Event, serving: asyncio.Task[None], doing: Coroutine[Any, Any, Any]) -> bool:
    """Do something unless a signal comes before it is done; the end of HTTP for another reason is raised."""
    task, stopped = asyncio.create_task(doing), asyncio.create_task(stopping.wait())
    await asyncio.wait([task, stopped, serving], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if serving.done():
        task.cancel()
        serving.result()
    if task.done():
        task.result()
        return True
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return False


@contextlib.contextmanager
def _signals(stopping: asyncio.Event) -> Iterator[None]:
    """The first SIGTERM or SIGINT asks to stop; the second one ends the process there and then."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)  # the engine process sees the socket close and ends, too
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _max_connections() -> int:
    """As many as the system lets this process open, and no more than are good for the event loop."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_CONNECTIONS + _KEPT_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    most = wanted if soft == resource.RLIM_INFINITY else min(soft, wanted)
    return max(1, most - _KEPT_DESCRIPTORS)
