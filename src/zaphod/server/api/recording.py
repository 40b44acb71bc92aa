"""One call as it is counted: tokens, times, how it ended; knows no event and no prompt."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING

from zaphod.core.errors import ZaphodError
from zaphod.server.api.calls import Call
from zaphod.server.api.fields import CLIENT_GONE
from zaphod.server.engine_process.messages import Piece
from zaphod.server.errors import ApiError, as_api_error

if TYPE_CHECKING:
    from zaphod.server.observability.energy import Energy
    from zaphod.server.observability.observation import Observer

_MEASURABLE_S = 0.01


class Record:
    """Tells the observer of a call and of its end, whatever that is; a second end does not count.

    Args:
        observer: is told.
        call: who asks.
    """

    def __init__(self, observer: Observer, call: Call) -> None:
        self._observation = observer.begin(
            route=call.route,
            model=call.model,
            caller=call.caller,
            request_id=call.request_id,
            headers=call.headers,
        )
        self._conversation = call.conversation
        self._num_cached = 0
        self._first_s: float | None = None
        self._last_s = 0.0
        self._num_first = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.num_answers = 1
        """To each prompt."""
        self.finish_reason: str | None = None

    @property
    def cached_tokens(self) -> int:
        """Of the prompts, each counted once however many answers it got."""
        return self._num_cached

    @property
    def tokens_per_s(self) -> float | None:
        """Produced after the first piece; None where that took no time worth measuring."""
        num_tokens, time_s = self.completion_tokens - self._num_first, self._last_s - (self._first_s or 0.0)
        return num_tokens / time_s if num_tokens > 0 and time_s >= _MEASURABLE_S else None

    @property
    def facts(self) -> dict[str, int]:
        """What it took, for the audit."""
        return {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens}

    def admitted(self, prompt_tokens: int) -> None:
        """It may wait for the engine."""
        self.prompt_tokens = prompt_tokens
        self._observation.admitted(prompt_tokens=prompt_tokens)

    def piece(self, piece: Piece, answer: int) -> None:
        """More of an answer."""
        if piece.queue_s is not None:
            self._observation.started(queue_s=piece.queue_s)
        num_tokens = len(piece.token_ids)
        self._last_s = time.monotonic()
        if self._first_s is None:
            self._first_s, self._num_first = self._last_s, num_tokens
        if answer % self.num_answers == 0:
            self._num_cached += piece.num_cached_tokens
        self.completion_tokens += num_tokens
        if piece.queue_s is not None:
            self._observation.started(queue_s=piece.queue_s)
        self._observation.piece(num_tokens, answer=answer)

    def end_well(self) -> Energy | None:
        """All answers are complete; the energy that they took, if that is known."""
        return self._end(200, None)

    async def __aenter__(self) -> Record:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._end(200, None)
        elif isinstance(error, ApiError):
            self._end(error.status, error.code)
        elif isinstance(error, ZaphodError):
            found = as_api_error(error)
            self._end(found.status, found.code)
        elif isinstance(error, GeneratorExit | asyncio.CancelledError):
            self.finish_reason = "cancelled"
            self._end(CLIENT_GONE, "client_disconnected")
        else:
            self._end(500, "internal_error")

    def _end(self, status: int, error_code: str | None) -> Energy | None:
        if status != 200 and self._conversation is not None:
            self._conversation.broke_off(status, error_code)
        return self._observation.end(
            status=status,
            finish_reason=self.finish_reason,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cached_tokens=self.cached_tokens,
            error_code=error_code,
        )
