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
_PROMPT_FLOP_SHARE = 0.4
"""Of the peak, while prompts are read: between what MFU published prefills of large models reach (0.25 to 0.55)."""


def busy_shares(replica: Replica, loop: Loop) -> tuple[float, float]:
    """Shares of a device's memory bandwidth and of its dense peak that are in use, means over time.

    The peak is that of the format which the large matrices are multiplied in.
    """
    accelerator = replica.accelerator
    peak = accelerator.peak(precision(replica.precision).number_format)
    step_s = loop.step_s.value
    decoding = 1 - loop.prompt_share
    memory = loop.parts.touched_bytes / (accelerator.bandwidth * step_s)
    flops = loop.parts.flops / (peak * step_s)
    return (
        min(1.0, memory),
        min(1.0, decoding * flops + loop.prompt_share * max(flops, _PROMPT_FLOP_SHARE)),
    )


def serving_power(replica: Replica, loop: Loop) -> Estimate:
    """Mean watts of all devices of a replica, hosts aside (F14)."""
    memory, flops = busy_shares(replica, loop)
    one = device_power(replica.accelerator, memory_share=memory, flop_share=flops)
    return one.scaled(replica.num_devices, "W", f"{replica.num_devices} devices")


def joules_per_output_token(replica: Replica, loop: Loop) -> Estimate:
    """Of all devices of a replica, hosts and hall aside: what ML.ENERGY and others print."""
    per_token_s = loop.output_tokens_per_s.inverse(1.0, "s")
    return product(serving_power(replica, loop), per_token_s, "J/token")


def device_share_power(replica: Replica, loop: Loop) -> Estimate:
    """Mean watts of one device with its share of the host, before the hall's overhead."""
    memory, flops = busy_shares(replica, loop)
    one = device_power(replica.accelerator, memory_share=memory, flop_share=flops)
    host = host_power(replica.accelerator)
    return Estimate(
        value=one.value + host.value,
        low=one.low + host.low,
        high=one.high + host.high,
        unit="W",
        basis=(*one.basis, *host.basis),
    )


def kilowatt_hours(power_w: Estimate, hours: float) -> Estimate:
    """Energy of so many watts over so many hours."""
    return power_w.scaled(hours / 1000, "kWh")
