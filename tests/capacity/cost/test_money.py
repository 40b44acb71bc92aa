from __future__ import annotations

import math

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.cost.money import (
    Ownership,
    TokenPrices,
    break_even_months,
    cost_per_hour,
    cost_per_million_tokens,
    price,
    prices,
    token_prices,
)
from zaphod.capacity.estimate import RefusedError, exactly
from zaphod.core.errors import ConfigError

NODE = Ownership(capex=310_000, opex_per_month=3_500)


def test_deepseeks_day_costs_what_deepseek_prints() -> None:
    """226.75 nodes of 8 H800 at 2 dollars: 87,072 (open-infra-index, 2025-02-27)."""
    an_hour = cost_per_hour(price(accelerator("h800"), given=2.0), 1814)
    assert an_hour.value * 24 == pytest.approx(87072)


def test_a_million_tokens_cost_an_hours_price_over_an_hours_tokens() -> None:
    cost = cost_per_million_tokens(exactly(16.0, "USD/h"), exactly(4000.0, "tok/s"))
    assert cost.value == pytest.approx(16 / (4000 * 3600) * 1e6)


def split(**changes: float) -> TokenPrices:
    given = {"prompt_share": 0.2, "prompt_tokens": 1000, "output_tokens": 200, "cached_share": 0.5, **changes}
    return token_prices(exactly(36.0, "USD/h"), requests_per_s=exactly(2.0, "req/s"), **given)


def test_prices_of_input_and_output_pay_for_all_of_the_time() -> None:
    one = split()
    paid = 500 * one.input.value + 500 * one.cached_input.value + 200 * one.output.value
    assert paid / 1e6 == pytest.approx(36.0 / 3600 / 2)


def test_a_cached_token_costs_a_tenth_of_a_fresh_one() -> None:
    assert split().cached_input.value == pytest.approx(split().input.value / 10)


@pytest.mark.parametrize("changes", [{"prompt_share": 0.0}, {"cached_share": 1.0}, {"output_tokens": 0}])
def test_a_request_that_cannot_be_is_not_priced(changes: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="Shares"):
        split(**changes)


@pytest.mark.parametrize(
    ("rent_per_month", "months"),
    [(70_560, 4.6), (39_629, 8.6), (36_000, 9.5), (43_200, 7.8), (21_600, 17.1), (28_800, 12.3), (22_651, 16.2)],
)
def test_breaking_even_is_capital_over_what_is_saved(rent_per_month: float, months: float) -> None:
    assert break_even_months(NODE, rent_per_month) == pytest.approx(months, abs=0.06)


def test_what_is_never_cheaper_never_breaks_even() -> None:
    assert break_even_months(NODE, 3_500) == math.inf
    expensive = Ownership(capex=310_000, opex_per_month=0, interest=0.5)
    assert break_even_months(expensive, 1_000) == math.inf


def test_interest_puts_the_day_off_and_resale_brings_it_nearer() -> None:
    plain = break_even_months(NODE, 20_000)
    with_interest = Ownership(capex=310_000, opex_per_month=3_500, interest=0.08)
    with_resale = Ownership(capex=310_000, opex_per_month=3_500, resale_share=0.2)
    assert break_even_months(with_resale, 20_000) == pytest.approx(0.8 * plain)
    later = break_even_months(with_interest, 20_000)
    assert later > plain
    assert with_interest.cost_after(later) == pytest.approx(20_000 * later)


def test_an_hour_of_what_stands_idle_half_the_time_costs_twice() -> None:
    assert NODE.cost_per_used_hour(0.5) == pytest.approx(2 * NODE.cost_per_used_hour(1.0))


def test_a_price_that_was_given_is_exact() -> None:
    own = price(accelerator("l40s"), given=1.5)
    assert own.low == own.high == 1.5


def test_without_any_source_the_planner_refuses() -> None:
    with pytest.raises(RefusedError, match="--price"):
        prices(accelerator("gb300"))


@pytest.mark.parametrize("given", [0.0, -1.0, math.inf, math.nan])
def test_an_impossible_price_is_refused(given: float) -> None:
    with pytest.raises(ConfigError, match="above 0"):
        price(accelerator("h100"), given=given)


def test_a_band_of_the_market_holds_both_ends() -> None:
    band = prices(accelerator("H100-SXM-80GB")).as_estimate
    assert band.low < 2.0 < band.value < 3.5 < 6.8 < band.high
