"""A server that says exactly what a test tells it to: broken streams, refusals, hostile answers, missing figures.

The page's files, their routes and the security headers are the real ones; only the answers are written here.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from zaphod.server.admission.responses import dressed
from zaphod.server.errors import ApiError
from zaphod.server.page import page

Answer = Callable[[dict[str, Any]], Response]

STATUS: dict[str, Any] = {
    "version": "0.1", "model": "builtin", "models": ["builtin"], "ready": True, "reason": "", "needs_key": False,
    "parameters": 11_415_360, "active_parameters": 3_452_736, "runner": "native AVX-512", "threads": 2,
    "context_tokens": 512, "num_layers": 6, "num_experts": 8, "num_chosen": 2, "memory_bytes": 118_000_000,
    "total_memory_bytes": 25_300_000_000, "running": 1, "waiting": 0, "kv_cache_usage": 0.03, "tokens_per_s": 812.3,
    "power_w": 14.2, "energy_source": "estimated",
    "modes": [
        {"name": "regular", "title": "Regular", "description": "Plain."},
        {"name": "fun", "title": "Fun", "description": "Jokes."},
    ],
}  # fmt: skip


CHOICES: dict[str, Any] = {
    "models": [
        {"name": "grok-1", "parameters": 315_684_820_992, "active_parameters": 83_756_587_008, "context_tokens": 8192},
        {
            "name": "olmoe-1b-7b",
            "parameters": 6_919_161_856,
            "active_parameters": 1_279_788_032,
            "context_tokens": 4096,
        },
    ],
    "gpus": [{"name": "h100", "title": "H100 SXM"}, {"name": "mi300x", "title": "MI300X"}],
    "regions": [{"name": "world", "title": "World"}, {"name": "se", "title": "Sweden"}],
    "precisions": [{"name": "bf16", "title": "16 bits a weight"}, {"name": "fp8", "title": "8 bits a weight"}],
}


def event(data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def delta(content: str | None = None, *, finish: str | None = None, **more: Any) -> bytes:
    """A chunk of an answer."""
    fields = {"content": content} if content is not None else {}
    choice = {
        "index": 0,
        "delta": fields | more.pop("delta", {}),
        "finish_reason": finish,
        "logprobs": more.pop("logprobs", None),
    }
    return event({"id": "c", "object": "chat.completion.chunk", "choices": [choice], **more})


DONE = b"data: [DONE]\n\n"


def streamed(*pieces: bytes | float) -> Answer:
    """An answer in these pieces; a number waits so many seconds."""

    def body() -> Iterator[bytes]:
        for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                time.sleep(piece)

    return lambda asked: StreamingResponse(body(), media_type="text/event-stream")


def says(text: str, *, size: int = 12) -> Answer:
    """A text in chunks of so many characters."""
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    return streamed(*(delta(part) for part in parts), delta(finish="stop"), DONE)


def refuses(status: int, message: str, **headers: str) -> Answer:
    """An error instead of an answer."""
    error = ApiError(status, "some_code", message)
    return lambda asked: JSONResponse(error.openai(), status, headers=headers)


class Script:
    """What the server says next, and what it was asked."""

    def __init__(self) -> None:
        self.status: dict[str, Any] | Answer = dict(STATUS)
        self.answers: list[Answer] = []
        """Taken one by one; the last one stays."""
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        """The `Authorization` header of each request."""
        self.headers: list[dict[str, str]] = []
        """Of each request."""
        self.decided: list[tuple[str, str]] = []
        """What a person said to what waited."""
        self.decision: dict[str, Any] | None = {"call": None}
        """The answer to that; None where nothing waits any more."""
        self.choices: dict[str, Any] | Answer = dict(CHOICES)
        """What can be planned."""
        self.plans: list[Answer] = []
        """Answers to the planner, taken one by one; the last one stays."""
        self.planned: list[dict[str, Any]] = []
        """What the planner was asked."""
        self.url = ""


def _app(script: Script) -> ASGIApp:
    app = FastAPI(openapi_url=None)
    app.include_router(page.router)

    @app.get("/zaphod/status")
    def status() -> Response:
        return script.status({}) if callable(script.status) else JSONResponse(script.status)

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        script.asked.append(await request.json())
        script.keys.append(request.headers.get("authorization"))
        script.headers.append(dict(request.headers))
        answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
        return answer(script.asked[-1])

    @app.post("/zaphod/confirmations/{held_id}")
    async def decide(held_id: str, request: Request) -> Response:
        script.decided.append((held_id, (await request.json())["decision"]))
        if script.decision is None:
            return refuses(404, "Nothing waits any more.")({})
        return JSONResponse(script.decision)

    @app.get("/zaphod/plan")
    def choices() -> Response:
        return script.choices({}) if callable(script.choices) else JSONResponse(script.choices)

    @app.post("/zaphod/plan")
    async def plan(request: Request) -> Response:
        script.planned.append(await request.json())
        answer = script.plans.pop(0) if len(script.plans) > 1 else script.plans[0]
        return answer(script.planned[-1])

    async def with_headers(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, dressed(send, scope["path"], {}) if scope["type"] == "http" else send)

    return with_headers


@contextlib.contextmanager
def serve(script: Script, port: int = 0) -> Iterator[Script]:
    """The scripted server on a free port, in a thread."""
    server = uvicorn.Server(uvicorn.Config(_app(script), port=port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    script.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    try:
        yield script
    finally:
        server.should_exit = True
        thread.join()


def experts(num_tokens: int, num_layers: int = 6, num_experts: int = 8) -> list[list[list[int]]]:
    """Some experts, two a layer, as the chunk's `zaphod.experts` holds them."""
    return [
        [
            [(token * layer + layer) % num_experts, (token * layer + layer + 1 + token % 3) % num_experts]
            for layer in range(num_layers)
        ]
        for token in range(num_tokens)
    ]


def with_logprobs(tokens: Iterable[tuple[str, float, list[tuple[str, float]]]]) -> dict[str, Any]:
    """`logprobs` of a chunk: (text, logprob, alternatives) of each token."""
    content = [
        {
            "token": text, "bytes": list(text.encode()), "logprob": logprob,
            "top_logprobs": [{"token": other, "bytes": list(other.encode()), "logprob": its} for other, its in top],
        }
        for text, logprob, top in tokens
    ]  # fmt: skip
    return {"content": content}
