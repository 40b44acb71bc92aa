"""What a key may use in a minute, in a day and at one time; knows no queue, no engine and no file.

Requests and tokens of a minute come from token buckets: a bucket holds a minute's worth and fills up evenly, so within
any `w` seconds at most `limit * (1 + w / 60)` leave it. A day is the UTC day, counted in a ledger that outlives the
process. Tokens are reserved for the worst case, prompt and longest answer, and what was not used is given back.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from zaphod.core.errors import ConfigError
from zaphod.server.caller import Caller, Limits
from zaphod.server.errors import ApiError

_MINUTE_S = 60.0
_DAY_S = 86400
_ROUNDING = 1e-6
"""Refilling adds fractions: a bucket that lacks less than this for a whole token is not short of it."""


class Ledger(Protocol):
    """Where the tokens of a day are counted; `KeyStore` is one. Days are UTC days since 1970."""

    def used_tokens(self, key_id: str, day: int) -> int: ...

    def add_tokens(self, key_id: str, day: int, num_tokens: int) -> None: ...


class Bucket:
    """Fills evenly with `limit` a minute, and holds as much. Times are seconds of any clock."""

    __slots__ = ("_level", "_returnable", "_updated_s", "limit")

    def __init__(self, limit: int, now_s: float) -> None:
        self.limit = limit
        self._level = float(limit)
        self._updated_s = now_s
        self._returnable: dict[object, float] = {}
        """What each open hold could still give back, oldest first; with the level never more than `limit`."""

    def level(self, now_s: float) -> float:
        """What could be taken now; below 0 where more was used than reserved."""
        return min(float(self.limit), self._level + self._inflow(now_s))

    def take(self, amount: float, now_s: float) -> None:
        """Take what `wait_s` says is there, for good."""
        self._refill(now_s)
        self._level -= amount

    def hold(self, owner: object, amount: float, now_s: float) -> None:
        """Take what `wait_s` says is there; `settle` gives back what of it was not used."""
        self.take(amount, now_s)
        self._returnable[owner] = amount

    def settle(self, owner: object, unused: float, now_s: float) -> None:
        """End a hold. Of `unused`, what has flowed in since is not given back twice; below 0, more was used."""
        self._refill(now_s)
        self._level += min(unused, self._returnable.pop(owner))

    def _inflow(self, now_s: float) -> float:
        return max(0.0, now_s - self._updated_s) * self.limit / _MINUTE_S

    def _refill(self, now_s: float) -> None:
        """What would run over if all holds were given back fills their places instead, the oldest first."""
        full = self._level + self._inflow(now_s)
        excess = full + sum(self._returnable.values()) - self.limit
        for owner, amount in self._returnable.items():
            lost = min(amount, max(0.0, excess))
            self._returnable[owner] = amount - lost
            excess -= lost
        self._level = min(float(self.limit), full)
        self._updated_s = max(self._updated_s, now_s)

    def wait_s(self, amount: float, now_s: float) -> float:
        """How long until so much can be taken; 0 if it can be now, infinite if it never can."""
        if amount > self.limit:
            return math.inf
        missing = amount - self.level(now_s)
        return 0.0 if missing <= _ROUNDING else missing * _MINUTE_S / self.limit

    def is_full(self, now_s: float) -> bool:
        """Whether a new one would be the same."""
        return self.level(now_s) >= self.limit - _ROUNDING


@dataclass
class _Use:
    """One key's use; kept only as long as it differs from that of a key that was away."""

    requests: Bucket | None
    tokens: Bucket | None
    num_concurrent: int = 0
    reserved_tokens: dict[int, int] = field(default_factory=dict)
    """UTC day to tokens of requests that have not ended."""

    @classmethod
    def under(cls, limits: Limits, now_s: float) -> _Use:
        requests, tokens = limits.requests_per_minute, limits.tokens_per_minute
        return cls(
            requests=Bucket(requests, now_s) if requests else None, tokens=Bucket(tokens, now_s) if tokens else None
        )

    def is_fresh(self, now_s: float) -> bool:
        buckets = [bucket for bucket in (self.requests, self.tokens) if bucket is not None]
        return self.num_concurrent == 0 and all(bucket.is_full(now_s) for bucket in buckets)


class Reservation:
    """What one request holds of its key's limits, until it is settled."""

    __slots__ = ("_budgets", "_caller", "_day", "_is_settled", "headers", "num_tokens")

    def __init__(self, budgets: Budgets, caller: Caller, day: int, num_tokens: int) -> None:
        self._budgets, self._caller, self._day = budgets, caller, day
        self._is_settled = False
        self.num_tokens = num_tokens
        self.headers: dict[str, str] = {}
        """OpenAI's `x-ratelimit-…` after this request."""

    def settle(self, num_tokens: int) -> None:
        """Give back what was not used. Only the first call counts."""
        if not self._is_settled:
            self._is_settled = True
            self._budgets._settle(self, self._caller, self._day, num_tokens)


