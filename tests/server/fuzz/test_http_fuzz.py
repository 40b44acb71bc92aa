"""Requests that no client library sends: odd methods, paths, headers and bytes. No 5xx, and the server is alive."""

from __future__ import annotations

import contextlib
import random
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from tests.support.probing import Probe
from tests.support.running_server import RunningServer

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "PROPFIND")
PATHS = (
    "//",
    "/.",
    "/..",
    "/../../etc/passwd",
    "/page/../../../../etc/passwd",
    "/page/..%2f..%2f..%2fetc%2fpasswd",
    "/page/%2e%2e/%2e%2e/serving.py",
    "/page/....//....//serving.py",
    "/page/%00",
    "/page/index.html%00.js",
    "/page/C:%5Cwindows",
    "/page/%5c..%5cserving.py",
    "/page/app.js/",
    "/page/" + "a/" * 500,
    "/page/%ff%fe",
    "/page/%ED%A0%80",
    "/page/%",
    "/page/%zz",
    "/page/{name}",
    "/page/%7b%7b7*7%7d%7d",
    "/v1//models",
    "/v1/models/",
    "/v1/models/..",
    "/v1/models/%2e%2e%2f%2e%2e",
    "/v1/models/builtin%00",
    "/v1/models/builtin/",
    "/v1/models/" + "x" * 1500,
    "/v1/models/%F0%9F%98%80",
    "/v1/models/%0d%0aSet-Cookie:%20a=b",
    "/v1/responses/resp_%00",
    "/v1/responses/..%2f..%2fmodels",
    "/v1/responses/" + "9" * 1900,
    "/v1/responses/a/b/c/d",
    "/V1/MODELS",
    "/v1;a=b/models",
    "/v1/models;jsessionid=1",
    "/openapi.json/",
    "/live%20",
    "/live%0a",
    "/%6c%69%76%65",
    "/live?" + "a=b&" * 900,
    "/live?a[]=1&a[__proto__]=2&%00=%00&=&&&",
    "/live#fragment",
    "/docs",
    "/redoc",
    "/.git/config",
    "/.env",
    "/server-status",
    "/metrics/../live",
    "*",
    "http://127.0.0.1/live",
    "http://example.org/live",
)
STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
HOST = b"Host: 127.0.0.1\r\n"
OK = b"GET /live HTTP/1.1\r\n" + HOST + b"\r\n"
ASK = b'{"prompt":"hi","max_tokens":1}'


def posted(*headers: bytes, body: bytes = ASK, version: bytes = b"HTTP/1.1") -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"POST /v1/completions " + version + b"\r\n" + HOST + lines + b"\r\n" + body


def got(*headers: bytes) -> bytes:
    return b"GET /live HTTP/1.1\r\n" + HOST + b"".join(header + b"\r\n" for header in headers) + b"\r\n"


