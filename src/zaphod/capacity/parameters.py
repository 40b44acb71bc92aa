"""How many numbers a model holds, how many of them a token touches, and what they weigh; knows no machine.

"Active" counts every parameter that one token's forward pass reads: the chosen experts in place of all, and everything
else, the embedding and the head included (a tied embedding once).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig
from zaphod.model.shapes import PARTS, is_kept_exact, parameter_shapes, part_of


@dataclass(frozen=True, kw_only=True)
class Precision:
    """A way to store the large matrices, with its true cost."""

    name: str
    bits_per_weight: float
    """Scales included."""
    source: str


PRECISIONS: Mapping[str, Precision] = {
    precision.name: precision
    for precision in (
        Precision(name="float32", bits_per_weight=32.0, source="IEEE 754 binary32"),
        Precision(name="bfloat16", bits_per_weight=16.0, source="8 exponent bits, 7 fraction bits"),
        Precision(name="float16", bits_per_weight=16.0, source="IEEE 754 binary16"),
        Precision(name="int8", bits_per_weight=8.5, source="a float16 scale for each 32 weights"),
        Precision(name="q8_0", bits_per_weight=8.5, source="GGML: a float16 scale for each 32 weights"),
        Precision(name="int4", bits_per_weight=4.5, source="a float16 scale for each 32 weights"),
        Precision(name="q4_0", bits_per_weight=4.5, source="GGML: a float16 scale for each 32 weights"),
    )
}


@dataclass(frozen=True, kw_only=True)
class PartCount:
    """One kind of parameter: how many there are, and how many a token touches."""

    part: str
    total: int
    active: int


@dataclass(frozen=True, kw_only=True)
class ParameterCounts:
    """The parameters of a model, in all and by part. Parts that a model lacks are left out."""

    parts: tuple[PartCount, ...]

    @property
    def total(self) -> int:
        return sum(part.total for part in self.parts)

    @property
    def active(self) -> int:
        """Parameters that one token touches."""
        return sum(part.active for part in self.parts)


def count_parameters(config: ModelConfig) -> ParameterCounts:
    """Exact counts, from the shapes of every parameter."""
    totals, actives = dict.fromkeys(PARTS, 0), dict.fromkeys(PARTS, 0)
    for name, shape in parameter_shapes(config).items():
        part, count = part_of(name), prod(shape)
        totals[part] += count
        actives[part] += count * _chosen(config) // shape[0] if part == "experts" else count
    return ParameterCounts(
        parts=tuple(PartCount(part=part, total=totals[part], active=actives[part]) for part in PARTS if totals[part])
    )


def weight_bytes(config: ModelConfig, precision: str) -> float:
    """Bytes of all weights with the matrices in `precision`; norms, routers, biases and gates stay in float32.

    The embedding and the head of a model in a 4-bit precision are counted in 8 bits, as `model.conversion` writes them.

    Raises:
        ConfigError: the precision is unknown.
    """
    matrix_bits = _bits(precision)
    vocabulary_bits = 8.5 if matrix_bits < 8.5 else matrix_bits
    bits = 0.0
    for name, shape in parameter_shapes(config).items():
        bits += prod(shape) * _bits_of(name, shape, matrix_bits, vocabulary_bits)
    return bits / 8


def active_weight_bytes(config: ModelConfig, precision: str) -> float:
    """Bytes of the parameters that one token touches, all in `precision`. Raises `ConfigError` where it is unknown."""
    return count_parameters(config).active * _bits(precision) / 8


def kv_bytes_per_token(config: ModelConfig, bytes_per_value: int = 2) -> int:
    """Bytes of keys and values that one more token adds to the cache of all layers; 2 bytes a value is bfloat16.

    With a sliding window a cache need not hold more than `kv_tokens_kept` tokens; each of them costs as much.
    """
    return 2 * config.num_layers * config.num_kv_heads * config.head_dim * bytes_per_value


def kv_tokens_kept(config: ModelConfig, num_tokens: int) -> int:
    """How many of a sequence's tokens must stay in the cache: all, or those that a sliding window still shows."""
    return num_tokens if config.sliding_window is None else min(num_tokens, config.sliding_window)


def _bits(precision: str) -> float:
    if precision not in PRECISIONS:
        raise ConfigError(f"There is no precision {precision!r}.", f"Known are {', '.join(PRECISIONS)}.")
    return PRECISIONS[precision].bits_per_weight


def _bits_of(name: str, shape: tuple[int, ...], matrix_bits: float, vocabulary_bits: float) -> float:
    if is_kept_exact(name, shape):
        return 32.0
    return vocabulary_bits if part_of(name) in ("embedding", "head") else matrix_bits


def _chosen(config: ModelConfig) -> int:
    assert config.moe is not None
    return config.moe.router.top_k
