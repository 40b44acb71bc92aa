"""A real server of chat completions whose behaviour is known exactly: the model's name says what it does. No model.

`echoes` says what the last message said, `leaks` says the system prompt in base64, `declines` is stopped by a guard,
`counts` does the user's sums whatever else is said, `is_full` cannot take anything, `is_busy` says "later" twice.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class KnownServer:
    """Its address, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.num_later = 2
        self.again = "0"
        self.url = ""

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        said = [message["content"] or "" for message in body["messages"]]
        match body["model"]:
            case "is_busy" if self.num_later:
                self.num_later -= 1
                return 429, {"error": {"message": "later", "code": "rate_limit_exceeded"}}
            case "is_full":
                return 400, {"error": {"message": "too long", "code": "context_length_exceeded"}}
            case "declines":
                return 400, {"error": {"message": "no", "code": "content_blocked"}}
            case "leaks":
                return 200, _completion(base64.b64encode(said[0].encode()).decode())
            case "counts":
                return 200, _completion(_sum(said))
            case _:
                return 200, _completion(said[-1])


def _sum(said: list[str]) -> str:
    found = re.search(r"(\d+) \+ (\d+)", said[-1])
    return "none" if found is None else f"= {int(found[1]) + int(found[2])}"


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


@contextmanager
def known_server() -> Iterator[KnownServer]:
    """Run one in a thread, on a free port of this machine."""
    known = KnownServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": "echoes"}, {"id": "leaks"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known.asked.append(body)
            known.headers.append(dict(self.headers))
            self._send(*known.answer(body))

        def _send(self, status: int, content: dict[str, Any]) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if status == 429:
                self.send_header("Retry-After", known.again)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    known.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