REQUESTS: dict[str, bytes] = {
    "two lengths": posted(b"Content-Length: 30", b"Content-Length: 3"),
    "two equal lengths": posted(b"Content-Length: 30", b"Content-Length: 30"),
    "lengths in one line": posted(b"Content-Length: 30, 30"),
    "a negative length": posted(b"Content-Length: -1"),
    "a length with a sign": posted(b"Content-Length: +30"),
    "a length that overflows": posted(b"Content-Length: 18446744073709551646"),
    "a length of many digits": posted(b"Content-Length: " + b"9" * 5000),
    "a length in hexadecimal": posted(b"Content-Length: 0x1e"),
    "a length that is a word": posted(b"Content-Length: ten"),
    "an empty length": posted(b"Content-Length:"),
    "no length": posted(body=b""),
    "length and chunks": posted(
        b"Content-Length: 30", b"Transfer-Encoding: chunked", body=b"1e\r\n" + ASK + b"\r\n0\r\n\r\n"
    ),
    "gzip chunks": posted(b"Transfer-Encoding: gzip, chunked", body=b"1e\r\n" + ASK + b"\r\n0\r\n\r\n"),
    "chunks twice": posted(b"Transfer-Encoding: chunked, chunked", body=b"1e\r\n" + ASK + b"\r\n0\r\n\r\n"),
    "chunks in two lines": posted(
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"1e\r\n" + ASK + b"\r\n0\r\n\r\n"
    ),
    "an unknown encoding": posted(b"Transfer-Encoding: xchunked", body=b"1e\r\n" + ASK + b"\r\n0\r\n\r\n"),
    "an encoding behind a tab": posted(b"Transfer-Encoding:\tchunked", body=b"1e\r\n" + ASK + b"\r\n0\r\n\r\n"),
    "an encoding before a colon": posted(b"Transfer-Encoding : chunked", body=b"1e\r\n" + ASK + b"\r\n0\r\n\r\n"),
    "a folded encoding": posted(b"Transfer-Encoding:\r\n chunked", body=b"1e\r\n" + ASK + b"\r\n0\r\n\r\n"),
    "a chunk of negative size": posted(b"Transfer-Encoding: chunked", body=b"-1\r\n" + ASK),
    "a chunk of huge size": posted(b"Transfer-Encoding: chunked", body=b"ffffffffffffffffff\r\n" + ASK),
    "a chunk of no size": posted(b"Transfer-Encoding: chunked", body=b"\r\n" + ASK),
    "a chunk longer than it says": posted(b"Transfer-Encoding: chunked", body=b"2\r\n" + ASK + b"\r\n0\r\n\r\n"),
    "chunk extensions": posted(
        b"Transfer-Encoding: chunked", body=b"1e;" + b"a=b;" * 2000 + b"\r\n" + ASK + b"\r\n0\r\n\r\n"
    ),
    "a trailer that names a host": posted(
        b"Transfer-Encoding: chunked", body=b"1e\r\n" + ASK + b"\r\n0\r\nHost: evil\r\nAuthorization: x\r\n\r\n"
    ),
    "one byte a chunk": posted(
        b"Transfer-Encoding: chunked", body=b"".join(b"1\r\n%c\r\n" % byte for byte in ASK) + b"0\r\n\r\n"
    ),
    "HTTP/1.0": b"GET /live HTTP/1.0\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /live\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9.9": b"GET /live HTTP/9.9\r\n" + HOST + b"\r\n",
    "no host": b"GET /live HTTP/1.1\r\n\r\n",
    "two hosts": got(b"Host: evil"),
    "an empty host": b"GET /live HTTP/1.1\r\nHost:\r\n\r\n",
    "a host with a path": b"GET /live HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n",
    "a host with a user": b"GET /live HTTP/1.1\r\nHost: a@127.0.0.1\r\n\r\n",
    "a host of bytes": b"GET /live HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    "NUL in a header": got(b"X-A: a\x00b"),
    "a line feed alone": b"GET /live HTTP/1.1\n" + b"Host: 127.0.0.1\n\n",
    "a carriage return alone": got(b"X-A: a\rX-B: b"),
    "a header without a colon": got(b"nonsense"),
    "a header without a name": got(b": value"),
    "a header with a space": got(b"X A: b"),
    "a header of bytes": got(b"X-A: \xff\xfe\x80"),
    "a header of 20 kB": got(b"X-A: " + b"a" * 20_000),
    "a header of 200 kB": got(b"X-A: " + b"a" * 200_000),
    "90 headers": got(*[b"X-%d: a" % number for number in range(90)]),
    "1,000 headers": got(*[b"X-%d: a" % number for number in range(1000)]),
    "500 cookies": got(b"Cookie: " + b"a=b; " * 500),
    "an id with line breaks": got(b"X-Request-Id: a%0d%0aX-Evil: 1"),
    "an id of 10,000 letters": got(b"X-Request-Id: " + b"a" * 10_000),
    "an upgrade to a web socket": got(
        b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: aGVsbG8="
    ),
    "an upgrade to HTTP/2": got(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
    "an expectation": posted(b"Content-Length: 30", b"Expect: 100-continue"),
    "an odd expectation": posted(b"Content-Length: 30", b"Expect: 200-ok"),
    "a range": got(b"Range: bytes=0-18446744073709551615, -1, 5-2"),
    "many languages": got(b"Accept: " + b"a/b;q=0.1," * 1000),
    "a forwarded address": got(b"X-Forwarded-For: \xff, 999.999.999.999", b"Forwarded: for=\x22[::1]\x22"),
    "a method of bytes": b"\xff\xfe /live HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of 10,000 letters": b"A" * 10_000 + b" /live HTTP/1.1\r\n" + HOST + b"\r\n",
    "no path": b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    "a path of bytes": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "a path of 100 kB": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "spaces in the path": b"GET /live a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\x00" * 190,
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "SMTP": b"EHLO example.org\r\n",
    "NUL bytes": b"\x00" * 10_000,
    "line breaks": b"\r\n" * 1000 + OK,
    "garbage behind a request": OK + b"\xff\x00garbage\r\n\r\n",
    "garbage behind a body": posted(b"Content-Length: 30") + b"garbage\r\n\r\n" + OK,
    "10 requests at once": OK * 10,
    "500 requests at once": OK * 500,
    "questions at once": posted(b"Content-Length: 30") * 12,
    "half a request": OK[:20],
    "half a body": posted(b"Content-Length: 3000"),
}
"""What is sent as it is, by what is wrong with it."""


@contextmanager
def connected(server: RunningServer) -> Iterator[socket.socket]:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=15) as connection:
        yield connection


