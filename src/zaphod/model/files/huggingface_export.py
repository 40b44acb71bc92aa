"""`ModelConfig` to the config.json of its family in Hugging Face repositories; knows settings, not weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.model.config import Activation, ModelConfig, MoEConfig
from zaphod.model.files.config_fields import refuse_loss
from zaphod.model.files.huggingface import config_from_huggingface

Settings = dict[str, Any]

_ACTIVATION_NAMES: Mapping[Activation, str] = {"silu": "silu", "gelu_erf": "gelu", "gelu_tanh": "gelu_pytorch_tanh"}


def config_to_huggingface(config: ModelConfig) -> Settings:
    """The config.json that describes the model. Raises `ConfigError` where the family's config.json cannot say it."""
    if config.family not in _WRITERS:
        raise ConfigError(f"There is no family {config.family!r}.", f"There are {', '.join(_WRITERS)}.")
    settings = _WRITERS[config.family](config)
    refuse_loss(config, config_from_huggingface(settings), f"The config.json of {config.family}")
    return settings


def _write_common(config: ModelConfig, architecture: str, model_type: str) -> Settings:
    eos: int | list[int] | None = list(config.eos_token_ids) or None
    if len(config.eos_token_ids) == 1:
        eos = config.eos_token_ids[0]
    return {
        "architectures": [architecture],
        "model_type": model_type,
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "max_position_embeddings": config.context_length,
        "hidden_act": _ACTIVATION_NAMES[config.activation],
        "rms_norm_eps": config.rms_norm_epsilon,
        "rope_theta": config.rope_theta,
        "tie_word_embeddings": config.tie_embeddings,
        "pad_token_id": config.pad_token_id,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": eos,
    }


def _write_yarn(config: ModelConfig) -> Settings:
    yarn = config.yarn
    if yarn is None:
        return {"rope_scaling": None}
    scaling: Settings = {
        "rope_type": "yarn",
        "factor": yarn.factor,
        "original_max_position_embeddings": yarn.original_context_length,
        "beta_fast": yarn.beta_fast,
        "beta_slow": yarn.beta_slow,
    }
    if yarn.attention_factor is not None:
        scaling["attention_factor"] = yarn.attention_factor
    return {"rope_scaling": scaling}


def _moe(config: ModelConfig) -> MoEConfig:
    if config.moe is None:
        raise ConfigError(
            f"A model of family {config.family!r} without experts cannot be written as one.",
            "Every model of that family has experts.",
            "Give it the family 'zaphod'.",
        )
    return config.moe


def _write_mixtral(config: ModelConfig) -> Settings:
    moe = _moe(config)
    return {
        **_write_common(config, "MixtralForCausalLM", "mixtral"),
        **_write_yarn(config),
        "intermediate_size": moe.expert_size,
        "num_local_experts": moe.router.num_experts,
        "num_experts_per_tok": moe.router.top_k,
        "sliding_window": config.sliding_window,
    }


def _write_olmoe(config: ModelConfig) -> Settings:
    moe = _moe(config)
    return {
        **_write_common(config, "OlmoeForCausalLM", "olmoe"),
        **_write_yarn(config),
        "attention_bias": config.qkv_bias,
        "intermediate_size": moe.expert_size,
        "num_experts": moe.router.num_experts,
        "num_experts_per_tok": moe.router.top_k,
        "norm_topk_prob": moe.router.renormalise,
    }


def _write_qwen3_moe(config: ModelConfig) -> Settings:
    moe = _moe(config)
    return {
        **_write_common(config, "Qwen3MoeForCausalLM", "qwen3_moe"),
        **_write_yarn(config),
        "attention_bias": config.qkv_bias,
        "intermediate_size": config.dense_size or moe.expert_size * moe.router.top_k,
        "moe_intermediate_size": moe.expert_size,
        "num_experts": moe.router.num_experts,
        "num_experts_per_tok": moe.router.top_k,
        "norm_topk_prob": moe.router.renormalise,
        "decoder_sparse_step": 1,
        "mlp_only_layers": list(config.dense_layers),
        "use_sliding_window": config.sliding_window is not None,
        "sliding_window": config.sliding_window,
    }


def _write_granite_moe(config: ModelConfig) -> Settings:
    moe = _moe(config)
    return {
        **_write_common(config, "GraniteMoeForCausalLM", "granitemoe"),
        **_write_yarn(config),
        "attention_bias": config.qkv_bias,
        "intermediate_size": moe.expert_size,
        "num_local_experts": moe.router.num_experts,
        "num_experts_per_tok": moe.router.top_k,
        "attention_multiplier": config.softmax_scale,
        "embedding_multiplier": config.embedding_multiplier,
        "residual_multiplier": config.residual_multiplier,
        "logits_scaling": 1 / config.output_multiplier,
    }


def _write_grok_1(config: ModelConfig) -> Settings:
    moe = _moe(config)
    return {
        **_write_common(config, "Grok1ModelForCausalLM", "grok-1"),
        **_write_grok_common(config),
        "intermediate_size": moe.expert_size,
        "num_experts": moe.router.num_experts,
        "num_experts_per_tok": moe.router.top_k,
        "max_attn_value": config.attention_softcap or 0.0,
    }


def _write_grok_2(config: ModelConfig) -> Settings:
    moe = _moe(config)
    return {
        **_write_common(config, "Grok1ForCausalLM", "git"),
        **_write_grok_common(config),
        "rope_type": "original",
        "intermediate_size": config.dense_size,
        "moe_intermediate_size": moe.expert_size,
        "num_local_experts": moe.router.num_experts,
        "num_experts_per_tok": moe.router.top_k,
        "residual_moe": True,
        "attn_logit_softcapping": config.attention_softcap or 0.0,
    }


def _write_grok_common(config: ModelConfig) -> Settings:
    return {
        "attn_output_multiplier": config.softmax_scale,
        "attn_temperature_len": config.attention_temperature_length or -1,
        "embedding_multiplier_scale": config.embedding_multiplier,
        "output_multiplier_scale": config.output_multiplier,
        "router_logit_softcapping": _moe(config).router.logit_softcap or 0.0,
        "final_logit_softcapping": config.final_softcap or 0.0,
    }


def _write_own(config: ModelConfig) -> Settings:
    return {**_write_common(config, "ZaphodForCausalLM", "zaphod"), "zaphod_config": config.to_dict()}


_WRITERS: Mapping[str, Callable[[ModelConfig], Settings]] = {
    "grok-1": _write_grok_1,
    "grok-2": _write_grok_2,
    "mixtral": _write_mixtral,
    "olmoe": _write_olmoe,
    "qwen3-moe": _write_qwen3_moe,
    "granite-moe": _write_granite_moe,
    "zaphod": _write_own,
}
