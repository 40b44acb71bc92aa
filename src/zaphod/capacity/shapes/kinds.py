"""What a model type does without saying so in its config.json: norms, biases, ties, windows; knows no files.

Sources: the modelling files of transformers 5.23 for the named types, xai-org/grok-1 and SGLang's grok.py for Grok.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

WindowRule = Literal["named", "all", "even", "not every n-th", "none"]
QKNorm = Literal["none", "per_head", "each_head", "full"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Facts that hold unless the config says otherwise. The defaults are Llama's."""

    num_matrices: int = 3
    """Of a feed-forward block: 3 with a gate, 2 without."""
    num_norms: int = 2
    """Of a layer, as wide as the model; those of queries and keys are `qk_norm`."""
    norm_has_weight: bool = True
    norm_has_bias: bool = False
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    output_bias_follows: bool = True
    """Whether `attention_bias` speaks of the output projection, too."""
    expert_bias: bool = False
    qk_norm: QKNorm = "none"
    """One for all heads, one for each head, or one across all heads."""
    selection_bias: bool = False
    """A learnt bias of each expert's choice."""
    sinks: bool = False
    """A learnt logit of each head."""
    shared_gate: bool = False
    """A gate of the shared expert."""
    ties: bool = False
    windows: WindowRule = "named"
    """Which layers have the window: those of `layer_types`; failing that all, the even ones, all but every n-th."""
    window_period: int = 0
    """The n of every n-th."""
    positions: int | None = None
    """Learnt positions beyond the longest sequence; None for none learnt."""
    embedding_norm: bool = False
    width_factor: int | None = None
    """Width of a block over the model's, where no key gives it."""
    context_length: int | None = None
    """Where no key gives it."""


def _plain(**facts: Any) -> Kind:
    """Blocks without a gate, biases everywhere."""
    return Kind(
        num_matrices=2,
        qkv_bias=True,
        output_bias=True,
        mlp_bias=True,
        norm_has_bias=True,
        **facts,
    )


LLAMA = Kind()

KINDS: Mapping[str, Kind] = {
    "llama": LLAMA,
    "mistral": Kind(windows="all"),
    "ministral": Kind(windows="all"),
    "mixtral": Kind(windows="all"),
    "grok": Kind(num_norms=4, ties=True, windows="none"),
    "grok-1": Kind(num_norms=4, ties=True, windows="none"),
    "qwen2": Kind(qkv_bias=True, output_bias_follows=False),
    "qwen2_moe": Kind(qkv_bias=True, output_bias_follows=False, shared_gate=True),
    "qwen3": Kind(qk_norm="per_head"),
    "qwen3_moe": Kind(qk_norm="per_head"),
    "qwen3_vl_text": Kind(qk_norm="per_head"),
    "qwen3_vl_moe_text": Kind(qk_norm="per_head"),
    "deepseek_v2": Kind(),
    "deepseek_v3": Kind(selection_bias=True),
    "kimi_k2": Kind(selection_bias=True),
    "glm4_moe": Kind(selection_bias=True, output_bias_follows=False),
    "glm4": Kind(num_norms=4, output_bias_follows=False),
    "glm": Kind(output_bias_follows=False),
    "dots1": Kind(selection_bias=True, qk_norm="per_head"),
    "minimax_m2": Kind(selection_bias=True, qk_norm="full"),
    "gpt_oss": Kind(qkv_bias=True, output_bias=True, expert_bias=True, selection_bias=True, sinks=True, windows="even"),
    "llama4_text": Kind(windows="not every n-th", window_period=4, ties=False),
    "gemma": Kind(ties=True, windows="none"),
    "gemma2": Kind(ties=True, num_norms=4, windows="even"),
    "gemma3_text": Kind(ties=True, num_norms=4, qk_norm="per_head", windows="not every n-th", window_period=6),
    "olmo": Kind(norm_has_weight=False),
    "olmo2": Kind(qk_norm="full"),
    "olmo3": Kind(qk_norm="full", windows="not every n-th", window_period=4),
    "olmoe": Kind(qk_norm="full"),
    "granite": Kind(),
    "granitemoe": Kind(),
    "granitemoeshared": Kind(),
    "phi": _plain(num_norms=1, head_bias=True),
    "phi3": Kind(windows="all"),
    "phimoe": Kind(windows="all", norm_has_bias=True, head_bias=True),
    "cohere": Kind(num_norms=1, ties=True, qk_norm="none"),
    "cohere2": Kind(num_norms=1, ties=True, windows="not every n-th", window_period=4),
    "starcoder2": _plain(ties=True, windows="all"),
    "nemotron": Kind(num_matrices=2, norm_has_bias=True),
    "smollm3": Kind(ties=True),
    "seed_oss": Kind(qkv_bias=True, output_bias_follows=False),
    "exaone4": Kind(qk_norm="per_head", windows="not every n-th", window_period=4),
    "ernie4_5": Kind(ties=True),
    "ernie4_5_moe": Kind(ties=True, selection_bias=True),
    "dbrx": Kind(),
    "mpt": Kind(num_matrices=2, ties=True, width_factor=4, windows="none"),
    "gpt_neox": _plain(width_factor=4, windows="none"),
    "gpt2": _plain(ties=True, width_factor=4, positions=0),
    "opt": _plain(ties=True, width_factor=4, positions=2),
    "bloom": _plain(ties=True, width_factor=4, embedding_norm=True, context_length=2048),
    "falcon": Kind(num_matrices=2, ties=True, width_factor=4, context_length=2048, norm_has_bias=True),
}
