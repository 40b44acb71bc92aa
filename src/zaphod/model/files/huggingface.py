"""Hugging Face's config.json to `ModelConfig`; knows settings, not weights. `huggingface_export` is the way back.

A setting that would change the results and is not supported is refused, never ignored. Sources: transformers 5.23
(configuration and modelling files of mixtral, olmoe, qwen3_moe, granitemoe), the config.json files of
hpcai-tech/grok-1, keyfan/grok-1-hf and xai-org/grok-2, and SGLang's grok.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.model.config import Activation, ModelConfig, MoEConfig, RouterConfig, YarnConfig
from zaphod.model.files.config_fields import ConfigFields

Settings = dict[str, Any]

_ACTIVATIONS: Mapping[str, Activation] = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu_erf",
    "gelu_erf": "gelu_erf",
    "gelu_new": "gelu_tanh",
    "gelu_tanh": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
}


def config_from_huggingface(config_json: Mapping[str, Any], where: str = "config.json") -> ModelConfig:
    """The model that a config.json describes.

    Args:
        config_json: its content.
        where: the file's path, for messages.

    Raises:
        ConfigError: the architecture is unknown, a setting is missing or malformed, or asks for what is not supported.
    """
    fields = ConfigFields(config_json, where)
    reader = _reader(fields)
    for key in ("quantization_config", "compression_config"):
        fields.refuse_unless(key)
    fields.refuse_unless("mlp_bias", False)
    fields.refuse_unless("partial_rotary_factor", 1.0)
    return reader(fields)


def _reader(fields: ConfigFields) -> Callable[[ConfigFields], ModelConfig]:
    architectures = fields.optional("architectures")
    if isinstance(architectures, list) and architectures:
        found, known = [str(name) for name in architectures], _ARCHITECTURES
    else:
        found, known = [str(fields.optional("model_type"))], _MODEL_TYPES
    for name in found:
        if name in known:
            return known[name]
    raise ConfigError(
        f"{fields.where} describes a model of kind {', '.join(found)}.",
        f"Supported are {', '.join(_ARCHITECTURES)}.",
        "Choose a model of one of these families.",
    )


def _common(fields: ConfigFields, *, tied: bool = False) -> Settings:
    """What every family says in the same words; `tied` where the file does not say."""
    hidden, heads = fields.whole("hidden_size"), fields.whole("num_attention_heads")
    pad, bos = fields.optional_whole("pad_token_id"), fields.optional_whole("bos_token_id")
    return {
        "vocab_size": fields.whole("vocab_size"),
        "hidden_size": hidden,
        "num_layers": fields.whole("num_hidden_layers"),
        "num_heads": heads,
        "num_kv_heads": fields.optional_whole("num_key_value_heads") or heads,
        "head_dim": fields.optional_whole("head_dim") or hidden // max(heads, 1),
        "context_length": fields.whole("max_position_embeddings"),
        "rms_norm_epsilon": fields.number("rms_norm_eps"),
        "tie_embeddings": fields.flag("tie_word_embeddings", default=tied),
        "pad_token_id": pad,
        "bos_token_id": bos,
        "eos_token_ids": fields.token_ids("eos_token_id"),
    }


def _activation(fields: ConfigFields, default: Activation) -> Activation:
    name = fields.optional("hidden_act", "hidden_activation")
    if name is None:
        return default
    if name not in _ACTIVATIONS:
        raise ConfigError(
            f"{fields.where} asks for the activation {name!r}.", f"Supported are {', '.join(_ACTIVATIONS)}."
        )
    return _ACTIVATIONS[name]


def _experts(fields: ConfigFields, expert_size: int, **router: Any) -> MoEConfig:
    num_experts = fields.whole("num_experts", "num_local_experts")
    options = RouterConfig(num_experts=num_experts, top_k=fields.whole("num_experts_per_tok"), **router)
    return MoEConfig(router=options, expert_size=expert_size)


def _rope(fields: ConfigFields, default_theta: float | None = None) -> Settings:
    """RoPE's base and extension: `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (before)."""
    nested = fields.optional("rope_parameters", "rope_scaling") or {}
    if not isinstance(nested, Mapping):
        raise ConfigError(f"{fields.where} says rope_scaling = {nested!r}.", "It must be an object.", "Mend the file.")
    rope = ConfigFields({"rope_theta": fields.optional("rope_theta"), **nested}, f"{fields.where}, RoPE")
    rope.refuse_unless("partial_rotary_factor", 1.0)
    theta = rope.optional_number("rope_theta") or default_theta or rope.number("rope_theta")
    kind = rope.optional("rope_type", "type") or "default"
    if kind == "default":
        return {"rope_theta": theta}
    if kind != "yarn":
        raise ConfigError(
            f"{fields.where} asks for RoPE of type {kind!r}.",
            "Supported are 'default' and 'yarn'.",
            "This model cannot be run correctly; it would be wrong to ignore the setting.",
        )
    return {"rope_theta": theta, "yarn": _yarn(rope, fields.whole("max_position_embeddings"))}


