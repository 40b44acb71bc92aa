from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from tests.server.admission.conftest import Door, open_door, receive

from zaphod.server.admission import Gate, GateOptions, KeyStore


@pytest.mark.parametrize("given", ["abc", "A1.b_c:d-e", "x" * 128])
def test_a_sane_request_id_is_kept_and_returned(door: Door, given: str) -> None:
    answer = door.ask("GET", "/ready", x_request_id=given)
    assert answer.headers["x-request-id"] == answer.json["request_id"] == given


@pytest.mark.parametrize("given", ["", "a b", "-a", "x" * 129, "é", "a/b", "{}", "a'b"])
def test_another_one_is_replaced(door: Door, given: str) -> None:
    assert re.fullmatch("req_[0-9a-f]{24}", door.ask("GET", "/ready", x_request_id=given).headers["x-request-id"])


def test_a_refusal_has_an_id_too(door: Door) -> None:
    assert door.ask("GET", "/nowhere", x_request_id="abc").headers["x-request-id"] == "abc"


def test_two_requests_at_one_time_never_share_an_id(keys: KeyStore) -> None:
    arrived, go_on = threading.Semaphore(0), threading.Event()

    async def wait(request: Request) -> Response:
        arrived.release()
        await asyncio.to_thread(go_on.wait)
        return Response(request.state.request_id)

    app = Starlette(routes=[Route("/ready", wait)])
    raw = b"GET /ready HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine\r\n\r\n"
    with open_door(keys, app) as door, door.connect() as first, door.connect() as second:
        first.sendall(raw)
        arrived.acquire()
        second.sendall(raw)
        arrived.acquire()
        go_on.set()
        ids = [receive(first).body, receive(second).body]
        assert ids[0] == b"mine"
        assert re.fullmatch(b"mine-[0-9a-f]{16}", ids[1])
        assert door.ask("GET", "/ready", x_request_id="mine").headers["x-request-id"] == "mine"


def test_a_client_that_leaves_is_noticed_behind_the_gate(keys: KeyStore) -> None:
    left = threading.Event()

    async def stream(request: Request) -> Response:
        async def pieces() -> Any:
            try:
                while True:
                    yield b"piece"
                    await asyncio.sleep(0.01)
            finally:
                left.set()

        await request.body()
        return StreamingResponse(pieces())

    app = Starlette(routes=[Route("/v1/completions", stream, methods=["POST"])])
    with open_door(keys, app) as door:
        with door.connect() as connection:
            connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")
            assert connection.recv(10)
        assert left.wait(10)


def test_web_sockets_are_closed_and_the_lifespan_passes(keys: KeyStore) -> None:
    sent: list[Any] = []
    passed: list[str] = []

    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        passed.append(scope["type"])

    async def remember(message: Any) -> None:
        sent.append(message)

    async def nothing() -> Any:
        raise AssertionError

    gate = Gate(app, GateOptions(), keys)
    for kind in ("websocket", "lifespan"):
        asyncio.run(gate({"type": kind}, nothing, remember))
    assert passed == ["lifespan"]
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_the_scope_that_came_in_is_left_as_it_was(door: Door) -> None:
    first = door.ask("POST", "/v1/completions", b"{}", content_type="text/plain", x_a="b").json["headers"]
    assert first["x-a"] == "b"
    assert first["host"] == "localhost"
