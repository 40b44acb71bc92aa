"""What an adaptation may be told: method, rank, targets, the router's part; knows names, touches no tensor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from zaphod.core.errors import ConfigError

Method = Literal["lora", "qlora", "full"]
RouterPolicy = Literal["freeze", "train", "adapt"]

EVERYTHING = ("attention", "mlp", "shared", "experts")
"""All groups of weights that low-rank updates may change."""


@dataclass(frozen=True, kw_only=True)
class AdaptationConfig:
    """How a model is changed."""

    method: Method = "lora"
    """`lora` learns low-rank updates of frozen weights, `qlora` the same over weights in NF4, `full` the weights."""
    rank: int = 16
    alpha: float = 32.0
    """An update is multiplied by alpha / rank, or alpha / sqrt(rank) if rank-stabilised (arXiv 2312.03732)."""
    is_rank_stabilised: bool = False
    is_decomposed: bool = False
    """DoRA: the length of each output row is learnt apart from its direction (arXiv 2402.09353)."""
    dropout: float = 0.0
    """Of the low-rank path's input, in training."""
    targets: tuple[str, ...] = EVERYTHING
    """Groups (`attention`, `mlp`, `shared`, `experts`), last names (`q_proj`, `experts.gate`) or patterns of names."""
    router: RouterPolicy = "freeze"
    keep_exact: tuple[str, ...] = ()
    """Patterns of weights that `qlora` leaves as they are: said here, or refused."""
    seed: int = 0
    """Draws the first A and the dropout."""

    def __post_init__(self) -> None:
        for name, value, choices in (("method", self.method, Method), ("router", self.router, RouterPolicy)):
            if value not in get_args(choices):
                raise ConfigError(f"{name} is {value!r}.", f"It is one of {', '.join(get_args(choices))}.")
        if self.rank < 1 or not math.isfinite(self.alpha) or self.alpha <= 0:
            raise ConfigError(
                f"rank is {self.rank} and alpha is {self.alpha}.", "Both are above 0.", "Use rank 16 and alpha 32."
            )
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout is {self.dropout}.", "It is a share in [0, 1).", "Use 0.05, or 0 for none.")
        if self.method == "full" and self.router == "adapt":
            raise ConfigError(
                "The router is to be adapted while everything is trained.",
                "A low-rank router belongs to lora and qlora.",
                "Use --router train or --router freeze.",
            )
        if self.method != "full" and not self.targets:
            raise ConfigError("There are no targets.", "An adapter changes something.", "Name a group of weights.")

    @property
    def scale(self) -> float:
        """What B A is multiplied by."""
        return self.alpha / (math.sqrt(self.rank) if self.is_rank_stabilised else self.rank)