def _yarn(rope: ConfigFields, context_length: int) -> YarnConfig:
    for key in ("mscale", "mscale_all_dim"):
        rope.refuse_unless(key)
    rope.refuse_unless("truncate", True)
    return YarnConfig(
        factor=rope.number("factor"),
        original_context_length=rope.optional_whole("original_max_position_embeddings") or context_length,
        beta_fast=rope.optional_number("beta_fast") or 32.0,
        beta_slow=rope.optional_number("beta_slow") or 1.0,
        attention_factor=rope.optional_number("attention_factor"),
    )


def _read_mixtral(fields: ConfigFields) -> ModelConfig:
    return ModelConfig(
        family="mixtral",
        **_common(fields),
        **_rope(fields),
        moe=_experts(fields, fields.whole("intermediate_size"), renormalise=True),
        activation=_activation(fields, "silu"),
        sliding_window=fields.optional_whole("sliding_window"),
    )


def _read_olmoe(fields: ConfigFields) -> ModelConfig:
    fields.refuse_unless("clip_qkv")
    renormalise = fields.flag("norm_topk_prob", default=False)
    return ModelConfig(
        family="olmoe",
        **_common(fields),
        **_rope(fields),
        **_biases(fields),
        moe=_experts(fields, fields.whole("intermediate_size"), renormalise=renormalise),
        activation=_activation(fields, "silu"),
        qk_norm="full",
    )


def _read_qwen3_moe(fields: ConfigFields) -> ModelConfig:
    dense_layers = _dense_layers(fields)
    window = fields.flag("use_sliding_window", default=False)
    renormalise = fields.flag("norm_topk_prob", default=False)
    return ModelConfig(
        family="qwen3-moe",
        **_common(fields),
        **_rope(fields),
        **_biases(fields),
        moe=_experts(fields, fields.whole("moe_intermediate_size"), renormalise=renormalise),
        dense_size=fields.whole("intermediate_size") if dense_layers else 0,
        dense_layers=dense_layers,
        activation=_activation(fields, "silu"),
        sliding_window=fields.whole("sliding_window") if window else None,
        qk_norm="per_head",
    )


def _dense_layers(fields: ConfigFields) -> tuple[int, ...]:
    """Layers without experts: those listed, and those that are not every `decoder_sparse_step`-th."""
    listed = fields.optional("mlp_only_layers") or []
    step = fields.optional_whole("decoder_sparse_step") or 1
    if not isinstance(listed, list) or step < 1:
        raise ConfigError(f"{fields.where} says mlp_only_layers = {listed!r}, decoder_sparse_step = {step}.")
    return tuple(n for n in range(fields.whole("num_hidden_layers")) if n in listed or (n + 1) % step)


def _biases(fields: ConfigFields) -> Settings:
    bias = fields.flag("attention_bias", default=False)
    return {"qkv_bias": bias, "attention_output_bias": bias}


def _read_granite_moe(fields: ConfigFields) -> ModelConfig:
    return ModelConfig(
        family="granite-moe",
        **_common(fields),
        **_rope(fields),
        **_biases(fields),
        moe=_experts(fields, fields.whole("intermediate_size"), softmax_after_top_k=True),
        activation=_activation(fields, "silu"),
        attention_scale=fields.number("attention_multiplier"),
        embedding_multiplier=fields.number("embedding_multiplier"),
        residual_multiplier=fields.number("residual_multiplier"),
        output_multiplier=1 / _above_zero(fields, "logits_scaling"),
    )


def _above_zero(fields: ConfigFields, key: str) -> float:
    value = fields.number(key)
    if value <= 0:
        raise ConfigError(f"{fields.where} says {key} = {value}.", "It must be above 0.", "Mend the file.")
    return value


