"""A server in OpenAI's format whose model says what a test wants; for planners that are asked over HTTP."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from zaphod.agents.robotics.planning.carrying import Proposal
from zaphod.agents.robotics.planning.schema import written
from zaphod.agents.robotics.setting import GLASS_OVER_A_WALL

WEAK = Proposal(force_n=0.5, height_m=0.35, lift_s=2.0, cross_s=2.0, closing_speed_m_s=0.01)


def saying(text: object) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


def proposing(proposal: Proposal) -> dict[str, Any]:
    return saying(json.dumps({"reason": "so", "proposal": written(proposal, GLASS_OVER_A_WALL)}))


@contextlib.contextmanager
def serving(
    *answers: object, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that gives these bodies, the last one again and again; and what it was asked."""
    asked: list[dict[str, Any]] = []
    left = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
            self.answer(left.pop(0) if len(left) > 1 else left[0])

        def do_GET(self) -> None:
            self.answer({"data": [{"id": "first"}, {"id": "second"}]})

        def answer(self, value: object) -> None:
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status if self.command == "POST" else 200)
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
