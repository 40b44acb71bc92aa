"""How a model and its batches are dealt over processes: the settings alone, no tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ParallelConfig:
    """Settings of a run of several processes; a run of one leaves them alone."""

    expert_ranks: int = 1
    """Over how many ranks a layer's experts are dealt; tokens travel between them. Divides the number of ranks."""
    parameters: Literal["copied", "sharded"] = "copied"
    """`copied`: every rank computes with all other parameters, and only masters and moments are dealt.
    `sharded`: parameters are dealt too, and gathered layer by layer (FSDP2)."""
    timeout_s: float = 600.0
    """A rank that is silent for so long ends the run."""

    def __post_init__(self) -> None:
        if self.parameters not in ("copied", "sharded"):
            raise ConfigError(f"parameters is {self.parameters!r}.", "It is 'copied' or 'sharded'.")
        if self.expert_ranks < 1:
            raise ConfigError(f"expert_ranks is {self.expert_ranks}.", "At least one rank computes experts.")
        if self.timeout_s <= 0:
            raise ConfigError(f"timeout_s is {self.timeout_s}.", "A rank needs some time to answer.", "Use 600.")
