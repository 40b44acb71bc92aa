"""Greedy tokens are the same alone, in company, and after a trip through each lossless file format."""

import pytest
import torch
from transformers import MixtralConfig, MixtralForCausalLM

from zaphod.engine import Engine, Request, SamplingParams
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer

LENGTHS = (1, 3, 31, 8, 17, 2, 24, 11)


@pytest.fixture(scope="module", params=["grok-1", "mixtral"])
def original(request, tmp_path_factory):
    """A folder: xAI's format, or one that transformers saved."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "grok-1":
        # The tokenizer beside the tiny checkpoint is the real one, which is larger than the model.
        for name in ("ckpt-0", "config.json"):
            (folder / name).symlink_to(request.getfixturevalue("official_grok1") / name)
        return folder
    torch.manual_seed(2)
    config = MixtralConfig(
        vocab_size=200,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        initializer_range=0.2,
    )
    MixtralForCausalLM(config).save_pretrained(folder)
    return folder


def greedy_tokens(path, together=True):
    with open_model(path) as weights:
        model = load_transformer(weights, torch.float32)
    engine = Engine(TorchRunner(model, max_len=64, num_blocks=16))
    generator = torch.Generator().manual_seed(9)
    requests = [
        Request(
            request_id=str(length),
            prompt_token_ids=tuple(torch.randint(3, 200, (length,), generator=generator).tolist()),
            sampling=SamplingParams(max_tokens=16),
        )
        for length in LENGTHS
    ]
    groups = [requests] if together else [[request] for request in requests]
    return [completion.token_ids for group in groups for completion in engine.generate(group)]


def test_a_batch_of_eight_lengths_gives_the_tokens_of_each_alone(original):
    assert greedy_tokens(original) == greedy_tokens(original, together=False)


@pytest.mark.parametrize(
    ("target", "quantization"),
    [("packed", None), ("packed", "float32"), ("safetensors", "float32"), ("gguf", "float32")],
)
def test_a_lossless_round_trip_keeps_the_tokens(original, target, quantization, tmp_path):
    out = tmp_path / ("model.gguf" if target == "gguf" else target)
    with open_model(original) as weights:
        convert(weights, target, out, quantization)
    assert greedy_tokens(out) == greedy_tokens(original)
