"""Attacks by size and slowness: heads, bodies, chunks and bombs that never end."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.server.admission.conftest import Answer, Door, open_door, receive

from zaphod.core.errors import ConfigError
from zaphod.server.admission import GateOptions, KeyStore
from zaphod.server.admission.protocol import HeadBounds

HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"


def pour(connection: socket.socket, piece: bytes, num_bytes: int) -> Answer:
    """Send the same again and again, until the server answers or all is sent."""
    connection.settimeout(0.2)
    sent = 0
    try:
        while sent < num_bytes:
            sent += connection.send(piece)
    except OSError:
        pass  # the server has closed, or takes no more
    connection.settimeout(10)
    return receive(connection)


def send_for_ever(connection: socket.socket, piece: bytes) -> None:
    while True:
        connection.sendall(piece)


def test_a_hundred_thousand_headers_are_cut_off(door: Door) -> None:
    with door.connect() as connection:
        connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n")
        answer = pour(connection, b"X-A: b\r\n" * 1000, 100_000 * 8)
    assert (answer.status, answer.code) == (431, "headers_too_large")
    assert door.ask("GET", "/live").status == 200


def test_a_header_without_end_is_cut_off(door: Door) -> None:
    with door.connect() as connection:
        connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-A: ")
        assert pour(connection, b"a" * 65536, 10**9).status == 431


def test_an_address_without_end_is_cut_off(door: Door) -> None:
    with door.connect() as connection:
        connection.sendall(b"GET /")
        assert pour(connection, b"a" * 65536, 10**9).status == 431


@pytest.mark.parametrize("headers", [{f"x-{number}": "a" for number in range(120)}, {"x-long": "a" * 40_000}])
def test_too_many_or_too_long_headers_are_counted(door: Door, headers: dict[str, str]) -> None:
    answer = door.ask("GET", "/live", **headers)
    assert (answer.status, answer.code) == (431, "headers_too_large")


@pytest.mark.parametrize("path", ["/live?" + "a" * 5000, "/page/" + "a" * 3000])
def test_a_long_address_is_refused(door: Door, path: str) -> None:
    assert door.ask("GET", path).status == 414


def test_a_head_that_drips_is_cut_off(keys: KeyStore) -> None:
    with open_door(keys, bounds=HeadBounds(head_timeout_s=0.3)) as door, door.connect() as connection:
        connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n")
        dripping = threading.Thread(target=drip, args=(connection,))
        dripping.start()
        answer = receive(connection)
        connection.shutdown(socket.SHUT_WR)
        dripping.join()
    assert (answer.status, answer.code) == (408, "header_timeout")


def drip(connection: socket.socket, num_times: int = 40) -> None:
    try:
        for _ in range(num_times):
            connection.sendall(b"a")
            time.sleep(0.05)
    except OSError:
        return


@pytest.mark.parametrize("first", [b"", b"\r\n\r\n", b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_a_connection_on_which_nothing_more_comes_is_closed(keys: KeyStore, first: bytes) -> None:
    with open_door(keys, bounds=HeadBounds(head_timeout_s=0.2)) as door, door.connect() as connection:
        connection.sendall(first)
        if first.startswith(b"GET"):
            assert receive(connection).status == 200
            connection.sendall(b"\r\n")
        while connection.recv(4096):
            pass


def test_a_body_that_drips_is_cut_off(keys: KeyStore) -> None:
    with open_door(keys, body_timeout_s=0.3) as door, door.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        dripping = threading.Thread(target=drip, args=(connection,))
        dripping.start()
        answer = receive(connection)
        dripping.join()
    assert (answer.status, answer.code, answer.headers["connection"]) == (408, "body_timeout", "close")


def test_a_gigabyte_is_refused_before_it_is_sent(door: Door) -> None:
    answer = door.send(HEAD + b"Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n")
    assert (answer.status, answer.code) == (413, "body_too_large")


@pytest.mark.parametrize("length", [b"9" * 5000, b"99999999999999999999", b"-1", b"1_0", b"0x10", b"+5", b"\xb2"])
def test_lengths_that_are_none_or_absurd_are_refused(door: Door, length: bytes) -> None:
    answer = door.send(HEAD + b"Content-Length: " + length + b"\r\n\r\n")
    assert answer.status in (400, 413)


def test_a_gigabyte_that_is_sent_regardless_is_answered_and_not_read(door: Door) -> None:
    with door.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1000000000\r\n\r\n")
        started = psutil.Process().memory_info().rss
        assert pour(connection, b"a" * 65536, 10**9).status == 413
        assert psutil.Process().memory_info().rss - started < 50_000_000


def test_who_sends_all_before_reading_still_learns_why_it_was_refused(keys: KeyStore) -> None:
    with open_door(keys, max_body_bytes=1_000_000) as door, door.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 8000000\r\n\r\n")
        connection.sendall(b"a" * 8_000_000)
        assert receive(connection).code == "body_too_large"


@pytest.mark.parametrize("size", [1, 100, 65536])
def test_chunks_without_end_are_counted_and_cut_off(keys: KeyStore, size: int) -> None:
    chunk = f"{size:x}\r\n".encode() + b"a" * size + b"\r\n"
    with open_door(keys, max_body_bytes=1_000_000) as door, door.connect() as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        assert pour(connection, chunk * (65536 // size), 10**9).status == 413
        assert door.ask("GET", "/live").status == 200


def test_a_chunks_extension_without_end_is_cut_off(keys: KeyStore) -> None:
    with open_door(keys, body_timeout_s=0.3) as door, door.connect() as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;")
        assert pour(connection, b"a" * 65536, 10**9).status in (400, 408)


def test_trailers_without_end_close_the_connection(keys: KeyStore) -> None:
    with open_door(keys, body_timeout_s=3600) as door:
        with door.connect() as connection:
            connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
            with pytest.raises(OSError):
                send_for_ever(connection, b"X-A: b\r\n" * 100)
        assert door.ask("GET", "/live").status == 200


def test_a_trailer_is_no_header(door: Door) -> None:
    raw = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Late: yes\r\nHost: evil.example\r\n\r\n"
    headers = door.send(raw).json["headers"]
    assert headers["host"] == "localhost"
    assert "x-late" not in headers


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "GZIP", "x"])
def test_a_compressed_body_is_not_unpacked(door: Door, encoding: str) -> None:
    bomb = gzip.compress(b"a" * 50_000_000)
    answer = door.ask("POST", "/v1/completions", bomb, content_encoding=encoding)
    assert (answer.status, answer.code) == (415, "unsupported_encoding")


def test_what_is_called_uncompressed_is_read(door: Door) -> None:
    assert door.ask("POST", "/v1/completions", b"{}", content_encoding="identity").status == 200


def test_a_transfer_that_is_compressed_is_no_http_here(door: Door) -> None:
    assert door.send(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n").status in (400, 415, 501)


@pytest.mark.parametrize(
    "extra", [b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"]
)
def test_two_lengths_smuggle_nothing(door: Door, extra: bytes) -> None:
    answer = door.send(HEAD + extra + b"\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n")
    assert (answer.status, answer.code) == (400, "invalid_http")


@pytest.mark.parametrize(
    "raw", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"\0" * 100, b"HELO x\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_http_is_refused(door: Door, raw: bytes) -> None:
    assert door.send(raw).status == 400


def test_more_pipelined_requests_than_wanted_close_the_connection(keys: KeyStore) -> None:
    with open_door(keys, bounds=HeadBounds(max_pipelined=4)) as door, door.connect() as connection:
        connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
        received = b""
        try:
            while more := connection.recv(65536):
                received += more
        except ConnectionResetError:
            pass
    assert received.count(b"HTTP/1.1 200") < 10


def test_many_bodies_that_arrive_together_are_bounded_together(keys: KeyStore) -> None:
    with open_door(keys, max_held_bytes=2_000_000) as door, door.connect() as first, door.connect() as second:
        first.sendall(HEAD + b"Content-Length: 700000\r\n\r\n" + b"a" * 600_000)
        assert door.ask("POST", "/v1/completions", b"a" * 100).status == 200
        second.sendall(HEAD + b"Content-Length: 700000\r\n\r\n")
        time.sleep(0.2)
        answer = pour(second, b"a" * 65536, 700_000)
        assert (answer.status, answer.code) == (503, "too_many_bodies")
        first.sendall(b"a" * 100_000)
        assert receive(first).status == 200
        assert door.ask("POST", "/v1/completions", b"a" * 700_000).status == 200


@contextlib.contextmanager
def working(door: Door, num_bytes: int, **headers: str) -> Iterator[None]:
    """A request with a body of that size which the application works on until the block ends."""
    GO_ON.clear()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(door.ask, "POST", "/v1/completions", b"a" * num_bytes, **headers)
        try:
            while not WORKING.wait(0.01):
                assert not answer.done()
            yield
        finally:
            GO_ON.set()
        assert answer.result().status == 200
        WORKING.clear()


GO_ON, WORKING = threading.Event(), threading.Event()


async def work(request: Request) -> JSONResponse:
    if len(await request.body()) > 1:
        WORKING.set()
        await asyncio.to_thread(GO_ON.wait, 10)
    return JSONResponse({})


SLOW = Starlette(routes=[Route("/v1/completions", work, methods=["POST"])])


def test_a_body_counts_until_its_request_is_answered(keys: KeyStore) -> None:
    with open_door(keys, SLOW, max_held_bytes=1_000_000) as door:
        with working(door, 500_000):
            assert door.ask("POST", "/v1/completions", b"a").json["error"]["code"] == "too_many_bodies"
        assert door.ask("POST", "/v1/completions", b"a").status == 200


def test_whose_bodies_take_half_leaves_room_for_others(keys: KeyStore) -> None:
    mine, yours = (f"Bearer {keys.create(name=name)[0]}" for name in ("mine", "yours"))
    with open_door(keys, SLOW, max_held_bytes=1_000_000) as door, working(door, 500_000, authorization=mine):
        assert door.ask("POST", "/v1/completions", b"a", authorization=mine).status == 503
        assert door.ask("POST", "/v1/completions", b"a", authorization=yours).status == 200


def test_the_largest_body_is_read_whole(keys: KeyStore) -> None:
    with open_door(keys, max_body_bytes=2_000_000) as door:
        assert door.ask("POST", "/v1/completions", b"a" * 2_000_000).json["num_bytes"] == 2_000_000
        assert door.ask("POST", "/v1/completions", b"a" * 2_000_001).status == 413


def test_who_has_no_key_cannot_make_the_server_read_a_body(keys: KeyStore) -> None:
    keys.create(name="a")
    with open_door(keys) as door, door.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 5000000\r\n\r\n")
        assert receive(connection).status == 401


def test_an_endless_body_without_a_key_ends(keys: KeyStore) -> None:
    keys.create(name="a")
    with open_door(keys) as door, door.connect() as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        assert receive(connection).status == 401
        with pytest.raises(OSError):
            send_for_ever(connection, b"1\r\na\r\n" * 1000)


@pytest.mark.parametrize("path", ["/live", "/v1/models"])
def test_a_get_takes_no_body(door: Door, path: str) -> None:
    answer = door.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    assert (answer.status, answer.code) == (400, "unexpected_body")


def test_a_client_that_leaves_in_the_middle_of_its_body_leaves_nothing_behind(door: Door) -> None:
    for _ in range(5):
        with door.connect() as connection:
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\nabc")
    assert door.ask("POST", "/v1/completions", b"{}").status == 200


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "", "APPLICATION/XML"],
)
def test_every_post_is_taken_for_json(door: Door, content_type: str) -> None:
    answer = door.ask("POST", "/v1/completions", b"{}", content_type=content_type)
    assert answer.json["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/vnd.api+json", "Application/JSON"]
)
def test_json_stays_what_it_is_called(door: Door, content_type: str) -> None:
    answer = door.ask("POST", "/v1/completions", b"{}", content_type=content_type)
    assert answer.json["headers"]["content-type"] == content_type


@pytest.mark.parametrize("bound", ["max_header_bytes", "max_body_bytes", "body_timeout_s", "max_failures_per_minute"])
def test_impossible_bounds_are_refused(bound: str) -> None:
    with pytest.raises(ConfigError, match=bound):
        GateOptions(**{bound: 0})


def test_impossible_bounds_of_heads_are_refused() -> None:
    with pytest.raises(ConfigError, match="head_timeout_s"):
        HeadBounds(head_timeout_s=0)


def test_refusals_are_counted_by_code(keys: KeyStore) -> None:
    with open_door(keys) as door:
        door.ask("GET", "/nowhere")
        door.ask("GET", "/live", host="evil.example")
        assert door.gate.refusals == {"not_found": 1, "host_not_allowed": 1}
