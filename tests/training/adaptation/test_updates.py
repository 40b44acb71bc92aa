"""Low-rank updates of every weight against the same updates added to the weights, expert by expert."""

import dataclasses

import pytest
import torch
from tests.support.adapted import adapted_tiny, merged_tiny, shaken, token_ids

from zaphod.core.errors import ConfigError
from zaphod.model.config import MoEConfig
from zaphod.testing import TINY_CONFIG, tiny_model
from zaphod.training.adaptation.config import AdaptationConfig

KINDS = {
    "lora": {},
    "rank-stabilised": {"is_rank_stabilised": True},
    "decomposed": {"is_decomposed": True},
    "both": {"is_rank_stabilised": True, "is_decomposed": True},
}
SHAPES = {
    "sparse": {},
    "shared": {"moe": dataclasses.replace(TINY_CONFIG.moe, shared_expert_size=40, shared_expert_gate=True)},
    "dense layer": {"dense_layers": (1,), "dense_size": 56},
    "biases": {"qkv_bias": True, "attention_output_bias": True},
}


def close(got, want, tolerance=1e-4):
    assert (got - want).abs().max() <= tolerance * want.abs().max()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_updated_model_computes_what_merged_weights_compute(kind, shape):
    network = tiny_model(**SHAPES[shape])
    model = shaken(adapted_tiny(network, **KINDS[kind]))
    plain = network.forward_sequences(token_ids())
    got = model.network.forward_sequences(token_ids())
    assert (got - plain).abs().max() > 0.05 * plain.abs().max()
    close(got, merged_tiny(model, network).forward_sequences(token_ids()))


def test_complaint_02_each_expert_has_its_own_pair_not_its_neighbours():
    model = shaken(adapted_tiny(targets=("experts",)))
    experts, twin = model.network.layers[0].moe.experts, merged_tiny(model).layers[0].moe
    x_TD = torch.randn(23, 32, generator=torch.Generator().manual_seed(1))
    routing = twin.router(x_TD)
    want = torch.zeros_like(x_TD)
    for token, (ids, weights) in enumerate(zip(routing.expert_ids_TK, routing.weights_TK, strict=True)):
        for expert, weight in zip(ids.tolist(), weights, strict=True):
            gate, up, down = (getattr(twin.experts, name)[expert] for name in ("gate", "up", "down"))
            x_D = x_TD[token]
            want[token] += weight * (down @ (torch.nn.functional.silu(gate @ x_D) * (up @ x_D)))
    close(experts(x_TD, routing), want)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_follow_from_those_of_the_merged_weights(kind):
    name = "layers.1.moe.experts.down"
    model = shaken(adapted_tiny(targets=("experts.down", "v_proj"), **KINDS[kind]))
    update, twin = model.weights()[name].update, merged_tiny(model)
    loss = model.network.forward_sequences(token_ids()).square().mean()
    got = dict(zip(model.learnt(), torch.autograd.grad(loss, list(model.learnt().values())), strict=True))
    merged = twin.get_parameter(name).requires_grad_()
    [of_merged] = torch.autograd.grad(twin.forward_sequences(token_ids()).square().mean(), [merged])
    factors = torch.ones(8, 32, 1)
    if update.lora_magnitude is not None:  # the norm counts as a constant
        factors = (update.lora_magnitude / update.row_norms(model.weights()[name].base))[..., None]
        close(got[f"{name}.lora_magnitude"], (of_merged * merged).sum(-1) / update.lora_magnitude)
    close(got[f"{name}.lora_B"], update.scale * (factors * of_merged) @ update.lora_A.mT)
    close(got[f"{name}.lora_A"], update.scale * update.lora_B.mT @ (factors * of_merged))


def test_an_expert_that_no_token_visits_has_a_gradient_of_zero_not_none():
    model = shaken(adapted_tiny(targets=("experts.up",)))
    loss = model.network.forward_sequences(token_ids(shape=(1, 2))).square().mean()
    [gradient, *_] = torch.autograd.grad(loss, list(model.learnt().values()))
    assert (gradient.flatten(1).abs().sum(-1) == 0).any()


@pytest.mark.parametrize("kind", KINDS)
def test_training_begins_at_the_model_as_it_was(kind):
    model = adapted_tiny(**KINDS[kind])
    close(model.network.forward_sequences(token_ids()), tiny_model().forward_sequences(token_ids()), 1e-5)


def test_the_first_a_is_drawn_as_peft_draws_it_and_b_is_zero():
    learnt = adapted_tiny(rank=64).learnt()
    a = learnt["layers.0.moe.experts.gate.lora_A"].detach()
    assert a.shape == (8, 64, 32)
    assert a.abs().max() <= 32**-0.5
    assert float(a.std()) == pytest.approx(32**-0.5 / 3**0.5, rel=0.05)
    assert not learnt["layers.0.moe.experts.gate.lora_B"].any()


def test_what_is_drawn_for_a_weight_does_not_depend_on_what_else_is_adapted():
    name = "layers.2.attention.v_proj.weight.lora_A"
    assert torch.equal(adapted_tiny().learnt()[name], adapted_tiny(targets=("v_proj",)).learnt()[name])


def test_dropout_thins_the_low_rank_path_in_training_alone():
    model = shaken(adapted_tiny(dropout=0.5))
    still = model.network.forward_sequences(token_ids())
    assert torch.equal(still, model.network.forward_sequences(token_ids()))
    model.network.train()
    assert not torch.equal(still, model.network.forward_sequences(token_ids()))


def test_complaint_04_no_sum_of_weight_and_update_exists_in_training():
    network = tiny_model(moe=MoEConfig(router=TINY_CONFIG.moe.router, expert_size=256), hidden_size=128, num_layers=1)
    for settings in ({}, {"is_decomposed": True}):
        model = shaken(adapted_tiny(network, targets=("experts",), **settings))
        made: list[int] = []
        with Allocations(made):
            loss = model.network.forward_sequences(token_ids(shape=(1, 8))).square().mean()
            torch.autograd.grad(loss, list(model.learnt().values()))
        assert made
        assert max(made) < 8 * 256 * 128  # the numbers of a stack


class Allocations(torch.utils._python_dispatch.TorchDispatchMode):
    """Notes how many numbers every tensor has that an operation makes."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self._sizes = sizes

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **kwargs or {})
        known = {tensor.untyped_storage().data_ptr() for tensor in args if isinstance(tensor, torch.Tensor)}
        for tensor in out if isinstance(out, tuple | list) else [out]:
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage().data_ptr() not in known:
                self._sizes.append(tensor.numel())
        return out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank": 0}, "above 0"),
        ({"alpha": float("nan")}, "above 0"),
        ({"dropout": 1.0}, "share"),
        ({"method": "dpo"}, "one of lora"),
        ({"router": "maybe"}, "one of freeze"),
        ({"method": "full", "router": "adapt"}, "low-rank router"),
        ({"targets": ()}, "changes something"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        AdaptationConfig(**settings)
