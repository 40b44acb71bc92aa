"""Figures as people read them."""

from __future__ import annotations

import pytest

from zaphod.capacity.estimate import Estimate, exactly
from zaphod.capacity.report.words import told


@pytest.mark.parametrize(
    ("unit", "value", "low", "high", "words", "interval"),
    [
        ("s", 0.0304, 0.02, 0.041, "30.4 ms", "20.0 to 41.0"),
        ("W", 2345.0, 2100.0, 2600.0, "2.35 kW", "2.10 to 2.60"),
        ("J/token", 0.27, 0.2, 0.4, "270 mJ/token", "200 to 400"),
        ("kg/h", 1250.0, 1000.0, 2000.0, "1.25 t/h", "1.00 to 2.00"),
        ("bytes", 85.5e9, 80e9, 90e9, "85.5 GB", "80.0 to 90.0"),
        ("USD/h", 55.04, 30.0, 98.3, "$55.04 an hour", "$30.00 to $98.30"),
        ("USD/1M tokens", 0.0321, 0.02, 0.05, "$0.032 a million tokens", "$0.02 to $0.05"),
        ("USD", 1.2e6, 1.0e6, 2e6, "$1.2 M", "$1 M to $2 M"),
        ("tokens/s", 14898.0, 12000.0, 18000.0, "14,900 tokens/s", "12,000 to 18,000"),
    ],
)
def test_value_and_interval_stand_on_one_scale(
    unit: str, value: float, low: float, high: float, words: str, interval: str
) -> None:
    assert told(Estimate(value=value, low=low, high=high, unit=unit))[:2] == (words, interval)


def test_what_is_exact_has_all_its_digits_and_no_interval() -> None:
    assert told(exactly(315_684_820_992, "parameters"))[:2] == ("315,684,820,992 parameters", "")
    assert told(exactly(8, "devices"))[:2] == ("8 devices", "")
    assert told(exactly(0, "W"))[:2] == ("0 W", "")


def test_an_interval_that_only_rounding_hides_is_left_out() -> None:
    assert told(Estimate(value=1.0, low=0.99999, high=1.00001, unit="s")).interval == ""


def test_the_amount_leaves_out_what_it_is_divided_by() -> None:
    assert told(exactly(2400, "USD/h")).amount == "$2,400"
    assert told(exactly(490, "g/1M tokens")).amount == "490 g"
