"""When to stop asking a server that fails, and when to try again; knows neither servers nor HTTP.

    closed ── too many failures ──> open ── its pause is over ──> half-open ── the trial succeeds ──> closed
                                     ^─────────── the trial fails: a longer pause ─────┘

Whoever asks takes a `Permit` and says how it went. What a permit says counts only while the circuit is still as it was
when the permit was given: an answer that began before the circuit opened neither closes nor opens it.
"""

from __future__ import annotations

import math
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from zaphod.core.errors import ConfigError

CircuitState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, kw_only=True)
class CircuitOptions:
    """How much failure is too much, and how long to wait then."""

    window_s: float = 10.0
    """Failures older than this are forgotten."""
    max_failures: int = 5
    """So many requests without an answer in the window open the circuit."""
    max_error_share: float = 0.5
    """So does this share of bad outcomes (no answer, or an answer with status 500), …"""
    min_requests: int = 20
    """… once the window holds this many outcomes."""
    first_pause_s: float = 1.0
    max_pause_s: float = 30.0
    """Each failed trial doubles the pause, up to this."""
    jitter: float = 0.2
    """Pauses are longer or shorter by up to this share, so that gateways do not all try at one moment."""

    def __post_init__(self) -> None:
        _at_least("window_s", self.window_s, 1e-3)
        _at_least("max_failures", self.max_failures, 1)
        _at_least("min_requests", self.min_requests, 1)
        _at_least("first_pause_s", self.first_pause_s, 1e-3)
        _at_least("max_pause_s", self.max_pause_s, self.first_pause_s)
        _between("max_error_share", self.max_error_share, 0.0, 1.0)
        _between("jitter", self.jitter, 0.0, 0.9)


class Permit:
    """Leave to send one request; exactly one of its verdicts is given, later ones are ignored."""

    def __init__(self, circuit: Circuit, era: int) -> None:
        self._circuit: Circuit | None = circuit
        self._era = era

    def succeeded(self) -> None:
        """The server answered."""
        self._tell("success")

    def errored(self) -> None:
        """The server answered that it is broken (500): perhaps by this request alone, so only the share counts it."""
        self._tell("error")

    def failed(self) -> None:
        """The server did not answer, or broke off."""
        self._tell("failure")

    def abandoned(self) -> None:
        """Nobody waited for the end: says nothing about the server."""
        self._tell("abandoned")

    def _tell(self, outcome: _Outcome | Literal["abandoned"]) -> None:
        circuit, self._circuit = self._circuit, None
        if circuit is not None:
            circuit._hear(self._era, outcome)


_Outcome = Literal["success", "error", "failure"]


class Circuit:
    """The circuit of one server.

    Args:
        options: when it opens and for how long.
        clock: seconds, never going back.
        draw: a number in [0, 1) for the jitter.
    """

    def __init__(
        self,
        options: CircuitOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._options = options
        self._clock = clock
        self._draw = draw
        self._outcomes: deque[tuple[float, _Outcome]] = deque()
        self._era = 0
        self._num_openings = 0
        self._opens_until: float | None = None
        self._trial_runs = False

    @property
    def state(self) -> CircuitState:
        if self._opens_until is None:
            return "closed"
        return "open" if self._clock() < self._opens_until else "half_open"

    @property
    def retry_after_s(self) -> float:
        """Seconds until a request may be tried; 0 where one may be now."""
        return 0.0 if self._opens_until is None else max(0.0, self._opens_until - self._clock())

    @property
    def allows(self) -> bool:
        """Whether `begin` would give a permit."""
        state = self.state
        return state == "closed" or (state == "half_open" and not self._trial_runs)

    def begin(self) -> Permit | None:
        """Leave to send a request, or None. A half-open circuit gives one, whose verdict it waits for."""
        if not self.allows:
            return None
        self._trial_runs = self._opens_until is not None
        return Permit(self, self._era)

    def _hear(self, era: int, outcome: _Outcome | Literal["abandoned"]) -> None:
        if era != self._era:
            return
        if self._trial_runs:
            self._judge_trial(outcome)
        elif outcome != "abandoned":
            self._outcomes.append((self._clock(), outcome))
            if outcome != "success" and self._has_too_many():
                self._open()

    def _judge_trial(self, outcome: _Outcome | Literal["abandoned"]) -> None:
        self._trial_runs = False
        if outcome == "success":
            self._opens_until = None
            self._num_openings = 0
            self._begin_era()
        elif outcome != "abandoned":
            self._open()

    def _has_too_many(self) -> bool:
        oldest = self._clock() - self._options.window_s
        while self._outcomes and self._outcomes[0][0] < oldest:
            self._outcomes.popleft()
        outcomes = [outcome for _, outcome in self._outcomes]
        if outcomes.count("failure") >= self._options.max_failures:
            return True
        num_bad = len(outcomes) - outcomes.count("success")
        enough = len(outcomes) >= self._options.min_requests
        return enough and num_bad >= self._options.max_error_share * len(outcomes)

    def _open(self) -> None:
        options = self._options
        doubled = math.ldexp(options.first_pause_s, min(self._num_openings, 60))
        pause_s = min(doubled, options.max_pause_s) * (1 + options.jitter * (2 * self._draw() - 1))
        self._opens_until = self._clock() + pause_s
        self._num_openings += 1
        self._begin_era()

    def _begin_era(self) -> None:
        self._era += 1
        self._outcomes.clear()


def _at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise ConfigError(f"The circuit's {name} is {value}.", f"It must be {least:g} or more.", "Raise it.")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"The circuit's {name} is {value}.", f"It must lie in {low:g} to {high:g}.", "Change it.")
