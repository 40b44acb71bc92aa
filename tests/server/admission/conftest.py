"""What the gate's tests share: a real uvicorn with a small application behind the gate, and a plain socket to it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from zaphod.server.admission import ACCESS, Gate, GateOptions, KeyStore
from zaphod.server.admission.protocol import HeadBounds, bounded_protocol


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


@dataclass(frozen=True)
class Door:
    """A running server."""

    port: int
    gate: Gate
    keys: KeyStore

    def connect(self, timeout_s: float = 10.0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)

    def ask(
        self, method: str, path: str, body: bytes = b"", *, host: str | None = "localhost", **headers: str
    ) -> Answer:
        """One request. `x_api_key="…"` is the header `x-api-key`."""
        lines = [f"{method} {path} HTTP/1.1", "Connection: close"]
        lines += [f"Host: {host}"] if host is not None else []
        lines += [f"Content-Length: {len(body)}"] if method == "POST" and "transfer_encoding" not in headers else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def send(self, raw: bytes) -> Answer:
        with self.connect() as connection:
            connection.sendall(raw)
            return receive(connection)


def receive(connection: socket.socket) -> Answer:
    """One response."""
    with connection.makefile("rb") as file:
        status = int(file.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := file.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(": ")
            assert name.lower() not in headers
            headers[name.lower()] = value
        return Answer(status, headers, file.read(int(headers.get("content-length", "0"))))


async def echo(request: Request) -> JSONResponse:
    """What the application gets to see."""
    body = await request.body()
    state = request.state
    headers = {"Cache-Control": "no-cache", "X-Frame-Options": "SAMEORIGIN"} if "weak" in request.url.query else {}
    seen = {"caller": state.caller.key_id, "request_id": state.request_id, "route": state.route}
    sent = {"headers": dict(request.headers), "num_bytes": len(body), "num_other_bytes": len(body.strip(b"a"))}
    return JSONResponse({**seen, **sent}, headers=headers)


def all_routes() -> Starlette:
    return Starlette(routes=[Route(path, echo, methods=[method]) for method, path in ACCESS])


Opening = Callable[..., contextlib.AbstractContextManager[Door]]


@contextlib.contextmanager
def open_door(
    keys: KeyStore, app: Starlette | None = None, bounds: HeadBounds | None = None, **options: Any
) -> Iterator[Door]:
    """Serve until the block ends."""
    gate = Gate(app or all_routes(), GateOptions(**options), keys)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        protocol = bounded_protocol(bounds or HeadBounds())
        config = uvicorn.Config(
            gate, http=protocol, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.005)
            yield Door(listening.getsockname()[1], gate, keys)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyStore]:
    with KeyStore(tmp_path / "keys" / "keys.sqlite") as store:
        yield store


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """On loopback and without keys; many tests share it."""
    with KeyStore(tmp_path_factory.mktemp("none") / "keys.sqlite") as none, open_door(none) as opened:
        yield opened
