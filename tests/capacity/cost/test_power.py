from __future__ import annotations

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator, accelerators
from zaphod.capacity.cost.power import device_power, host_power, node_power_w, power_model, power_models, training_power
from zaphod.core.errors import ConfigError


def test_an_idling_h100_that_serves_takes_its_base() -> None:
    assert device_power(accelerator("h100"), memory_share=0, flop_share=0).value == 357


def test_the_published_line_of_the_b200_is_what_is_computed() -> None:
    power = device_power(accelerator("b200"), memory_share=0.25, flop_share=0.02)
    assert power.value == pytest.approx(522 + 552 * 0.25 + 1423 * 0.02)


@pytest.mark.parametrize("name", sorted(accelerators()))
def test_no_device_takes_more_than_its_limit(name: str) -> None:
    device = accelerator(name)
    power = device_power(device, memory_share=1, flop_share=1)
    assert power.high <= device.power_w
    assert training_power(device).high <= device.power_w


def test_a_part_that_was_not_measured_has_a_wider_interval() -> None:
    def width(name: str) -> float:
        power = device_power(accelerator(name), memory_share=0.2, flop_share=0.0)
        return power.value / power.low

    assert width("h100") < width("h200") < width("mi300x")


def test_a_part_with_the_same_die_keeps_its_line() -> None:
    assert power_model(accelerator("h200")).base_w == 357
    assert power_model(accelerator("gb200")).base_w == pytest.approx(522 * 1.2)


def test_a_node_of_eight_h100_in_training_takes_what_was_measured() -> None:
    """8.4 kW at most were measured (arXiv 2412.08602); the plate says 10.2."""
    node = node_power_w(accelerator("h100"), training_power(accelerator("h100")))
    assert node.low < 8400 <= node.high
    assert node.value < 10200


def test_a_mac_has_no_host_beside_it() -> None:
    assert host_power(accelerator("m2-ultra")).value == 0


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_of_its_range_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="share lies between"):
        device_power(accelerator("h100"), memory_share=share, flop_share=0)


def test_more_streams_take_more_power_though_the_peak_is_far() -> None:
    few, many = (
        device_power(accelerator("h100"), memory_share=0.35, flop_share=0.01, sequences=count).value
        for count in (8, 256)
    )
    assert many - few == pytest.approx(5 * 27.3 / 2)


def test_the_second_line_of_the_b200_is_the_h100s_at_its_limit() -> None:
    rows = power_models()
    for name in ("batch_base_w", "batch_memory_w", "batch_doubling_w"):
        assert getattr(rows["b200"], name) == pytest.approx(getattr(rows["h100"], name) * 10 / 7, rel=0.01)
