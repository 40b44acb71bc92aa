"""Logits of tiny random models made and saved by transformers, through our readers and our network."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from transformers import GraniteMoeConfig, MixtralConfig, OlmoeConfig, PretrainedConfig, Qwen3MoeConfig

from zaphod.engine import Engine, Request
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer

SIZES = {
    "vocab_size": 96,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "pad_token_id": None,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def configs() -> dict[str, PretrainedConfig]:
    granite = {"embedding_multiplier": 12.0, "attention_multiplier": 0.1, "residual_multiplier": 0.22}
    return {
        "mixtral": MixtralConfig(**SIZES, num_local_experts=8, num_experts_per_tok=2, sliding_window=7),
        "olmoe": OlmoeConfig(**SIZES, num_experts=8, num_experts_per_tok=3),
        "qwen3-moe": Qwen3MoeConfig(
            **SIZES, head_dim=32, moe_intermediate_size=32, num_experts=8, num_experts_per_tok=3, norm_topk_prob=True
        ),
        "granite-moe": GraniteMoeConfig(
            **SIZES, **granite, logits_scaling=6.0, num_local_experts=8, num_experts_per_tok=3, tie_word_embeddings=True
        ),
    }


@pytest.fixture(scope="module", params=["mixtral", "olmoe", "qwen3-moe", "granite-moe"])
def saved_with_states(request, tmp_path_factory) -> tuple[Path, torch.Tensor, np.ndarray, np.ndarray]:
    """Folder of the saved model, prompt tokens, and transformers' logits and last hidden states."""
    torch.manual_seed(7)
    config = configs()[request.param]
    theirs = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(std=0.15 if parameter.dim() > 1 else 0.3).add_(parameter.dim() == 1)
    folder = tmp_path_factory.mktemp(request.param)
    theirs.save_pretrained(folder)
    tokens = torch.randint(0, config.vocab_size, (2, 24))
    with torch.no_grad():
        out = theirs(tokens, output_hidden_states=True)
    return folder, tokens, out.logits.float().numpy(), out.hidden_states[-1].float().numpy()


@pytest.fixture
def saved(saved_with_states) -> tuple[Path, torch.Tensor, np.ndarray]:
    """The same without hidden states."""
    return saved_with_states[:3]


def our_logits(folder: Path, tokens: torch.Tensor) -> np.ndarray:
    with open_model(folder) as weights:
        model = load_transformer(weights, torch.float32)
    with torch.no_grad():
        return model.forward_sequences(tokens).numpy()


def test_safetensors_written_by_transformers_give_its_logits(saved):
    folder, tokens, logits = saved
    np.testing.assert_allclose(our_logits(folder, tokens), logits, atol=1e-4, rtol=0)


@pytest.mark.parametrize("target", ["gguf", "packed", "safetensors"])
def test_a_lossless_conversion_keeps_the_logits_exactly(saved, target, tmp_path):
    folder, tokens, logits = saved
    out = tmp_path / ("model.gguf" if target == "gguf" else target)
    with open_model(folder) as weights:
        convert(weights, target, out)
    np.testing.assert_allclose(our_logits(out, tokens), logits, atol=1e-4, rtol=0)
    assert np.array_equal(our_logits(out, tokens), our_logits(folder, tokens))


def test_embeddings_are_the_means_of_its_last_hidden_states(saved_with_states):
    folder, tokens, _, states = saved_with_states
    with open_model(folder) as weights:
        engine = Engine(TorchRunner(load_transformer(weights, torch.float32)))
    prompts = [tuple(row) for row in tokens.tolist()]
    requests = [Request(request_id=str(n), prompt_token_ids=prompt, embeds=True) for n, prompt in enumerate(prompts)]
    ours = [completion.embedding_D for completion in engine.generate(requests)]
    np.testing.assert_allclose(ours, states.mean(axis=1), atol=1e-4, rtol=0)
