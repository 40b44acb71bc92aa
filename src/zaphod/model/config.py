"""Every switch a supported model family needs, and nothing heavy: no torch, no files, no names of families' weights.

Sizes are counts of elements, `*_theta` are RoPE bases, `*_softcap` are c in c·tanh(x/c). Facts about each family's
choices and their sources stand beside the presets in `families.py`.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeVar, get_args

from zaphod.core.errors import ConfigError

Activation = Literal["gelu_tanh", "gelu_erf", "silu"]
Norms = Literal["pre", "sandwich"]
QKNorm = Literal["none", "per_head", "full"]
Score = Literal["softmax", "sigmoid"]
GroupScore = Literal["max", "top2_sum"]

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class RouterConfig:
    """How a token chooses its experts, and how much each choice counts."""

    num_experts: int
    top_k: int
    score: Score = "softmax"
    softmax_after_top_k: bool = False
    """Softmax over the chosen logits only (Granite) instead of over all experts."""
    renormalise: bool = False
    """Divide the chosen weights by their sum. Grok does not; Mixtral does."""
    scale: float = 1.0
    """Multiplies the weights last (DeepSeek's routed_scaling_factor)."""
    logit_softcap: float | None = None
    selection_bias: bool = False
    """A learnt bias that takes part in choosing experts but not in weighting them (arXiv 2408.15664)."""
    num_groups: int = 1
    num_groups_kept: int = 1
    group_score: GroupScore = "top2_sum"

    def __post_init__(self) -> None:
        _positive(self, "num_experts", "top_k", "num_groups", "num_groups_kept")
        _choice(self, score=Score, group_score=GroupScore)
        if self.top_k > self.num_experts:
            raise ConfigError(
                f"The router chooses top_k={self.top_k} of num_experts={self.num_experts}.",
                "It cannot choose more experts than there are.",
                f"Set top_k to {self.num_experts} or less.",
            )
        if self.num_experts % self.num_groups:
            raise ConfigError(
                f"{self.num_experts} experts stand in {self.num_groups} groups.",
                "The groups must be of equal size.",
                "Choose a number of groups that divides the number of experts.",
            )
        if self.num_groups_kept > self.num_groups:
            raise ConfigError(
                f"num_groups_kept={self.num_groups_kept} of num_groups={self.num_groups}.",
                "At most all groups can be kept.",
                f"Set num_groups_kept to {self.num_groups} or less.",
            )
        if self.num_groups_kept * (self.num_experts // self.num_groups) < self.top_k:
            raise ConfigError(
                f"The {self.num_groups_kept} kept groups hold fewer than top_k={self.top_k} experts.",
                "The kept groups must hold at least top_k experts.",
                "Keep more groups or choose fewer experts.",
            )
        if self.softmax_after_top_k and self.score != "softmax":
            raise ConfigError(
                f"softmax_after_top_k is set with score={self.score!r}.",
                "It only has a meaning with score='softmax'.",
                "Drop one of the two.",
            )


@dataclass(frozen=True, kw_only=True)
class MoEConfig:
    """The sparse feed-forward block: gated experts behind a router."""

    router: RouterConfig
    expert_size: int
    """Width of one expert's hidden layer."""
    shared_expert_size: int = 0
    """Width of the expert that every token visits; 0 for none."""
    shared_expert_gate: bool = False
    """Multiply the shared expert by sigmoid(w·x) (Qwen2-MoE)."""

    def __post_init__(self) -> None:
        _positive(self, "expert_size")
        _not_negative(self, "shared_expert_size")
        if self.shared_expert_gate and not self.shared_expert_size:
            raise ConfigError(
                "shared_expert_gate is set, but there is no shared expert.",
                "A gate needs something to gate.",
                "Set shared_expert_size.",
            )


@dataclass(frozen=True, kw_only=True)
class YarnConfig:
    """Context extension of RoPE by YaRN (arXiv 2309.00071)."""

    factor: float
    original_context_length: int
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    attention_factor: float | None = None
    """Multiplies cos and sin; None means 0.1·ln(factor) + 1."""

    def __post_init__(self) -> None:
        _positive(self, "factor", "original_context_length", "beta_fast", "beta_slow")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A decoder-only transformer with grouped-query attention and gated, mostly sparse, feed-forward blocks."""

    family: str
    """Key of `families.FAMILIES`: decides how weight names are translated, never the maths."""
    vocab_size: int
    hidden_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    context_length: int
    """Longest sequence the model was made for, in tokens."""

    moe: MoEConfig | None = None
    """None for a dense model."""
    dense_size: int = 0
    """Width of the dense feed-forward block in `dense_layers`, or beside the experts if `residual_dense`."""
    dense_layers: tuple[int, ...] = ()
    """Indices of layers whose feed-forward block is dense although the model has experts."""
    residual_dense: bool = False
    """Every layer computes (dense(x) + experts(x)) / sqrt(2) (Grok-2)."""
    activation: Activation = "silu"

    norms: Norms = "pre"
    """`sandwich` also normalises each branch's output before it is added to the residual stream."""
    rms_norm_epsilon: float = 1e-5

    rope_theta: float = 10000.0
    yarn: YarnConfig | None = None
    attention_scale: float | None = None
    """Multiplies q·k; None means head_dim ** -0.5."""
    attention_softcap: float | None = None
    attention_temperature_length: int | None = None
    """From this position on, capped scores of a query at position p are multiplied by log(p)/log(length) (Grok-2)."""
    sliding_window: int | None = None
    """A query sees itself and the `sliding_window - 1` tokens before it."""
    qk_norm: QKNorm = "none"
    qkv_bias: bool = False
    attention_output_bias: bool = False

    embedding_multiplier: float = 1.0
    residual_multiplier: float = 1.0
    """Multiplies each branch before it is added to the residual stream (Granite)."""
    output_multiplier: float = 1.0
    """Multiplies the logits, before `final_softcap`."""
    final_softcap: float | None = None
    tie_embeddings: bool = False

    pad_token_id: int | None = None
    bos_token_id: int | None = None
    eos_token_ids: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        _positive(
            self,
            *("vocab_size", "hidden_size", "num_layers", "num_heads", "num_kv_heads", "head_dim", "context_length"),
            *("rms_norm_epsilon", "rope_theta"),
        )
        _not_negative(self, "dense_size")
        _positive_or_none(
            self,
            "attention_softcap",
            "final_softcap",
            "attention_scale",
            "attention_temperature_length",
            "sliding_window",
        )
        _choice(self, activation=Activation, norms=Norms, qk_norm=QKNorm)
        object.__setattr__(self, "dense_layers", tuple(sorted(self.dense_layers)))
        object.__setattr__(self, "eos_token_ids", tuple(self.eos_token_ids))
        self._check_heads()
        self._check_blocks()

    def _check_heads(self) -> None:
        if self.num_heads % self.num_kv_heads:
            raise ConfigError(
                f"The model has {self.num_heads} query heads and {self.num_kv_heads} key/value heads.",
                f"{self.num_heads} must be divisible by the number of key/value heads.",
                f"Choose one of {_divisors(self.num_heads)}. Grok-1 has 48 and 8.",
            )
        if self.head_dim % 2:
            raise ConfigError(
                f"head_dim is {self.head_dim}.",
                "Rotary embeddings turn pairs, so it must be even.",
                "Check the config.",
            )
        if self.attention_temperature_length == 1:
            raise ConfigError(
                "attention_temperature_length is 1.", "log(1) is 0 and cannot be divided by.", "Use a length above 1."
            )

    def _check_blocks(self) -> None:
        if any(not 0 <= layer < self.num_layers for layer in self.dense_layers):
            raise ConfigError(
                f"dense_layers is {self.dense_layers} in a model of {self.num_layers} layers.",
                f"Each must lie in [0, {self.num_layers}).",
                "Remove those outside.",
            )
        needs_dense = self.moe is None or bool(self.dense_layers) or self.residual_dense
        if needs_dense and not self.dense_size:
            raise ConfigError(
                "The model has dense feed-forward blocks, but dense_size is 0.",
                "Their width must be known.",
                "Set dense_size (`intermediate_size` in most config files).",
            )
        if self.residual_dense and self.moe is None:
            raise ConfigError(
                "residual_dense is set in a model without experts.",
                "It joins a dense block with experts.",
                "Set moe, or drop residual_dense.",
            )

    def is_sparse(self, layer: int) -> bool:
        """Whether layer `layer` routes tokens to experts."""
        return self.moe is not None and layer not in self.dense_layers

    @property
    def softmax_scale(self) -> float:
        """The factor that multiplies q·k."""
        return self.head_dim**-0.5 if self.attention_scale is None else self.attention_scale

    def to_dict(self) -> dict[str, Any]:
        """Plain data, fit for JSON; `from_dict` is its inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build a config from `to_dict`'s data. An unknown key is an error that names the nearest known one."""
        values = dict(data)
        if values.get("moe") is not None:
            moe = dict(values["moe"])
            moe["router"] = _build(RouterConfig, moe.get("router") or {})
            values["moe"] = _build(MoEConfig, moe)
        if values.get("yarn") is not None:
            values["yarn"] = _build(YarnConfig, values["yarn"])
        for name in ("dense_layers", "eos_token_ids"):
            if name in values:
                values[name] = tuple(values[name])
        return _build(cls, values)


def _build(kind: type[_T], values: Mapping[str, Any]) -> _T:
    known = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"{kind.__name__} has no field {name!r}.",
                f"It knows {', '.join(known)}.",
                f"Did you mean {nearest[0]!r}?" if nearest else "Remove it.",
            )
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{kind.__name__} cannot be built: {error}.", "", "Add the missing fields.") from error


def _positive(config: object, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
            raise ConfigError(f"{name} is {value!r}.", "It must be a number above 0.", "Check the model's config.")


def _not_negative(config: object, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ConfigError(
                f"{name} is {value!r}.", "It must be a whole number, 0 or more.", "Check the model's config."
            )


def _positive_or_none(config: object, *names: str) -> None:
    _positive(config, *(name for name in names if getattr(config, name) is not None))


def _choice(config: object, **allowed: Any) -> None:
    for name, literal in allowed.items():
        value, options = getattr(config, name), get_args(literal)
        if value not in options:
            raise ConfigError(
                f"{name} is {value!r}.", f"It must be one of {', '.join(options)}.", "Choose one of them."
            )


def _divisors(number: int) -> str:
    return ", ".join(str(n) for n in range(1, number + 1) if number % n == 0)
