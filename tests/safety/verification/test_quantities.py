"""Quantities are exact, and a wrong or a missing unit is refused."""

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.quantities import UNITS, Dimension, interval, quantity


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("5 N", Dimension.FORCE, "5"),
        ("12.5 mm", Dimension.LENGTH, "1/80"),
        ("150 g", Dimension.MASS, "3/20"),
        ("1e-3 kg", Dimension.MASS, "1/1000"),
        ("-2 m/s^2", Dimension.ACCELERATION, "-2"),
        ("0.1", Dimension.NUMBER, "1/10"),
        ("15 %", Dimension.NUMBER, "3/20"),
        (0.3, Dimension.NUMBER, "3/10"),
        ("2N/mm", Dimension.STIFFNESS, "2000"),
    ],
)
def test_numbers_are_what_was_written(text: object, dimension: Dimension, value: str) -> None:
    assert quantity(text, dimension, "it") == Fraction(value)


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("5 kg", Dimension.FORCE),
        ("5", Dimension.FORCE),
        (5, Dimension.FORCE),
        ("5 n", Dimension.FORCE),
        ("5 m", Dimension.TIME),
        ("nan N", Dimension.FORCE),
        ("inf N", Dimension.FORCE),
        ("1e999 N", Dimension.FORCE),
        ("", Dimension.FORCE),
        ("N", Dimension.FORCE),
        ("5 N N", Dimension.FORCE),
        ("5 %", Dimension.MASS),
        (True, Dimension.NUMBER),
        (None, Dimension.NUMBER),
        (float("nan"), Dimension.NUMBER),
        (float("inf"), Dimension.NUMBER),
        ("1" * 200 + " N", Dimension.FORCE),
        ("١ N", Dimension.FORCE),
    ],
    ids=repr,
)
def test_anything_else_is_refused_and_the_units_are_told(text: object, dimension: Dimension) -> None:
    with pytest.raises(ConfigError, match="it is"):
        quantity(text, dimension, "it")


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("150 g ± 10 %", "27/200", "33/200"),
        ("150 g +- 5 g", "29/200", "31/200"),
        (["80 g", "220 g"], "2/25", "11/50"),
        ("80 g", "2/25", "2/25"),
    ],
)
def test_ranges_have_exact_ends(value: object, low: str, high: str) -> None:
    assert interval(value, Dimension.MASS, "mass") == Interval(Fraction(low), Fraction(high))


@pytest.mark.parametrize("value", [["2 g", "1 g"], "1 g ± -1 g", "1 g ± 1 s", ["1 g"], [], "1 g ± 1 g ± 1 g", {}])
def test_an_empty_or_malformed_range_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="mass"):
        interval(value, Dimension.MASS, "mass")


@given(st.decimals(-(10**6), 10**6, places=6), st.sampled_from(sorted(UNITS)))
def test_every_unit_is_read_back(number: object, unit: str) -> None:
    worth, dimension = UNITS[unit]
    assert quantity(f"{number} {unit}", dimension, "it") == Fraction(str(number)) * worth


@given(st.text(max_size=30))
def test_any_text_is_a_quantity_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(quantity(text, Dimension.FORCE, "it"), Fraction)
