"""What a deployment is asked to do; knows no models and no machines."""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.core.errors import ConfigError

_SHORTEST_S, _LONGEST_S = 1e-6, 3.2e7


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Requests of one kind.

    `users` are people with an open session. Each sends a request, reads its answer and thinks, on average
    `think_s` between an answer's end and the next request; the requests in flight and the streams being decoded
    follow from that and from how fast the deployment is.
    """

    users: int = 1
    prompt_tokens: int = 1024
    """Mean length of what is sent."""
    output_tokens: int = 512
    """Mean length of what is answered."""
    cached_share: float = 0.0
    """Of the prompt, found in the prefix cache."""
    think_s: float = 60.0
    max_ttft_s: float = 2.0
    """First token within this time, at the 95th percentile."""
    max_itl_s: float = 0.05
    """Mean time between two tokens of a stream."""

    def __post_init__(self) -> None:
        for name in ("users", "prompt_tokens", "output_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.", f"Raise {name}.")
        for name in ("think_s", "max_ttft_s", "max_itl_s"):
            if not _SHORTEST_S <= getattr(self, name) <= _LONGEST_S:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}.",
                    "It must lie between a microsecond and a year.",
                    f"Change {name}.",
                )
        if not 0 <= self.cached_share < 1:
            raise ConfigError(f"cached_share is {self.cached_share}.", "It must lie in [0, 1).", "Change it.")

    @property
    def tokens_per_request(self) -> int:
        """Context that one request needs at its end."""
        return self.prompt_tokens + self.output_tokens
