import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.refinement.values import agrees, is_comparable, parse_value, restyled


@pytest.mark.parametrize(
    ("claimed", "known"),
    [
        ("1,234", "1234"),
        ("5 km", "5000 m"),
        ("21 November 2026", "2026-11-21"),
        ("November 21, 2026", "2026-11-21"),
        ("21st of Nov 2026", "2026-11-21"),
        ("November 2026", "2026-11-21"),
        ("2026", "2026-11-21"),
        ("3.14", "3.14159"),
        ("about 1,300", "1,296"),
        ("the Chilean  peso", "Chilean Peso"),
        ("051", "51"),
    ],
)
def test_two_spellings_of_one_value_agree(claimed, known):
    assert agrees(parse_value(claimed), parse_value(known))


@pytest.mark.parametrize(
    ("claimed", "known"),
    [
        ("840", "841"),
        ("1,300", "1,296"),
        ("3.15", "3.14159"),
        ("5 km", "5 m"),
        ("2025", "2026-11-21"),
        ("20 November 2026", "2026-11-21"),
        ("1989", "12"),
        ("Peso", "Chilean Peso"),
        ("about 9", "8"),
    ],
)
def test_two_values_do_not_agree(claimed, known):
    assert not agrees(parse_value(claimed), parse_value(known))


@pytest.mark.parametrize(
    ("claimed", "known"), [("5 km", "5 kg"), ("a few", "12"), ("2026-11-21", "12"), ("Peso", "2026-11-21")]
)
def test_values_of_different_kinds_say_nothing_of_each_other(claimed, known):
    assert not is_comparable(parse_value(claimed), parse_value(known))


@pytest.mark.parametrize(
    ("known", "like", "spelt"),
    [
        ("2026-11-21", "3 May 1999", "21 November 2026"),
        ("2026-11-21", "May 3rd, 1999", "November 21, 2026"),
        ("2026-11-21", "Mar 1999", "Nov 2026"),
        ("2026-11-21", "1999-01-01", "2026-11-21"),
        ("2026-11-21", "1999", "2026"),
        ("1234567", "9,999", "1,234,567"),
        ("5000 m", "3 km", "5 km"),
        ("051", "840", "051"),
        ("Chilean Peso", "the Euro", "the Chilean Peso"),
        ("96", "about 50", "96"),
    ],
)
def test_a_value_is_spelt_as_the_one_that_it_replaces(known, like, spelt):
    assert restyled(known, like) == spelt


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_value_that_agrees_with_itself(first, second):
    assert agrees(parse_value(first), parse_value(first))
    restyled(first, second)


NUMBERS = st.decimals(-(10**9), 10**9, places=2) | st.integers(-(10**9), 10**9)


@given(NUMBERS, NUMBERS)
def test_a_restyled_number_keeps_its_value(known, like):
    spelt = restyled(str(known), f"{like:,}")
    assert agrees(parse_value(str(known)), parse_value(spelt))
