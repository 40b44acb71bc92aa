"""When requests are sent: a schedule drawn before the first one, or as soon as a client is free; knows no request."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Who decides when a request is sent.

    Open loop: a clock does, whatever the server has answered; gaps follow a gamma distribution, as in vLLM's benchmark.
    Closed loop: each of `max_concurrency` clients sends its next request when its last one is answered; one that was
    refused first waits as long as it was told to (Retry-After).

    Raises:
        ConfigError: they contradict each other.
    """

    request_rate: float = math.inf
    """Requests a second; infinite: all at once in the open loop, as fast as they are answered in the closed one."""
    burstiness: float = 1.0
    """Shape of the gaps' distribution: 1 is a Poisson process, less comes in bursts, infinite is a metronome."""
    max_concurrency: int | None = None
    """Requests that may be on their way at a time."""

    def __post_init__(self) -> None:
        if math.isnan(self.request_rate) or self.request_rate <= 0:
            raise ConfigError(f"The request rate is {self.request_rate:g}.", "It must be above 0 requests a second.")
        if math.isnan(self.burstiness) or self.burstiness <= 0:
            raise ConfigError(f"The burstiness is {self.burstiness:g}.", "It must be above 0; 1 is a Poisson process.")
        if self.max_concurrency is not None and self.max_concurrency < 1:
            raise ConfigError(f"{self.max_concurrency} requests at a time is none.", "It must be at least 1.")

    @property
    def is_open(self) -> bool:
        """Whether a clock decides, rather than the server's answers."""
        return math.isfinite(self.request_rate) or self.max_concurrency is None

    def offsets(self, count: int, seed: int) -> list[float]:
        """Seconds from the start at which each of `count` requests should be sent; the last is due at count / rate.

        The gaps are scaled to that end, so that every seed offers exactly the rate asked for.
        """
        if math.isinf(self.request_rate):
            return [0.0] * count
        if math.isinf(self.burstiness):
            return [(number + 1) / self.request_rate for number in range(count)]
        ends = np.cumsum(np.random.default_rng(seed).gamma(self.burstiness, 1.0, count))
        # NOTE: gaps of a tiny shape may all be 0 in floating point; then all requests come at once.
        scale = count / self.request_rate / (float(ends[-1]) or 1.0) if count else 0.0
        return [float(end) for end in ends * scale]

    def describe(self) -> str:
        """In words, for the head of a result."""
        cap = "" if self.max_concurrency is None else f", at most {self.max_concurrency} at a time"
        if not self.is_open:
            return f"closed loop, {self.max_concurrency} client{'s' if self.max_concurrency != 1 else ''}"
        if math.isinf(self.request_rate):
            return "open loop, all at once"
        shape = {1.0: "Poisson process", math.inf: "equal gaps"}.get(
            self.burstiness, f"gamma-distributed gaps of shape {self.burstiness:g}"
        )
        return f"open loop, {shape}, {self.request_rate:g} requests/s{cap}"
