"""What a pass must read from memory and must compute, whatever program does it; knows shapes and formats, no clock.

Counted is what cannot be avoided: each weight that is used once a pass, and the keys and values of the tokens before.
Activations are left out: they stay in the processor's caches.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from zaphod.capacity.parameters import kv_tokens_kept
from zaphod.capacity.timing import coverage
from zaphod.engine.throughput import TOKENS_A_PASS, Work
from zaphod.model.config import ModelConfig
from zaphod.model.files.weights import ModelWeights
from zaphod.model.shapes import parameter_shapes, part_of


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The totals of one run."""

    read_bytes: float
    operations: float
    """A multiplication and an addition are two."""


@dataclass(frozen=True, kw_only=True)
class Storage:
    """How weights and cache lie in memory."""

    weight_bytes: dict[str, float]
    """By our names."""
    kv_value_bytes: int


def as_in_file(weights: ModelWeights, kv_value_bytes: int = 2) -> Storage:
    """Weights in the number formats of the file."""
    sizes = {name: float(weights.num_bytes(name)) for name in weights.names()}
    return Storage(weight_bytes=sizes, kv_value_bytes=kv_value_bytes)


def as_dense(config: ModelConfig, value_bytes: int) -> Storage:
    """Everything in one plain number format, the cache too."""
    sizes = {name: float(prod(shape) * value_bytes) for name, shape in parameter_shapes(config).items()}
    return Storage(weight_bytes=sizes, kv_value_bytes=value_bytes)


def traffic_of(work: Work, config: ModelConfig, storage: Storage) -> Traffic:
    """What one run of the timed part must read and compute."""
    total = Traffic(read_bytes=0, operations=0)
    for start, tokens, wants_logits in _passes(work):
        read = _weight_bytes(config, storage, work.batch * tokens, work.batch if wants_logits else 0)
        read += work.batch * _kv_bytes(config, storage, start)
        computed = _operations(config, work.batch, start, tokens, wants_logits)
        total = Traffic(read_bytes=total.read_bytes + read, operations=total.operations + computed)
    return total


def distinct_experts(config: ModelConfig, num_tokens: int) -> float:
    """How many experts of a layer `num_tokens` tokens visit on average, if all experts are equally likely."""
    if config.moe is None:
        return 0.0
    router = config.moe.router
    return coverage.distinct_experts(router.num_experts, router.top_k, num_tokens)


def _passes(work: Work) -> list[tuple[int, int, bool]]:
    """Start, tokens of each sequence, and whether logits are wanted, pass by pass."""
    step, end = max(1, TOKENS_A_PASS // work.batch), work.depth + work.prompt
    reads = [(start, min(step, end - start), start + step >= end) for start in range(work.depth, end, step)]
    return reads + [(start, 1, True) for start in range(end, end + work.generate)]


def _weight_bytes(config: ModelConfig, storage: Storage, num_tokens: int, num_logits: int) -> float:
    total = 0.0
    for name, size in storage.weight_bytes.items():
        part = part_of(name)
        if part == "experts":
            assert config.moe is not None
            size *= distinct_experts(config, num_tokens) / config.moe.router.num_experts
        elif part == "embedding":
            # A row for each token; the whole where it serves as the head.
            is_head = config.tie_embeddings and num_logits
            size *= 1.0 if is_head else min(1.0, num_tokens / config.vocab_size)
        elif part == "head" and not num_logits:
            size = 0.0
        total += size
    return total


def _kv_bytes(config: ModelConfig, storage: Storage, num_before: int) -> float:
    kept = kv_tokens_kept(config, num_before)
    return 2.0 * config.num_layers * config.num_kv_heads * config.head_dim * storage.kv_value_bytes * kept


def _operations(config: ModelConfig, batch: int, start: int, tokens: int, wants_logits: bool) -> float:
    in_layers, in_head = _active_parameters(config)
    seen = sum(kv_tokens_kept(config, position + 1) for position in range(start, start + tokens))
    attention = 4.0 * config.num_layers * config.num_heads * config.head_dim * seen
    return batch * (2.0 * in_layers * tokens + attention + 2.0 * in_head * wants_logits)


def _active_parameters(config: ModelConfig) -> tuple[float, float]:
    """Of all layers for one token, and of the head."""
    in_layers = 0.0
    for name, shape in parameter_shapes(config).items():
        part = part_of(name)
        if part == "experts":
            assert config.moe is not None
            in_layers += prod(shape) * config.moe.router.top_k / shape[0]
        elif part not in ("embedding", "head"):
            in_layers += prod(shape)
    return in_layers, float(config.vocab_size * config.hidden_size)
