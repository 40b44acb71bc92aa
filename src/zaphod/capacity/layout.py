"""How a model is spread over devices; knows no models and no devices."""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Degrees of parallelism of one replica (serving) or one job (training).

    Experts are spread over `expert` of the devices of `tensor * data`, `context` splits sequences, `virtual` is the
    number of pieces that each pipeline stage is cut into (interleaved schedule).
    """

    tensor: int = 1
    pipeline: int = 1
    expert: int = 1
    data: int = 1
    context: int = 1
    virtual: int = 1

    def __post_init__(self) -> None:
        for name in ("tensor", "pipeline", "expert", "data", "context", "virtual"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} parallelism is {getattr(self, name)}.", "It must be 1 or more.", "Raise it.")
        if (self.tensor * self.data * self.context) % self.expert:
            raise ConfigError(
                f"Experts are spread over {self.expert} devices of {self.tensor * self.data * self.context}.",
                "Expert parallelism uses the devices of tensor, data and context parallelism in equal groups.",
                f"Choose a divisor of {self.tensor * self.data * self.context}.",
            )

    @property
    def num_devices(self) -> int:
        return self.tensor * self.pipeline * self.data * self.context

    def __str__(self) -> str:
        named = (
            ("TP", self.tensor),
            ("PP", self.pipeline),
            ("EP", self.expert),
            ("DP", self.data),
            ("CP", self.context),
        )
        return " ".join(f"{name}{degree}" for name, degree in named if degree > 1) or "one device"
