"""How many numbers a model holds, how many of them a token touches, and what they weigh; knows no machine.

"Active" counts every parameter that one token's forward pass reads: the chosen experts in place of all, and everything
else, the embedding and the head included (a tied embedding once).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from zaphod.capacity.memory.precisions import Precision, precision, stored_bytes
from zaphod.capacity.shapes.own import shape_of_config
from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig
from zaphod.model.shapes import PARTS, parameter_shapes, part_of


def _own(name: str, like: str) -> Precision:
    return dataclasses.replace(precision(like), name=name, aliases=(), small_bits=32)


PRECISIONS: Mapping[str, Precision] = {
    each.name: each
    for each in (
        _own("float32", "fp32"),
        _own("bfloat16", "bf16"),
        _own("float16", "fp16"),
        _own("int8", "packed-int8"),
        _own("q8_0", "packed-int8"),
        _own("int4", "packed-int4"),
        _own("q4_0", "packed-int4"),
    )
}
"""As our own files store models: norms, routers, biases and gates stay in float32."""


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
    return stored_bytes(shape_of_config(config), _find(precision))


def active_weight_bytes(config: ModelConfig, precision: str) -> float:
    """Bytes of the parameters that one token touches, all in `precision`. Raises `ConfigError` where it is unknown."""
    return count_parameters(config).active * _find(precision).bits_per_weight / 8


def kv_bytes_per_token(config: ModelConfig, bytes_per_value: int = 2) -> int:
    """Bytes of keys and values that one more token adds to the cache of all layers; 2 bytes a value is bfloat16.

    With a sliding window a cache need not hold more than `kv_tokens_kept` tokens; each of them costs as much.
    """
    return shape_of_config(config).kv_values_per_token() * bytes_per_value


def kv_tokens_kept(config: ModelConfig, num_tokens: int) -> int:
    """How many of a sequence's tokens must stay in the cache: all, or those that a sliding window still shows."""
    return num_tokens if config.sliding_window is None else min(num_tokens, config.sliding_window)


def _find(name: str) -> Precision:
    if name not in PRECISIONS:
        raise ConfigError(f"There is no precision {name!r}.", f"Known are {', '.join(PRECISIONS)}.")
    return PRECISIONS[name]


def _chosen(config: ModelConfig) -> int:
    assert config.moe is not None
    return config.moe.router.top_k
