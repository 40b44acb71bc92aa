"""Two servers on a line that count bytes differently: what one takes for a body, the other takes for a request."""

import pytest
from tests.server.security.attacking import CHAT, send
from tests.support.running_server import RunningServer

POST = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\n".encode()
BODY = b'{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}'
LENGTH = f"Content-Length: {len(BODY)}\r\n".encode()
HIDDEN = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKS = b"Transfer-Encoding: chunked\r\n"
AMBIGUOUS = {
    "length and chunks": POST + b"Content-Length: 5\r\n" + CHUNKS + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": POST + CHUNKS + b"Content-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY + HIDDEN,
    "the same length twice": POST + LENGTH + LENGTH + b"\r\n" + BODY + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 5, 6\r\n\r\n" + BODY + HIDDEN,
    "a signed length": POST + b"Content-Length: +5\r\n\r\nhello" + HIDDEN,
    "a length in hexadecimal": POST + b"Content-Length: 0x5\r\n\r\nhello" + HIDDEN,
    "a length with a space inside": POST + b"Content-Length: 5 5\r\n\r\nhello" + HIDDEN,
    "other chunks": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "no chunks": POST + b"Transfer-Encoding: identity\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN,
    "chunks twice": POST + CHUNKS + CHUNKS + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunks and nothing": POST + CHUNKS + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks of chunks": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a folded line": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a bare return": POST + b"X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "line feeds alone": POST.replace(b"\r\n", b"\n") + b"Content-Length: 5\n\nhello" + HIDDEN,
    "a chunk's size in hexadecimal": POST + CHUNKS + b"\r\n0x5\r\nhello\r\n0\r\n\r\n" + HIDDEN,
    "a chunk's size that overflows": POST + CHUNKS + b"\r\n" + b"f" * 17 + b"\r\nhello\r\n0\r\n\r\n" + HIDDEN,
    "chunks with line feeds": POST + CHUNKS + b"\r\n5\nhello\n0\n\n" + HIDDEN,
    "a chunk's extension with a line feed": POST + CHUNKS + b"\r\n5;\nx\r\nhello\r\n0\r\n\r\n" + HIDDEN,
    "a negative chunk": POST + CHUNKS + b"\r\n-5\r\nhello\r\n0\r\n\r\n" + HIDDEN,
    "an old version with chunks": POST.replace(b"1.1", b"1.0") + CHUNKS + b"\r\n0\r\n\r\n" + HIDDEN,
    "a GET with a body": b"GET /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello" + HIDDEN,
    "a HEAD with a body": b"HEAD /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello" + HIDDEN,
    "two hosts": b"GET /live HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    "a nul in a header": b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n" + HIDDEN,
    "HTTP/0.9": b"GET /live\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "a tunnel": b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "letters of other alphabets": "GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + HIDDEN,
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_can_be_read_in_two_ways_is_not_read_at_all(victim: RunningServer, name: str) -> None:
    """At most one answer, an error, and then the end of the connection: what is behind it is nobody's request."""
    reply = send(victim, AMBIGUOUS[name])
    assert reply.statuses in ([], [400]), reply.data
    assert reply.is_closed or name == "two hosts"
    assert b"vllm:" not in reply.data


def test_the_hidden_request_would_be_answered_if_it_were_read(victim: RunningServer) -> None:
    reply = send(victim, POST + LENGTH + b"\r\n" + BODY + HIDDEN, silence_s=1.0)
    assert reply.statuses == [200, 200]
    assert b"vllm:" in reply.data


@pytest.mark.parametrize("name", ["h2c", "websocket", "TLS/1.0"])
def test_no_connection_becomes_another_protocol(victim: RunningServer, name: str) -> None:
    head = f"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {name}\r\n"
    rest = "HTTP2-Settings: AAMAAABkAAQAAP__\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"
    assert send(victim, (head + rest).encode()).statuses in ([200], [400])


def test_an_address_of_elsewhere_is_not_called(victim: RunningServer) -> None:
    """An open proxy would."""
    reply = send(victim, b"GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert reply.statuses == [404]


def test_what_a_refused_client_still_sends_is_not_its_next_request(victim: RunningServer) -> None:
    refused = POST.replace(b"localhost", b"evil.example") + f"Content-Length: {len(HIDDEN)}\r\n\r\n".encode() + HIDDEN
    reply = send(victim, refused + HIDDEN, silence_s=1.5)
    assert reply.statuses == [403]
    assert reply.is_closed
