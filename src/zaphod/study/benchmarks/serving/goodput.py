"""What a request must keep to count as good, in vLLM's spelling (`ttft:2000 tpot:150`); knows milliseconds only."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from zaphod.core.errors import ConfigError
from zaphod.study.benchmarks.serving.reply import Reply

_NAMES = ("ttft", "tpot", "e2el")


@dataclass(frozen=True, kw_only=True)
class Goals:
    """Upper limits in milliseconds; None where nothing is asked for."""

    ttft_ms: float | None = None
    tpot_ms: float | None = None
    e2el_ms: float | None = None

    @classmethod
    def parse(cls, pairs: Iterable[str]) -> Self:
        """From `name:milliseconds`. Raises `ConfigError` for what is none, and for a name given twice."""
        limits: dict[str, float] = {}
        for pair in pairs:
            name, _, number = pair.partition(":")
            limit = _milliseconds(number)
            if name not in _NAMES or limit is None or f"{name}_ms" in limits:
                raise ConfigError(
                    f"{pair!r} is no goal, or one given twice.",
                    f"A goal is one of {', '.join(_NAMES)}, a colon and milliseconds.",
                    "Write it like: --goodput ttft:2000 tpot:150",
                )
            limits[f"{name}_ms"] = limit
        return cls(**limits)

    @property
    def are_set(self) -> bool:
        return any(limit is not None for limit in (self.ttft_ms, self.tpot_ms, self.e2el_ms))

    def are_kept_by(self, reply: Reply) -> bool:
        """Whether an answered request kept all of them; a time per token that one token does not have counts as 0."""
        limits = ((self.ttft_ms, reply.ttft_s), (self.tpot_ms, reply.tpot_s or 0.0), (self.e2el_ms, reply.e2el_s))
        return all(limit is None or value_s * 1e3 <= limit for limit, value_s in limits)


def _milliseconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
