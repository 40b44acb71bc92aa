"""How the learning rate moves over a run; knows steps and shares of the run, not optimisers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from zaphod.core.errors import ConfigError

Kind = Literal["wsd", "cosine", "linear"]


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """A rise over the first steps, then one of three shapes."""

    kind: Kind = "wsd"
    """`wsd` stays at the peak and falls linearly at the end (arXiv 2404.06395), `cosine` (arXiv 1608.03983) and
    `linear` fall from the beginning."""
    warmup_steps: int = 50
    decay_from: float = 0.4
    """Share of the run after which `wsd` falls."""
    floor: float = 0.0
    """Share of the peak that is left at the end."""

    def __post_init__(self) -> None:
        if self.warmup_steps < 1:
            raise ConfigError(
                f"warmup_steps is {self.warmup_steps}.", "The rise takes at least one step.", "Set 1 for none."
            )
        if not (0 <= self.decay_from < 1 and 0 <= self.floor <= 1):
            raise ConfigError(
                f"decay_from is {self.decay_from} and floor is {self.floor}.",
                "Both are shares: decay_from in [0, 1), floor in [0, 1].",
                "Set decay_from = 0.8 for a fall over the last fifth.",
            )

    def rate_share(self, step: int, progress: float) -> float:
        """Factor of the peak rate for step number `step`, when `progress` of the run (0 to 1) is done."""
        rise = min(1.0, (step + 1) / self.warmup_steps)
        return min(rise, self.floor + (1 - self.floor) * self._fall(min(progress, 1.0)))

    def _fall(self, progress: float) -> float:
        if self.kind == "cosine":
            return 0.5 + 0.5 * math.cos(math.pi * progress)
        start = self.decay_from if self.kind == "wsd" else 0.0
        return min(1.0, (1 - progress) / (1 - start))
