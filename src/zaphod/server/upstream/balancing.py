"""Which of several servers gets a request; pure functions of loads and shared beginnings, no state and no HTTP.

1. The server that was sent the longest part of this prompt, if that part is worth it and the server not too busy:
   it may have no more than `max_load_ratio` times the least load, and `load_slack` more.
2. Otherwise two servers, the same two for one conversation on every gateway (rendezvous hashing of its anchor), and of
   these the less loaded one ("the power of two choices", Mitzenmacher 2001; the bound on loads is that of "Consistent
   hashing with bounded loads", Mirrokni, Thorup and Zadimoghaddam 2018).
3. If that one is too busy as well, the least loaded of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class BalancingOptions:
    """How much imbalance a shared beginning is worth."""

    max_load_ratio: float = 1.5
    load_slack: int = 2
    """Requests above the ratio that do not yet count as imbalance: with few requests every ratio is large."""
    min_shared: float = 0.25
    """Share of the prompt's blocks that must be known to a server for it to be followed."""

    def __post_init__(self) -> None:
        if not self.max_load_ratio >= 1:
            raise ConfigError(f"max_load_ratio is {self.max_load_ratio}.", "It must be 1 or more.", "Raise it.")
        if self.load_slack < 0:
            raise ConfigError(f"load_slack is {self.load_slack}.", "It must be 0 or more.", "Raise it.")
        if not 0 <= self.min_shared <= 1:
            raise ConfigError(f"min_shared is {self.min_shared}.", "It is a share, 0 to 1.", "Change it.")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A server that could take the request."""

    name: str
    load: int
    """Requests that it has now."""
    num_shared: int = 0
    """First blocks of this prompt that it was sent before."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Where the request goes, and why."""

    name: str
    follows: bool
    """Whether for the shared beginning."""


def choose(candidates: Sequence[Candidate], *, num_blocks: int, anchor: int, options: BalancingOptions) -> Choice:
    """The server for a prompt of `num_blocks` blocks, out of one or more candidates.

    Raises:
        ValueError: there are no candidates.
    """
    bound = options.max_load_ratio * min(candidate.load for candidate in candidates) + options.load_slack
    fitting = [candidate for candidate in candidates if candidate.load <= bound]
    worth = max(1.0, options.min_shared * num_blocks)
    knowing = [candidate for candidate in fitting if candidate.num_shared >= worth]
    if knowing:
        best = max(knowing, key=lambda one: (one.num_shared, -one.load, _weight(anchor, one.name)))
        return Choice(name=best.name, follows=True)
    return Choice(name=_least_of_two(candidates, fitting, anchor).name, follows=False)


def _least_of_two(candidates: Sequence[Candidate], fitting: Sequence[Candidate], anchor: int) -> Candidate:
    ranked = sorted(candidates, key=lambda one: _weight(anchor, one.name), reverse=True)
    best = min(ranked[:2], key=lambda one: one.load)
    return best if best in fitting else min(ranked, key=lambda one: one.load)


def _weight(anchor: int, name: str) -> bytes:
    return blake2b(name.encode(), digest_size=8, key=anchor.to_bytes(8, "big")).digest()
