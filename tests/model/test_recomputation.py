"""Recomputed activations give the gradients of the first pass, bit by bit."""

import pytest
import torch
from torch import Tensor

from zaphod.compute.kernels.reference import Routing, kept_assignments, route
from zaphod.model.attention import WholeSequences
from zaphod.model.recomputation import Recompute
from zaphod.model.transformer import Transformer
from zaphod.testing import tiny_model

IDS = torch.arange(48) % 259
POSITIONS = torch.arange(24).repeat(2)


class Noise:
    """Other numbers at every call, as noise on the router has: whoever chose again would choose others."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(0)
        self.num_calls = 0

    def __call__(self, layer: int) -> Tensor:
        self.num_calls += 1
        return torch.randn(48, 8, generator=self.generator)


def gradients(
    model: Transformer, recompute: Recompute, noise: Noise | None = None
) -> tuple[list[Tensor], list[Routing]]:
    for layer in model.layers:
        layer.recompute = recompute
    model.requires_grad_(True)
    routing: list[Routing] = []
    logits = model(IDS, POSITIONS, WholeSequences(2), routing=routing, offsets=noise)
    loss = logits.logsumexp(-1).mean() + sum(layer.scores_TE.square().mean() for layer in routing)
    return list(torch.autograd.grad(loss, list(model.parameters()))), routing


@pytest.mark.parametrize("recompute", ["experts", "layer"])
@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_are_those_of_a_single_pass(recompute: Recompute, seed: int) -> None:
    model = tiny_model(seed)
    plain, _ = gradients(model, "none")
    again, routing = gradients(model, recompute)
    assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))
    assert len(routing) == 3


@pytest.mark.parametrize("recompute", ["experts", "layer"])
def test_gradients_are_the_same_where_all_experts_tie(recompute: Recompute) -> None:
    model = tiny_model()
    for layer in model.layers:
        layer.moe.router.weight.zero_()
    plain, _ = gradients(model, "none")
    again, routing = gradients(model, recompute)
    assert routing[0].scores_TE.unique().numel() == 1
    assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))


@pytest.mark.parametrize("recompute", ["experts", "layer"])
def test_gradients_are_the_same_under_noise_that_is_never_drawn_twice(recompute: Recompute) -> None:
    model, noise = tiny_model(), Noise()
    plain, _ = gradients(model, "none", Noise())
    again, _ = gradients(model, recompute, noise)
    assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))
    assert noise.num_calls == 3


def test_without_gradients_nothing_is_computed_twice() -> None:
    model = tiny_model()
    for layer in model.layers:
        layer.recompute = "layer"
    with torch.no_grad():
        assert not model(IDS, POSITIONS, WholeSequences(2)).requires_grad


def test_an_offset_chooses_but_does_not_weigh() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0]])
    moved = route(logits, top_k=1, offset_TE=torch.tensor([[0.0, 0.0, 5.0]]))
    assert moved.expert_ids_TK.tolist() == [[2]]
    assert moved.weights_TK.item() == pytest.approx(logits.softmax(-1)[0, 2].item())


def test_an_offset_acts_beside_a_bias() -> None:
    logits, offset = torch.tensor([[0.2, 0.1, 0.0]]), torch.tensor([[0.0, 0.0, 3.0]])
    bias = torch.tensor([0.0, 0.2, 0.0])
    assert route(logits, top_k=1, score="sigmoid", selection_bias_E=bias).expert_ids_TK.item() == 1
    both = route(logits, top_k=2, score="sigmoid", selection_bias_E=bias, offset_TE=offset)
    assert both.expert_ids_TK.tolist() == [[2, 1]]


def test_a_full_expert_keeps_the_largest_weights() -> None:
    routing = route(torch.tensor([[1.0, 0.0], [3.0, 0.0], [2.0, 0.0], [0.0, 1.0]]), top_k=1)
    assert kept_assignments(routing, 2).tolist() == [[False], [True], [True], [True]]


def test_within_capacity_a_block_computes_what_it_computes_without() -> None:
    model = tiny_model().train()
    block, x = model.layers[0].moe, torch.randn(20, 32)
    free = block(x, None)
    block.capacity_factor = 8.0
    torch.testing.assert_close(block(x, None), free)


def test_what_finds_no_place_adds_nothing() -> None:
    model = tiny_model().train()
    block, x = model.layers[0].moe, torch.randn(4, 32)
    block.router.weight.zero_()  # all four tokens choose the experts 0 and 1
    block.capacity_factor = 1.0
    assert block.capacity(4) == 1
    assert [bool(row.any()) for row in block(x, None)] == [True, False, False, False]


def test_a_served_model_drops_nothing() -> None:
    block, x = tiny_model().layers[0].moe, torch.randn(20, 32)
    free = block(x, None)
    block.capacity_factor = 1.0
    assert torch.equal(block(x, None), free)
