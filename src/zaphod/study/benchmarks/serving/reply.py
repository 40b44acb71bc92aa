"""What happened to one request, seen from the client; knows instants, counts and kinds of failure, never the text.

Definitions, the same for every server:
- TTFT: from the instant at which the request was *due* to the first chunk that carries a token. In the open loop that
  instant is the schedule's, so a client that falls behind, or a server that stalls, makes nothing look better (no
  coordinated omission). In the closed loop it is the instant of sending.
- ITL: every gap between chunks that carry tokens. Chunks that arrive in one read have a gap of 0.
- E2EL: from the same instant as TTFT to the last chunk that carries a token: TTFT plus the sum of all ITL.
- TPOT: (E2EL - TTFT) / (n - 1) for n output tokens; not defined for one token.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

FailureKind = Literal["429", "4xx", "5xx", "connection", "broken_stream", "timeout", "empty"]
"""`broken_stream`: it ended without a finish reason, or with an error. `empty`: it ended well, without a token."""
CountSource = Literal["usage", "length", "chunks"]
"""Who counted the tokens: the server; the limit, where it says that it stopped there; or we, one for each chunk."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a request was not answered."""

    kind: FailureKind
    message: str
    status: int | None = None
    retry_after: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One request; instants in seconds of one monotonic clock."""

    index: int
    due_s: float
    sent_s: float
    token_times_s: tuple[float, ...] = ()
    """Of the chunks that carried tokens."""
    num_tokens: int = 0
    count_source: CountSource = "chunks"
    num_letters: int = 0
    """Of the text that came."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt, where the server tells."""
    failure: Failure | None = None
    ended_s: float = 0.0

    @property
    def ttft_s(self) -> float:
        return self.token_times_s[0] - self.due_s

    @property
    def e2el_s(self) -> float:
        return self.token_times_s[-1] - self.due_s

    @property
    def itls_s(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.token_times_s)]

    @property
    def tpot_s(self) -> float | None:
        """None for a single token."""
        return None if self.num_tokens < 2 else (self.e2el_s - self.ttft_s) / (self.num_tokens - 1)

    @property
    def lag_s(self) -> float:
        """How much later than due it was sent: the client's own fault, or its cap on requests at a time."""
        return self.sent_s - self.due_s

    @property
    def pause_s(self) -> float:
        """How long a client waits before its next request: as long as it was told to, if it was refused."""
        seconds = None if self.failure is None else self.failure.retry_after
        # NOTE: a date may stand there, too; no model server sends one.
        return float(seconds) if seconds is not None and seconds.isdecimal() else 0.0