def _read_grok_1(fields: ConfigFields) -> ModelConfig:
    """Grok-1 in any of its conversions.

    NOTE: the classes of hpcai-tech and keyfan have defaults that are wrong for Grok-1 (cap 1, θ 1e5, SiLU), so what a
    file leaves out is taken from the official code. hpcai-tech computes the exact GELU; the official one is tanh.
    """
    cap_keys = ("attn_logit_softcapping", "attn_logit_softcap", "max_attn_value")
    return ModelConfig(
        family="grok-1",
        **_grok_common(fields, tied=True, default_theta=10000.0),
        moe=_experts(fields, fields.whole("intermediate_size"), logit_softcap=fields.cap("router_logit_softcapping")),
        activation=_activation(fields, "gelu_tanh"),
        attention_softcap=30.0 if fields.optional(*cap_keys) is None else fields.cap(*cap_keys),
    )


def _read_grok_2(fields: ConfigFields) -> ModelConfig:
    """Grok-2 as released; also Grok-1 in SGLang's conversion, which has the same architecture name.

    NOTE: rope_type "original" means plain RoPE, whatever scaling_factor stands beside it: rope_theta already contains
    the extension. SGLang and vLLM do so; llama.cpp does not.
    """
    if not fields.flag("residual_moe", default=False):
        return _read_grok_1(fields)
    fields.refuse_unless("rope_type", "original", "default")
    fields.refuse_unless("rope_rotate_half_dims", False)
    fields.refuse_unless("attn_logit_softcapping_method", "tanh")
    fields.refuse_unless("sliding_window_size", -1)
    experts = _experts(
        fields, fields.whole("moe_intermediate_size"), logit_softcap=fields.cap("router_logit_softcapping")
    )
    return ModelConfig(
        family="grok-2",
        **_grok_common(fields, tied=False, default_theta=None),
        moe=experts,
        dense_size=fields.whole("intermediate_size"),
        residual_dense=True,
        activation=_activation(fields, "gelu_erf"),
        attention_softcap=fields.cap("attn_logit_softcapping"),
    )


def _grok_common(fields: ConfigFields, *, tied: bool, default_theta: float | None) -> Settings:
    common = _common(fields, tied=tied)
    scale, temperature = fields.optional_number("attn_output_multiplier"), fields.optional_whole("attn_temperature_len")
    return {
        **common,
        **_rope(fields, default_theta),
        "pad_token_id": 0 if common["pad_token_id"] is None else common["pad_token_id"],
        "eos_token_ids": common["eos_token_ids"] or (2,),
        "norms": "sandwich",
        "attention_scale": None if scale == common["head_dim"] ** -0.5 else scale,
        "attention_temperature_length": temperature if temperature and temperature > 0 else None,
        "embedding_multiplier": fields.number("embedding_multiplier_scale"),
        "output_multiplier": fields.number("output_multiplier_scale"),
        "final_softcap": fields.cap("final_logit_softcapping"),
    }


def _read_own(fields: ConfigFields) -> ModelConfig:
    own = fields.optional("zaphod_config")
    if not isinstance(own, Mapping):
        raise ConfigError(f"{fields.where} lacks 'zaphod_config'.", "It holds the model's shape.", "Convert it again.")
    return ModelConfig.from_dict(own)


_ARCHITECTURES: Mapping[str, Callable[[ConfigFields], ModelConfig]] = {
    "MixtralForCausalLM": _read_mixtral,
    "OlmoeForCausalLM": _read_olmoe,
    "Qwen3MoeForCausalLM": _read_qwen3_moe,
    "GraniteMoeForCausalLM": _read_granite_moe,
    "Grok1ModelForCausalLM": _read_grok_1,
    "GrokForCausalLM": _read_grok_1,
    "Grok1ForCausalLM": _read_grok_2,
    "ZaphodForCausalLM": _read_own,
}
_MODEL_TYPES: Mapping[str, Callable[[ConfigFields], ModelConfig]] = {
    "mixtral": _read_mixtral,
    "olmoe": _read_olmoe,
    "qwen3_moe": _read_qwen3_moe,
    "granitemoe": _read_granite_moe,
    "grok-1": _read_grok_1,
    "grok": _read_grok_1,
    "zaphod": _read_own,
}
