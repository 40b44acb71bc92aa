"""How attacks are sent: whole requests over HTTP, or bytes as they are; knows no route."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from tests.support.running_server import RunningServer

from zaphod.model.fetching.references import BUILTIN_FOLDER

CHAT = "/v1/chat/completions"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_GIVEN_UP = b"<the server keeps the connection open>"


def chat(content: str = "hi", **fields: Any) -> dict[str, Any]:
    """A short conversation."""
    return {"messages": [{"role": "user", "content": content}], "max_tokens": 2, **fields}


def post(server: RunningServer, path: str, body: Any, **headers: str) -> httpx.Response:
    """Send a body: bytes as they are, anything else as JSON."""
    given = {"content": body} if isinstance(body, bytes) else {"json": body}
    with httpx.Client(verify=False, trust_env=False, timeout=60) as client:  # making a TLS context takes longest
        return client.post(server.url + path, **given, headers=_with_key(server, headers))


def get(server: RunningServer, path: str, **headers: str) -> httpx.Response:
    """Ask for a path."""
    with httpx.Client(verify=False, trust_env=False, timeout=60) as client:  # making a TLS context takes longest
        return client.get(server.url + path, headers=_with_key(server, headers))


def _with_key(server: RunningServer, headers: Mapping[str, str]) -> dict[str, str]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if server.key is not None:
        given.setdefault("authorization", f"Bearer {server.key}")
    return given


def code(response: httpx.Response) -> str:
    """The word for programs in an error."""
    return str(response.json()["error"]["code"])


@dataclass(frozen=True)
class Reply:
    """Everything that came back on one connection."""

    data: bytes

    @property
    def statuses(self) -> list[int]:
        """Of the responses, in their order."""
        return [int(status) for status in _STATUS.findall(self.data)]

    @property
    def is_closed(self) -> bool:
        """Whether the server ended the connection."""
        return not self.data.endswith(_GIVEN_UP)

    @property
    def headers(self) -> list[bytes]:
        """Names of the first response's headers."""
        head = self.data.partition(b"\r\n\r\n")[0]
        return [line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]]


def connect(server: RunningServer, timeout_s: float = 10.0) -> socket.socket:
    """A connection on which anything can be sent."""
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=timeout_s)


def send(server: RunningServer, data: bytes, *, silence_s: float = 0.3) -> Reply:
    """Send bytes; hear until the server closes, or says nothing for a while."""
    with connect(server, silence_s) as connection:
        connection.sendall(data)
        return Reply(hear(connection))


def hear(connection: socket.socket) -> bytes:
    """All that comes."""
    heard = b""
    try:
        while piece := connection.recv(65536):
            heard += piece
    except TimeoutError:
        return heard + _GIVEN_UP
    except ConnectionResetError:
        pass
    return heard


def builtin_copy(folder: Path, **files: str) -> Path:
    """The built-in model in a folder of its own, with these files instead of its own (`a__b` names `a.b`)."""
    shutil.copytree(BUILTIN_FOLDER, folder)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


def zaphod(
    *arguments: str, folder: Path, timeout_s: float = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, with settings and caches of its own below it."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("ZAPHOD_")}
    given |= {f"XDG_{kind}_HOME": str(folder / "own" / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA")}
    given |= {"HF_HUB_CACHE": str(folder / "own" / "hub"), "ZAPHOD_THREADS": "1", **environment}
    command = [sys.executable, "-P", "-m", "zaphod", *arguments]
    return subprocess.run(
        command, cwd=folder, env=given, capture_output=True, text=True, timeout=timeout_s, check=False
    )


@dataclass
class Listener:
    """An HTTP server that attackers would like to have called, or that answers as they like."""

    url: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    visits: list[str] = field(default_factory=list)
    """Method and path of every request."""
    seen: list[str] = field(default_factory=list)
    """Headers and body of every request."""


@contextmanager
def listener(status: int = 200, headers: Mapping[str, str] | None = None, body: bytes = b"{}") -> Iterator[Listener]:
    """Listen on loopback, and give everybody the same answer; what it is may be changed on the way."""
    found = Listener(status=status, headers=headers or {}, body=body)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            found.visits.append(f"{self.command} {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            found.seen.append(f"{self.headers}{body.decode('utf-8', 'replace')}")
            self.send_response(found.status)
            for name, value in {"Content-Length": str(len(found.body)), **found.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)

        do_GET = do_HEAD = do_POST = _answer

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
