"""Serving.md 4.1, row 18: strings that a client sends must not come out in logs, traces, metrics or crash dumps.

A real server answers over HTTP, with tracing to a collector of the test's.
"""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

CANARY = "qanary7f3a"


class Collector(BaseHTTPRequestHandler):
    """Keeps the bytes of what is exported. Attributes are plain UTF-8 in them."""

    received = b""

    def do_POST(self) -> None:
        type(self).received += self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def collector() -> Iterator[tuple[str, type[Collector]]]:
    handler = type("Kept", (Collector,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server(start_server: Any, collector: tuple[str, type[Collector]], tmp_path: Path) -> Iterator[Any]:
    with start_server("--otlp-traces-endpoint", collector[0], "--log-file", str(tmp_path / "access.log")) as running:
        yield running


def ask(server: Any, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def chat(content: str, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}], "max_tokens": 8, **fields}


def everything_that_goes_wrong(server: Any) -> list[int]:
    """Requests that are answered, refused and broken, each with the canary in another place."""
    chats = "/v1/chat/completions"
    answers = [
        ask(server, chats, chat(f"hello {CANARY}")),
        ask(server, chats, chat(CANARY, stream=True)),
        ask(server, chats, chat("hi", user=CANARY)),
        ask(server, chats, chat("hi", model=CANARY)),
        ask(server, chats, chat("hi", stop=[CANARY])),
        ask(server, chats, chat("hi", **{CANARY: 1})),
        ask(server, chats, chat("hi", temperature=CANARY)),
        ask(server, chats, chat("hi", response_format={"type": CANARY})),
        ask(server, chats, f'{{"messages": "{CANARY}'.encode()),
        ask(server, chats, b"\xff" + CANARY.encode()),
        ask(server, f"{chats}?key={CANARY}", chat("hi")),
        ask(server, f"/v1/{CANARY}", chat("hi")),
        ask(server, chats, chat("hi"), Authorization=f"Bearer zk-{CANARY}"),
        ask(server, chats, chat("hi"), **{"X-Api-Key": f"zk-{CANARY}"}),
        ask(server, chats, chat("hi"), **{"Cookie": f"session={CANARY}", "User-Agent": CANARY}),
        ask(server, chats, chat("hi"), **{"X-Request-Id": f"{CANARY} with spaces"}),
        ask(server, chats, chat("hi"), **{"X-Zaphod-Timeout-S": CANARY}),
        ask(server, chats, chat("hi"), tracestate=f"v={CANARY}", baggage=f"u={CANARY}"),
        ask(server, chats, chat("hi"), Origin=f"http://{CANARY}.example"),
        ask(server, chats, chat("hi"), Host=f"{CANARY}.example"),
        ask(server, "/tokenize", {"text": CANARY}),
        ask(server, "/v1/embeddings", {"input": CANARY}),
        ask(server, "/v1/messages", {"model": CANARY, "max_tokens": 4, "messages": [{"role": CANARY}]}),
        ask(server, "/v1/responses", {"input": CANARY, "max_output_tokens": 4}),
        ask(server, "/v1/completions", {"prompt": CANARY, "max_tokens": 4}),
    ]
    return [status for status, _ in answers]


def test_what_clients_send_comes_out_nowhere(
    server: Any, collector: tuple[str, type[Collector]], tmp_path: Path
) -> None:
    statuses = everything_that_goes_wrong(server)
    assert statuses.count(200) >= 8
    assert len([status for status in statuses if 400 <= status < 500]) >= 10
    assert not [status for status in statuses if status >= 500]
    _, metrics = ask(server, "/metrics")
    stop(server)
    log = (tmp_path / "access.log").read_text()
    for name, told in {
        "log": log,
        "standard error": server.log.read_text(),
        "traces": collector[1].received.decode("utf-8", "replace"),
        "metrics": metrics,
    }.items():
        assert CANARY not in told, f"{name}: {told[max(0, told.find(CANARY) - 200) :][:400]}"
    assert '"route": "/v1/chat/completions"' in log
    assert b"/v1/chat/completions" in collector[1].received
    assert 'vllm:request_success_total{engine="0",finished_reason="length"' in metrics


def stop(server: Any) -> None:
    server.process.terminate()
    try:
        server.process.wait(30)
    except subprocess.TimeoutExpired:
        server.process.kill()
        raise
