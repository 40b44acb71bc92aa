import math

import pytest
import torch

from zaphod.compute.kernels.reference import Routing, route
from zaphod.training.balance import (
    BalanceConfig,
    balance_loss,
    balance_metrics,
    expert_counts,
    load_shares,
    router_loss,
    z_loss,
)


def routing(probabilities: list[list[float]], top_k: int = 1) -> Routing:
    return route(torch.tensor(probabilities).log(), top_k=top_k)


def test_the_balance_loss_is_the_sum_of_load_times_probability() -> None:
    # Loads are 2/3 and 1/3, mean probabilities (0.9 + 0.6 + 0.2)/3 and the rest.
    by_hand = 2 * (2 / 3 * 1.7 / 3 + 1 / 3 * 1.3 / 3)
    assert balance_loss(routing([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])).item() == pytest.approx(by_hand)


def test_even_routing_has_balance_loss_one() -> None:
    even = routing([[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1], [0.1, 0.1, 0.1, 0.7]])
    assert balance_loss(even).item() == pytest.approx(1.0)


def test_collapse_has_balance_loss_near_the_number_of_experts() -> None:
    assert balance_loss(routing([[0.97, 0.01, 0.01, 0.01]] * 5)).item() == pytest.approx(4 * 0.97)


def test_the_load_counts_every_choice_of_a_token() -> None:
    assert load_shares(routing([[0.5, 0.4, 0.1], [0.5, 0.1, 0.4]], top_k=2)).tolist() == [0.5, 0.25, 0.25]


def test_the_z_loss_is_the_mean_square_of_logsumexp() -> None:
    logits = torch.tensor([[math.log(2.0), math.log(6.0)], [0.0, 0.0]])
    by_hand = (math.log(8.0) ** 2 + math.log(2.0) ** 2) / 2
    assert z_loss(route(logits, top_k=1)).item() == pytest.approx(by_hand)


def test_the_router_loss_is_the_weighted_sum_over_layers() -> None:
    layers = [routing([[0.9, 0.1], [0.6, 0.4]]), routing([[0.2, 0.8], [0.6, 0.4]])]
    by_hand = sum(0.5 * balance_loss(layer) + 0.25 * z_loss(layer) for layer in layers)
    counts_LE = torch.stack([expert_counts(layer) for layer in layers])
    config = BalanceConfig(weight=0.5, z_weight=0.25)
    assert router_loss(layers, counts_LE, config).item() == pytest.approx(float(by_hand))


def test_the_balance_loss_pushes_the_favourite_down() -> None:
    logits = torch.tensor([[1.0, 0.0]] * 4, requires_grad=True)
    balance_loss(route(logits, top_k=1)).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert (logits.grad[:, 0] > 0).all()


def test_metrics_of_a_collapsed_layer() -> None:
    metrics = balance_metrics(expert_counts(routing([[0.8, 0.1, 0.1]] * 6)))
    assert metrics.load_E.tolist() == [1.0, 0.0, 0.0]
    assert (metrics.entropy, metrics.max_violation, metrics.num_dead) == (0.0, 2.0, 2)
