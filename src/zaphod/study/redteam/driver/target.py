"""The server under attack: one conversation in, one answer out, at a bounded rate; knows no attack.

Where it says "later" (429, 503), it is asked again after the time it names. Everything else it says is an answer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zaphod.core.endpoint import Endpoint, ask_patiently
from zaphod.core.errors import UnavailableError
from zaphod.study.redteam.driver.answer import Answer, read_answer
from zaphod.study.redteam.driver.scenario import Message


@dataclass(frozen=True, kw_only=True)
class TargetOptions(Endpoint):
    """Which server, and how it is asked.

    Args:
        max_requests_per_s: no faster than this; 0 for as fast as it answers.
        max_tokens: of an answer.
        extra_body: further fields of every request.
    """

    timeout_s: float = 120.0
    max_requests_per_s: float = 0.0
    max_tokens: int = 128
    extra_body: Mapping[str, Any] = field(default_factory=dict)


class Target:
    """Asks one server.

    Args:
        options: which, and how.
        sleep, clock: seconds; others in tests.

    Raises:
        UnavailableError: it cannot be reached, or says "later" too often.
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
        return self._patiently("chat/completions", body | dict(self.options.extra_body))

    def _first_model(self) -> str:
        answer = self._patiently("models", None)
        names = re.findall(r'"id"\s*:\s*"([^"]+)"', answer.raw) if answer.status == 200 else []
        if not names:
            raise UnavailableError(
                f"{self.options.address('models')} answers {answer.status}: {answer.raw[:200]}",
                "An OpenAI-compatible server that names its models was wanted.",
                "Check the address and the key, or give --model.",
            )
        return str(names[0])

    def _patiently(self, path: str, fields: Mapping[str, Any] | None) -> Answer:
        said = ask_patiently(self.options, path, fields, self._sleep, before=self._keep_rate)
        return read_answer(said.status, said.text)

    def _keep_rate(self) -> None:
        if self.options.max_requests_per_s > 0:
            now_s = self._clock()
            if self._next_s > now_s:
                self._sleep(self._next_s - now_s)
            self._next_s = max(now_s, self._next_s) + 1 / self.options.max_requests_per_s