class Budgets:
    """The limits of all keys.

    Args:
        ledger: of the tokens of days.
        clock: seconds that only grow.
        wall_clock: seconds since 1970.
        jitter: spreads those who come again.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        jitter: random.Random | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._wall_clock = wall_clock
        self._jitter = jitter or random.Random()
        self._uses: dict[str, _Use] = {}
        self._swept_s = clock()

    @property
    def num_tracked(self) -> int:
        """Keys with something to remember: those in use, or used so lately that their buckets are not full again."""
        return len(self._uses)

    def reserve(self, caller: Caller, num_tokens: int) -> Reservation:
        """Take a request with its tokens from every limit of its key, or from none.

        Args:
            caller: whose limits they are.
            num_tokens: the most that it can use, prompt and answer.

        Raises:
            ApiError: 429, with the limit and when to come again.
        """
        now_s, limits = self._clock(), caller.limits
        self._sweep(now_s)
        use = self._uses.get(caller.key_id) or _Use.under(limits, now_s)
        day = int(self._wall_clock() // _DAY_S)
        self._require_room(caller, use, day, num_tokens, now_s)
        reservation = Reservation(self, caller, day, num_tokens)
        if use.requests is not None:
            use.requests.take(1, now_s)
        if use.tokens is not None:
            use.tokens.hold(reservation, num_tokens, now_s)
        use.num_concurrent += 1
        use.reserved_tokens[day] = use.reserved_tokens.get(day, 0) + num_tokens
        self._uses[caller.key_id] = use
        reservation.headers = _headers(use, now_s)
        return reservation

    def _settle(self, reservation: Reservation, caller: Caller, day: int, used: int) -> None:
        use, reserved = self._uses[caller.key_id], reservation.num_tokens
        use.num_concurrent -= 1
        use.reserved_tokens[day] -= reserved
        if not use.reserved_tokens[day]:
            del use.reserved_tokens[day]
        if use.tokens is not None:
            use.tokens.settle(reservation, reserved - used, self._clock())
        if used:
            self._ledger.add_tokens(caller.key_id, day, used)

    def _require_room(self, caller: Caller, use: _Use, day: int, num_tokens: int, now_s: float) -> None:
        limits = caller.limits
        if limits.max_concurrent is not None and use.num_concurrent >= limits.max_concurrent:
            raise self._refused(f"{limits.max_concurrent} requests of it at one time", "End one first.", 1.0)
        if use.requests is not None and (wait_s := use.requests.wait_s(1, now_s)):
            raise self._refused(f"{use.requests.limit} requests a minute", "", wait_s, _headers(use, now_s))
        if use.tokens is not None and (wait_s := use.tokens.wait_s(num_tokens, now_s)):
            allowed = f"{use.tokens.limit} tokens a minute"
            if math.isinf(wait_s):
                raise _never(allowed, num_tokens)
            raise self._refused(allowed, f"This request may use {num_tokens}.", wait_s, _headers(use, now_s))
        if limits.tokens_per_day is not None:
            self._require_day(caller, limits.tokens_per_day, use, day, num_tokens)

    def _require_day(self, caller: Caller, limit: int, use: _Use, day: int, num_tokens: int) -> None:
        if num_tokens > limit:
            raise _never(f"{limit} tokens a day", num_tokens)
        try:
            used = self._ledger.used_tokens(caller.key_id, day)
        except ConfigError as error:
            raise keys_unavailable() from error
        left = limit - used - use.reserved_tokens.get(day, 0)
        if num_tokens > left:
            wait_s = (day + 1) * _DAY_S - self._wall_clock()
            what = f"{max(0, left)} are left and this request may use {num_tokens}; the day ends at 0:00 UTC."
            refused = self._refused(f"{limit} tokens a day", what, wait_s, {"x-should-retry": "false"})
            refused.code = "insufficient_quota"
            raise refused

    def _refused(self, allowed: str, what: str, wait_s: float, headers: dict[str, str] | None = None) -> ApiError:
        again_s = whole_seconds(wait_s, self._jitter)
        message = " ".join(
            part for part in (f"This key may use {allowed}.", what, f"Try again in {again_s} s.") if part
        )
        return ApiError(429, "rate_limit_exceeded", message, headers={"Retry-After": str(again_s), **(headers or {})})

    def _sweep(self, now_s: float) -> None:
        """Forget, once a minute, keys whose use no longer differs from none: memory follows the keys in use."""
        if now_s - self._swept_s >= _MINUTE_S:
            self._swept_s = now_s
            self._uses = {key_id: use for key_id, use in self._uses.items() if not use.is_fresh(now_s)}


def whole_seconds(wait_s: float, jitter: random.Random) -> int:
    """A `Retry-After`: never too early, and up to a quarter later, so that not all come back at once."""
    return math.ceil(wait_s + jitter.uniform(0.0, 1.0 + 0.25 * min(wait_s, 60.0)))


def keys_unavailable() -> ApiError:
    """The file of keys fails: nobody is let in who cannot be checked."""
    message = "The server cannot read its keys; its operator must look at them. Try again later."
    return ApiError(503, "keys_unavailable", message, headers={"Retry-After": "5"})


def _never(allowed: str, num_tokens: int) -> ApiError:
    """Waiting does not help: OpenAI's clients are told not to try again."""
    message = (
        f"This key may use {allowed}, and this request alone may use {num_tokens}. Shorten it, or lower max_tokens."
    )
    return ApiError(429, "request_too_large", message, headers={"x-should-retry": "false"})


def _headers(use: _Use, now_s: float) -> dict[str, str]:
    headers = {}
    for kind, bucket in (("requests", use.requests), ("tokens", use.tokens)):
        if bucket is not None:
            headers[f"x-ratelimit-limit-{kind}"] = str(bucket.limit)
            headers[f"x-ratelimit-remaining-{kind}"] = str(max(0, math.floor(bucket.level(now_s) + _ROUNDING)))
            headers[f"x-ratelimit-reset-{kind}"] = _spelled(bucket.wait_s(bucket.limit, now_s))
    return headers


def _spelled(duration_s: float) -> str:
    """`0.12` -> `120ms`, `360` -> `6m0s`, as OpenAI writes it."""
    if duration_s < 1:
        return f"{math.ceil(duration_s * 1000)}ms"
    minutes, seconds = divmod(math.ceil(duration_s), 60)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
