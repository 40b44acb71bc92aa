"""GGUF metadata to `ModelConfig` and back; knows keys and architectures, not tensors' values.

Numbers in GGUF are float32. Where the float32 of a number that follows from the model's dimensions is met, that number
is meant; otherwise a whole number is taken as it is, and any other as the shortest decimal of the same float32.

Source: llama.cpp (llama-arch.cpp, the models' load_arch_hparams, conversion/). Files of before September 2025 leave out
all multipliers of Grok-1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zaphod.compute.quant.tensor import Shape
from zaphod.core.errors import ConfigError
from zaphod.core.tokenizers.gguf import ALL_EOS_KEY
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig, YarnConfig
from zaphod.model.families import FAMILIES
from zaphod.model.files.config_fields import ConfigFields, refuse_loss
from zaphod.model.files.names import GGUF_LAYOUTS, Layout

Settings = dict[str, Any]

_GROK_1_OUTPUT_MULTIPLIER = 0.5773502691896257
_GROK_1_EMBEDDING_MULTIPLIER = 78.38367176906169
_GROK_2_THETA = 208533496.0
"""Not a float32."""


def gguf_layout(metadata: Mapping[str, Any], where: str) -> Layout:
    """How a file names its tensors. Raises `ConfigError` where its architecture is not supported."""
    architecture = str(metadata.get("general.architecture"))
    if architecture not in GGUF_LAYOUTS:
        raise ConfigError(
            f"{where} holds a model of architecture {architecture}.",
            f"Supported are {', '.join(GGUF_LAYOUTS)}.",
            "Choose a model of one of these architectures.",
        )
    return GGUF_LAYOUTS[architecture]


def config_from_gguf(metadata: Mapping[str, Any], shapes: Mapping[str, Shape], where: str = "the file") -> ModelConfig:
    """The model that a GGUF file holds.

    Args:
        metadata: its key-value pairs.
        shapes: of its tensors, [out, in]; they tell whether the head is tied, and Grok-2 from Grok-1.
        where: the file's path, for messages.

    Raises:
        ConfigError: the architecture is not supported, a key is missing, or it asks for what is not supported.
    """
    gguf_layout(metadata, where)
    architecture = metadata["general.architecture"]
    if "token_embd.weight" not in shapes:
        raise ConfigError(f"{where} has no tensor 'token_embd.weight'.", "Every model has one.", "Fetch it again.")
    prefix = f"{architecture}."
    own = {key.removeprefix(prefix): value for key, value in metadata.items() if key.startswith(prefix)}
    own |= {key: value for key, value in metadata.items() if key.startswith("tokenizer.")}
    fields = _GGUFFields(own, f"{where}, {architecture}")
    settings = _common(fields, shapes)
    if architecture == "grok":
        return _grok(fields, settings, is_grok_2="blk.0.ffn_up.weight" in shapes)
    settings |= _rope(fields)
    if architecture == "granitemoe":
        return _granite(fields, settings)
    families = {"llama": "mixtral", "olmoe": "olmoe", "qwen3moe": "qwen3-moe"}
    qk_norms = {"llama": "none", "olmoe": "full", "qwen3moe": "per_head"}
    renormalise = fields.flag("expert_weights_norm", default=architecture != "olmoe")
    return ModelConfig(
        family=families[architecture],
        **settings,
        moe=_experts(fields, renormalise=renormalise),
        qk_norm=qk_norms[architecture],  # type: ignore[arg-type]
    )


def config_to_gguf(config: ModelConfig, name: str) -> Settings:
    """The metadata that describes the model (without its vocabulary). Raises `ConfigError` where GGUF cannot say it.

    Args:
        config: the model.
        name: what the file shall call the model.
    """
    family = FAMILIES.get(config.family)
    if family is None or family.gguf_architecture is None or config.moe is None:
        raise ConfigError(
            f"A model of family {config.family!r} {'' if config.moe else 'without experts '}has no GGUF architecture.",
            f"Families that have one: {', '.join(name for name in FAMILIES if FAMILIES[name].gguf_architecture)}.",
            "Convert to the packed form or to safetensors.",
        )
    architecture = family.gguf_architecture
    own = _write_common(config, config.moe) | _write_rope(config)
    if architecture == "qwen3moe" or config.dense_size:
        own["expert_feed_forward_length"] = config.moe.expert_size
    if architecture == "grok":
        own |= _write_grok(config, config.moe)
    elif architecture == "granitemoe":
        own |= _write_granite(config)
    metadata: Settings = {"general.architecture": architecture, "general.name": name}
    metadata |= {key if key.startswith("tokenizer.") else f"{architecture}.{key}": value for key, value in own.items()}
    said = config_from_gguf(metadata, _marks(config), "the file to be written")
    refuse_loss(config, said, f"GGUF metadata of architecture {architecture}")
    return metadata


class _GGUFFields(ConfigFields):
    """Metadata whose numbers are float32."""

    def meant(self, key: str, *candidates: float) -> float | None:
        """The number that was meant: a candidate of the same float32, a whole number, or the shortest decimal.

        None where the key is absent.
        """
        value = self.optional_number(key)
        if value is None:
            return None
        for candidate in candidates:
            if np.float32(candidate) == np.float32(value):
                return candidate
        return value if value.is_integer() else float(str(np.float32(value)))

    def per_model(self, key: str) -> int | None:
        """A whole number that newer files may give layer by layer; layers that differ are refused."""
        value = self.optional(key)
        if isinstance(value, Sequence) and not isinstance(value, str):
            if len(set(value)) != 1:
                raise ConfigError(f"{self.where}: {key} differs from layer to layer.", "All layers must be alike.")
            return int(value[0])
        return self.optional_whole(key)


def _common(fields: _GGUFFields, shapes: Mapping[str, Shape]) -> Settings:
    hidden = fields.whole("embedding_length")
    heads = fields.per_model("attention.head_count") or fields.whole("attention.head_count")
    head_dim = fields.optional_whole("attention.key_length") or hidden // heads
    fields.refuse_unless("attention.value_length", head_dim)
    fields.refuse_unless("rope.dimension_count", head_dim)
    fields.refuse_unless("attention.clamp_kqv", 0.0)
    epsilon = fields.meant("attention.layer_norm_rms_epsilon")
    return {
        "vocab_size": shapes["token_embd.weight"][0],
        "hidden_size": hidden,
        "num_layers": fields.whole("block_count"),
        "num_heads": heads,
        "num_kv_heads": fields.per_model("attention.head_count_kv") or heads,
        "head_dim": head_dim,
        "context_length": fields.whole("context_length"),
        "rms_norm_epsilon": fields.number("attention.layer_norm_rms_epsilon") if epsilon is None else epsilon,
        "sliding_window": fields.optional_whole("attention.sliding_window"),
        "tie_embeddings": "output.weight" not in shapes,
        "pad_token_id": fields.optional_whole("tokenizer.ggml.padding_token_id"),
        "bos_token_id": fields.optional_whole("tokenizer.ggml.bos_token_id"),
        "eos_token_ids": _end_tokens(fields),
    }


def _end_tokens(fields: _GGUFFields) -> tuple[int, ...]:
    if fields.optional(ALL_EOS_KEY) is not None:
        return fields.token_ids(ALL_EOS_KEY)
    ids = [fields.optional_whole(f"tokenizer.ggml.{kind}_token_id") for kind in ("eos", "eot")]
    return tuple(dict.fromkeys(token for token in ids if token is not None))


def _rope(fields: _GGUFFields) -> Settings:
    theta = fields.meant("rope.freq_base") or 10000.0
    fields.refuse_unless("rope.scale_linear", 1.0)
    fields.refuse_unless("rope.scaling.type", "none", "yarn")
    if fields.optional("rope.scaling.type") != "yarn":
        return {"rope_theta": theta}
    factor = fields.number("rope.scaling.factor")
    attention = fields.meant("rope.scaling.yarn_attn_factor") or fields.meant("rope.scaling.attn_factor")
    yarn = YarnConfig(
        factor=factor,
        original_context_length=fields.whole("rope.scaling.original_context_length"),
        beta_fast=fields.meant("rope.scaling.yarn_beta_fast") or 32.0,
        beta_slow=fields.meant("rope.scaling.yarn_beta_slow") or 1.0,
        # llama.cpp multiplies its factor by YaRN's own.
        attention_factor=None if attention in (None, 1.0) else attention * _yarn_magnitude(factor),
    )
    return {"rope_theta": theta, "yarn": yarn}


def _yarn_magnitude(factor: float) -> float:
    return 0.1 * math.log(factor) + 1


def _experts(fields: _GGUFFields, **router: Any) -> MoEConfig:
    options = RouterConfig(
        num_experts=fields.whole("expert_count"),
        top_k=fields.whole("expert_used_count"),
        scale=fields.meant("expert_weights_scale") or 1.0,
        **router,
    )
    return MoEConfig(router=options, expert_size=fields.whole("expert_feed_forward_length", "feed_forward_length"))


def _granite(fields: _GGUFFields, settings: Settings) -> ModelConfig:
    fields.refuse_unless("expert_shared_feed_forward_length", 0)
    logit_scale = fields.meant("logit_scale") or 1.0
    return ModelConfig(
        family="granite-moe",
        **settings,
        moe=_experts(fields, softmax_after_top_k=True),
        attention_scale=fields.meant("attention.scale"),
        embedding_multiplier=fields.meant("embedding_scale") or 1.0,
        residual_multiplier=fields.meant("residual_scale") or 1.0,
        # NOTE: this architecture divides by logit_scale; grok multiplies.
        output_multiplier=1 / logit_scale,
    )


def _grok(fields: _GGUFFields, settings: Settings, *, is_grok_2: bool) -> ModelConfig:
    """Grok-1 or Grok-2 with xAI's mathematics.

    NOTE: two keys say less than they seem to. Files give Grok-1 a router_logit_softcapping of 30, which the official
    code does not have; and Grok-2 a YaRN scaling, although its rope.freq_base already contains the extension.
    """
    hidden, head_dim = settings["hidden_size"], settings["head_dim"]
    scale = fields.meant("attention.output_scale", head_dim**-0.5)
    experts = _experts(fields, logit_softcap=_cap(fields, "router_logit_softcapping") if is_grok_2 else None)
    cap = _cap(fields, "attn_logit_softcapping")
    return ModelConfig(
        family="grok-2" if is_grok_2 else "grok-1",
        **settings,
        rope_theta=fields.meant("rope.freq_base", _GROK_2_THETA) or 10000.0,
        moe=experts,
        dense_size=fields.whole("feed_forward_length") if is_grok_2 else 0,
        residual_dense=is_grok_2,
        activation="gelu_erf" if is_grok_2 else "gelu_tanh",
        norms="sandwich",
        attention_scale=None if scale == head_dim**-0.5 else scale,
        attention_softcap=30.0 if fields.optional("attn_logit_softcapping") is None else cap,
        attention_temperature_length=fields.optional_whole("attention.temperature_length"),
        embedding_multiplier=fields.meant("embedding_scale", math.sqrt(hidden)) or _GROK_1_EMBEDDING_MULTIPLIER,
        output_multiplier=fields.meant("logit_scale", _GROK_1_OUTPUT_MULTIPLIER) or _GROK_1_OUTPUT_MULTIPLIER,
        final_softcap=_cap(fields, "final_logit_softcapping"),
    )


def _cap(fields: _GGUFFields, key: str) -> float | None:
    return fields.meant(key) or None


def _write_common(config: ModelConfig, moe: MoEConfig) -> Settings:
    own: Settings = {
        "vocab_size": config.vocab_size,
        "context_length": config.context_length,
        "embedding_length": config.hidden_size,
        "block_count": config.num_layers,
        "feed_forward_length": config.dense_size or moe.expert_size,
        "expert_count": moe.router.num_experts,
        "expert_used_count": moe.router.top_k,
        "attention.head_count": config.num_heads,
        "attention.head_count_kv": config.num_kv_heads,
        "attention.key_length": config.head_dim,
        "attention.value_length": config.head_dim,
        "attention.layer_norm_rms_epsilon": config.rms_norm_epsilon,
    }
    if config.sliding_window is not None:
        own["attention.sliding_window"] = config.sliding_window
    return own | _write_tokens(config)


def _write_tokens(config: ModelConfig) -> Settings:
    tokens: dict[str, int | None] = {"bos": config.bos_token_id, "padding": config.pad_token_id}
    tokens |= dict(zip(("eos", "eot"), config.eos_token_ids, strict=False))
    own: Settings = {f"tokenizer.ggml.{kind}_token_id": token for kind, token in tokens.items() if token is not None}
    if len(config.eos_token_ids) > 1:
        own[ALL_EOS_KEY] = list(config.eos_token_ids)
    return own


def _write_rope(config: ModelConfig) -> Settings:
    own: Settings = {"rope.dimension_count": config.head_dim, "rope.freq_base": config.rope_theta}
    yarn = config.yarn
    if yarn is None:
        return own
    own |= {
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": yarn.factor,
        "rope.scaling.original_context_length": yarn.original_context_length,
        "rope.scaling.yarn_beta_fast": yarn.beta_fast,
        "rope.scaling.yarn_beta_slow": yarn.beta_slow,
    }
    if yarn.attention_factor is not None:
        own["rope.scaling.yarn_attn_factor"] = yarn.attention_factor / _yarn_magnitude(yarn.factor)
    return own


def _write_granite(config: ModelConfig) -> Settings:
    return {
        "attention.scale": config.softmax_scale,
        "embedding_scale": config.embedding_multiplier,
        "residual_scale": config.residual_multiplier,
        "logit_scale": 1 / config.output_multiplier,
    }


def _write_grok(config: ModelConfig, moe: MoEConfig) -> Settings:
    own: Settings = {
        "attention.output_scale": config.softmax_scale,
        "attn_logit_softcapping": config.attention_softcap or 0.0,
        "embedding_scale": config.embedding_multiplier,
        "logit_scale": config.output_multiplier,
        "router_logit_softcapping": moe.router.logit_softcap or 0.0,
        "final_logit_softcapping": config.final_softcap or 0.0,
    }
    if config.attention_temperature_length is not None:
        own["attention.temperature_length"] = config.attention_temperature_length
    return own


def _marks(config: ModelConfig) -> dict[str, Shape]:
    """Those of the tensors to be written from which a reader draws conclusions."""
    shapes: dict[str, Shape] = {"token_embd.weight": (config.vocab_size, config.hidden_size)}
    if not config.tie_embeddings:
        shapes["output.weight"] = shapes["token_embd.weight"]
    if config.residual_dense:
        shapes["blk.0.ffn_up.weight"] = (config.dense_size, config.hidden_size)
    return shapes
