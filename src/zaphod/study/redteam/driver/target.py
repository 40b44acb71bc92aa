"""The server under attack: one conversation in, one answer out, at a bounded rate; the only file that knows HTTP.

Where it says "later" (429, 503), it is asked again after the time it names. Everything else it says is an answer.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zaphod.core.errors import ConfigError, ZaphodError
from zaphod.study.redteam.driver.answer import Answer, read_answer
from zaphod.study.redteam.driver.scenario import Message

_VERSIONED = re.compile(r"/v\d+$")
_LATER = (429, 503)
_MAX_WAIT_S = 60.0
_MAX_TRIES = 8
_MAX_BODY_BYTES = 8 << 20


@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """Which server, and how it is asked.

    Args:
        url: with or without `/v1` at its end.
        model: as the server calls it; its first one if empty.
        api_key: sent as a bearer token.
        max_requests_per_s: no faster than this; 0 for as fast as it answers.
        max_tokens: of an answer.
        timeout_s: for one answer.
        extra_body: further fields of every request.
    """

    url: str
    model: str = ""
    api_key: str | None = field(default=None, repr=False)
    max_requests_per_s: float = 0.0
    max_tokens: int = 128
    timeout_s: float = 120.0
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ConfigError(
                f"The server's address is {self.url!r}.", "It begins with http:// or https://.", "Correct it."
            )

    def address(self, path: str) -> str:
        """Of a route."""
        base = self.url.rstrip("/")
        return f"{base if _VERSIONED.search(base) else base + '/v1'}/{path}"


class Target:
    """Asks one server.

    Args:
        options: which, and how.
        sleep, clock: seconds; others in tests.

    Raises:
        ZaphodError: it cannot be reached, or says "later" too often.
    """

    def __init__(
        self,
        options: TargetOptions,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options
        self._sleep, self._clock = sleep, clock
        self._next_s = 0.0
        self.model = options.model or self._first_model()

    def ask(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()) -> Answer:
        """The answer to a conversation, greedily decoded."""
        body: dict[str, Any] = {"model": self.model, "messages": list(messages), "temperature": 0}
        body |= {"max_tokens": self.options.max_tokens, **({"tools": list(tools)} if tools else {})}
        return self._patiently("chat/completions", json.dumps(body | dict(self.options.extra_body)).encode())

    def _first_model(self) -> str:
        answer = self._patiently("models", None)
        names = re.findall(r'"id"\s*:\s*"([^"]+)"', answer.raw) if answer.status == 200 else []
        if not names:
            raise ZaphodError(
                f"{self.options.address('models')} answers {answer.status}: {answer.raw[:200]}",
                "An OpenAI-compatible server that names its models was wanted.",
                "Check the address and the key, or give --model.",
            )
        return str(names[0])

    def _patiently(self, path: str, body: bytes | None) -> Answer:
        for attempt in range(_MAX_TRIES):
            self._keep_rate()
            status, text, retry_after = self._exchange(path, body)
            if status not in _LATER:
                return read_answer(status, text)
            self._sleep(_waiting_s(retry_after, attempt))
        raise ZaphodError(
            f"{self.options.url} has said {status} {_MAX_TRIES} times.",
            "It should find time for a request.",
            "Lower --rate, or give a key with higher limits; the report file lets you continue later.",
        )

    def _keep_rate(self) -> None:
        if self.options.max_requests_per_s > 0:
            now_s = self._clock()
            if self._next_s > now_s:
                self._sleep(self._next_s - now_s)
            self._next_s = max(now_s, self._next_s) + 1 / self.options.max_requests_per_s

    def _exchange(self, path: str, body: bytes | None) -> tuple[int, str, str | None]:
        headers = {"Content-Type": "application/json", "User-Agent": "zaphod-redteam"}
        if self.options.api_key is not None:
            headers["Authorization"] = f"Bearer {self.options.api_key}"
        request = urllib.request.Request(self.options.address(path), body, headers)
        try:
            with urllib.request.urlopen(request, timeout=self.options.timeout_s) as response:
                return response.status, response.read(_MAX_BODY_BYTES).decode(errors="replace"), None
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(_MAX_BODY_BYTES).decode(errors="replace")
            return error.code, text, error.headers.get("Retry-After")
        except (urllib.error.URLError, OSError) as error:
            raise ZaphodError(
                f"{self.options.address(path)} cannot be asked: {error}.",
                "It must answer.",
                "Check the address, and that the server runs; the report file lets you continue later.",
            ) from error


def _waiting_s(retry_after: str | None, attempt: int) -> float:
    """Seconds, or a date (RFC 9110, 10.2.3); twice as long each time where nothing is said."""
    if retry_after is not None and re.fullmatch(r"\d{1,6}", retry_after.strip()):
        return min(float(retry_after), _MAX_WAIT_S)
    if retry_after is not None:
        try:
            moment = email.utils.parsedate_to_datetime(retry_after)
        except ValueError:
            return min(2.0**attempt, _MAX_WAIT_S)
        return min(max(0.0, moment.timestamp() - time.time()), _MAX_WAIT_S)
    return min(2.0**attempt, _MAX_WAIT_S)
