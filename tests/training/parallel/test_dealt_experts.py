from typing import NamedTuple

import pytest
import torch
import torch.distributed as dist
from tests.support.ranks import RankPool
from torch import Tensor

from zaphod.compute.kernels.reference import Routing
from zaphod.model.config import MoEConfig, RouterConfig
from zaphod.model.experts import Experts
from zaphod.training.parallel.dealt_experts import DealtExperts

NUM_EXPERTS, WIDTH, SIZE = 4, 16, 32


class Result(NamedTuple):
    out: Tensor
    x_gradient: Tensor
    gradients: dict[str, Tensor]


def whole_layer(dtype: torch.dtype) -> Experts:
    config = MoEConfig(router=RouterConfig(num_experts=NUM_EXPERTS, top_k=2), expert_size=SIZE)
    layer = Experts(WIDTH, config, "silu")
    generator = torch.Generator().manual_seed(0)
    for parameter in layer.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator).mul(0.3).to(dtype)
    return layer


def routing_of(choices: list[list[int]]) -> Routing:
    ids_TK = torch.tensor(choices, dtype=torch.int64).view(-1, 2)
    weights_TK = (ids_TK.float() + 1) / 10
    scores_TE = torch.zeros(len(ids_TK), NUM_EXPERTS)
    return Routing(scores_TE, scores_TE, ids_TK, weights_TK)


def inputs(num_tokens: int, seed: int, dtype: torch.dtype) -> Tensor:
    x_TD = torch.randn(num_tokens, WIDTH, generator=torch.Generator().manual_seed(seed))
    return x_TD.to(dtype).requires_grad_()


def compute(layer: Experts, choices: list[list[int]], seed: int, dtype: torch.dtype) -> Result:
    x_TD = inputs(len(choices), seed, dtype)
    out_TD = layer(x_TD, routing_of(choices))
    wanted = [x_TD, *layer.parameters()]
    x_gradient, *gradients = torch.autograd.grad(out_TD.float().square().sum(), wanted)
    names = [name for name, _ in layer.named_parameters()]
    return Result(out_TD.detach(), x_gradient, dict(zip(names, gradients, strict=True)))


def compute_dealt(choices_of_ranks: list[list[list[int]]], dtype: torch.dtype) -> Result:
    rank = dist.get_rank()
    layer = DealtExperts(whole_layer(dtype), dist.group.WORLD)
    return compute(layer, choices_of_ranks[rank], rank, dtype)


CASES = {
    "both ranks choose everything": [[[0, 1], [2, 3], [1, 2]], [[3, 0], [1, 3]]],
    "nobody chooses expert 3": [[[0, 1], [2, 0], [1, 2]], [[2, 0], [1, 0]]],
    "rank 1 sends nothing to expert 0 and 1": [[[0, 1], [0, 1]], [[2, 3], [3, 2], [2, 3]]],
    "rank 1 computes nothing": [[[0, 1], [1, 0]], [[0, 1]]],
    "rank 1 has no tokens": [[[0, 3], [1, 2], [3, 2]], []],
}


@pytest.mark.parametrize("choices", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def test_complaint_11_dealt_experts_compute_like_the_layer_whoever_is_chosen(
    two_ranks: RankPool, choices: list[list[list[int]]], dtype: torch.dtype
) -> None:
    dealt = two_ranks.run(compute_dealt, choices, dtype)
    whole = [compute(whole_layer(dtype), mine, rank, dtype) for rank, mine in enumerate(choices) if mine]
    tolerance = {"atol": 1e-5, "rtol": 1e-5} if dtype == torch.float32 else {"atol": 0.1, "rtol": 0.05}
    for ours, theirs in zip(dealt, whole, strict=False):
        torch.testing.assert_close(ours.out, theirs.out, **tolerance)
        torch.testing.assert_close(ours.x_gradient, theirs.x_gradient, **tolerance)
    for name in ("gate", "up", "down"):
        stack = torch.cat([result.gradients[name] for result in dealt])
        summed = torch.stack([result.gradients[name] for result in whole]).sum(0)
        torch.testing.assert_close(stack, summed, **tolerance)


def test_complaint_11_an_expert_that_nobody_chose_has_a_gradient_of_zeros(two_ranks: RankPool) -> None:
    first, second = two_ranks.run(compute_dealt, CASES["nobody chooses expert 3"], torch.float32)
    assert all(bool((gradient[1] == 0).all()) for gradient in second.gradients.values())
    assert all(bool((gradient != 0).any()) for gradient in first.gradients.values())


def test_a_rank_without_any_work_still_has_gradients(two_ranks: RankPool) -> None:
    _, idle = two_ranks.run(compute_dealt, CASES["rank 1 computes nothing"], torch.float32)
    assert all(bool((gradient == 0).all()) for gradient in idle.gradients.values())
    assert bool((idle.x_gradient != 0).any())
