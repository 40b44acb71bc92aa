"""From energy to emissions and water, by region and hall; knows no devices but their making.

Location-based: what the power stations of a region emit, whatever certificates were bought. Market-based figures would
be an extra line beside it.
"""

from __future__ import annotations

import warnings

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.catalogue.grid import Facility, facility, grid, makings
from zaphod.capacity.estimate import Estimate, RefusedError, product, within

_GRID_ERROR = 0.15
"""How far a site's or a year's factor lies from a country's mean of 2023, at most, in 80 of 100 cases; a judgement: the
factors of most countries fall by a few per cent a year."""
_MAKING_ERROR = 0.3
"""Of a product's footprint; a judgement: it rests on averages of suppliers."""


class PueTwiceWarning(UserWarning):
    """A hall's overhead was about to be counted a second time."""


def with_pue(power_or_energy: Estimate, hall: str | Facility = "gpu-hall") -> Estimate:
    """What the whole hall takes for machines that take so much. Where that is in already, warns and changes nothing.

    Raises:
        ConfigError: the hall is unknown.
    """
    where = facility(hall) if isinstance(hall, str) else hall
    before = [sentence for sentence in power_or_energy.basis if sentence.startswith("PUE ")]
    if before:
        warnings.warn(f"{before[0]} is counted already; it was not applied again.", PueTwiceWarning, stacklevel=2)
        return power_or_energy
    overhead = Estimate(value=where.pue, low=where.low, high=where.high, unit="")
    sentence = f"PUE {where.pue:g}: {where.title} ({where.source.text})"
    return product(power_or_energy, overhead, power_or_energy.unit, sentence)


def carbon(energy_kwh: Estimate, region: str = "world") -> Estimate:
    """Kilograms of CO2 equivalent that the power stations of a region emit for so many kilowatt hours.

    Raises:
        ConfigError: the region is unknown.
    """
    where = grid(region)
    factor = within(where.g_per_kwh / 1000, _GRID_ERROR, "kg/kWh")
    sentence = f"{where.title}: {where.g_per_kwh:g} g/kWh, mean of {where.year}, location-based ({where.source.text})"
    return product(energy_kwh, factor, "kg", sentence)


def water(energy_kwh: Estimate, hall: str) -> Estimate:
    """Litres that the hall itself uses for so many kilowatt hours of its machines, PUE not included.

    Raises:
        ConfigError: the hall is unknown.
        RefusedError: it publishes no such figure.
    """
    where = facility(hall)
    if where.water_l_per_kwh is None:
        raise RefusedError(
            f"How much water {where.title} uses is not published.",
            "Halls differ by more than a factor of ten.",
            "Name a hall with a published figure (aws, microsoft), or leave water out.",
        )
    return energy_kwh.scaled(where.water_l_per_kwh, "L", f"{where.water_l_per_kwh:g} L/kWh: {where.source.text}")


def embodied(accelerator: Accelerator, hours: float, lifetime_h: float = 4 * 8760.0) -> Estimate:
    """Kilograms of CO2 equivalent from making one device, for so many hours of its life; hosts are not included.

    Raises:
        RefusedError: nothing was published for the part.
    """
    if accelerator.name not in makings():
        raise RefusedError(
            f"What making {accelerator.title} emits is not published.",
            f"Known are {', '.join(makings())}.",
            "Leave it out: beside the electricity of a busy device it is small.",
        )
    made = makings()[accelerator.name]
    whole = within(made.kg, _MAKING_ERROR, "kg", made.source.text)
    return whole.scaled(hours / lifetime_h, "kg", f"over {lifetime_h:.0f} h")
