"""One copy of a model on its devices, as an engine serves it; knows no requests and no prices."""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.layout import Layout
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Replica:
    """What is started once and answers on its own."""

    shape: ModelShape
    accelerator: Accelerator
    layout: Layout
    precision: str = "bf16"
    """Of the large matrices: a name of `memory.precisions`."""
    kv_precision: str = "bf16"
    engine: str = "sglang"
    """A name of `timing/engines.toml`: its constants were measured with it."""
    memory_utilisation: float = 0.9
    """Share of the reported memory that the engine takes."""
    max_batched_tokens: int = 8192
    """Tokens of one step at most, prompts' pieces included."""

    def __post_init__(self) -> None:
        if not 0 < self.memory_utilisation <= 1:
            raise ConfigError(
                f"memory_utilisation is {self.memory_utilisation}.", "It must lie in (0, 1].", "vLLM's default is 0.9."
            )
        if self.max_batched_tokens < 1:
            raise ConfigError(f"max_batched_tokens is {self.max_batched_tokens}.", "It must be 1 or more.", "Raise it.")

    @property
    def num_devices(self) -> int:
        return self.layout.num_devices
