"""Shapes of well-known models, with where each number comes from; no weights, no names of weights.

Facts: xai-org/grok-1 (run.py, model.py), the config.json files of the named Hugging Face repositories, and SGLang's
grok.py for what Grok-2's config leaves out. Proposals are shapes to calculate with; nobody has published such a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A named shape."""

    name: str
    config: ModelConfig
    source: str
    is_proposal: bool = False
    """True where no such model was released: the numbers are somebody's idea."""
    note: str = ""


def _grok_1() -> ModelConfig:
    return ModelConfig(
        family="grok-1",
        vocab_size=131072,
        hidden_size=6144,
        num_layers=64,
        num_heads=48,
        num_kv_heads=8,
        head_dim=128,
        context_length=8192,
        moe=MoEConfig(router=RouterConfig(num_experts=8, top_k=2), expert_size=32768),
        activation="gelu_tanh",
        norms="sandwich",
        rope_theta=10000.0,
        attention_softcap=30.0,
        embedding_multiplier=78.38367176906169,
        output_multiplier=0.5773502691896257,
        tie_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_ids=(2,),
    )


def _grok_2() -> ModelConfig:
    # rope_theta already contains the extension from 8,192 to 131,072 tokens: 1e6^(ln(131072/2π)/ln(8192/2π)).
    return ModelConfig(
        family="grok-2",
        vocab_size=131072,
        hidden_size=8192,
        num_layers=64,
        num_heads=64,
        num_kv_heads=8,
        head_dim=128,
        context_length=131072,
        moe=MoEConfig(router=RouterConfig(num_experts=8, top_k=2, logit_softcap=30.0), expert_size=16384),
        dense_size=32768,
        residual_dense=True,
        activation="gelu_erf",
        norms="sandwich",
        rope_theta=208533496.0,
        attention_softcap=30.0,
        attention_temperature_length=1024,
        embedding_multiplier=90.50966799187809,
        output_multiplier=0.5,
        final_softcap=50.0,
        pad_token_id=0,
        eos_token_ids=(2,),
    )


def _mixtral(hidden: int, layers: int, heads: int, expert_size: int, context: int) -> ModelConfig:
    return ModelConfig(
        family="mixtral",
        vocab_size=32000,
        hidden_size=hidden,
        num_layers=layers,
        num_heads=heads,
        num_kv_heads=8,
        head_dim=128,
        context_length=context,
        moe=MoEConfig(router=RouterConfig(num_experts=8, top_k=2, renormalise=True), expert_size=expert_size),
        rope_theta=1e6,
        bos_token_id=1,
        eos_token_ids=(2,),
    )


def _olmoe() -> ModelConfig:
    return ModelConfig(
        family="olmoe",
        vocab_size=50304,
        hidden_size=2048,
        num_layers=16,
        num_heads=16,
        num_kv_heads=16,
        head_dim=128,
        context_length=4096,
        moe=MoEConfig(router=RouterConfig(num_experts=64, top_k=8), expert_size=1024),
        qk_norm="full",
        pad_token_id=1,
        eos_token_ids=(50279,),
    )


def _qwen3(hidden: int, layers: int, heads: int, expert_size: int) -> ModelConfig:
    return ModelConfig(
        family="qwen3-moe",
        vocab_size=151936,
        hidden_size=hidden,
        num_layers=layers,
        num_heads=heads,
        num_kv_heads=4,
        head_dim=128,
        context_length=40960,
        moe=MoEConfig(router=RouterConfig(num_experts=128, top_k=8, renormalise=True), expert_size=expert_size),
        rms_norm_epsilon=1e-6,
        rope_theta=1e6,
        qk_norm="per_head",
        bos_token_id=151643,
        eos_token_ids=(151645,),
    )


def _granite(hidden: int, layers: int, heads: int, experts: int, rope_theta: float) -> ModelConfig:
    return ModelConfig(
        family="granite-moe",
        vocab_size=49155,
        hidden_size=hidden,
        num_layers=layers,
        num_heads=heads,
        num_kv_heads=8,
        head_dim=64,
        context_length=131072,
        moe=MoEConfig(router=RouterConfig(num_experts=experts, top_k=8, softmax_after_top_k=True), expert_size=512),
        rms_norm_epsilon=1e-6,
        rope_theta=rope_theta,
        attention_scale=0.015625,
        embedding_multiplier=12.0,
        residual_multiplier=0.22,
        output_multiplier=1 / 6,
        tie_embeddings=True,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_ids=(0,),
    )


