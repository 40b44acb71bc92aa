"""A real server of OpenAI's routes whose behaviour is known exactly: the model's name says what it does.

`good` streams `max_tokens` letters, one a chunk, each after `delay_s`. Every word of a prompt is two tokens, and three
are added. Knows no model. As a program it takes a port.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

Body = dict[str, Any]
ROOM = 4
"""Requests that `small` answers at a time."""


class SmallServer:
    """Its address, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.base_url = ""
        self._all_are_there = asyncio.Event()
        self._num_running = 0
        self.app = FastAPI(openapi_url=None)
        self.app.add_api_route("/v1/models", self._models)
        for path in ("completions", "chat/completions"):
            self.app.add_api_route(f"/v1/{path}", self._answer, methods=["POST"], response_model=None)

    def forget(self) -> None:
        """What it was asked, so that the next test begins anew."""
        self.asked.clear()
        self.headers.clear()
        self._all_are_there.clear()

    @property
    def streamed(self) -> list[Body]:
        """Without the requests that only count a prompt's tokens."""
        return [body for body in self.asked if body.get("stream")]

    async def _models(self) -> Body:
        return {"object": "list", "data": [{"id": "good"}, {"id": "other"}]}

    async def _answer(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.headers.append(dict(request.headers))
        if body["model"] == "refuses" or (body["model"] == "small" and self._num_running >= ROOM):
            return JSONResponse({"error": {"message": "too many"}}, 429, {"Retry-After": body.get("again_s", "0")})
        if body["model"] in ("fails", "forbids"):
            return JSONResponse({"error": {"message": "no"}}, 500 if body["model"] == "fails" else 403)
        if not body.get("stream"):
            return JSONResponse({"choices": [], "usage": usage(body)})
        if len(self.streamed) >= body.get("wait_for", 0):
            self._all_are_there.set()
        if "wait_for" in body:
            await self._all_are_there.wait()
        return StreamingResponse(self._counted(body), media_type="text/event-stream")

    async def _counted(self, body: Body) -> AsyncIterator[bytes]:
        self._num_running += 1
        try:
            async for data in self._stream(body):
                yield data
        finally:
            self._num_running -= 1

    async def _stream(self, body: Body) -> AsyncIterator[bytes]:
        is_chat = "messages" in body
        if is_chat:
            yield event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        yield b": a comment keeps the line open\r\n\r\n"
        num_tokens = 0 if body["model"] == "empty" else body["max_tokens"]
        for number in range(num_tokens):
            await asyncio.sleep(body.get("delay_s", 0))
            if number == 2 and body["model"] == "breaks":
                raise ConnectionResetError("the line was cut on purpose")
            if number == 2 and body["model"] == "ends":
                yield b"data: [DONE]\n\n"
                return
            if number == 2 and body["model"] == "errs":
                yield event({"error": {"message": "the engine has died"}})
                return
            if number == 2 and body["model"] == "stutters":
                yield b"data: {half a chunk\n\n"
                return
            yield event(chunk("xx" if body["model"] == "stammers" else "x", is_chat))
        yield event(chunk("", is_chat, "length"))
        if body["model"] != "silent":
            yield event({"choices": [], "usage": usage(body)})
        yield b"data: [DONE]\n\n"


def usage(body: Body) -> Body:
    text = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
    counted = {
        "prompt_tokens": body.get("tokens_per_word", 2) * len(text.split()) + 3,
        "completion_tokens": body["max_tokens"],
    }
    return counted | {"prompt_tokens_details": {"cached_tokens": 1}}


def chunk(text: str, is_chat: bool, finish_reason: str | None = None) -> Body:
    part: Body = {"delta": {"content": text} if text else {}} if is_chat else {"text": text}
    return {"choices": [part | {"index": 0, "finish_reason": finish_reason}]}


def event(value: Body) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


@contextmanager
def small_server() -> Iterator[SmallServer]:
    """Run one in a thread, on a free port of this machine."""
    small, listener = SmallServer(), socket.create_server(("127.0.0.1", 0))
    small.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(small.app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield small
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


if __name__ == "__main__":
    uvicorn.run(SmallServer().app, port=int(sys.argv[1]), log_level="critical", lifespan="off")
