from __future__ import annotations

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.cost.carbon import PueTwiceWarning, carbon, embodied, water, with_pue
from zaphod.capacity.cost.second_opinion import joules_per_output_token, seconds_per_output_token
from zaphod.capacity.estimate import RefusedError, exactly
from zaphod.core.errors import ConfigError


def test_the_emissions_of_llama_405b_are_within_a_tenth_of_its_model_card() -> None:
    """30.84 million hours at 700 W, Meta's PUE, mean of the United States; the card says 8,930 t."""
    machines = exactly(30.84e6 * 0.7, "kWh")
    emitted = carbon(with_pue(machines, "meta"), "us")
    assert emitted.value / 1000 == pytest.approx(8930, rel=0.1)
    assert emitted.low < 8_930_000 < emitted.high


def test_the_same_energy_emits_as_its_region_does() -> None:
    assert carbon(exactly(100.0, "kWh"), "Iceland").value == pytest.approx(2.8)


def test_a_halls_overhead_is_counted_once() -> None:
    once = with_pue(exactly(100.0, "kWh"), "average-site")
    assert once.value == pytest.approx(154)
    with pytest.warns(PueTwiceWarning, match="counted already"):
        again = with_pue(once)
    assert again == once


def test_water_is_refused_where_a_hall_publishes_none() -> None:
    assert water(exactly(1000.0, "kWh"), "microsoft").value == pytest.approx(300)
    with pytest.raises(RefusedError, match="not published"):
        water(exactly(1000.0, "kWh"), "gpu-hall")


def test_making_a_device_weighs_what_its_maker_prints() -> None:
    """NVIDIA's summaries for boards of eight: 1,312 kg (H100) and 2,274 kg (B200)."""
    assert embodied(accelerator("h100"), 8760, lifetime_h=8760).value * 8 == pytest.approx(1312)
    assert embodied(accelerator("b200"), 8760, lifetime_h=8760).value * 8 == pytest.approx(2274, rel=1e-3)
    with pytest.raises(RefusedError, match="not published"):
        embodied(accelerator("rtx-4090"), 1)


def test_an_unknown_region_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean"):
        carbon(exactly(1.0, "kWh"), "uss")


def test_ecologits_formulas_give_its_figures() -> None:
    """At a batch of 64 and 100 billion active parameters, by hand: 1.17e-4 * e^-0.7168 + 4.05e-5 Wh."""
    assert joules_per_output_token(100) == pytest.approx(3600 * (1.17e-4 * 0.48832 + 4.05e-5), rel=1e-4)
    assert seconds_per_output_token(100) == pytest.approx(0.0678 + 0.019968 + 0.0194)
