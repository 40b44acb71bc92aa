"""The loss of a pass with training's operations is that of the definition, and so are its gradients."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from zaphod.compute.kernels import fused, reference
from zaphod.compute.kernels.reference import Routing
from zaphod.model.attention import WholeSequences
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer

CONFIG = ModelConfig(
    family="zaphod",
    vocab_size=40,
    hidden_size=32,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    head_dim=16,
    context_length=64,
    moe=MoEConfig(router=RouterConfig(num_experts=4, top_k=2, renormalise=True), expert_size=24, shared_expert_size=16),
    activation="silu",
    qk_norm="per_head",
    norms="sandwich",
    output_multiplier=0.5,
    final_softcap=20.0,
    tie_embeddings=True,
)


def model(config: ModelConfig = CONFIG, dtype: torch.dtype = torch.float32) -> Transformer:
    torch.manual_seed(0)
    network = Transformer(config)
    for name, parameter in network.named_parameters():
        torch.nn.init.normal_(parameter, std=0.2, mean=1.0 if "norm" in name else 0.0)
    return network.to(dtype)


IDS, POSITIONS, TARGETS = torch.arange(24) % 40, torch.arange(12).repeat(2), (torch.arange(24) * 7 + 1) % 40
ROWS = torch.tensor([0, 3, 5, 11, 12, 23])


def loss(network: Transformer, rows: Tensor = ROWS, routing: list[Routing] | None = None) -> Tensor:
    return network.loss(IDS, POSITIONS, WholeSequences(2), rows, TARGETS[rows], routing=routing)


def gradients(network: Transformer, value: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(value, list(network.parameters())))


def test_the_plain_loss_is_the_cross_entropy_of_the_logits():
    network = model()
    logits = network(IDS, POSITIONS, WholeSequences(2), rows_R=ROWS)
    torch.testing.assert_close(loss(network), F.cross_entropy(logits, TARGETS[ROWS], reduction="sum"))


@pytest.mark.parametrize("rows", [ROWS, torch.arange(24), torch.arange(23, -1, -1)])
@pytest.mark.parametrize("changes", [{}, {"activation": "gelu_tanh", "tie_embeddings": False}])
def test_training_operations_have_the_same_loss_and_gradients(rows, changes):
    network = model(dataclasses.replace(CONFIG, **changes))
    wanted, routing = loss(network, rows), list[Routing]()
    wanted_gradients = gradients(network, wanted)
    network.use(fused)
    ours = loss(network, rows, routing)
    torch.testing.assert_close(ours, wanted)
    for mine, other in zip(gradients(network, ours), wanted_gradients, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5 * float(other.abs().max()))
    assert len(routing) == 2


def test_in_half_precision_training_operations_err_no_more_than_the_definition():
    exact, network = model(), model(dtype=torch.bfloat16)
    exact.load_state_dict({name: value.float() for name, value in network.state_dict().items()})
    wanted = torch.cat([g.flatten() for g in gradients(exact, loss(exact))])

    def error() -> float:
        ours = torch.cat([g.flatten() for g in gradients(network, loss(network))])
        return float((ours.float() - wanted).norm() / wanted.norm())

    plain = error()
    network.use(fused)
    assert error() < max(1.5 * plain, 0.02)


def test_a_model_that_trained_answers_as_before_once_it_uses_the_definition_again():
    network = model()
    before = network(IDS, POSITIONS, WholeSequences(2))
    network.use(fused)
    loss(network).backward()
    network.use(reference)
    assert torch.equal(network(IDS, POSITIONS, WholeSequences(2)), before)


def test_a_repeated_pass_computes_the_same_numbers_whether_gradients_are_on_or_not():
    network = model(dtype=torch.bfloat16)
    network.use(fused)
    with torch.no_grad():
        quiet = loss(network)
    assert torch.equal(quiet, loss(network).detach())


def test_weights_multiply_the_losses_of_their_rows():
    network, weights = model(), torch.tensor([0.0, 0.5, 1.0, 2.0, 0.0, 1.0])
    for operations in (reference, fused):
        network.use(operations)
        weighted = network.loss(IDS, POSITIONS, WholeSequences(2), ROWS, TARGETS[ROWS], weights_R=weights)
        parts = [weights[n] * loss(network, ROWS[n : n + 1]) for n in range(len(ROWS))]
        torch.testing.assert_close(weighted, torch.stack(parts).sum())
