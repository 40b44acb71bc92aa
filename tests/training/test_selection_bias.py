import pytest
import torch
from torch import Tensor

from zaphod.compute.kernels.reference import Routing, route
from zaphod.training.selection_bias import moved_by_sign, required_bias_histogram, solved_by_quantile


def skewed(num_tokens: int = 4000, num_experts: int = 8) -> Tensor:
    """Logits of a router that prefers the first experts."""
    noise = torch.randn(num_tokens, num_experts, generator=torch.Generator().manual_seed(0))
    return noise + torch.linspace(1.5, -1.5, num_experts)


def routed(bias_E: Tensor, top_k: int = 2) -> Routing:
    return route(skewed(), top_k=top_k, score="sigmoid", selection_bias_E=bias_E)


def max_violation(routing: Routing) -> float:
    counts_E = routing.expert_ids_TK.flatten().bincount(minlength=8).float()
    return float(counts_E.max() / counts_E.mean() - 1)


def test_the_sign_rule_moves_every_bias_by_the_rate_about_a_mean_of_zero() -> None:
    moved = moved_by_sign(torch.zeros(4), torch.tensor([7, 5, 2, 2]), 0.1)
    assert moved.tolist() == pytest.approx([-0.1, -0.1, 0.1, 0.1])


def test_a_common_drift_is_taken_out() -> None:
    moved = moved_by_sign(torch.full((4,), 3.0), torch.tensor([9, 1, 1, 1]), 0.1)
    assert moved.mean().item() == pytest.approx(0, abs=1e-6)


def test_the_sign_rule_comes_to_rest_near_balance() -> None:
    bias_E = torch.zeros(8)
    before = max_violation(routed(bias_E))
    for _ in range(100):
        counts_E = routed(bias_E).expert_ids_TK.flatten().bincount(minlength=8)
        bias_E = moved_by_sign(bias_E, counts_E, 0.01)
    assert before > 1
    assert max_violation(routed(bias_E)) < 0.15


@pytest.mark.parametrize("top_k", [1, 2, 4])
def test_quantiles_balance_in_a_few_steps_without_a_knob(top_k: int) -> None:
    bias_E = torch.zeros(8)
    for _ in range(8):
        routing = routed(bias_E, top_k)
        bias_E = solved_by_quantile(bias_E, required_bias_histogram(routing, bias_E), top_k / 8)
    assert max_violation(routed(bias_E, top_k)) < 0.05


def test_the_histogram_solves_what_the_exact_quantile_solves() -> None:
    bias_E = torch.linspace(-0.2, 0.2, 8)
    routing = routed(bias_E)
    cutoffs_T1 = (routing.scores_TE + bias_E).topk(3).values[:, -1:]
    exact_E = (cutoffs_T1 - routing.scores_TE).quantile(2 / 8, dim=0)
    solved_E = solved_by_quantile(bias_E, required_bias_histogram(routing, bias_E), 2 / 8)
    torch.testing.assert_close(solved_E, exact_E - exact_E.mean(), atol=2e-3, rtol=0)


def test_histograms_of_parts_add_up_to_that_of_the_batch() -> None:
    bias_E, logits_TE = torch.zeros(8), skewed(100)
    parts = [route(part, top_k=2, score="sigmoid") for part in logits_TE.split(30)]
    whole = route(logits_TE, top_k=2, score="sigmoid")
    summed = sum(required_bias_histogram(part, bias_E) for part in parts)
    assert torch.equal(torch.as_tensor(summed), required_bias_histogram(whole, bias_E))


def test_padding_requires_no_bias() -> None:
    counted_T = torch.arange(4000) < 10
    assert required_bias_histogram(routed(torch.zeros(8)), torch.zeros(8), counted_T).sum().item() == 80


def test_where_all_experts_are_chosen_there_is_nothing_to_solve() -> None:
    routing = route(skewed(10), top_k=8, score="sigmoid")
    assert required_bias_histogram(routing, torch.zeros(8)).sum().item() == 0
