"""Whether a request may wait for the engine, and how long that would take; knows no HTTP and computes nothing.

What was admitted waits until its first piece comes (`Ticket.started`), runs, and ends when it is settled. Sequences
for which the engine has a free place do not count as waiting.

The queue's bound is dynamic for each key: a key may have as many requests waiting as places are still free (dynamic
thresholds, Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998). A key alone gets half of the queue,
two get a third each, n get 1/(n+1) each: however greedy the others are, a key that has nothing waiting finds a place.
Where nobody needs a key there is one caller only, and the whole queue is its own.

The wait is forecast from the tokens that will be computed before a request: the engine serves keys in turn (fair
queueing), so of every other key only as much lies ahead as this key has waiting itself.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from zaphod.core.errors import ConfigError
from zaphod.server.admission.limits import Budgets, Ledger, Reservation, whole_seconds
from zaphod.server.caller import LOCAL, Caller
from zaphod.server.errors import ApiError

_FIRST_GUESS_TOKENS = 256.0
_MEMORY = 0.95
"""How much of its experience with the length of answers the forecast keeps at every new one."""
_LONGEST_RETRY_S = 300.0


class EngineView(Protocol):
    """What admission looks at; read on every request, so it must cost nothing."""

    @property
    def num_running(self) -> int:
        """Sequences that the engine computes."""

    @property
    def num_waiting(self) -> int:
        """Sequences that wait inside the engine."""

    @property
    def max_num_sequences(self) -> int:
        """Sequences that it can compute at one time."""

    @property
    def tokens_per_s(self) -> float:
        """Tokens of prompts and answers that it computed lately, all sequences together; 0 where nobody knows."""

    @property
    def free_memory_bytes(self) -> int | None:
        """Memory that may still be taken; None where it cannot be known."""


@dataclass(frozen=True, kw_only=True)
class AdmissionOptions:
    """How much may wait."""

    max_waiting: int = 256
    """Requests."""
    max_waiting_tokens: int = 4_000_000
    """Prompts and longest answers of waiting requests together."""
    max_wait_s: float = 60.0
    """Who would wait longer is told to come again."""
    memory_reserve_bytes: int = 128_000_000
    """With less free memory nothing new is let in."""

    def __post_init__(self) -> None:
        for name in ("max_waiting", "max_waiting_tokens", "max_wait_s"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be above 0.", "Raise it.")
        if self.memory_reserve_bytes < 0:
            raise ConfigError("memory_reserve_bytes is below 0.", "It must be 0 or more.", "Raise it.")


@dataclass(frozen=True, kw_only=True)
class _Demand:
    """What a request asks for."""

    caller: Caller
    prompt_tokens: int
    max_tokens: int
    num_answers: int
    expected_tokens: float
    """Prompt, and answers as long as answers usually are."""

    @property
    def num_tokens(self) -> int:
        return self.prompt_tokens + self.max_tokens


class Ticket:
    """A request that was let in. A context manager: leaving settles what was not settled."""

    __slots__ = ("_admission", "_demand", "_is_settled", "_num_produced", "_reservation", "is_waiting")

    def __init__(self, admission: Admission, demand: _Demand, reservation: Reservation) -> None:
        self._admission, self._demand, self._reservation = admission, demand, reservation
        self._is_settled = False
        self._num_produced: int | None = None
        self.is_waiting = True

    @property
    def rate_limit_headers(self) -> dict[str, str]:
        """OpenAI's `x-ratelimit-…`, for those limits that the key has."""
        return self._reservation.headers

    def started(self) -> None:
        """The engine works on it: it waits no longer. May be called for every piece."""
        if self.is_waiting and not self._is_settled:
            self.is_waiting = False
            self._admission._start(self._demand)

    def produced(self, num_tokens: int) -> None:
        """More tokens of the answer. Only what was counted here is charged if nobody settles."""
        self.started()
        self._num_produced = (self._num_produced or 0) + num_tokens

    def settle(self, *, prompt_tokens: int, completion_tokens: int) -> None:
        """Charge what was really used and give back the rest. Only the first call counts."""
        if not self._is_settled:
            self._is_settled = True
            self._admission._end(self._demand, self.is_waiting, completion_tokens)
            self._reservation.settle(prompt_tokens + completion_tokens)

    def __enter__(self) -> Ticket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_waiting:
            self.settle(prompt_tokens=0, completion_tokens=0)
        else:
            # Whoever forgets to count pays for the longest answer: cancelling must not be a way to pay nothing.
            produced = self._demand.max_tokens if self._num_produced is None else self._num_produced
            self.settle(prompt_tokens=self._demand.prompt_tokens, completion_tokens=produced)


