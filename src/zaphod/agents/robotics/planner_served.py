"""A model behind an OpenAI-compatible server, asked under a JSON Schema; the only file of the robot that knows HTTP."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from zaphod.agents.robotics.planner_spoken import MOST_TOKENS
from zaphod.core.errors import ConfigError, RequestError, UnavailableError

_VERSIONED: Final = re.compile(r"/v\d+$")
_LATER: Final = (429, 503)
_MOST_TRIES: Final = 4
_MOST_BODY_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Which server, and how it is asked.

    Args:
        url: with or without `/v1` at its end.
        model: as the server calls it; its first one if empty.
        api_key: sent as a bearer token.
        timeout_s: for one answer.
        max_tokens: of an answer.
    """

    url: str
    model: str = ""
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float = 120.0
    max_tokens: int = MOST_TOKENS

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ConfigError(
                f"The server's address is {self.url!r}.", "It begins with http:// or https://.", "Correct it."
            )

    def address(self, path: str) -> str:
        """Of a route."""
        base = self.url.rstrip("/")
        return f"{base if _VERSIONED.search(base) else base + '/v1'}/{path}"


class _StaysHere(urllib.request.HTTPRedirectHandler):
    """No answer sends the key to another server."""

    def redirect_request(self, *given: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_StaysHere)


class Server:
    """Asks one server: is what a `SpokenPlanner` says its conversation to.

    Args:
        endpoint: which, and how.
        sleep: seconds; another one in tests.

    Raises:
        UnavailableError: it does not answer, or says "later" too often.
        RequestError: it refuses the request, or answers in another format than OpenAI's.
    """

    def __init__(self, endpoint: Endpoint, sleep: Callable[[float], None] = time.sleep) -> None:
        self._endpoint, self._sleep = endpoint, sleep
        self.model = endpoint.model or self._first_model()
        """As the server calls it."""

    def __call__(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> str:
        """What the model says; empty where it says nothing."""
        told = {name: value for name, value in schema.items() if name != "$schema"}
        form = {"type": "json_schema", "json_schema": {"name": "proposal", "strict": True, "schema": told}}
        body = {
            "model": self.model,
            "messages": list(messages),
            "temperature": 0,
            "max_tokens": self._endpoint.max_tokens,
            "response_format": form,
        }
        answer = self._exchanged("chat/completions", body)
        try:
            content = answer["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError) as error:
            raise self._strange(answer) from error
        return content if isinstance(content, str) else ""

    def _first_model(self) -> str:
        answer = self._exchanged("models", None)
        try:
            return str(answer["data"][0]["id"])
        except (KeyError, IndexError, TypeError) as error:
            raise self._strange(answer) from error

    def _exchanged(self, path: str, body: Mapping[str, Any] | None) -> Any:
        status, text = 0, ""
        for attempt in range(_MOST_TRIES):
            status, text = self._exchange(path, body)
            if status not in _LATER:
                break
            self._sleep(2.0**attempt)
        if status in _LATER:
            raise UnavailableError(
                f"{self._endpoint.address(path)} has said {status} {_MOST_TRIES} times.",
                "It should find time for a request.",
                "Try again later.",
            )
        if status != 200:
            raise RequestError(
                f"{self._endpoint.address(path)} answers {status}: {text[:200]}",
                "A server that answers under a JSON schema was wanted.",
                "Check the address, the model's name and the key.",
            )
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._strange(text) from error

    def _exchange(self, path: str, body: Mapping[str, Any] | None) -> tuple[int, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "zaphod-robot"}
        if self._endpoint.api_key is not None:
            headers["Authorization"] = f"Bearer {self._endpoint.api_key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._endpoint.address(path), data, headers)
        try:
            with _OPENER.open(request, timeout=self._endpoint.timeout_s) as response:
                return response.status, response.read(_MOST_BODY_BYTES).decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(_MOST_BODY_BYTES).decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise UnavailableError(
                f"{self._endpoint.address(path)} cannot be asked: {error}.",
                "It must answer.",
                "Check the address, and that the server runs.",
            ) from error

    def _strange(self, answer: object) -> RequestError:
        return RequestError(
            f"{self._endpoint.url} answers {str(answer)[:200]!r}.",
            "An answer in OpenAI's format was wanted.",
            "Check the address.",
        )
