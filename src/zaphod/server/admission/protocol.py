"""The head of a request in bounds, before there is a request: what uvicorn collects, it collects without end.

The gate sees a request when all its headers are there. Who sends headers for ever, or one byte of them a minute, never
gets so far; these bounds meet him where the bytes come in. Who opens connections for ever loses those on which nothing
was asked, the oldest first. The only file here that knows uvicorn's protocol.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from zaphod.core.errors import ConfigError
from zaphod.server.admission.responses import security_headers
from zaphod.server.errors import ApiError

_LINGER_S = 1.0


@dataclass(frozen=True, kw_only=True)
class HeadBounds:
    """How large, and how slow."""

    max_head_bytes: int = 65_536
    """Of request line and headers as they come; above the gate's own bound, whose answer says more."""
    head_timeout_s: float = 10.0
    """From the first byte, or from the connection's beginning, to the end of the headers."""
    max_pipelined: int = 16
    """Requests that may come before the first is answered."""
    max_trailers: int = 16
    """Headers behind a chunked body."""
    max_connections: int = 4096
    """At one time. Each is a file descriptor, of which the engine's socket, keys and logs need some, too."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ConfigError(f"{name} is {value}.", "It must be above 0.", "Raise it.")


def bounded_protocol(bounds: HeadBounds) -> type[HttpToolsProtocol]:
    """What to give to `uvicorn.Config(http=…)`."""
    return type("BoundedHttpProtocol", (_BoundedHttpProtocol,), {"bounds": bounds})


class _BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which refuses heads that are too large or too slow."""

    bounds = HeadBounds()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_refused = False
        self._is_in_head = True
        self._head_bytes = 0
        self._num_trailers = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._since_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_head()
        if len(self.connections) > self.bounds.max_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self._is_idle and not self._is_in_head:
            # uvicorn stops its own timer at any byte; an empty line, which begins no request, would hold the place.
            self._begin_head()
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # One chunk is small; only what many chunks add up to has to be stopped here.
        if self._is_in_head and self._head_bytes > self.bounds.max_head_bytes:
            most = self.bounds.max_head_bytes
            self._refuse(ApiError(431, "headers_too_large", f"The headers exceed {most} bytes. Send fewer."))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._is_in_head:
            self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_in_head:
            super().on_header(name, value)
            return
        # NOTE: uvicorn would append a trailer to the headers, where it could pass for one that was checked.
        self._num_trailers += 1
        if self._num_trailers > self.bounds.max_trailers:
            self._refuse(ApiError(431, "headers_too_large", "Too many trailers. Send fewer."))

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._num_trailers = 0
        self._stop_timer()
        super().on_headers_complete()
        if len(self.pipeline) > self.bounds.max_pipelined:
            self._refuse(ApiError(429, "too_many_pipelined", "Too many requests at once. Wait for answers."))

    def send_400_response(self, msg: str) -> None:
        self._refuse(ApiError(400, "invalid_http", "This is not HTTP/1.1. Send a request as RFC 9112 has it."))

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: strangers could fill the log with it."""

    @property
    def _is_idle(self) -> bool:
        """Whether nothing was asked that is not answered."""
        return self.cycle is None or self.cycle.response_complete

    def _make_room(self) -> None:
        """Close a sixteenth of the idle connections, the oldest first; the new one where all others are at work."""
        idle = [one for one in self.connections if isinstance(one, _BoundedHttpProtocol) and one._is_idle]
        idle.sort(key=lambda one: one._since_s)
        for one in idle[: max(1, len(idle) // 16)]:
            one.transport.close()

    def _begin_head(self) -> None:
        self._is_in_head = True
        self._since_s = self.loop.time()
        self._head_bytes = 0
        self._stop_timer()
        self._head_timer = self.loop.call_later(self.bounds.head_timeout_s, self._on_slow_head)

    def _on_slow_head(self) -> None:
        if not self._head_bytes:
            self.transport.close()  # browsers open connections in advance; there is nothing to complain of
            return
        message = f"The headers did not arrive within {self.bounds.head_timeout_s:g} s. Send them faster."
        self._refuse(ApiError(408, "header_timeout", message))

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, error: ApiError) -> None:
        """Say why, and hear nothing more. In the middle of an answer it would be read as part of that."""
        if self._is_refused or self.transport.is_closing():
            return
        self._is_refused = True
        self._stop_timer()
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()
            return
        self.transport.write(_as_bytes(error))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        # Bytes that nobody read would make the system reset the connection before the client has read the answer.
        self._head_timer = self.loop.call_later(_LINGER_S, self.transport.close)


def _as_bytes(error: ApiError) -> bytes:
    body = json.dumps(error.openai()).encode()
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
        **security_headers("/v1"),
    }
    lines = [f"{name}: {value}\r\n".encode() for name, value in headers.items()]
    return b"".join([STATUS_LINE[error.status], *lines, b"\r\n", body])
