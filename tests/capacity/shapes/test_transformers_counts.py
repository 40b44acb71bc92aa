"""Counts from a config.json against the networks that transformers builds from it, without weights."""

import json

import pytest

from zaphod.capacity.shapes.huggingface import shape_of_hf

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

LLAMA = {
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "vocab_size": 128,
    "max_position_embeddings": 256,
}
GPT = {"vocab_size": 128, "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}
MOE = LLAMA | {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
LATENT = LLAMA | {
    "num_key_value_heads": 8,
    "kv_lora_rank": 24,
    "q_lora_rank": 40,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "v_head_dim": 12,
    "n_routed_experts": 8,
    "n_shared_experts": 2,
    "moe_intermediate_size": 32,
    "num_experts_per_tok": 2,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
}
CASES = {
    "llama": LLAMA,
    "llama, biases": LLAMA | {"attention_bias": True, "mlp_bias": True, "head_dim": 24},
    "llama, tied": LLAMA | {"tie_word_embeddings": True},
    "mistral": LLAMA | {"sliding_window": 32},
    "mixtral": LLAMA | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "qwen2": LLAMA,
    "qwen2_moe": MOE | {"shared_expert_intermediate_size": 48, "decoder_sparse_step": 2},
    "qwen3": LLAMA | {"head_dim": 16},
    "qwen3_moe": MOE | {"head_dim": 16, "mlp_only_layers": [1]},
    "deepseek_v2": LATENT | {"q_lora_rank": None},
    "deepseek_v3": LATENT,
    "glm4_moe": MOE | {"n_routed_experts": 8, "n_shared_experts": 1, "use_qk_norm": True, "attention_bias": True},
    "gpt_oss": LLAMA | {"num_local_experts": 4, "num_experts_per_tok": 2, "head_dim": 16},
    "llama4_text": LLAMA
    | {"num_local_experts": 4, "intermediate_size_mlp": 80, "interleave_moe_layer_step": 2, "head_dim": 16},
    "gemma2": LLAMA | {"head_dim": 16, "sliding_window": 32},
    "gemma3_text": LLAMA | {"head_dim": 16, "sliding_window": 32},
    "olmo": LLAMA,
    "olmo2": LLAMA,
    "olmo3": LLAMA | {"sliding_window": 32},
    "olmoe": LLAMA | {"num_experts": 8, "num_experts_per_tok": 2},
    "granite": LLAMA,
    "granitemoe": LLAMA | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "granitemoeshared": LLAMA | {"num_local_experts": 4, "num_experts_per_tok": 2, "shared_intermediate_size": 48},
    "phi": LLAMA,
    "phi3": LLAMA | {"pad_token_id": 0},
    "phimoe": LLAMA | {"num_local_experts": 4, "num_experts_per_tok": 2, "attention_bias": True, "lm_head_bias": True},
    "cohere": LLAMA | {"use_qk_norm": True, "pad_token_id": 0},
    "cohere2": LLAMA | {"pad_token_id": 0},
    "starcoder2": LLAMA,
    "nemotron": LLAMA,
    "smollm3": LLAMA | {"pad_token_id": 0},
    "seed_oss": LLAMA | {"head_dim": 16},
    "minimax_m2": LLAMA | {"num_local_experts": 4, "num_experts_per_tok": 2, "head_dim": 16},
    "dots1": {key: value for key, value in LATENT.items() if "rank" not in key} | {"head_dim": 8},
    "mpt": {"vocab_size": 128, "d_model": 64, "n_layers": 3, "n_heads": 4, "max_seq_len": 256},
    "gpt_neox": GPT | {"intermediate_size": 96},
    "gpt2": {"vocab_size": 128, "n_embd": 64, "n_layer": 3, "n_head": 4, "n_positions": 256},
    "opt": GPT | {"ffn_dim": 96, "max_position_embeddings": 256, "word_embed_proj_dim": 64},
    "bloom": {"vocab_size": 128, "hidden_size": 64, "n_layer": 3, "n_head": 4},
    "falcon": GPT | {"multi_query": True},
    "falcon, new": GPT | {"new_decoder_architecture": True, "num_kv_heads": 2},
    "exaone4": LLAMA,
    "ernie4_5": LLAMA,
    "glm4": LLAMA | {"head_dim": 16, "attention_bias": True, "pad_token_id": 0},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_a_config_has_the_parameters_of_the_network_that_transformers_builds(name):
    config = transformers.AutoConfig.for_model(name.split(",")[0], **CASES[name])
    with torch.device("meta"):
        network = transformers.AutoModelForCausalLM.from_config(config)
    built = sum(parameter.numel() for parameter in network.parameters())
    built += sum(b.numel() for n, b in network.named_buffers() if n.endswith("e_score_correction_bias"))
    said = json.loads(config.to_json_string(use_diff=False))
    assert shape_of_hf(said).total_parameters == built
