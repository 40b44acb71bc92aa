"""config.json files as published and as transformers writes them."""

import dataclasses
import json

import pytest
from tests.support import grok2
from transformers import GraniteMoeConfig, MixtralConfig, OlmoeConfig, Qwen3MoeConfig

from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig, YarnConfig
from zaphod.model.families import PRESETS, preset
from zaphod.model.files.huggingface import config_from_huggingface
from zaphod.model.files.huggingface import config_from_huggingface as read
from zaphod.model.files.huggingface_export import config_to_huggingface

KEYFAN = {
    "architectures": ["GrokForCausalLM"],
    "model_type": "grok",
    "attn_output_multiplier": 0.08838834764831845,
    "embedding_multiplier_scale": 78.38367176906169,
    "output_multiplier_scale": 0.5773502691896257,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
    "hidden_act": "gelu_new",
    "hidden_size": 6144,
    "intermediate_size": 32768,
    "max_position_embeddings": 8192,
    "num_attention_heads": 48,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 64,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "sliding_window": None,
    "vocab_size": 131072,
}
HPCAI = {key: value for key, value in KEYFAN.items() if key not in ("num_local_experts", "hidden_act", "rope_theta")}
HPCAI |= {"architectures": ["Grok1ModelForCausalLM"], "model_type": "grok-1", "num_experts": 8}
HPCAI |= {"max_attn_value": 30.0, "tie_word_embeddings": True}
GRANITE = {
    "architectures": ["GraniteMoeForCausalLM"],
    "attention_bias": False,
    "attention_multiplier": 0.015625,
    "bos_token_id": 0,
    "embedding_multiplier": 12.0,
    "eos_token_id": 0,
    "hidden_act": "silu",
    "hidden_size": 1024,
    "intermediate_size": 512,
    "logits_scaling": 6.0,
    "max_position_embeddings": 131072,
    "model_type": "granitemoe",
    "num_attention_heads": 16,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 24,
    "num_key_value_heads": 8,
    "num_local_experts": 32,
    "pad_token_id": 0,
    "residual_multiplier": 0.22,
    "rms_norm_eps": 1e-6,
    "rope_scaling": None,
    "rope_theta": 1500000.0,
    "tie_word_embeddings": True,
    "vocab_size": 49155,
}
GROK_2 = grok2.CONFIG | {
    "vocab_size": 131072,
    "hidden_size": 8192,
    "intermediate_size": 32768,
    "moe_intermediate_size": 16384,
    "num_hidden_layers": 64,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "num_local_experts": 8,
    "attn_temperature_len": 1024,
    "embedding_multiplier_scale": 90.50966799187809,
}


@pytest.mark.parametrize("config_json", [KEYFAN, HPCAI])
def test_conversions_of_grok_1_are_grok_1(config_json):
    assert config_from_huggingface(config_json) == preset("grok-1").config


def test_what_keyfan_leaves_out_is_the_official_value_not_the_class_default():
    bare = {key: value for key, value in KEYFAN.items() if key not in ("rope_theta", "hidden_act")}
    assert config_from_huggingface(bare) == preset("grok-1").config


def test_an_explicit_value_of_a_grok_1_conversion_counts():
    config = config_from_huggingface(KEYFAN | {"rope_theta": 5e5, "hidden_act": "gelu", "router_logit_softcapping": 30})
    assert (config.rope_theta, config.activation, config.moe.router.logit_softcap) == (5e5, "gelu_erf", 30.0)


def test_the_released_grok_2_is_read_despite_its_model_type_and_with_plain_rope():
    assert config_from_huggingface(GROK_2) == preset("grok-2").config


def test_the_grok_2_architecture_without_the_dense_branch_is_grok_1():
    config = config_from_huggingface(KEYFAN | {"architectures": ["Grok1ForCausalLM"], "model_type": "git"})
    assert config == preset("grok-1").config


