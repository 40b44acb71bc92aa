"""Secrets looked for where they must not be: files, metrics, traces; knows bytes, not who wrote them.

A secret counts where it stands as it is, in another case, in UTF-16, as hex, in base64 at any of three alignments,
percent-escaped or escaped as in JSON, also inside gzip.
"""

from __future__ import annotations

import base64
import gzip
import io
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_GZIP = b"\x1f\x8b"
_MAX_UNPACKED_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Place:
    """Somewhere that was looked at.

    Args:
        name: a path, or `metrics`, or `traces`.
        size_bytes: how much was looked at.
        found: which of the secrets stand there, by their places in the list.
    """

    name: str
    size_bytes: int
    found: tuple[int, ...]


def forms(secret: str) -> tuple[bytes, ...]:
    """How a secret may be written, in lower case where case does not matter."""
    plain = secret.lower().encode()
    percent = "".join(f"%{byte:02x}" for byte in plain).encode()
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in secret.lower()).encode()
    return (plain, secret.lower().encode("utf-16-le"), plain.hex().encode(), percent, escaped)


def base64_forms(secret: str) -> tuple[bytes, ...]:
    """What every base64 of a text has in it that has the secret in it, wherever that begins."""
    made = []
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + secret.encode())
        begin, end = -(-offset * 8 // 6), (offset + len(secret.encode())) * 8 // 6
        made.append(coded[begin:end])
    return tuple(made)


def found_in(content: bytes, secrets: Sequence[str]) -> tuple[int, ...]:
    """Which secrets stand in some bytes, by their places in the list."""
    if content[:2] == _GZIP:
        content += _unpacked(content)
    lowered = content.lower()
    return tuple(
        place
        for place, secret in enumerate(secrets)
        if any(form in lowered for form in forms(secret)) or any(form in content for form in base64_forms(secret))
    )


def scan_folder(folder: Path, secrets: Sequence[str]) -> list[Place]:
    """Every regular file below a folder."""
    return [
        Place(name=str(path.relative_to(folder)), size_bytes=len(content), found=found_in(content, secrets))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for content in (path.read_bytes(),)
    ]


@dataclass
class Sink:
    """Takes whatever is posted to it, as a collector of traces would."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)

    def place(self, secrets: Sequence[str]) -> Place:
        """Everything that came, looked through."""
        found = {place for body in self.bodies for place in found_in(body, secrets)}
        return Place(name="traces", size_bytes=sum(map(len, self.bodies)), found=tuple(sorted(found)))


@contextmanager
def sink() -> Iterator[Sink]:
    """Run one on a free port of this machine."""
    made = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _unpacked(content: bytes) -> bytes:
    """What is in a gzip file, as far as it goes; a torn one is looked at as it is."""
    try:
        with gzip.open(io.BytesIO(content)) as file:
            return file.read(_MAX_UNPACKED_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""
