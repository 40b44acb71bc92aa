"""Random files open as what they claim to be, and their values are those of a model that behaves."""

import dataclasses

import numpy as np
import pytest

from zaphod.capacity.parameters import count_parameters
from zaphod.compute.quant import FLOAT32
from zaphod.core.errors import ConfigError
from zaphod.model.files.weights import open_model
from zaphod.model.shapes import is_kept_exact
from zaphod.study.benchmarks.random_codes import random_format, random_tensor
from zaphod.study.benchmarks.random_files import ARCHITECTURES, SIZES, random_config, write_random_gguf


def small(architecture):
    config = random_config(architecture, "0.3B")
    moe = dataclasses.replace(config.moe, expert_size=64)
    return dataclasses.replace(
        config, vocab_size=320, hidden_size=128, num_layers=2, num_heads=1, num_kv_heads=1, moe=moe
    )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("size", SIZES)
def test_a_size_is_within_a_twentieth_of_its_name(architecture, size):
    total = count_parameters(random_config(architecture, size)).total
    assert total == pytest.approx(float(size[:-1]) * 1e9, rel=0.05)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_switches_of_the_maths_are_those_of_the_release(architecture):
    config = random_config(architecture, "1.2B")
    grok = architecture == "grok"
    assert config.attention_softcap == (30.0 if grok else None)
    assert config.activation == ("gelu_tanh" if grok else "silu")
    assert (config.moe.router.num_experts, config.moe.router.top_k) == ((8, 2) if grok else (128, 8))
    assert config.num_heads * config.head_dim == config.hidden_size or not grok


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("type_name", ["q8_0", "q4_0", "bf16"])
def test_a_file_opens_as_what_was_written(architecture, type_name, tmp_path):
    config = small(architecture)
    file = write_random_gguf(config, type_name, tmp_path / "random.gguf")
    with open_model(file) as weights:
        multiplier = weights.config.embedding_multiplier  # float32 in the file
        assert multiplier == pytest.approx(config.embedding_multiplier, rel=1e-6)
        assert weights.config == dataclasses.replace(config, embedding_multiplier=multiplier)
        for name in weights.names():
            exact = is_kept_exact(name, weights.shape(name))
            assert weights.format(name).name == (FLOAT32.name if exact else random_format(type_name).name)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    one, same, other = (
        write_random_gguf(small("grok"), "q4_0", tmp_path / f"{number}" / "random.gguf", seed).read_bytes()
        for number, seed in enumerate((1, 1, 2))
        if (tmp_path / f"{number}").mkdir() is None
    )
    assert one == same != other


@pytest.mark.parametrize("type_name", ["q8_0", "q4_0", "bf16"])
def test_random_values_are_normal_with_the_deviation_asked_for(type_name):
    values = random_tensor((256, 1024), random_format(type_name), 0.03, np.random.default_rng(0)).decode()
    assert values.std() == pytest.approx(0.03, rel=0.02)
    assert abs(values.mean()) < 0.001
    assert np.mean(np.abs(values) < 0.03) == pytest.approx(0.68, abs=0.05)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logits_have_the_size_of_a_trained_model_and_every_expert_is_chosen(architecture, tmp_path):
    import torch

    from zaphod.model.loading import load_transformer

    with open_model(write_random_gguf(small(architecture), "q8_0", tmp_path / "random.gguf")) as weights:
        network = load_transformer(weights, torch.float32)
    routing = []
    logits = network.forward_sequences(torch.randint(0, 256, (1, 400)), routing=routing)
    assert 2 < logits.std() < 4
    for decision in routing:
        assert len(decision.expert_ids_TK.unique()) >= 0.9 * weights.config.moe.router.num_experts


@pytest.mark.parametrize(("architecture", "size"), [("gpt", "4B"), ("grok", "5B")])
def test_an_unknown_architecture_or_size_is_refused_with_those_that_are(architecture, size):
    with pytest.raises(ConfigError, match="grok, qwen3moe"):
        random_config(architecture, size)


def test_an_unknown_type_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="q8_0, q4_0, bf16"):
        write_random_gguf(small("grok"), "q5_0", tmp_path / "random.gguf")
