"""A Hugging Face Hub on this machine: the few routes that a download uses, over real HTTP."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

COMMIT = "42" * 20


class StubHub:
    """One repository `org/name` with one commit, on `main`.

    `break_after_bytes` cuts every download's connection after so many bytes, until it is set back to None.
    `served_bytes` counts the bytes of files that were sent.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.break_after_bytes: int | None = None
        self.status = 200
        self.error_code = ""
        self.served_bytes = 0
        self.endpoint = ""

    def describe(self) -> dict[str, Any]:
        siblings = [{"rfilename": name, "size": len(data)} for name, data in self.files.items()]
        return {"id": "org/name", "modelId": "org/name", "sha": COMMIT, "siblings": siblings}

    def tree(self) -> list[dict[str, Any]]:
        return [
            {"type": "file", "path": name, "size": len(data), "oid": etag(data)} for name, data in self.files.items()
        ]


def etag(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


@contextmanager
def serve(hub: StubHub) -> Iterator[StubHub]:
    """Run the hub on a free loopback port for the duration of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(is_head=True)

        def do_GET(self) -> None:
            self._answer(is_head=False)

        def _answer(self, is_head: bool) -> None:
            path = unquote(self.path.split("?")[0])
            if hub.status != 200:
                self._send(hub.status, b"{}", {"X-Error-Code": hub.error_code})
            elif path.startswith("/api/models/org/name/tree/"):
                self._send(200, json.dumps(hub.tree()).encode())
            elif path in ("/api/models/org/name/revision/main", f"/api/models/org/name/revision/{COMMIT}"):
                self._send(200, json.dumps(hub.describe()).encode())
            elif path.startswith("/api/models/org/name/revision/"):
                self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            elif path.startswith(f"/org/name/resolve/{COMMIT}/"):
                self._send_file(hub.files[path.split("/", 5)[5]], is_head)
            else:
                self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _send_file(self, data: bytes, is_head: bool) -> None:
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
            self.send_response(206 if "Range" in self.headers else 200)
            self.send_header("ETag", f'"{etag(data)}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(data) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            if not is_head:
                body = data[start:][: hub.break_after_bytes]
                self.wfile.write(body)
                hub.served_bytes += len(body)
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