def statuses(server: RunningServer, data: bytes) -> list[int]:
    """Of all answers to some bytes. A server that hangs up says enough; one that hangs does not."""
    answers = b""
    with connected(server) as connection, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(data)
        while received := received_of(connection):
            answers += received
    return [int(status) for status in STATUS.findall(answers)]


def received_of(connection: socket.socket) -> bytes:
    """More of an answer. If none comes for a moment, the server is told that no more is sent."""
    connection.settimeout(0.1)
    try:
        return connection.recv(1 << 16)
    except TimeoutError:
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(15)
        return connection.recv(1 << 16)


@pytest.mark.parametrize("method", METHODS)
def test_no_method_breaks_any_route(probe: Probe, method: str) -> None:
    if method == "CONNECT":  # what follows would be a tunnel, for `http.client` at least
        return
    for template in probe.document.content["paths"]:
        path = template.replace("{name}", "app.js").replace("{model}", "builtin").replace("{response_id}", "resp_1")
        answer = probe.ask(method, path, b"{}" if method == "POST" else b"")
        documented = {name.upper() for name in probe.document.content["paths"][template]}
        known = documented | ({"HEAD"} if "GET" in documented else set())
        assert (answer.status == 405) == (method not in known), (method, path, answer.status)
        if answer.status == 405:
            assert {name.strip() for name in answer.headers["Allow"].split(",")} == known


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
def test_no_path_leads_astray(server: RunningServer, probe: Probe, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        request = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        (status,) = statuses(server, request.encode("latin-1"))
        assert status < 500
        is_page = path in ("/live#fragment", "/%6c%69%76%65") or path.startswith(("/live?", "http://"))
        assert status in (400, 401, 403, 404, 405, 414, 431) or is_page, status
    assert probe.num_sent == 0


@pytest.mark.parametrize("name", REQUESTS)
def test_no_bytes_break_the_server(server: RunningServer, probe: Probe, name: str) -> None:
    found = statuses(server, REQUESTS[name])
    assert all(status < 500 for status in found), found
    assert probe.ask("GET", "/live").status == 200


@pytest.mark.parametrize(
    "name", ["two lengths", "length and chunks", "gzip chunks", "chunks in two lines", "two hosts"]
)
def test_what_two_servers_could_read_differently_is_refused(server: RunningServer, name: str) -> None:
    """Before a proxy, each of them smuggles a request past it."""
    assert statuses(server, REQUESTS[name]) == [400] or statuses(server, REQUESTS[name]) == [415]


def test_refusals_close_the_connection_where_bytes_may_follow(server: RunningServer) -> None:
    assert len(statuses(server, posted(b"Content-Length: 30", b"Content-Length: 3") + OK)) == 1


def test_random_bytes_in_requests_do_not_break_the_server(server: RunningServer, probe: Probe) -> None:
    """Requests that are right, damaged in a few places: a hundred of them, always the same ones."""
    chance = random.Random(4)
    originals = (
        OK,
        posted(b"Content-Length: 30"),
        posted(b"Transfer-Encoding: chunked", body=b"1e\r\n" + ASK + b"\r\n0\r\n\r\n"),
    )
    for _ in range(100):
        damaged = bytearray(chance.choice(originals))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 3))
        assert all(status < 500 for status in statuses(server, bytes(damaged))), bytes(damaged)


def test_clients_that_hang_up_in_the_middle_leave_nothing(server: RunningServer, probe: Probe) -> None:
    request = posted(b"Content-Length: 30")
    for length in range(1, len(request), 5):
        with connected(server) as connection:
            connection.sendall(request[:length])
    facts = server.get("/zaphod/status")
    assert facts["running"] + facts["waiting"] == 0


def test_head_is_get_without_the_body(probe: Probe) -> None:
    for path, methods in probe.document.content["paths"].items():
        if "get" not in methods or "{" in path:
            continue
        head, whole = probe.ask("HEAD", path), probe.ask("GET", path)
        assert (head.status, head.body) == (whole.status, b"")
        assert head.headers.get_content_type() == whole.headers.get_content_type()
