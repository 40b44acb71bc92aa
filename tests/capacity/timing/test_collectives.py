from __future__ import annotations

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.timing.collectives import Links, links_of


def links(efficiency: float = 1.0) -> Links:
    return links_of(accelerator("h100"), latency_s=0, network_latency_s=0, efficiency=efficiency)


def test_a_prompt_of_grok_1_moves_what_the_formula_sheet_says() -> None:
    # 8192 tokens of 6144 bfloat16 numbers, twice for each of 64 layers, over 8 devices: 22.5 GB each, 50 ms.
    assert 2 * 64 * links().all_reduce_s(8, 8192 * 6144 * 2) == pytest.approx(0.050, rel=0.01)


def test_an_all_reduce_is_a_reduce_scatter_and_an_all_gather() -> None:
    assert links().all_reduce_s(8, 1e8) == pytest.approx(2 * links().all_gather_s(8, 1e8))


def test_one_device_exchanges_nothing() -> None:
    assert links().all_reduce_s(1, 1e9) == links().all_to_all_s(1, 1e9) == 0


def test_crossing_nodes_is_bound_by_the_network() -> None:
    # 16 devices of 2 nodes: half of what a node holds crosses, an eighth of it for each device.
    ring_s = links().all_gather_s(16, 8e8)
    assert ring_s == pytest.approx(8e8 * 7 / 8 / 450e9 + 8e8 / 8 / 2 / 50e9)


def test_each_other_node_is_sent_a_token_once_however_many_of_its_experts_are_there() -> None:
    few, many = links().all_to_all_s(32, 1e8, copies=4), links().all_to_all_s(32, 1e8, copies=8)
    assert few == pytest.approx(1e8 * 4 * 3 / 4 / 50e9)
    assert many == pytest.approx(few)


def test_large_messages_reach_more_of_the_link() -> None:
    slow = links(0.3)
    assert slow.reached(1e5) == 0.3 < slow.reached(1e7) < slow.reached(1e9) == 0.75
