"""Requests over one connection, each answer held against the OpenAPI document: its status, its shape, its time."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from tests.support.openapi_places import Document
from tests.support.running_server import RunningServer

LONGEST_S = 10.0
"""An answer that takes longer hangs, on a machine however busy: those asked for here take some milliseconds."""
_LONGEST_VALIDATED = 100_000
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """What went wrong."""
        found: dict[str, Any] = self.json["error"]
        return found


class Probe:
    """A client that holds every answer against the document.

    Args:
        server: which is asked.
    """

    def __init__(self, server: RunningServer) -> None:
        self.document = Document(server.get("/openapi.json"))
        self.num_sent = 0
        self._address = urlsplit(server.url)
        self._connection = self._connected()
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def post(self, operation: str, body: bytes, **headers: str) -> Answer:
        """Send a body to a route named like `POST /tokenize`; the answer is one that the document knows.

        Raises:
            AssertionError: it is not, or it is a server's mistake, or it took too long.
        """
        method, path = operation.split()
        answer = self.ask(method, path, body, {**_JSON, **headers})
        self.check(operation, answer)
        return answer

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """Send anything. A server that hung up before is called anew, as clients do."""
        self.num_sent += 1
        began_s = time.monotonic()
        try:
            self._connection.request(method, path, body or None, headers or {})
            response = self._connection.getresponse()
            answer = Answer(response.status, response.read(), response.headers)
        except OSError as error:
            raise AssertionError(f"the connection broke: {error!r}") from error
        finally:
            took_s = time.monotonic() - began_s
        assert took_s < LONGEST_S, f"it took {took_s:.1f} s"
        assert answer.status < 500, answer.body[:500]
        return answer

    def check(self, operation: str, answer: Answer) -> None:
        """The answer's status, type and shape are those of the document."""
        responses = self.document.operation(operation)["responses"]
        assert str(answer.status) in responses, f"{operation} answers {answer.status}, which is not documented"
        kind = answer.headers.get_content_type()
        content = self.document.resolved(responses[str(answer.status)])["content"]
        assert kind in content, f"{operation} answers with {kind}"
        if kind == "application/json" and len(answer.body) <= _LONGEST_VALIDATED:
            self._validator(operation, str(answer.status)).validate(answer.json)
        if answer.status >= 400:
            message = answer.error["message"]
            assert 10 < len(message) < 1500, message
            assert message.strip() == message, message
        if kind == "text/event-stream":
            events_of(answer.body)

    def alive(self) -> None:
        """The server is ready and answers a question rightly."""
        asked = {"messages": [{"role": "user", "content": "what is 4817 + 2944?"}], "temperature": 0, "max_tokens": 60}
        answer = self.post("POST /v1/chat/completions", json.dumps(asked).encode())
        assert answer.json["choices"][0]["message"]["content"].endswith("= 7761")
        assert self.ask("GET", "/ready").json["ready"]

    def _connected(self) -> http.client.HTTPConnection:
        assert self._address.hostname is not None
        return http.client.HTTPConnection(self._address.hostname, self._address.port, timeout=3 * LONGEST_S)

    def _validator(self, operation: str, status: str) -> Draft202012Validator:
        if (operation, status) not in self._validators:
            response = self.document.resolved(self.document.operation(operation)["responses"][status])
            schema = response["content"]["application/json"]["schema"]
            self._validators[operation, status] = self.validator(schema)
        return self._validators[operation, status]

    def validator(self, schema: Any) -> Draft202012Validator:
        """Of a schema that refers to the document's components."""
        return Draft202012Validator({**schema, "components": self.document.content["components"]})


def events_of(stream: bytes) -> list[Any]:
    """The data of each event of a stream that came to its end; an error among them is a mistake here."""
    events = [block for block in stream.decode().split("\n\n") if block]
    texts = [line.removeprefix("data: ") for block in events for line in block.split("\n") if line.startswith("data: ")]
    assert len(texts) == len(events), stream[:500]
    is_named = texts[-1] != "[DONE]"
    data = [json.loads(text) for text in (texts if is_named else texts[:-1])]
    assert not [one for one in data if one.get("error")], stream[-500:]
    if is_named:
        assert data[-1]["type"] in ("response.completed", "response.incomplete", "message_stop"), data[-1]
    return data
