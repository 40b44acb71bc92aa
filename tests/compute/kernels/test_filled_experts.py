"""Experts whose rows are filled up to a multiple give what those without give."""

import pytest
import torch
from torch import Tensor

from zaphod.compute.kernels import reference


def operands(num_tokens: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(num_tokens, 32), (4, 48, 32), (4, 48, 32), (4, 32, 48)]
    return [torch.randn(shape, generator=generator, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("num_tokens", [1, 63, 64, 200])
def test_outputs_and_gradients_are_those_of_the_reference(num_tokens: int) -> None:
    logits = torch.randn(num_tokens, 4, generator=torch.Generator().manual_seed(1))
    routing = reference.route(logits, top_k=2)
    inputs = operands(num_tokens)
    outputs = [
        reference.experts(*inputs, routing.expert_ids_TK, routing.weights_TK, "silu", multiple) for multiple in (64, 1)
    ]
    torch.testing.assert_close(*outputs, rtol=1e-5, atol=1e-4)
    for ours, theirs in zip(*(torch.autograd.grad(out.sin().sum(), inputs) for out in outputs), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-3)


def test_an_expert_that_nobody_chose_gets_no_gradient() -> None:
    inputs = operands(5)
    ids, weights = torch.tensor([[0, 2]] * 5), torch.full((5, 2), 0.5)
    gradients = torch.autograd.grad(reference.experts(*inputs, ids, weights, "silu", 64).sum(), inputs)
    assert float(gradients[1][[1, 3]].abs().sum()) == 0.0
    assert float(gradients[1][[0, 2]].abs().min(-1).values.max()) > 0.0
