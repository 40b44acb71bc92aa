"""Row 12: what is too large, too many or too slow, at a server as users start it. Each bound by itself: `admission`."""

import gzip
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from tests.server.security.attacking import CHAT, Reply, chat, code, connect, get, hear, post
from tests.support.running_server import RunningServer, StartServer

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
MB = 1_000_000


def pour(server: RunningServer, start: bytes, piece: bytes, num_bytes: int) -> Reply:
    """Send the same again and again, until the server answers or closes."""
    with connect(server) as connection:
        connection.sendall(start)
        connection.settimeout(0.2)
        sent = 0
        try:
            while sent < num_bytes:
                sent += connection.send(piece)
        except OSError:
            pass  # it has closed, or takes no more
        connection.settimeout(3)
        return Reply(hear(connection))


def memory(server: RunningServer) -> int:
    return int(psutil.Process(server.process.pid).memory_info().rss)


def test_a_hundred_thousand_headers_end_with_431(victim: RunningServer) -> None:
    assert pour(victim, b"GET /live HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n" * 1000, 800_000).statuses == [431]


def test_a_header_that_never_ends_ends_with_431(victim: RunningServer) -> None:
    assert pour(victim, b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a" * 65536, 10**9).statuses == [431]


def test_an_address_that_never_ends_ends_with_431(victim: RunningServer) -> None:
    assert pour(victim, b"GET /", b"a" * 65536, 10**9).statuses == [431]


def test_a_gigabyte_is_refused_by_its_announcement(victim: RunningServer) -> None:
    before = memory(victim)
    assert pour(victim, HEAD + b"Content-Length: 1000000000\r\n\r\n", b"a" * 65536, 10**9).statuses == [413]
    assert memory(victim) - before < 50 * MB


def test_chunks_that_never_end_are_refused_where_the_bound_is(victim: RunningServer) -> None:
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    before = memory(victim)
    assert pour(victim, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk, 10**9).statuses == [413]
    assert memory(victim) - before < 100 * MB


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "GZIP"])
def test_a_bomb_is_not_unpacked(victim: RunningServer, encoding: str) -> None:
    bomb = gzip.compress(json.dumps(chat("a" * 10 * MB)).encode())
    before = memory(victim)
    refused = post(victim, CHAT, bomb, content_encoding=encoding)
    assert (refused.status_code, code(refused)) == (415, "unsupported_encoding")
    assert memory(victim) - before < 20 * MB


def test_a_bomb_without_its_name_is_no_json(victim: RunningServer) -> None:
    assert code(post(victim, CHAT, gzip.compress(json.dumps(chat()).encode()))) == "invalid_json"


@pytest.mark.parametrize("body", [b"[" * 5 * MB, b'{"a":' * MB, b'{"a":[' * MB, b"[[],[]," * MB, b'{"' + b"a" * 5 * MB,
                                  b"1" * 5 * MB, b'{"messages":' + b" " * 7 * MB, b"\0" * MB])  # fmt: skip
def test_deep_and_broken_json_is_refused(victim: RunningServer, body: bytes) -> None:
    before = memory(victim)
    assert post(victim, CHAT, body).status_code == 400
    assert memory(victim) - before < 100 * MB


def test_many_of_everything_is_refused(victim: RunningServer) -> None:
    message = {"role": "user", "content": "a"}
    tool = {"type": "function", "function": {"name": "f"}}
    for body in (
        {"messages": [message] * 5000},
        {"messages": [message], "tools": [tool] * 129},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}] * 5000}]},
        {"messages": [message], "metadata": {str(number): "a" for number in range(17)}},
        {"messages": [message], "user": "a" * 513},
    ):
        assert post(victim, CHAT, body).status_code == 400


def test_many_slow_connections_leave_room_for_others(victim: RunningServer) -> None:
    """Heads that drip, bodies that drip, connections on which nothing comes."""
    starts = (b"", b"G", b"GET /live HTTP/1.1\r\nHost: localhost\r\n", HEAD + b"Content-Length: 1000\r\n\r\na")
    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(connect(victim)) for _ in range(400)]
        for round_ in range(3):
            for number, connection in enumerate(slow):
                connection.sendall(starts[number % 4] if round_ == 0 else (b"a" if number % 4 == 3 else b""))
            assert get(victim, "/live").status_code == 200
            assert post(victim, CHAT, chat()).status_code == 200


def num_open(connections: list[socket.socket]) -> int:
    """How many the server has not closed."""
    for connection in connections:
        connection.setblocking(False)
    found = 0
    for connection in connections:
        try:
            found += connection.recv(1) != b""
        except BlockingIOError:
            found += 1
        except ConnectionResetError:
            pass
    return found


def test_when_there_are_too_many_connections_the_oldest_idle_ones_go(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 200 descriptors 128 are kept, so that an engine can be started again in the middle of a flood."""
    few = tmp_path / "few"
    few.write_text(f'#!/bin/sh\nulimit -n 200\nexec "{sys.executable}" "$@"\n')
    few.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(few))
    with start_server() as server, ExitStack() as open_ones:
        many = [open_ones.enter_context(connect(server)) for _ in range(300)]
        assert post(server, CHAT, chat()).status_code == 200
        assert 30 < num_open(many) <= 72
        assert num_open(many[:150]) == 0
        engine = server.engine.pid
        server.engine.kill()
        while post(server, CHAT, chat()).status_code != 200:
            assert server.process.poll() is None
        assert server.engine.pid != engine


@pytest.fixture(scope="module", autouse=True)
def slow_head(_open: RunningServer) -> Iterator[socket.socket]:
    """A head that was begun with the tests of this file, and is never ended."""
    with connect(_open) as connection:
        connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n")
        yield connection


def test_a_head_that_does_not_come_is_not_awaited_for_ever(slow_head: socket.socket) -> None:
    """Ten seconds are given; most of them have passed."""
    slow_head.settimeout(15)
    assert Reply(hear(slow_head)).statuses == [408]
