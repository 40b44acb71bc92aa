from __future__ import annotations

import pytest

from zaphod.capacity.estimate import Estimate, RefusedError, exactly
from zaphod.capacity.validation.units import in_unit


@pytest.mark.parametrize(
    ("unit", "wanted", "value"),
    [
        ("s", "ms", 1000),
        ("s", "", 1),
        ("B", "GiB", 2**-30),
        ("B", "GB", 1e-9),
        ("tok/s", "tok/s/GPU", 1),
        ("tok/s", "tokens/min", 60),
        ("tok/s", "tokens per second", 1),
        ("J/token", "Wh/token", 1 / 3600),
        ("J/token", "kWh/1M tokens", 1 / 3.6),
        ("W", "kW per GPU", 1e-3),
        ("kg", "tCO2e", 1e-3),
        ("J", "MWh", 1 / 3.6e9),
        ("GPU-h", "GPU-hours", 1),
        ("GPU-h", "M GPU-h", 1e-6),
        ("USD", "USD/day", 1),
        ("tokens", "tokens", 1),
    ],
)
def test_figures_take_the_unit_of_the_table(unit: str, wanted: str, value: float) -> None:
    assert in_unit(exactly(1.0, unit), wanted).value == pytest.approx(value)


def test_intervals_are_turned_with_the_figure() -> None:
    found = in_unit(Estimate(value=2, low=1, high=3, unit="s"), "ms")
    assert (found.low, found.high) == (1000, 3000)


@pytest.mark.parametrize(("unit", "wanted"), [("s", "GB"), ("W", "furlong"), ("tok/s", "req/s"), ("J/token", "W")])
def test_another_kind_of_unit_is_refused(unit: str, wanted: str) -> None:
    with pytest.raises(RefusedError, match=wanted):
        in_unit(exactly(1.0, unit), wanted)
