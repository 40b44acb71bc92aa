from pathlib import Path

import numpy as np
import pytest
import torch

from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.model.transformer import Transformer
from zaphod.training.export import export_packed
from zaphod.training.initialise import initialise
from zaphod.training.tokenizer import save_tokenizer, train_tokenizer

CONFIG = ModelConfig(
    family="zaphod",
    vocab_size=288,
    hidden_size=32,
    num_layers=1,
    num_heads=2,
    num_kv_heads=1,
    head_dim=16,
    context_length=64,
    moe=MoEConfig(router=RouterConfig(num_experts=4, top_k=2), expert_size=64),
    tie_embeddings=True,
    eos_token_ids=(3,),
)


@pytest.fixture
def model(tmp_path: Path) -> Transformer:
    save_tokenizer(train_tokenizer(["a b c"], CONFIG.vocab_size), tmp_path / "tokenizer")
    model = Transformer(CONFIG)
    initialise(model, CONFIG.num_layers, seed=0)
    return model.requires_grad_(False)


def test_float32_weights_come_back_exactly(model: Transformer, tmp_path: Path) -> None:
    export_packed(model.state_dict(), CONFIG, tmp_path / "tokenizer", tmp_path / "model", "float32")
    loaded = load_transformer(open_model(tmp_path / "model"), torch.float32)
    assert loaded.config == CONFIG
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)


def test_int8_spares_norms_and_routers_and_stays_close(model: Transformer, tmp_path: Path) -> None:
    export_packed(model.state_dict(), CONFIG, tmp_path / "tokenizer", tmp_path / "model", "int8")
    weights = open_model(tmp_path / "model")
    formats = {name: weights.format(name).name for name in weights.names()}
    assert {name for name, kind in formats.items() if kind == "float32"} == {
        "norm.weight",
        "layers.0.attention_norm.weight",
        "layers.0.ffn_norm.weight",
        "layers.0.moe.router.weight",
    }
    ids = torch.randint(0, 288, (2, 9), generator=torch.Generator().manual_seed(0))
    logits = load_transformer(weights, torch.float32).forward_sequences(ids)
    wanted = model.forward_sequences(ids)
    assert np.corrcoef(logits.flatten(), wanted.flatten())[0, 1] > 0.999


def test_the_tokenizer_lies_beside_the_weights(model: Transformer, tmp_path: Path) -> None:
    files = export_packed(model.state_dict(), CONFIG, tmp_path / "tokenizer", tmp_path / "model")
    assert files[0].name == "packed.safetensors"
    assert {file.name for file in files[1:]} == {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}


def test_an_unknown_format_is_refused(model: Transformer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        export_packed(model.state_dict(), CONFIG, tmp_path / "tokenizer", tmp_path / "model", "int7")
