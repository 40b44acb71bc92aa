"""A model behind an OpenAI-compatible server, asked for a plan under a JSON Schema; knows no scene and no verifier."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zaphod.agents.robotics.planning.spoken import MOST_TOKENS
from zaphod.core.endpoint import Endpoint, ask_patiently
from zaphod.core.errors import RequestError


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
            "max_tokens": MOST_TOKENS,
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
        status, text, _ = ask_patiently(self._endpoint, path, body, self._sleep)
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

    def _strange(self, answer: object) -> RequestError:
        return RequestError(
            f"{self._endpoint.url} answers {str(answer)[:200]!r}.",
            "An answer in OpenAI's format was wanted.",
            "Check the address.",
        )