def _grok_3_proposed() -> ModelConfig:
    return ModelConfig(
        family="zaphod",
        vocab_size=131072,
        hidden_size=6144,
        num_layers=64,
        num_heads=48,
        num_kv_heads=8,
        head_dim=128,
        context_length=8192,
        moe=MoEConfig(router=RouterConfig(num_experts=64, top_k=2, softmax_after_top_k=True), expert_size=4096),
        activation="gelu_tanh",
        norms="sandwich",
        attention_softcap=30.0,
        embedding_multiplier=78.38367176906169,
        output_multiplier=0.5773502691896257,
        tie_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_ids=(2,),
    )


def _grok_3_inferred() -> ModelConfig:
    router = RouterConfig(num_experts=128, top_k=8, score="sigmoid", renormalise=True, selection_bias=True)
    return ModelConfig(
        family="zaphod",
        vocab_size=131072,
        hidden_size=8192,
        num_layers=96,
        num_heads=64,
        num_kv_heads=8,
        head_dim=128,
        context_length=131072,
        moe=MoEConfig(router=router, expert_size=5120, shared_expert_size=5120),
        rope_theta=1e6,
        pad_token_id=0,
        eos_token_ids=(2,),
    )


_ALL = (
    Preset(name="grok-1", config=_grok_1(), source="xai-org/grok-1: run.py, model.py"),
    Preset(
        name="grok-2",
        config=_grok_2(),
        source="xai-org/grok-2: config.json; SGLang srt/models/grok.py",
        note="The release does not say which GELU it was trained with; SGLang computes the exact one.",
    ),
    Preset(
        name="mixtral-8x7b",
        config=_mixtral(4096, 32, 32, 14336, 32768),
        source="mistralai/Mixtral-8x7B-Instruct-v0.1: config.json",
    ),
    Preset(
        name="mixtral-8x22b",
        config=_mixtral(6144, 56, 48, 16384, 65536),
        source="mistralai/Mixtral-8x22B-v0.1: config.json",
        note="The instruct version has 32,768 tokens instead of 32,000.",
    ),
    Preset(name="olmoe-1b-7b", config=_olmoe(), source="allenai/OLMoE-1B-7B-0924: config.json"),
    Preset(name="qwen3-30b-a3b", config=_qwen3(2048, 48, 32, 768), source="Qwen/Qwen3-30B-A3B: config.json"),
    Preset(name="qwen3-235b-a22b", config=_qwen3(4096, 94, 64, 1536), source="Qwen/Qwen3-235B-A22B: config.json"),
    Preset(
        name="granite-3.1-1b-a400m",
        config=_granite(1024, 24, 16, 32, 1.5e6),
        source="ibm-granite/granite-3.1-1b-a400m-instruct: config.json",
        note="The base version has 49,152 tokens instead of 49,155.",
    ),
    Preset(
        name="granite-3.1-3b-a800m",
        config=_granite(1536, 32, 24, 40, 1e7),
        source="ibm-granite/granite-3.1-3b-a800m-instruct: config.json",
        note="The base version has 49,152 tokens instead of 49,155.",
    ),
    Preset(
        name="grok-3-proposed",
        config=_grok_3_proposed(),
        source="M. I. Afridi, 'Grok-3: A Data-Driven Leap Beyond GPT-4' (self-declared conceptual)",
        is_proposal=True,
        note="Not an xAI model. The proposal gives 64 experts, top-2, and a softmax after the choice; the rest "
        "here is Grok-1's, with experts an eighth as wide, so that the total stays near the ~314B that it names. The "
        "~35B active parameters that it claims do not follow from it.",
    ),
    Preset(
        name="grok-3-inferred",
        config=_grok_3_inferred(),
        source="'Grok: xAI's Architecture' (blog), its guess at Grok-3: 1T-2T in all, 100B-200B active",
        is_proposal=True,
        note="Not an xAI model: xAI has published nothing of Grok-3's architecture. One point within the ranges of "
        "that guess; its router, expert width and context were chosen here, after DeepSeek-V3.",
    ),
)

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ALL}
