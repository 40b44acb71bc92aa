"""A client that goes away is noticed in every state: queued, at the prompt, while writing, streamed or not."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.server.conftest import RunningServer, StartServer
from tests.support.waiting import until

LONG: dict[str, Any] = {
    "messages": [{"role": "user", "content": "xj qv zz 9"}],
    "temperature": 2,
    "ignore_eos": True,
}
TIMER: dict[str, Any] = {
    "messages": [{"role": "user", "content": "set a timer for 10 minutes"}],
    "tools": [{"type": "function", "function": {"name": "set_timer"}}],
    "tool_choice": "required",
    "ignore_eos": True,
}


class Asking:
    """A request on a connection of its own, that can be given up."""

    def __init__(self, server: RunningServer, body: dict[str, Any], path: str = "/v1/chat/completions") -> None:
        host = server.url.removeprefix("http://")
        self.connection = http.client.HTTPConnection(host, timeout=60)
        self.connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})

    def __enter__(self) -> "Asking":
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()

    def first_line(self) -> bytes:
        """Of the stream."""
        self.answer = self.connection.getresponse()
        return self.answer.readline()


def ended(server: RunningServer) -> list[dict[str, Any]]:
    """What the log says of requests that have ended."""
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "request"]


def gone(server: RunningServer, num_before: int) -> dict[str, Any]:
    """The line of the log about the client that went away."""
    return until(lambda: [line for line in ended(server)[num_before:] if line["status"] == 499])[0]


@pytest.fixture
def narrow(start_server: StartServer) -> Iterator[RunningServer]:
    """A server that answers one request at a time."""
    # What is looked at here are queues; without a guard the second request comes while the first still runs.
    with start_server("--max-num-seqs", "1", "--guard", "off", "--no-audit") as server:
        yield server


def is_idle(server: RunningServer) -> bool:
    status = server.get("/zaphod/status")
    return status["running"] == 0 and status["waiting"] == 0


def test_a_stream_that_is_left_is_cancelled(server: RunningServer) -> None:
    num_before = len(ended(server))
    with Asking(server, {**LONG, "stream": True, "n": 16}) as asking:
        assert asking.first_line().startswith(b"data: ")
    line = gone(server, num_before)
    assert line["finish_reason"] == "cancelled"
    assert 0 < line["completion_tokens"] < 16 * 400
    assert until(lambda: is_idle(server))


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_an_answer_that_is_not_streamed_is_cancelled_as_well(server: RunningServer, path: str) -> None:
    num_before = len(ended(server))
    body = {"prompt": ["xj qv"] * 8, "max_tokens": 400, **LONG} if path == "/v1/completions" else {**LONG}
    if path == "/v1/completions":
        del body["messages"]
    with Asking(server, {**body, "n": 16}, path):
        until(lambda: not is_idle(server))
    assert gone(server, num_before)["completion_tokens"] < 16 * 8 * 400
    assert until(lambda: is_idle(server))


def test_a_call_of_a_tool_that_is_being_written_is_cancelled(server: RunningServer) -> None:
    num_before = len(ended(server))
    body = {**TIMER, "stream": True, "n": 16}
    body["tools"] = [
        {"type": "function", "function": {"name": "note", "parameters": {"properties": {"t": {"minLength": 300}}}}}
    ]
    with Asking(server, body) as asking:
        asking.first_line()
    assert gone(server, num_before)["finish_reason"] == "cancelled"
    assert until(lambda: is_idle(server))


def test_whoever_leaves_the_queue_harms_nobody(narrow: RunningServer) -> None:
    running = {**LONG, "seed": 1, "stream": True}
    with Asking(narrow, running) as first:
        first.first_line()
        with Asking(narrow, {**LONG, "seed": 2}):
            until(lambda: narrow.get("/zaphod/status")["waiting"] == 1)
        line = gone(narrow, 0)
        text = first.answer.read()
    assert line["completion_tokens"] == 0
    assert text.endswith(b"data: [DONE]\n\n")
    with Asking(narrow, running) as again:
        again.first_line()
        assert spoken(again.answer.read()) == spoken(text)


def spoken(stream: bytes) -> str:
    """The text of a stream."""
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith(b"data: {")]
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events)


def test_embeddings_that_nobody_waits_for_are_cancelled(narrow: RunningServer) -> None:
    with Asking(narrow, {"input": ["word " * 200] * 200}, "/v1/embeddings"):
        until(lambda: not is_idle(narrow))
    assert gone(narrow, 0)["route"] == "/v1/embeddings"
    assert until(lambda: is_idle(narrow))


def test_half_a_request_is_nobodys_work(server: RunningServer) -> None:
    num_before = len(ended(server))
    host, _, port = server.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.putrequest("POST", "/v1/chat/completions")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b'{"messages": [')
    connection.close()
    assert until(lambda: is_idle(server))
    assert all(line["status"] < 500 for line in ended(server)[num_before:])
