from __future__ import annotations

import asyncio
import io
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from fastapi import FastAPI

from zaphod.server.observability.logs import ServerLog
from zaphod.server.redaction import exception_text, redact

CANARY = "canary7f3a"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"headers={{'authorization': 'Bearer {CANARY}', 'a': 'b'}}",
        f"[(b'authorization', b'Bearer {CANARY}')]",
        f"Proxy-Authorization: Basic {CANARY}",
        f"X-API-Key: {CANARY}",
        f'{{"api_key": "{CANARY}"}}',
        f"Cookie: session={CANARY}",
        f"the key zk-{CANARY} is unknown",
        f"sk-proj-{CANARY}",
        f"sk-ant-api03-{CANARY}",
        f"hf_{CANARY}{CANARY}",
        f"http://user:{CANARY}@host/v1",
        f"https://host/v1?key={CANARY}",
        f'"GET /v1/models?key={CANARY} HTTP/1.1"',
        f"password={CANARY}",
    ],
)
def test_what_looks_like_a_secret_is_withheld(text: str) -> None:
    assert CANARY not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "the engine is ready again",
        "listening on http://127.0.0.1:8000/v1",
        "ask-me-anything is a model, task-force another",
        "12 keys were read",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_of_an_exception_only_type_and_places_are_kept() -> None:
    def parse(prompt: str) -> None:
        raise ValueError(f"cannot read {prompt!r}")

    try:
        try:
            parse(CANARY)
        except ValueError as error:
            raise RuntimeError(CANARY) from error
    except RuntimeError as error:
        text = exception_text(error)
    assert CANARY not in text
    assert text.index("builtins.ValueError") < text.index("builtins.RuntimeError")
    assert "in test_of_an_exception_only_type_and_places_are_kept" in text
    assert "test_redaction.py" in text


def test_groups_of_exceptions_and_rings_of_causes_are_told() -> None:
    one, other = KeyError(CANARY), ExceptionGroup(CANARY, [OSError(CANARY)])
    one.__cause__, other.__cause__ = other, one
    text = exception_text(one)
    assert "builtins.OSError" in text
    assert CANARY not in text


@pytest.fixture
def lines() -> Iterator[Callable[[], str]]:
    stream = io.StringIO()
    log = ServerLog(stream=stream)
    root = logging.getLogger()
    before = root.handlers[:]
    handler = log._handler
    root.handlers[:] = [handler]
    # Other tests' servers may have left uvicorn its own handlers.
    loggers = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error")]
    kept = [(logger.handlers[:], logger.propagate, logger.disabled) for logger in loggers]
    for logger in loggers:
        logger.handlers[:], logger.propagate, logger.disabled = [], True, False
    yield stream.getvalue
    for logger, (handlers, propagates, is_disabled) in zip(loggers, kept, strict=True):
        logger.handlers[:], logger.propagate, logger.disabled = handlers, propagates, is_disabled
    root.handlers[:] = before
    log.close()


def test_tracebacks_of_any_library_hold_no_message(lines: Callable[[], str]) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    line = json.loads(lines())
    assert "builtins.ValueError" in line["exception"]
    assert CANARY not in lines()


def test_an_error_of_a_route_is_logged_by_uvicorn_without_its_message(lines: Callable[[], str]) -> None:
    """A real uvicorn, whose own words go through the same handler."""
    app = FastAPI()

    @app.post("/fail")
    def fail(prompt: str) -> None:
        raise ValueError(f"cannot read {prompt!r}")

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"POST /fail?prompt={CANARY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 500 " in connection.recv(4096)
    server.should_exit = True
    thread.join()
    assert "Exception in ASGI application" in lines()
    assert "builtins.ValueError" in lines()
    assert CANARY not in lines()


def test_arguments_of_messages_are_searched_for_secrets(lines: Callable[[], str]) -> None:
    logging.getLogger("aiohttp").warning("sent %s to %s", {"Authorization": f"Bearer {CANARY}"}, f"zk-{CANARY}")
    assert "sent" in lines()
    assert CANARY not in lines()


def test_arguments_that_do_not_fit_are_left_out(lines: Callable[[], str]) -> None:
    logging.getLogger("x").warning("%d of %d", CANARY, 1)
    assert "do not fit" in lines()
    assert CANARY not in lines()


def test_asyncio_tells_neither_arguments_nor_exceptions(lines: Callable[[], str]) -> None:
    async def fail(prompt: str) -> None:
        raise ValueError(prompt)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(int, CANARY)
        task = asyncio.create_task(fail(CANARY))
        await asyncio.sleep(0.01)
        del task

    asyncio.run(run())
    assert "Exception in callback" in lines()
    assert "Task exception was never retrieved" in lines()
    assert CANARY not in lines()
