"""A repeated forward pass keeps the choices of the first."""

import torch
from torch.testing import assert_close

from zaphod.compute.kernels.reference import Routing
from zaphod.model.attention import WholeSequences
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer

CONFIG = ModelConfig(
    family="zaphod",
    vocab_size=32,
    hidden_size=16,
    num_layers=2,
    num_heads=2,
    num_kv_heads=1,
    head_dim=8,
    context_length=64,
    moe=MoEConfig(router=RouterConfig(num_experts=4, top_k=2, renormalise=True), expert_size=24),
    activation="silu",
    tie_embeddings=True,
)


def model() -> Transformer:
    torch.manual_seed(0)
    network = Transformer(CONFIG)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network


def logits(network: Transformer, given: list[Routing] | None) -> tuple[torch.Tensor, list[Routing]]:
    routing: list[Routing] = []
    ids, positions = torch.arange(12) % 32, torch.arange(6).repeat(2)
    return network(ids, positions, WholeSequences(2), routing=routing, routing_given=given), routing


def other_experts(routing: Routing) -> Routing:
    return routing._replace(expert_ids_TK=(routing.expert_ids_TK + 1) % 4)


def test_given_routing_of_the_same_pass_changes_nothing():
    network = model()
    first, routing = logits(network, None)
    again, routing_again = logits(network, [layer._replace(weights_TK=layer.weights_TK * 9) for layer in routing])
    assert torch.equal(first, again)
    assert torch.equal(routing[1].weights_TK, routing_again[1].weights_TK)


def test_tokens_visit_the_experts_given_though_the_router_would_choose_others():
    network = model()
    first, routing = logits(network, None)
    wanted = [other_experts(layer) for layer in routing]
    again, routing_again = logits(network, wanted)
    assert not torch.allclose(first, again)
    assert all(torch.equal(a.expert_ids_TK, b.expert_ids_TK) for a, b in zip(wanted, routing_again, strict=True))


def test_the_router_has_its_gradient_under_given_routing():
    network = model()
    routers = [network.get_submodule(f"layers.{n}.moe.router").weight for n in range(2)]
    first, routing = logits(network, None)
    wanted = torch.autograd.grad(first.square().sum(), routers)
    again, _ = logits(network, [Routing(*(part.detach() for part in layer)) for layer in routing])
    for ours, theirs in zip(torch.autograd.grad(again.square().sum(), routers), wanted, strict=True):
        assert_close(ours, theirs, rtol=0, atol=0)
        assert ours.abs().max() > 0
