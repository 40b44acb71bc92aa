"""GGUF metadata: presets survive it, old files are understood, what it cannot say is refused."""

import dataclasses

import gguf
import numpy as np
import pytest

from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig, YarnConfig
from zaphod.model.families import FAMILIES, PRESETS, preset
from zaphod.model.files.gguf import config_from_gguf, config_to_gguf

WRITABLE = [name for name, preset in PRESETS.items() if FAMILIES[preset.config.family].gguf_architecture]


def marks(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    shapes = {"token_embd.weight": (config.vocab_size, config.hidden_size)}
    if not config.tie_embeddings:
        shapes["output.weight"] = shapes["token_embd.weight"]
    if config.family == "grok-2":
        shapes["blk.0.ffn_up.weight"] = (32768, 8192)
    return shapes


def as_stored(metadata: dict) -> dict:
    """What a reader sees: GGUF keeps single precision."""
    return {key: float(np.float32(value)) if isinstance(value, float) else value for key, value in metadata.items()}


def read(metadata: dict, config: ModelConfig) -> ModelConfig:
    return config_from_gguf(as_stored(metadata), marks(config))


@pytest.mark.parametrize("name", WRITABLE)
def test_every_preset_survives_its_metadata_to_the_last_digit(name):
    config = PRESETS[name].config
    assert read(config_to_gguf(config, name), config) == config


@pytest.mark.parametrize("name", WRITABLE)
def test_every_key_is_one_of_the_gguf_package(name):
    known = {key for group in vars(gguf.Keys).values() if isinstance(group, type) for key in vars(group).values()}
    for key in config_to_gguf(PRESETS[name].config, name):
        architecture = FAMILIES[PRESETS[name].config.family].gguf_architecture
        assert {key, key.replace(f"{architecture}.", "{arch}.", 1)} & {str(k) for k in known}, key


GROK_1 = {
    "general.architecture": "grok",
    "grok.block_count": 64,
    "grok.context_length": 8192,
    "grok.embedding_length": 6144,
    "grok.feed_forward_length": 32768,
    "grok.attention.head_count": 48,
    "grok.attention.head_count_kv": 8,
    "grok.attention.layer_norm_rms_epsilon": 1e-5,
    "grok.expert_count": 8,
    "grok.expert_used_count": 2,
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.padding_token_id": 0,
}


def test_a_file_of_march_2024_without_multipliers_is_grok_1():
    config = preset("grok-1").config
    assert read(GROK_1, config) == config


def test_grok_1_has_no_router_cap_even_where_its_file_says_so():
    config = preset("grok-1").config
    assert read(GROK_1 | {"grok.router_logit_softcapping": 30.0}, config) == config


def test_grok_2_has_plain_rope_even_where_its_file_says_yarn():
    config = preset("grok-2").config
    yarn = {"type": "yarn", "factor": 16.0, "original_context_length": 8192, "yarn_beta_fast": 8.0}
    metadata = config_to_gguf(config, "grok-2") | {f"grok.rope.scaling.{key}": value for key, value in yarn.items()}
    assert read(metadata, config) == config


QWEN = preset("qwen3-30b-a3b").config


def test_yarn_survives_with_its_magnitude():
    for attention_factor in (None, 1.25):
        yarn = YarnConfig(factor=4.0, original_context_length=32768, attention_factor=attention_factor)
        config = dataclasses.replace(QWEN, yarn=yarn)
        found = read(config_to_gguf(config, "qwen"), config).yarn
        assert found.attention_factor == pytest.approx(attention_factor)
        assert dataclasses.replace(found, attention_factor=attention_factor) == yarn


def test_a_sliding_window_survives():
    config = dataclasses.replace(preset("mixtral-8x7b").config, sliding_window=4096)
    assert read(config_to_gguf(config, "mixtral"), config) == config


def test_counts_given_layer_by_layer_must_agree():
    metadata = config_to_gguf(QWEN, "qwen")
    assert read(metadata | {"qwen3moe.attention.head_count_kv": [4] * 48}, QWEN) == QWEN
    with pytest.raises(ConfigError, match="differs from layer to layer"):
        read(metadata | {"qwen3moe.attention.head_count_kv": [4] * 47 + [8]}, QWEN)


def test_more_than_two_end_tokens_survive():
    config = dataclasses.replace(QWEN, eos_token_ids=(5, 3, 9))
    assert read(config_to_gguf(config, "qwen"), config).eos_token_ids == (5, 3, 9)


def test_expert_weights_follow_the_file_where_it_speaks_of_them():
    metadata = config_to_gguf(QWEN, "qwen")
    changed = metadata | {"qwen3moe.expert_weights_norm": False, "qwen3moe.expert_weights_scale": 2.5}
    router = read(changed, QWEN).moe.router
    assert (router.renormalise, router.scale) == (False, 2.5)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("qwen3moe.rope.scaling.type", "linear"),
        ("qwen3moe.rope.dimension_count", 64),
        ("qwen3moe.attention.value_length", 64),
        ("qwen3moe.attention.clamp_kqv", 8.0),
        ("qwen3moe.rope.scale_linear", 4.0),
        ("general.architecture", "deepseek2"),
    ],
)
def test_what_is_not_supported_is_refused(key, value):
    with pytest.raises(ConfigError):
        read(config_to_gguf(QWEN, "qwen") | {key: value}, QWEN)


def test_granite_with_a_shared_expert_is_refused():
    config = preset("granite-3.1-1b-a400m").config
    metadata = config_to_gguf(config, "granite") | {"granitemoe.expert_shared_feed_forward_length": 512}
    with pytest.raises(ConfigError, match="expert_shared_feed_forward_length"):
        read(metadata, config)


@pytest.mark.parametrize("key", ["block_count", "expert_count", "attention.layer_norm_rms_epsilon"])
def test_a_missing_key_is_named(key):
    metadata = config_to_gguf(QWEN, "qwen")
    del metadata[f"qwen3moe.{key}"]
    with pytest.raises(ConfigError, match=f"lacks '{key}'"):
        read(metadata, QWEN)


def test_a_file_without_an_embedding_is_refused():
    with pytest.raises(ConfigError, match="token_embd"):
        config_from_gguf(config_to_gguf(QWEN, "qwen"), {})


@pytest.mark.parametrize(
    "changes", [{"final_softcap": 30.0}, {"activation": "gelu_tanh"}, {"qkv_bias": True}, {"norms": "sandwich"}]
)
def test_a_setting_that_gguf_cannot_say_is_refused_and_named(changes):
    with pytest.raises(ConfigError, match=next(iter(changes))):
        config_to_gguf(dataclasses.replace(QWEN, **changes), "qwen")


def test_a_family_that_llama_cpp_does_not_know_is_refused():
    with pytest.raises(ConfigError, match="no GGUF architecture"):
        config_to_gguf(preset("grok-3-inferred").config, "grok-3")
