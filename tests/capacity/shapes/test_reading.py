"""What a user may name, and what is said of configs that cannot be."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zaphod.capacity.parameters import count_parameters
from zaphod.capacity.shapes.huggingface import shape_of_hf
from zaphod.capacity.shapes.known import known_models
from zaphod.capacity.shapes.reading import read_shape, shape_of_config
from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig

LLAMA = dict(known_models()["llama-3.1-8b"].config)
MIXTRAL = LLAMA | {"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2}
DEEPSEEK = dict(known_models()["deepseek-v3"].config)


def write(folder, data):
    path = folder / "config.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_a_config_file_is_read(tmp_path):
    assert read_shape(str(write(tmp_path, LLAMA))).total_parameters == 8_030_261_248


def test_a_folder_with_a_config_is_read_without_its_weights(tmp_path):
    write(tmp_path, LLAMA)
    assert read_shape(str(tmp_path)).total_parameters == 8_030_261_248


def test_the_text_part_of_a_model_that_sees_is_read():
    shape = shape_of_hf({"model_type": "gemma3", "text_config": known_models()["gemma-3-27b"].config})
    assert shape.total_parameters == known_models()["gemma-3-27b"].shape().total_parameters


def test_our_own_config_is_read(tmp_path):
    config = ModelConfig(
        family="zaphod",
        vocab_size=64,
        hidden_size=32,
        num_layers=3,
        num_heads=4,
        num_kv_heads=2,
        head_dim=8,
        context_length=128,
        moe=MoEConfig(
            router=RouterConfig(num_experts=4, top_k=2, selection_bias=True),
            expert_size=16,
            shared_expert_size=24,
            shared_expert_gate=True,
        ),
        dense_size=40,
        dense_layers=(0,),
        qkv_bias=True,
        qk_norm="full",
        sliding_window=16,
    )
    shape = read_shape(str(write(tmp_path, config.to_dict())))
    assert shape == shape_of_config(config, source=str(tmp_path / "config.json"))
    assert shape.total_parameters == count_parameters(config).total
    assert {layer.attention.window for layer in shape.layers} == {16}


@pytest.mark.parametrize("key", ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"])
def test_a_missing_key_is_named_with_what_to_add(key):
    data = {name: value for name, value in LLAMA.items() if name != key}
    with pytest.raises(ConfigError, match=key) as error:
        shape_of_hf(data)
    assert f'Add "{key}"' in error.value.remedy
    assert "num_key_value_heads" in error.value.found  # what was found instead


@pytest.mark.parametrize(
    ("data", "key", "words"),
    [
        (LLAMA, "intermediate_size", "intermediate_size"),
        (MIXTRAL, "num_experts_per_tok", "num_experts_per_tok"),
        (DEEPSEEK, "qk_rope_head_dim", "qk_rope_head_dim"),
        (DEEPSEEK, "v_head_dim", "v_head_dim"),
    ],
)
def test_keys_that_only_some_models_need_are_missed_there(data, key, words):
    with pytest.raises(ConfigError, match=words):
        shape_of_hf({name: value for name, value in data.items() if name != key})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden_size": -4096}, "hidden_size = -4096"),
        ({"hidden_size": 0}, "hidden_size = 0"),
        ({"hidden_size": "4096"}, "hidden_size = '4096'"),
        ({"hidden_size": 4096.5}, "hidden_size = 4096.5"),
        ({"hidden_size": True}, "hidden_size = True"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers = 1000000000"),
        ({"vocab_size": -1}, "vocab_size = -1"),
        ({"num_key_value_heads": 7}, "32 query heads and 7"),
        ({"num_attention_heads": 48}, "width 4096, 48 heads"),
        ({"head_dim": -1}, "head_dim = -1"),
        ({"sliding_window": -5}, "sliding_window = -5"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings = 'no'"),
        ({"layer_types": ["full_attention"]}, "layer_types as 1 entries"),
        ({"layer_types": ["linear_attention"] * 32}, "linear_attention"),
        ({"mamba_d_state": 128}, "mamba_d_state"),
        ({"is_encoder_decoder": True}, "is_encoder_decoder"),
        ({"num_local_experts": 8, "num_experts_per_tok": 9}, "9 of 8 experts"),
        ({"num_local_experts": 8, "num_experts_per_tok": 0}, "num_experts_per_tok = 0"),
    ],
)
def test_an_impossible_value_is_refused_with_its_key(changes, words):
    with pytest.raises(ConfigError, match=words) as error:
        shape_of_hf(LLAMA | changes)
    assert error.value.remedy


@pytest.mark.parametrize("text", ["[]", "3", '"llama"', "{", "", "[" * 5000])
def test_a_file_that_is_no_object_is_refused(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.json"):
        read_shape(str(path))


def test_a_name_that_nothing_has_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="grok-1"):
        read_shape("grok-11")


@pytest.mark.parametrize(("reference", "words"), [("", "No model"), ("./missing.gguf", "no file")])
def test_what_is_not_there_is_said_to_be_missing(reference, words):
    with pytest.raises(ConfigError, match=words):
        read_shape(reference)


def test_a_type_that_is_not_known_is_read_like_llama_and_says_so():
    shape = shape_of_hf(LLAMA | {"model_type": "brand_new"})
    assert shape.total_parameters == 8_030_261_248
    assert "read like Llama's: brand_new" in shape.source


def test_first_layers_of_deepseek_are_dense():
    dense, sparse = sorted(shape_of_hf(DEEPSEEK).layers, key=lambda layer: layer.count)
    assert (dense.count, dense.dense_width, dense.experts) == (3, 18432, None)
    assert (sparse.count, sparse.dense_width, sparse.experts.shared_width) == (58, 0, 2048)


def test_grok_2_keeps_its_block_beside_the_experts():
    # xai-org/grok-2: its model_type is "git".
    shape = shape_of_hf(
        {
            "architectures": ["Grok1ForCausalLM"],
            "model_type": "git",
            "hidden_size": 8192,
            "num_hidden_layers": 64,
            "num_attention_heads": 64,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "intermediate_size": 32768,
            "moe_intermediate_size": 16384,
            "num_local_experts": 8,
            "num_experts_per_tok": 2,
            "residual_moe": True,
            "sliding_window_size": -1,
            "tie_word_embeddings": False,
            "vocab_size": 131072,
            "max_position_embeddings": 131072,
        }
    )
    assert shape.total_parameters == read_shape("grok-2").total_parameters
    assert shape.active_parameters == read_shape("grok-2").active_parameters


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.integers(min_value=-3, max_value=300),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.lists(st.one_of(st.integers(-3, 99), st.text(max_size=4)), max_size=4),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)
KEYS = sorted(
    {
        *LLAMA,
        *MIXTRAL,
        *DEEPSEEK,
        *("head_dim", "sliding_window", "layer_types", "use_sliding_window", "max_window_layers", "moe_layer_freq"),
        *("mlp_only_layers", "decoder_sparse_step", "moe_layers", "mlp_layer_types", "attention_bias", "mlp_bias"),
        *("tie_word_embeddings", "text_config", "attn_config", "ffn_config", "residual_moe", "architectures", "name"),
        *("sliding_window_pattern", "expansion_ratio", "no_bias", "use_qk_norm", "lm_head_bias", "n_embd", "alibi"),
    }
)
TYPES = st.sampled_from(["llama", "mixtral", "deepseek_v3", "gpt_oss", "mpt", "falcon", "gemma3_text", "cohere", "x"])


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    base=st.sampled_from([LLAMA, MIXTRAL, DEEPSEEK]),
    kind=TYPES,
    changes=st.dictionaries(st.sampled_from(KEYS), ODD, max_size=5),
)
def test_any_config_gives_a_shape_or_an_error_that_explains(base, kind, changes):
    try:
        shape = shape_of_hf(base | {"model_type": kind} | changes)
    except ConfigError as error:
        refusal = error
    else:
        assert 0 < shape.active_parameters <= shape.total_parameters
        assert shape.kv_values_at(100) > 0
        return
    assert refusal.found
    assert refusal.wanted or refusal.remedy
