"""What one pass of our engine reads and computes; knows a model's shape and its storage, no machine.

Every weight that is used is read once a pass. Experts that no token chose are not (F7). Legend: T tokens of the pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Final

from zaphod.capacity.parameters import PRECISIONS, kv_tokens_kept, weight_bytes
from zaphod.capacity.timing.coverage import distinct_experts
from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig
from zaphod.model.shapes import is_kept_exact, parameter_shapes, part_of

KINDS: Final[Mapping[str, str]] = {
    "float32": "f32",
    "bfloat16": "bf16",
    "int8": "int8",
    "q8_0": "int8",
    "int4": "int8",
    "q4_0": "int8",
}
"""What the kernels multiply in, by the precision of the weights: four bits are multiplied as eight."""
_TWICE: Final = ("attention", "head")
"""Their inputs are multiplied as a value and what rounding it left, so that eight bits lose nothing."""


@dataclass(frozen=True, kw_only=True)
class LocalModel:
    """A model as it lies in memory."""

    config: ModelConfig
    precision: str = "int8"
    """Of all matrices; norms and routers stay in float32."""
    kv_value_bytes: int = 2

    def __post_init__(self) -> None:
        if self.precision not in KINDS:
            raise ConfigError(
                f"The engine does not compute in {self.precision!r}.", f"It does in {', '.join(KINDS)}.", "Choose one."
            )

    @property
    def weight_bytes(self) -> float:
        return weight_bytes(self.config, self.precision)

    @property
    def kind(self) -> str:
        """What its weights are multiplied as: a key of `LocalMachine.peak_ops`."""
        return KINDS[self.precision]


@dataclass(frozen=True, kw_only=True)
class PassWork:
    """Of one pass."""

    num_tokens: int
    weight_bytes: float
    kv_bytes: float
    operations: float
    """A multiplication and an addition are two."""


def pass_work(model: LocalModel, *, batch: int, num_new: int, num_before: float, num_logits: int) -> PassWork:
    """What one pass reads and computes.

    Args:
        model: in memory.
        batch: sequences.
        num_new: tokens of each that are computed.
        num_before: tokens of each that are in its cache already, on average.
        num_logits: rows that the head computes, of all sequences together.
    """
    config, tokens = model.config, batch * num_new
    bits = PRECISIONS[model.precision].bits_per_weight
    read = computed = 0.0
    for name, shape in parameter_shapes(config).items():
        part, count = part_of(name), float(prod(shape))
        used, rows = _use(config, part, tokens, num_logits)
        stored = 32.0 if is_kept_exact(name, shape) else max(bits, 8.5) if part in ("embedding", "head") else bits
        read += used * count * stored / 8
        twice = 2.0 if part in _TWICE and model.kind != "f32" else 1.0
        if len(shape) > 1:
            computed += 2.0 * twice * rows * count
    if config.tie_embeddings:
        twice = 2.0 if model.kind != "f32" else 1.0
        computed += 2.0 * twice * num_logits * config.vocab_size * config.hidden_size
    seen = kv_tokens_kept(config, round(num_before + (num_new + 1) / 2))
    computed += 4.0 * config.num_layers * config.num_heads * config.head_dim * seen * tokens
    kept = kv_tokens_kept(config, round(num_before + num_new))
    kv = 2.0 * config.num_layers * config.num_kv_heads * config.head_dim * model.kv_value_bytes * kept * batch
    return PassWork(num_tokens=tokens, weight_bytes=read, kv_bytes=kv, operations=computed)


def _use(config: ModelConfig, part: str, tokens: int, num_logits: int) -> tuple[float, float]:
    """Which share of a parameter's numbers is read, and for how many rows all of it would be computed."""
    if part == "experts":
        assert config.moe is not None
        router = config.moe.router
        visited = distinct_experts(router.num_experts, router.top_k, tokens)
        return visited / router.num_experts, tokens * router.top_k / router.num_experts
    if part == "embedding":
        is_head = config.tie_embeddings and num_logits > 0
        return 1.0 if is_head else min(1.0, tokens / config.vocab_size), 0.0
    if part == "head":
        return float(num_logits > 0), float(num_logits)
    return 1.0, float(tokens)
