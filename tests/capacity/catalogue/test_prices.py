from __future__ import annotations

import datetime

import pytest

from zaphod.capacity.catalogue.accelerators import accelerators
from zaphod.capacity.catalogue.prices import PriceBand, price_bands, unpriced
from zaphod.capacity.catalogue.sources import Source
from zaphod.core.errors import ConfigError

TODAY = Source(text="a test", date=datetime.date(2026, 1, 1))


@pytest.mark.parametrize("name", sorted(accelerators()))
def test_every_device_has_a_price_or_is_said_to_have_none(name: str) -> None:
    priced = {band.accelerator for band in price_bands().values()}
    assert (name in priced) != (name in unpriced())


@pytest.mark.parametrize("name", sorted(price_bands()))
def test_every_price_is_of_a_known_device_and_names_its_source(name: str) -> None:
    band = price_bands()[name]
    assert band.accelerator in accelerators()
    assert "http" in band.source.text
    assert band.source.date <= datetime.date.today()


def test_a_single_listing_becomes_a_wide_band() -> None:
    figure = PriceBand(name="x/spot", typical=3.0, source=TODAY).as_estimate
    assert (figure.low, figure.value, figure.high) == (2.0, 3.0, 4.5)


def test_a_band_out_of_order_is_refused() -> None:
    with pytest.raises(ConfigError, match="out of order"):
        PriceBand(name="x/spot", low=2.0, typical=1.0, high=3.0, source=TODAY)


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigError, match="no known kind"):
        PriceBand(name="x/barter", typical=1.0, source=TODAY)
