"""Receivers on this machine that speak the sinks' protocols, and misbehave when told to.

Faults are words, one for each request; when there are none left, requests are answered as they should be:
    503, 429, 401, 500, 400    that status, and nothing is stored
    after                      503 with `Retry-After: 0`
    close                      the connection ends before the request is read
    stored_close               what was sent is stored, and then the connection ends without an answer
    slow                       the answer takes longer than the sink waits; what was sent is stored
    rubbish                    200 with bytes that mean nothing, and nothing is stored
    redirect                   302 to somewhere else
    partial                    the receiver's own way to take only a part
    lost                       200, but it is never acknowledged and never stored (Splunk)
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

SLOW_S = 0.2


class Receiver:
    """An HTTP server in a thread. `take` stores a request's body and returns what to answer."""

    def __init__(self, faults: Iterable[str] = ()) -> None:
        self.faults = deque(faults)
        self.stored: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.poison: Callable[[dict[str, Any]], bool] = lambda record: False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def seqs(self) -> list[int]:
        """Numbers of what is stored, in the order in which it came."""
        return [record["seq"] for record in self.stored]

    @property
    def ids(self) -> list[str]:
        return [record["dedupe_id"] for record in self.stored]

    def take(self, path: str, body: bytes, fault: str) -> tuple[int, Any]:
        raise NotImplementedError

    def next_fault(self, path: str) -> str:
        return self.faults.popleft() if self.faults else ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(receiver) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, dict(self.headers), body))
                with contextlib.suppress(ConnectionError):
                    self.answer(receiver.next_fault(self.path), body)

            def answer(self, fault: str, body: bytes) -> None:
                if fault.isdigit():
                    self.reply(int(fault), {"text": "no", "code": 9})
                elif fault == "after":
                    self.reply(503, {}, {"Retry-After": "0"})
                elif fault == "redirect":
                    self.reply(302, {}, {"Location": receiver.url + "/elsewhere"})
                elif fault == "rubbish":
                    self.reply(200, "rubbish")
                elif fault != "close":
                    status, answer = receiver.take(self.path, body, fault)
                    if fault == "slow":
                        time.sleep(SLOW_S)
                    if fault != "stored_close":
                        self.reply(status, answer)

            def reply(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
                data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


class FakeSplunk(Receiver):
    """Takes events, and acknowledges them when it is asked for the second time."""

    def __init__(self, faults: Iterable[str] = (), *, has_acks: bool = True) -> None:
        super().__init__(faults)
        self.has_acks = has_acks
        self.num_lost = self.num_asked = 0
        self._acks: dict[int, int] = {}

    def take(self, path: str, body: bytes, fault: str) -> tuple[int, Any]:
        if path.startswith("/services/collector/ack"):
            self.num_asked += 1
            (number,) = json.loads(body)["acks"]
            self._acks[number] = self._acks.get(number, -99) + 1
            return 200, {"acks": {str(number): self._acks[number] >= 2 and fault != "lost"}}
        events = [json.loads(line) for line in body.splitlines()]
        if any(self.poison(event["event"]) for event in events):
            return 400, {"text": "Invalid data format", "code": 6}
        number = len(self.requests)
        if fault == "lost":
            self.num_lost += 1
            return 200, {"text": "Success", "code": 0, "ackId": number}
        self._acks[number] = 0
        self.stored += [event["event"] for event in events]
        return 200, {"text": "Success", "code": 0} | ({"ackId": number} if self.has_acks else {})


class FakeElasticsearch(Receiver):
    """Stores each id once, and answers for each item."""

    def __init__(self, faults: Iterable[str] = ()) -> None:
        super().__init__(faults)
        self.documents: dict[str, dict[str, Any]] = {}
        self.num_conflicts = 0

    def take(self, path: str, body: bytes, fault: str) -> tuple[int, Any]:
        assert body.endswith(b"\n")
        lines = [json.loads(line) for line in body.splitlines()]
        items = []
        for place, (action, document) in enumerate(zip(lines[::2], lines[1::2], strict=True)):
            status = self._status(action["create"]["_id"], document["zaphod"], busy=fault == "partial" and place % 2)
            if status == 201:
                self.documents[action["create"]["_id"]] = document
                self.stored.append(document["zaphod"])
            error = {} if status == 201 else {"error": {"type": "some_exception", "reason": f"status {status}"}}
            items.append({"create": {"status": status, **error}})
        if fault == "short":
            items = items[:-1]
        return 200, {"errors": True, "items": items}

    def _status(self, name: str, record: dict[str, Any], busy: int | bool) -> int:
        if name in self.documents:
            self.num_conflicts += 1
            return 409
        if busy:
            return 429
        return 400 if self.poison(record) else 201


class FakeCollector(Receiver):
    """Takes OTLP logs; refuses poison by number, as the protocol wants."""

    def take(self, path: str, body: bytes, fault: str) -> tuple[int, Any]:
        (resource,) = json.loads(body)["resourceLogs"]
        (scope,) = resource["scopeLogs"]
        records = [self._flat(entry) for entry in scope["logRecords"]]
        good = [record for record in records if not self.poison(record)]
        self.stored += good
        if len(good) < len(records):
            refused = {"rejectedLogRecords": str(len(records) - len(good)), "errorMessage": "bad"}
            return 200, {"partialSuccess": refused}
        return 200, {}

    def _flat(self, entry: dict[str, Any]) -> dict[str, Any]:
        values = {item["key"].removeprefix("zaphod.audit."): item["value"] for item in entry["attributes"]}
        plain = {name: next(iter(value.values())) for name, value in values.items()}
        return {**plain, "seq": int(plain["seq"]), "body": entry["body"]["stringValue"]}
