"""Which request used how much energy; knows tokens and joules, not how either is measured.

Time is cut into windows of at least a second: the meter is read at their borders only, because finer figures would
tell what a neighbour computes. A window's energy is split in two steps:

1. What the machine takes while idle, for the time in which no request was open, is idle energy.
2. The rest goes to the requests, in proportion to the tokens that were computed for them in this window. Prompt tokens
   count when a pass has computed them; those of a request that has no first token yet wait in a pool, with their
   energy, until it has.

When a request ends inside a window, the window so far is split at the power that is known for busy times. What was
given out so stands; at the window's end the rest is split, and what was given too much is taken from what follows. So
nothing is lost and nothing counted twice:

    total = requests + idle + unsettled
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from zaphod.capacity.energy import ESTIMATED, EnergyMeter

WINDOW_S = 1.0

SpentOn = Literal["requests", "idle"]


@dataclass(frozen=True, kw_only=True)
class Energy:
    """What a request used."""

    joules: float
    source: str
    """`RAPL`, `NVML`, `estimated`, or several of them joined by `+`."""


@dataclass(frozen=True, kw_only=True)
class Power:
    """What the machine took in the last window."""

    watts: float | None
    """None before the first window is complete."""
    source: str


class Account:
    """What one request has used so far; its fields belong to the ledger."""

    __slots__ = ("is_assumed", "joules", "num_produced", "num_prompted")

    def __init__(self) -> None:
        self.joules = 0.0
        self.num_produced = 0
        """Tokens since the last split."""
        self.num_prompted = 0
        """Tokens of its prompt, if that became complete since the last split."""
        self.is_assumed = False
        """Whether a part was split before any power under load was measured."""


class EnergyLedger:
    """Splits energy over requests.

    Args:
        meter: of the whole machine.
        num_computed: prompt tokens that passes have computed since the beginning; never less than before.
        assumed_busy_w: the power under load, until one was measured.
        fallback: makes the meter to use where the first one breaks.
        on_failure: told why it broke.
        window_s: the shortest time between two readings.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        meter: EnergyMeter,
        *,
        num_computed: Callable[[], int],
        assumed_busy_w: float,
        fallback: Callable[[], EnergyMeter],
        on_failure: Callable[[str], None] = lambda reason: None,
        window_s: float = WINDOW_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._meter, self._num_computed, self._window_s, self._clock = meter, num_computed, window_s, clock
        self._fallback, self._on_failure = fallback, on_failure
        self._open: set[Account] = set()
        self._watts: float | None = None
        self._idle_w: float | None = None
        self._busy = _BusyPower(assumed_busy_w, window_s)
        self.total_j = 0.0
        """All that the meter said, up to the last border."""
        self.spent_j: dict[tuple[str, SpentOn], float] = {}
        """By source and purpose; none of them ever falls."""
        self._pool_j, self._pool_tokens = 0.0, 0.0
        self._carried_j = 0.0
        """Of times in which no token was computed: passes may take longer than a window."""
        self._debt_j = 0.0
        """Given out beyond what there was."""
        self._told_j = 0.0
        """Given out in this window, before its end."""
        self._computed_before = float(num_computed())
        self._began_s, self._began_j = clock(), meter.read_j()
        self._busy_from_s, self._busy_s = self._began_s, 0.0

    @property
    def source(self) -> str:
        """Of the meter in use."""
        return self._meter.source

    @property
    def requests_j(self) -> float:
        """Given to requests so far."""
        return sum(joules for (_, spent_on), joules in self.spent_j.items() if spent_on == "requests")

    @property
    def idle_j(self) -> float:
        """Used for nobody."""
        return sum(joules for (_, spent_on), joules in self.spent_j.items() if spent_on == "idle")

    @property
    def unsettled_j(self) -> float:
        """Energy of past windows that waits for its request, less what was given out before it was measured."""
        return self._pool_j + self._carried_j - self._debt_j - self._told_j

    def power(self) -> Power:
        """Of the last complete window."""
        self.advance()
        return Power(watts=self._watts, source=self.source)

    def open(self) -> Account:
        """A request is let in."""
        self.advance()
        if not self._open:
            self._busy_from_s = self._clock()
        account = Account()
        self._open.add(account)
        return account

    def prompted(self, account: Account, num_tokens: int) -> None:
        """Its prompt is complete: the first token is there."""
        account.num_prompted += num_tokens

    def produced(self, account: Account, num_tokens: int) -> None:
        """More tokens of its answer."""
        account.num_produced += num_tokens
        self.advance()

    def close(self, account: Account) -> Energy:
        """The request has ended, however it did. What it used."""
        if account in self._open:
            self.advance()
            self._split_in_advance()
            self._busy_s = self._busy_until(self._clock())
            self._busy_from_s = self._clock()
            self._open.discard(account)
        return Energy(joules=account.joules, source=ESTIMATED if account.is_assumed else self.source)

    def advance(self) -> None:
        """End the window if it is old enough."""
        now_s = self._clock()
        if now_s - self._began_s < self._window_s:
            return
        read_j = self._read_j(now_s)
        self._end_window(now_s - self._began_s, read_j - self._began_j, self._busy_until(now_s))
        self._began_s, self._began_j = now_s, read_j
        self._busy_from_s, self._busy_s = now_s, 0.0

    def _read_j(self, now_s: float) -> float:
        """The meter; where it broke, another one, which begins after a window at the power of the one before."""
        try:
            return self._meter.read_j()
        except OSError as error:
            self._on_failure(f"{self._meter.source} can no longer be read: {error}")
        watts = self._busy.watts if self._watts is None else self._watts
        self._meter = self._fallback()
        read_j = self._meter.read_j()
        self._began_j = read_j - watts * (now_s - self._began_s)
        return read_j

    def _busy_until(self, now_s: float) -> float:
        """Seconds of this window in which a request was open."""
        return self._busy_s + (now_s - self._busy_from_s if self._open else 0.0)

    def _end_window(self, window_s: float, window_j: float, busy_s: float) -> None:
        idle_s = max(0.0, window_s - busy_s)
        idle_w = window_j / window_s if self._idle_w is None or busy_s == 0 else self._idle_w
        idle_j = min(window_j, idle_w * idle_s)
        self.total_j += window_j
        self._watts = window_j / window_s
        if busy_s == 0:
            self._idle_w = self._watts
        self._busy.observe(window_j - idle_j, busy_s)
        rest_j = window_j - idle_j - self._told_j - self._debt_j
        self._told_j, self._debt_j = 0.0, max(0.0, -rest_j)
        self._split(max(0.0, rest_j), self.source)
        self._spend_idly(idle_j)

    def _spend_idly(self, joules: float) -> None:
        """What nobody waits for any more was for nobody, too; debts are paid from it."""
        if not self._open:
            joules += self._carried_j + self._pool_j
            self._carried_j = self._pool_j = self._pool_tokens = 0.0
        paid_j = min(joules, self._debt_j)
        self._debt_j -= paid_j
        self._add(self.source, "idle", joules - paid_j)

    def _split_in_advance(self) -> None:
        """Split the window so far at the power that is known."""
        so_far_j = self._busy.watts * self._busy_until(self._clock())
        joules = max(0.0, so_far_j - self._told_j - self._debt_j)
        self._told_j += joules
        if not self._busy.is_measured:
            for account in self._open:
                account.is_assumed = True
        self._split(joules, self.source if self._busy.is_measured else ESTIMATED)

    def _split(self, joules: float, source: str) -> None:
        """Give joules to those for whom tokens were computed since the last split."""
        computed = float(self._num_computed())
        num_computed, self._computed_before = computed - self._computed_before, computed
        num_produced = sum(account.num_produced for account in self._open)
        self._carried_j += joules
        each_j = 0.0
        if num_computed + num_produced:
            each_j, self._carried_j = self._carried_j / (num_computed + num_produced), 0.0
        self._pool_j += num_computed * each_j
        self._pool_tokens += num_computed
        each_prompt_j = self._take_from_pool(sum(account.num_prompted for account in self._open))
        for account in self._open:
            share_j = account.num_produced * each_j + account.num_prompted * each_prompt_j
            account.num_produced = account.num_prompted = 0
            account.joules += share_j
            self._add(source, "requests", share_j)

    def _take_from_pool(self, num_asked: int) -> float:
        """Joules for each prompt token of those whose prompts are complete.

        Cached tokens are among these, too, and were not computed: what they leave goes to the others that ask.
        """
        if not num_asked:
            return 0.0
        part = 1.0 if num_asked >= self._pool_tokens else num_asked / self._pool_tokens
        granted_j = part * self._pool_j
        self._pool_j -= granted_j
        self._pool_tokens -= part * self._pool_tokens
        return granted_j / num_asked

    def _add(self, source: str, spent_on: SpentOn, joules: float) -> None:
        self.spent_j[source, spent_on] = self.spent_j.get((source, spent_on), 0.0) + joules


class _BusyPower:
    """The power while requests are open, as last measured over at least a window's length of such time."""

    def __init__(self, assumed_w: float, window_s: float) -> None:
        self.watts, self.is_measured = assumed_w, False
        self._window_s, self._joules, self._seconds = window_s, 0.0, 0.0

    def observe(self, joules: float, seconds: float) -> None:
        self._joules += joules
        self._seconds += seconds
        if self._seconds >= self._window_s:
            self.watts, self.is_measured = self._joules / self._seconds, True
            self._joules = self._seconds = 0.0
