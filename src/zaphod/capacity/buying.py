"""When buying the devices of a plan beats renting them (F15); knows no models."""

from __future__ import annotations

import math

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.cost.money import HOURS_PER_MONTH, Ownership, break_even_months, prices
from zaphod.capacity.estimate import Estimate, RefusedError

_WHOLE_NODE = 1.3
"""A node over its devices: host, network, racks; 310,000 over 8 x 30,000 dollars (docs/claims.md, 87)."""
_UPKEEP = 0.10
"""Of what was paid, a year: space, people, repair. A judgement."""
_DOLLARS_PER_KWH = 0.10
_INTEREST, _RESALE = 0.05, 0.10
_LONGEST_MONTHS = 120.0


def buying(device: Accelerator, num_devices: int, rent_per_hour: Estimate, power_w: Estimate) -> Estimate | None:
    """Months after which owning has cost less than renting the same, all of the time.

    Args:
        device: what is bought.
        num_devices: how many of them.
        rent_per_hour: US dollars for all of them.
        power_w: of all of them at the wall.

    Returns:
        None where no purchase price is known, or at these rents owning never pays back.
    """
    try:
        capex = prices(device, "purchase").as_estimate.scaled(num_devices * _WHOLE_NODE, "USD")
    except RefusedError:
        return None

    def months(capex: float, rent: float) -> float:
        opex = power_w.value / 1000 * HOURS_PER_MONTH * _DOLLARS_PER_KWH + capex * _UPKEEP / 12
        owned = Ownership(capex=capex, opex_per_month=opex, resale_share=_RESALE, interest=_INTEREST)
        return min(break_even_months(owned, rent * HOURS_PER_MONTH), _LONGEST_MONTHS)

    likely = months(capex.value, rent_per_hour.value)
    if math.isclose(likely, _LONGEST_MONTHS):
        return None
    return Estimate(
        value=likely,
        low=min(likely, months(capex.low, rent_per_hour.high)),
        high=max(likely, months(capex.high, rent_per_hour.low)),
        unit="months",
        basis=(
            *capex.basis,
            f"F15: a node costs {_WHOLE_NODE:g} times its devices; {_UPKEEP:.0%} a year for space, people and repair; "
            f"{_DOLLARS_PER_KWH:g} USD a kWh; {_INTEREST:.0%} interest, {_RESALE:.0%} resale; used all of the time; "
            f"at most {_LONGEST_MONTHS:g} months are told",
        ),
    )