def test_the_official_fixture_is_grok_1_by_its_model_type(official_grok1):
    config = config_from_huggingface(json.loads((official_grok1 / "config.json").read_text()))
    assert (config.family, config.num_layers, config.softmax_scale, config.attention_softcap) == ("grok-1", 11, 0.5, 30)
    assert config.tie_embeddings
    assert config.activation == "gelu_tanh"


def test_granite_divides_its_logits():
    config = config_from_huggingface(GRANITE)
    assert config == preset("granite-3.1-1b-a400m").config
    assert config.output_multiplier == 1 / 6


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_survives_its_config_json(name):
    config_json = json.loads(json.dumps(config_to_huggingface(PRESETS[name].config)))
    assert config_from_huggingface(config_json) == PRESETS[name].config


SIZES = {"vocab_size": 96, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 6}
SIZES |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128}


def saved(config) -> dict:
    return {"architectures": [type(config).__name__.replace("Config", "ForCausalLM")], **config.to_dict()}


def test_rope_is_read_as_transformers_5_writes_it():
    config = config_from_huggingface(saved(MixtralConfig(**SIZES, rope_parameters={"rope_theta": 5e5})))
    assert config.rope_theta == 5e5
    assert config.yarn is None


@pytest.mark.parametrize("key", ["rope_parameters", "rope_scaling"])
@pytest.mark.parametrize("kind", ["rope_type", "type"])
def test_yarn_is_read_under_old_and_new_names(key, kind):
    config_json = saved(Qwen3MoeConfig(**SIZES))
    del config_json["rope_parameters"]
    scaling = {kind: "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
    config = config_from_huggingface(config_json | {"rope_theta": 1e6, key: scaling})
    assert config.yarn == YarnConfig(factor=4.0, original_context_length=32)
    assert config.rope_theta == 1e6


def test_yarn_without_an_original_length_takes_the_context_length():
    scaling = {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e6, "attention_factor": 1.5}
    config = config_from_huggingface(saved(Qwen3MoeConfig(**SIZES)) | {"rope_parameters": scaling})
    assert config.yarn == YarnConfig(factor=4.0, original_context_length=128, attention_factor=1.5)


def test_dense_layers_of_qwen3_are_those_listed_and_those_off_step():
    changes = {"mlp_only_layers": [1], "decoder_sparse_step": 2}
    config = config_from_huggingface(saved(Qwen3MoeConfig(**SIZES)) | changes)
    assert config.dense_layers == (0, 1, 2, 4)
    assert config.dense_size == 96


def test_switches_of_the_families_are_read():
    assert config_from_huggingface(saved(MixtralConfig(**SIZES, sliding_window=7))).sliding_window == 7
    assert config_from_huggingface(saved(OlmoeConfig(**SIZES, norm_topk_prob=True))).moe.router.renormalise
    qwen = saved(Qwen3MoeConfig(**SIZES, use_sliding_window=True, sliding_window=9, attention_bias=True))
    config = config_from_huggingface(qwen)
    assert (config.sliding_window, config.qkv_bias, config.attention_output_bias) == (9, True, True)
    assert config_from_huggingface(saved(Qwen3MoeConfig(**SIZES, sliding_window=9))).sliding_window is None


def test_a_whole_number_may_be_written_with_a_point():
    assert config_from_huggingface(GRANITE | {"hidden_size": 1024.0}).hidden_size == 1024


def test_a_list_of_end_tokens_is_read_and_written():
    config = config_from_huggingface(GRANITE | {"eos_token_id": [0, 5]})
    assert config.eos_token_ids == (0, 5)
    assert config_to_huggingface(config)["eos_token_id"] == [0, 5]


@pytest.mark.parametrize(
    ("config_json", "change"),
    [
        (saved(OlmoeConfig(**SIZES)), {"clip_qkv": 8.0}),
        (GRANITE, {"quantization_config": {"quant_method": "fp8"}}),
        (GRANITE, {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}),
        (GRANITE, {"rope_scaling": {"rope_type": "yarn", "factor": 8.0, "mscale": 1.0}}),
        (GRANITE, {"rope_scaling": {"rope_type": "yarn", "factor": 8.0, "truncate": False}}),
        (GRANITE, {"rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": 0.5}}),
        (GRANITE, {"rope_scaling": "yarn"}),
        (GRANITE, {"hidden_act": "relu"}),
        (GRANITE, {"mlp_bias": True}),
        (GRANITE, {"partial_rotary_factor": 0.5}),
        (GRANITE, {"logits_scaling": 0}),
        (GRANITE, {"architectures": ["GraniteMoeSharedForCausalLM"]}),
        (GRANITE, {"architectures": [], "model_type": "llama"}),
        (GROK_2, {"rope_type": "yarn"}),
        (GROK_2, {"sliding_window_size": 4096}),
        (GROK_2, {"rope_rotate_half_dims": True}),
        (GROK_2, {"attn_logit_softcapping_method": "hard"}),
        (saved(Qwen3MoeConfig(**SIZES)), {"mlp_only_layers": 3}),
        ({"architectures": ["ZaphodForCausalLM"]}, {}),
    ],
)
def test_what_is_not_supported_is_refused(config_json, change):
    with pytest.raises(ConfigError):
        config_from_huggingface(config_json | change)


