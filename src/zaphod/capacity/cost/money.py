"""What devices cost an hour, what tokens cost of that, and when buying beats renting (F15); knows no models."""

from __future__ import annotations

import math
from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.catalogue.prices import Kind, PriceBand, price_bands, unpriced
from zaphod.capacity.estimate import Estimate, RefusedError, exactly, product
from zaphod.core.errors import ConfigError

HOURS_PER_MONTH = 730.0
"""8,760 / 12."""


def prices(accelerator: Accelerator, kind: Kind = "on_demand") -> PriceBand:
    """The band of that kind.

    Raises:
        RefusedError: none could be sourced; says which kinds there are.
    """
    name = f"{accelerator.name}/{kind}"
    if name in price_bands():
        return price_bands()[name]
    others = [band.kind for band in price_bands().values() if band.accelerator == accelerator.name]
    reason = unpriced()[accelerator.name].reason if accelerator.name in unpriced() else "That kind was not found."
    raise RefusedError(
        f"There is no {kind.replace('_', ' ')} price of {accelerator.title}.",
        f"{reason} Known kinds: {', '.join(others) or 'none'}.",
        "Give your own price (--price).",
    )


def price(accelerator: Accelerator, *, kind: Kind = "on_demand", given: float | None = None) -> Estimate:
    """US dollars for an hour of one device.

    Args:
        accelerator: the device.
        kind: how it is paid for.
        given: the user's own price, which then counts as exact.

    Raises:
        ConfigError: the given price is not above 0.
        RefusedError: no price is given and none could be sourced.
    """
    if given is None:
        return prices(accelerator, kind).as_estimate
    if not (math.isfinite(given) and given > 0):
        raise ConfigError(f"The price is {given}.", "It must be above 0.", "Give US dollars an hour of one device.")
    return exactly(given, "USD/h", f"price given: {given:g} USD an hour of one device")


def cost_per_hour(price: Estimate, num_devices: int) -> Estimate:
    """US dollars an hour of so many devices, used or not."""
    return price.scaled(num_devices, "USD/h", f"{num_devices} devices")


def cost_per_million_tokens(per_hour: Estimate, tokens_per_s: Estimate) -> Estimate:
    """F15: US dollars for a million tokens when all cost is laid on them.

    Raises:
        ConfigError: no tokens are made.
    """
    if not tokens_per_s.low > 0:
        raise ConfigError(f"{tokens_per_s.low} tokens a second.", "A price of nothing is not defined.", "Add load.")
    share = tokens_per_s.inverse(1e6 / 3600, "h/M tokens")
    return product(per_hour, share, "USD/M tokens", "F15: all cost laid on these tokens")


@dataclass(frozen=True, kw_only=True)
class TokenPrices:
    """US dollars for a million tokens of each kind; together they pay for all of the time."""

    input: Estimate
    cached_input: Estimate
    output: Estimate


def token_prices(
    per_hour: Estimate,
    *,
    requests_per_s: Estimate,
    prompt_share: float,
    prompt_tokens: float,
    output_tokens: float,
    cached_share: float = 0.0,
    cached_price: float = 0.1,
) -> TokenPrices:
    """F15, split by device time: prompts pay for being read, answers for being decoded.

    Args:
        per_hour: of the replica.
        requests_per_s: that it serves.
        prompt_share: of its time that reading prompts adds (`Loop.prompt_share`).
        prompt_tokens: of one request, cached ones included.
        output_tokens: of one request.
        cached_share: of the prompt, found in the cache.
        cached_price: what a cached token pays of a fresh one's price; those tokens take memory and no multiplication.

    Raises:
        ConfigError: a count or a share is out of range.
    """
    if not (0 < prompt_share < 1 and 0 <= cached_share < 1 and min(prompt_tokens, output_tokens, cached_price) > 0):
        raise ConfigError(
            f"Shares of {prompt_share} (time for prompts) and {cached_share} (cached), {prompt_tokens} and "
            f"{output_tokens} tokens, cached tokens at {cached_price}.",
            "Shares lie between 0 and 1; a request has a prompt and an answer; a cached token costs something.",
            "Change them.",
        )
    request = product(per_hour, requests_per_s.inverse(1 / 3600, "h"), "USD")
    weighted = prompt_tokens * (1 - cached_share + cached_share * cached_price)
    fresh = request.scaled(prompt_share / weighted * 1e6, "USD/M tokens", "F15: the time that prompts take")
    return TokenPrices(
        input=fresh,
        cached_input=fresh.scaled(cached_price, fresh.unit, f"a cached token counts {cached_price:g}"),
        output=request.scaled(
            (1 - prompt_share) / output_tokens * 1e6, "USD/M tokens", "F15: the time that decoding takes"
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Hardware of one's own."""

    capex: float
    """US dollars, once."""
    opex_per_month: float
    """Electricity, space, people, repair."""
    lifetime_months: float = 48.0
    resale_share: float = 0.0
    """Of the capex, got back at the end."""
    interest: float = 0.0
    """A year, on the money that is bound."""

    def __post_init__(self) -> None:
        if self.capex <= 0 or self.opex_per_month < 0 or self.lifetime_months <= 0:
            raise ConfigError("capex and lifetime must be above 0, opex not below.", "", "Mend the figures.")
        if not (0 <= self.resale_share < 1 and 0 <= self.interest < 1):
            raise ConfigError("resale_share and interest lie in [0, 1).", "", "Give shares, not per cent.")

    def cost_after(self, months: float) -> float:
        """US dollars spent by then: capex with interest, and opex."""
        growth = math.pow(1 + self.interest, months / 12)
        return self.capex * (growth - self.resale_share) + self.opex_per_month * months

    @property
    def cost_per_month(self) -> float:
        """Spread over the lifetime."""
        return self.cost_after(self.lifetime_months) / self.lifetime_months

    def cost_per_used_hour(self, utilisation: float) -> float:
        """US dollars for each hour in which it works. Raises `ConfigError` where the utilisation is not in (0, 1]."""
        if not 0 < utilisation <= 1:
            raise ConfigError(f"utilisation is {utilisation}.", "It lies in (0, 1].", "Give a share.")
        return self.cost_per_month / (HOURS_PER_MONTH * utilisation)


def break_even_months(owned: Ownership, rent_per_month: float) -> float:
    """F15: months after which what was bought has cost less than renting the same; infinite where it never does.

    Without interest it is `capex (1 - resale) / (rent - opex)`. Rent is for the hours that are used: at half the
    utilisation half the rent is paid, while what is owned costs the same.
    """
    saved = rent_per_month - owned.opex_per_month
    if saved <= 0:
        return math.inf
    months = owned.capex * (1 - owned.resale_share) / saved
    if not owned.interest:
        return months
    # The difference is convex in time: it falls below 0 once at most before interest outgrows what is saved.
    high = months
    while owned.cost_after(high) > rent_per_month * high:
        high *= 1.25
        if high > 1200:
            return math.inf
    low = months
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if owned.cost_after(middle) > rent_per_month * middle else (low, middle)
    return high
