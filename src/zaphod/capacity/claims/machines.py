"""How fast, how hungry and how dear machines are, as claims ask for it (F3, F4, F8, F9, F14, F15); judges nothing."""

from __future__ import annotations

from collections.abc import Sequence

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.catalogue.prices import Kind
from zaphod.capacity.claims.models import replica_of
from zaphod.capacity.claims.registry import named
from zaphod.capacity.cost.carbon import carbon
from zaphod.capacity.cost.money import HOURS_PER_MONTH, Ownership, break_even_months, prices
from zaphod.capacity.cost.power import device_power, node_power_w
from zaphod.capacity.estimate import Estimate, exactly
from zaphod.capacity.shapes.reading import read_shape
from zaphod.capacity.timing.decode import decode_step
from zaphod.capacity.timing.prefill import prefill_time


@named
def decode_rate(model: str, device: str, devices: int, precision_name: str, batch: int, context: int) -> Estimate:
    """F8: tokens a second of all streams."""
    step = decode_step(replica_of(model, device, devices, precision_name), batch=batch, context=context)
    return step.inverse(batch, "tok/s")


@named
def answer_time(
    model: str, device: str, devices: int, precision_name: str, batch: int, context: int, tokens: int
) -> Estimate:
    """F8: seconds of an answer, its prompt left out."""
    step = decode_step(replica_of(model, device, devices, precision_name), batch=batch, context=context)
    return step.scaled(tokens, "s")


@named
def prompt_time(model: str, device: str, devices: int, precision_name: str, tokens: int) -> Estimate:
    """F9: seconds."""
    return prefill_time(replica_of(model, device, devices, precision_name), prompt_tokens=tokens)


@named
def prompt_rate(model: str, device: str, devices: int, precision_name: str, tokens: int) -> Estimate:
    """F9: tokens a second of each device."""
    seconds = prefill_time(replica_of(model, device, devices, precision_name), prompt_tokens=tokens)
    return seconds.inverse(tokens / devices, "tok/s")


@named
def quicker(model: str, device: str, devices: int, precision_name: str, batch: int, context: int) -> float:
    """F8: how many times faster a step is than in bfloat16, memory aside, to a tenth."""
    steps = [
        decode_step(replica_of(model, device, devices, name), batch=batch, context=context).value
        for name in ("bf16", precision_name)
    ]
    return round(steps[0] / steps[1], 1)


@named
def attention_speed_up(model: str, tokens: int, factor: float) -> float:
    """F3, Amdahl: of a whole prompt, where attention's own operations alone become so many times faster."""
    shape = read_shape(model)
    whole = shape.forward_flops(1, tokens / 2)
    share = 1 - shape.forward_flops(1, 0) / whole
    return 1 / (1 - share + share / factor)


@named
def roofline_time(active_parameters: float, tokens: int, device: str, devices: int, share: float) -> float:
    """F3: seconds of a prompt at a share of the dense peak in bfloat16, attention left out."""
    return 2 * active_parameters * tokens / (devices * accelerator(device).peak("bf16") * share)


@named
def bits_per_parameter(size_bytes: float, parameters: float) -> float:
    """F6: what a size leaves for each."""
    return size_bytes * 8 / parameters


@named
def cluster_flops(device: str, devices: float, number_format: str = "bf16", share: float = 1.0) -> float:
    """Dense operations a second."""
    return accelerator(device).peak(number_format) * devices * share


@named
def network_bytes(device: str, devices: float) -> float:
    """Bytes a second that all devices can send, one direction."""
    return accelerator(device).network_bandwidth * devices


@named
def run_flops(parameters: float, tokens: float) -> float:
    """F3: 6 N D, attention left out."""
    return 6 * parameters * tokens


@named
def model_flops(model: str, tokens: float) -> float:
    """F3: 6 N D of a model's active parameters, attention left out."""
    return 3 * read_shape(model).forward_flops(1, 0) * tokens


@named
def run_seconds(flops: float, device: str, devices: float, share: float) -> float:
    """F4 without faults."""
    return flops / (accelerator(device).peak("bf16") * devices * share)


@named
def run_cost(flops: float, device: str, devices: float, share: float, price: float) -> float:
    """F4 and F15: US dollars at a price for each device's hour."""
    seconds = flops / (accelerator(device).peak("bf16") * devices * share)
    return seconds / 3600 * devices * price


@named
def node_power(device: str, device_w: float) -> Estimate:
    """F14: watts of a node whose devices take so much each."""
    return node_power_w(accelerator(device), exactly(device_w, "W"))


@named
def serving_power(device: str, memory_share: float, flop_share: float) -> Estimate:
    """F14: watts of one device."""
    return device_power(accelerator(device), memory_share=memory_share, flop_share=flop_share)


@named
def grams(kilowatt_hours: float, region: str, pue: float = 1.0) -> float:
    """Location-based."""
    return carbon(exactly(kilowatt_hours * pue, "kWh"), region).value * 1000


@named
def rent(device: str, devices: int, hours: float = 1.0, kind: Kind = "on_demand", end: str = "typical") -> float:
    """F15: US dollars of the catalogue's band: its low, typical or high end."""
    figure = prices(accelerator(device), kind).as_estimate
    return {"low": figure.low, "typical": figure.value, "high": figure.high}[end] * devices * hours


@named
def rent_band(device: str, devices: int, kind: Kind = "on_demand") -> Estimate:
    """F15: the whole band."""
    figure = prices(accelerator(device), kind).as_estimate
    return figure.scaled(devices, figure.unit)


@named
def payback_months(capex: float, opex_per_month: float, rent_per_month: float) -> float:
    """F15."""
    return break_even_months(Ownership(capex=capex, opex_per_month=opex_per_month), rent_per_month)


@named
def electricity(power_w: Sequence[float], price_per_kwh: float, pue: Sequence[float]) -> Estimate:
    """US dollars a month, from the least to the most."""
    least, most = (
        power / 1000 * HOURS_PER_MONTH * price_per_kwh * overhead
        for power, overhead in ((min(power_w), min(pue)), (max(power_w), max(pue)))
    )
    return Estimate(value=(least + most) / 2, low=least, high=most, unit="USD")