@dataclass
class _Share:
    """What one key has waiting."""

    num_waiting: int = 0
    waiting_tokens: int = 0
    expected_tokens: float = 0.0


class Admission:
    """The door to the engine. Used on the event loop only.

    Args:
        options: how much may wait.
        view: the engine.
        ledger: of the tokens of days.
        clock: seconds that only grow.
        wall_clock: seconds since 1970.
        jitter: spreads those who come again.
    """

    def __init__(
        self,
        options: AdmissionOptions,
        view: EngineView,
        ledger: Ledger,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        jitter: random.Random | None = None,
    ) -> None:
        self._options = options
        self._view = view
        self._jitter = jitter or random.Random()
        self._budgets = Budgets(ledger, clock=clock, wall_clock=wall_clock, jitter=self._jitter)
        self._shares: dict[str, _Share] = {}
        self._waiting = _Share()
        self._num_running = 0
        self._num_running_answers = 0
        self._running_tokens = 0.0
        self._usual_answer_tokens = _FIRST_GUESS_TOKENS
        self.is_draining = False

    @property
    def num_waiting(self) -> int:
        """Requests that were let in and have no piece yet."""
        return self._waiting.num_waiting

    @property
    def num_running(self) -> int:
        """Requests with a first piece and no end."""
        return self._num_running

    @property
    def waiting_tokens(self) -> int:
        """Prompts and longest answers of waiting requests."""
        return self._waiting.waiting_tokens

    def drain(self) -> None:
        """Let nothing in from now on; what was let in goes on."""
        self.is_draining = True

    def admit(self, caller: Caller, *, prompt_tokens: int, max_tokens: int, num_answers: int = 1) -> Ticket:
        """Let a request in, or say when to come again.

        Args:
            caller: whose it is.
            prompt_tokens: of the prompt.
            max_tokens: the most that all its answers together can have.
            num_answers: sequences that the engine will compute for it.

        Raises:
            ApiError: 503 the server stops or lacks memory; 429 the queue is full, the key has its share of it, the
                wait would be too long, or a limit of the key is used up.
        """
        demand = self._demand(caller, prompt_tokens, max_tokens, num_answers)
        self._require_open()
        self._require_place(demand)
        self._require_short_wait(demand)
        reservation = self._budgets.reserve(caller, demand.num_tokens)
        self._count(demand, 1)
        return Ticket(self, demand, reservation)

    def require_room(self, caller: Caller) -> None:
        """Refuse what no request could get now, before anybody reads or encodes it.

        Raises:
            ApiError: as `admit`, for the smallest request there is.
        """
        self._require_open()
        smallest = self._demand(caller, 1, 1, 1)
        self._require_place(smallest)
        self._require_short_wait(smallest)

    def forecast_s(self, caller: Caller, *, prompt_tokens: int, max_tokens: int, num_answers: int = 1) -> float:
        """How long a request would wait that was let in now; 0 where nobody knows."""
        return self._forecast_s(self._demand(caller, prompt_tokens, max_tokens, num_answers))

    def _demand(self, caller: Caller, prompt_tokens: int, max_tokens: int, num_answers: int) -> _Demand:
        # Most requests leave the longest answer at a default that hardly any answer reaches.
        answers = min(float(max_tokens), num_answers * self._usual_answer_tokens)
        return _Demand(
            caller=caller,
            prompt_tokens=prompt_tokens,
            max_tokens=max_tokens,
            num_answers=num_answers,
            expected_tokens=prompt_tokens + answers,
        )

    def _require_open(self) -> None:
        if self.is_draining:
            message = "The server is shutting down and takes nothing new. Try again in a few seconds."
            raise ApiError(503, "draining", message, headers=self._again(1.0))
        free, reserve = self._view.free_memory_bytes, self._options.memory_reserve_bytes
        if free is not None and free < reserve:
            message = f"{free // 10**6} MB of memory are free and {reserve // 10**6} MB are kept. Try again later."
            raise ApiError(503, "out_of_memory", message, headers=self._again(5.0))

    def _require_place(self, demand: _Demand) -> None:
        own = self._shares.get(demand.caller.key_id, _Share())
        free = self._options.max_waiting - self._num_in_queue() + self._num_free_places()
        free_tokens = self._options.max_waiting_tokens - self._waiting.waiting_tokens
        if free < 1 or (demand.num_tokens > free_tokens and self._waiting.num_waiting):
            raise self._full("The queue is full", "queue_full")
        # NOTE: only LOCAL can know itself to be alone: it is let in only while there is no key at all.
        if demand.caller.key_id == LOCAL.key_id or not own.num_waiting:
            return
        if own.num_waiting + 1 > free or own.waiting_tokens + demand.num_tokens > free_tokens:
            raise self._full("This key has its share of the queue waiting, and others need theirs", "queue_share_full")

    def _require_short_wait(self, demand: _Demand) -> None:
        wait_s, longest_s = self._forecast_s(demand), self._options.max_wait_s
        if wait_s > longest_s:
            headers = self._again(wait_s - longest_s)
            message = f"This would wait about {wait_s:.0f} s, and the most is {longest_s:g} s."
            message += f" Try again in {headers['Retry-After']} s."
            raise ApiError(429, "queue_too_slow", message, headers=headers)

    def _full(self, found: str, code: str) -> ApiError:
        """A place is free when the next answer ends."""
        headers = self._again(self._next_end_s())
        message = f"{found}. Try again in {headers['Retry-After']} s."
        return ApiError(429, code, message, headers=headers)

    def _forecast_s(self, demand: _Demand) -> float:
        speed, key_id = self._view.tokens_per_s, demand.caller.key_id
        if self._num_free_places() > self._num_in_queue() or speed <= 0:
            return 0.0
        own = self._shares.get(key_id, _Share()).expected_tokens
        turn = own + demand.expected_tokens
        others = sum(min(share.expected_tokens, turn) for name, share in self._shares.items() if name != key_id)
        return (own + others) / speed + self._next_end_s()

    def _next_end_s(self) -> float:
        """When an answer ends: n of them run at 1/n of the speed each, and the first has about 1/n of it to go."""
        speed = self._view.tokens_per_s
        if speed <= 0 or not self._num_running_answers:
            return 1.0
        return self._running_tokens / self._num_running_answers / speed

    def _num_in_queue(self) -> int:
        """Those without a piece yet, less those whose prompt is being read: they have left the queue."""
        num_reading = max(0, self._view.num_running - self._num_running_answers)
        return max(0, self._waiting.num_waiting - num_reading)

    def _num_free_places(self) -> int:
        """Sequences that could start at once. Where some wait inside the engine its cache is full, and none could."""
        if self._view.num_waiting:
            return 0
        return max(0, self._view.max_num_sequences - max(self._num_running_answers, self._view.num_running))

    def _again(self, wait_s: float) -> dict[str, str]:
        return {"Retry-After": str(whole_seconds(min(wait_s, _LONGEST_RETRY_S), self._jitter))}

    def _count(self, demand: _Demand, sign: int) -> None:
        """Enter a request in the queue, or take it out."""
        key_id = demand.caller.key_id
        share = self._shares.setdefault(key_id, _Share())
        for counts in (share, self._waiting):
            counts.num_waiting += sign
            counts.waiting_tokens += sign * demand.num_tokens
            counts.expected_tokens += sign * demand.expected_tokens
        if not share.num_waiting:
            del self._shares[key_id]

    def _start(self, demand: _Demand) -> None:
        self._count(demand, -1)
        self._num_running += 1
        self._num_running_answers += demand.num_answers
        self._running_tokens += demand.expected_tokens

    def _end(self, demand: _Demand, is_waiting: bool, completion_tokens: int) -> None:
        if is_waiting:
            self._count(demand, -1)
            return
        self._num_running -= 1
        self._num_running_answers -= demand.num_answers
        self._running_tokens = self._running_tokens - demand.expected_tokens if self._num_running else 0.0
        if demand.max_tokens:
            answer = completion_tokens / demand.num_answers
            self._usual_answer_tokens = _MEMORY * self._usual_answer_tokens + (1 - _MEMORY) * answer
