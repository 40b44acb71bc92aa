"""The network as a whole: names and shapes of every preset, routing on request, Grok-1 against xAI's own logits."""

import dataclasses

import numpy as np
import pytest
import torch

from zaphod.model.families import PRESETS
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.model.shapes import parameter_shapes
from zaphod.model.transformer import Transformer
from zaphod.testing import tiny_model


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_network_has_the_parameters_that_its_config_announces(name):
    config = dataclasses.replace(PRESETS[name].config, num_layers=2)
    with torch.device("meta"):
        model = Transformer(config)
    ours = {key: tuple(parameter.shape) for key, parameter in model.named_parameters()}
    assert ours == parameter_shapes(config)


def test_each_sparse_layer_reports_its_routing():
    model, routing = tiny_model(seed=1), []
    tokens = torch.randint(0, model.config.vocab_size, (2, 5))
    model.forward_sequences(tokens, routing=routing)
    assert len(routing) == model.config.num_layers
    assert routing[0].expert_ids_TK.shape == (10, model.config.moe.router.top_k)


def test_logits_come_for_the_wanted_rows_only():
    from zaphod.model.attention import WholeSequences

    model = tiny_model(seed=1)
    tokens, positions = torch.randint(0, model.config.vocab_size, (6,)), torch.arange(6)
    everything = model(tokens, positions, WholeSequences(1))
    wanted = model(tokens, positions, WholeSequences(1), rows_R=torch.tensor([5, 2]))
    torch.testing.assert_close(wanted, everything[[5, 2]])


def official_difference(folder, **changes) -> float:
    expected = np.load(folder / "logits_f32.npz")
    with open_model(folder) as weights:
        weights = weights.with_config(dataclasses.replace(weights.config, **changes))
        model = load_transformer(weights, torch.float32)
    with torch.no_grad():
        logits = model.forward_sequences(torch.from_numpy(expected["tokens"]).long()).numpy()
    return float(np.abs(logits - expected["logits"]).max())


def test_grok1_gives_the_logits_of_the_official_code(official_grok1):
    assert official_difference(official_grok1) <= 1e-3


@pytest.mark.parametrize(
    "mistake",
    [
        {"attention_softcap": None},
        {"embedding_multiplier": 1.0},
        {"output_multiplier": 1.0},
        {"attention_scale": 1.0},
        {"rope_theta": 1e6},
        {"activation": "silu"},
    ],
)
def test_a_wrong_switch_shows_in_the_official_logits(official_grok1, mistake):
    assert official_difference(official_grok1, **mistake) > 1e-2


def test_bfloat16_errs_as_the_official_bfloat16_does(official_grok1):
    """Experts flip at near ties of these random weights, so only the error's size can be compared.

    XLA keeps more precision between operations than a step-by-step bfloat16 does, hence the factor.
    """
    exact = np.load(official_grok1 / "logits_f32.npz")
    official = np.load(official_grok1 / "logits_bf16.npz")["logits"].astype(np.float32)
    with open_model(official_grok1) as weights:
        model = load_transformer(weights, torch.bfloat16)
    with torch.no_grad():
        ours = model.forward_sequences(torch.from_numpy(exact["tokens"]).long()).numpy()

    def median_error(logits):
        return np.median(np.abs(logits - exact["logits"]))

    assert median_error(ours) <= 4 * median_error(official)
