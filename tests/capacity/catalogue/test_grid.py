from __future__ import annotations

from collections import Counter

import pytest

from zaphod.capacity.catalogue.grid import facilities, facility, grid, grids
from zaphod.core.errors import ConfigError


def test_regions_are_found_by_title_alias_and_code() -> None:
    assert grid("France") == grid("fr") == grid("FRA")


def test_no_two_regions_answer_to_one_name() -> None:
    names = Counter(name.lower() for row in grids().values() for name in {row.name, row.title, *row.aliases})
    assert max(names.values()) == 1, names.most_common(2)


def test_hydropower_is_cleaner_than_coal() -> None:
    assert grid("Norway").g_per_kwh < grid("world").g_per_kwh < grid("South Africa").g_per_kwh


def test_every_hall_adds_something_and_names_its_source() -> None:
    assert all(row.pue > 1 and "http" in row.source.text for row in facilities().values())
    assert facility("average-site").pue > facility("gpu-hall").pue > facility("google").pue


@pytest.mark.parametrize(("ask", "nearest"), [(grid, "france"), (facility, "gpu-hal")])
def test_what_is_not_known_is_refused(ask: object, nearest: str) -> None:
    with pytest.raises(ConfigError, match="There is no"):
        ask(nearest + "x")  # type: ignore[operator]
