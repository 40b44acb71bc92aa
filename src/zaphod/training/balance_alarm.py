"""Says when experts starve or one is overrun, before the loss tells; knows loads, not models.

Legend: L sparse layers, E experts.
"""

from __future__ import annotations

import torch
from torch import Tensor

from zaphod.training.balance import BalanceConfig

_STARVED = 0.01  # of the mean load


class BalanceAlarm:
    """A running mean of every expert's load, and what is wrong with it."""

    def __init__(self, config: BalanceConfig) -> None:
        self.config = config
        self.num_steps = 0
        self.mean_LE = torch.zeros(0, 0)

    def message(self, counts_LE: Tensor) -> str | None:
        """Take in a step's counts; every `alarm_steps` steps, what is wrong, if anything is."""
        if not counts_LE.numel():
            return None
        load_LE = counts_LE.double() / counts_LE.double().mean(1, keepdim=True).clamp(min=1e-9)
        self.num_steps += 1
        # The first steps are a plain mean: a running one would begin at 0 and see starving experts everywhere.
        share = 1 / min(self.num_steps, self.config.alarm_steps)
        self.mean_LE = load_LE if self.num_steps == 1 else self.mean_LE.lerp(load_LE, share)
        return self._complaint() if self.num_steps % self.config.alarm_steps == 0 else None

    def _complaint(self) -> str | None:
        worst, layer = (self.mean_LE.amax(1) - 1).max(0)
        starved_LE = self.mean_LE < _STARVED
        complaints = []
        if worst > self.config.alarm_violation:
            complaints.append(f"sparse layer {int(layer)} sends {float(worst) + 1:.1f} times the mean to one expert")
        if starved_LE.any():
            layers = starved_LE.any(1).nonzero().flatten().tolist()
            complaints.append(f"{int(starved_LE.sum())} experts starve (sparse layers {', '.join(map(str, layers))})")
        return "; ".join(complaints) or None

    def state(self) -> dict[str, object]:
        """What a resumed run needs."""
        return {"num_steps": self.num_steps, "mean_LE": self.mean_LE}

    def load_state(self, state: dict[str, object]) -> None:
        """Take over what `state` gave."""
        num_steps, mean_LE = state["num_steps"], state["mean_LE"]
        assert isinstance(num_steps, int)
        assert isinstance(mean_LE, Tensor)
        self.num_steps, self.mean_LE = num_steps, mean_LE