@pytest.mark.parametrize("attention_factor", [None, 1.5])
def test_yarn_is_written_as_it_is_read(attention_factor):
    yarn = YarnConfig(factor=4.0, original_context_length=32768, beta_fast=16.0, attention_factor=attention_factor)
    config = dataclasses.replace(preset("qwen3-30b-a3b").config, yarn=yarn)
    assert config_from_huggingface(config_to_huggingface(config)) == config


@pytest.mark.parametrize("key", ["hidden_size", "rope_theta", "num_local_experts", "logits_scaling", "rms_norm_eps"])
def test_a_missing_key_is_named_with_its_file(key):
    config_json = {name: value for name, value in GRANITE.items() if name != key}
    with pytest.raises(ConfigError, match=f"(?s)granite/config.json.*{key}"):
        read(config_json, "granite/config.json")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_size", "1024"),
        ("hidden_size", True),
        ("hidden_size", 1.5),
        ("rms_norm_eps", "small"),
        ("rms_norm_eps", float("nan")),
        ("tie_word_embeddings", "yes"),
        ("eos_token_id", ["</s>"]),
    ],
)
def test_a_value_of_the_wrong_type_is_named(key, value):
    with pytest.raises(ConfigError, match=key):
        config_from_huggingface(GRANITE | {key: value})


def test_a_setting_that_a_config_json_cannot_say_is_refused_and_named():
    config = dataclasses.replace(preset("mixtral-8x7b").config, final_softcap=30.0)
    with pytest.raises(ConfigError, match="final_softcap"):
        config_to_huggingface(config)


def test_a_family_without_experts_cannot_be_written():
    with pytest.raises(ConfigError, match="experts"):
        config_to_huggingface(dataclasses.replace(preset("mixtral-8x7b").config, moe=None, dense_size=8))


def test_an_unknown_family_is_refused():
    with pytest.raises(ConfigError, match="no family 'gpt'"):
        config_to_huggingface(dataclasses.replace(preset("grok-1").config, family="gpt"))


def test_any_shape_survives_under_our_own_name():
    config = ModelConfig(
        family="zaphod",
        vocab_size=7,
        hidden_size=8,
        num_layers=1,
        num_heads=2,
        num_kv_heads=1,
        head_dim=4,
        context_length=9,
        dense_size=5,
        attention_output_bias=True,
    )
    assert config_from_huggingface(json.loads(json.dumps(config_to_huggingface(config)))) == config


def test_granite_is_read_from_transformers_own_class():
    config = config_from_huggingface(saved(GraniteMoeConfig(**SIZES, attention_multiplier=0.1, logits_scaling=6.0)))
    assert (config.attention_scale, config.output_multiplier) == (0.1, 1 / 6)
