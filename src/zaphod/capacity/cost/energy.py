"""Energy of serving: watts of a replica at its load, joules of each output token; knows no prices and no grids.

Device figures leave hosts and halls out, as measured tables do; `device_share_power` adds the host, `carbon.with_pue`
the hall.
"""

from __future__ import annotations

from zaphod.capacity.cost.power import device_power, host_power
from zaphod.capacity.estimate import Estimate, product
from zaphod.capacity.memory.precisions import precision
from zaphod.capacity.replica import Replica
from zaphod.capacity.timing.closed_loop import Loop

JOULES_PER_KWH = 3.6e6


def busy_shares(replica: Replica, loop: Loop) -> tuple[float, float]:
    """Shares of a device's memory bandwidth and of its dense peak that decoding uses.

    The peak is that of the format which the large matrices are multiplied in. What prompts add is left out, as it was
    where F14 was fitted: its constants hold the mean of it.
    """
    accelerator = replica.accelerator
    step_s = loop.step_s.value
    memory = loop.parts.touched_bytes / (accelerator.bandwidth * step_s)
    flops = loop.parts.flops / (accelerator.peak(precision(replica.precision).number_format) * step_s)
    return min(1.0, memory), min(1.0, flops)


def serving_power(replica: Replica, loop: Loop) -> Estimate:
    """Mean watts of all devices of a replica, hosts aside (F14)."""
    one = _power_of_one(replica, loop)
    return one.scaled(replica.num_devices, "W", f"{replica.num_devices} devices")


def joules_per_output_token(replica: Replica, loop: Loop) -> Estimate:
    """Of all devices of a replica, hosts and hall aside: what ML.ENERGY and others print."""
    per_token_s = loop.output_tokens_per_s.inverse(1.0, "s")
    return product(serving_power(replica, loop), per_token_s, "J/token")


def device_share_power(replica: Replica, loop: Loop) -> Estimate:
    """Mean watts of one device with its share of the host, before the hall's overhead."""
    one = _power_of_one(replica, loop)
    host = host_power(replica.accelerator)
    return Estimate(
        value=one.value + host.value,
        low=one.low + host.low,
        high=one.high + host.high,
        unit="W",
        basis=(*one.basis, *host.basis),
    )


def _power_of_one(replica: Replica, loop: Loop) -> Estimate:
    memory, flops = busy_shares(replica, loop)
    return device_power(replica.accelerator, memory_share=memory, flop_share=flops, sequences=loop.running)


def kilowatt_hours(power_w: Estimate, hours: float) -> Estimate:
    """Energy of so many watts over so many hours."""
    return power_w.scaled(hours / 1000, "kWh")
