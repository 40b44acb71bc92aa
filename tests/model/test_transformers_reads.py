"""Hugging Face folders that we write, opened by transformers."""

import pytest
import torch
import transformers
from tests.support.tiny_models import open_tiny

from zaphod.model.files.conversion import convert
from zaphod.model.loading import load_transformer


@pytest.mark.parametrize("family", ["mixtral", "olmoe", "qwen3-moe", "granite-moe"])
def test_transformers_loads_every_tensor_and_computes_the_same_logits(family, tmp_path):
    with open_tiny(tmp_path / "source", family) as source:
        convert(source, "safetensors", tmp_path / "folder")
        ours = load_transformer(source, torch.float32)
    theirs, info = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "folder", output_loading_info=True, attn_implementation="eager"
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    tokens = torch.randint(0, ours.config.vocab_size, (2, 12), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours.forward_sequences(tokens), theirs(tokens).logits, atol=1e-3, rtol=1e-4)
