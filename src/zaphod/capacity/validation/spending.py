"""Predictors of what running takes: watts, joules, emissions, dollars, of serving and of training; knows no tables.

Figures are of the devices alone unless the row says node, system, wall or PUE, as measured tables have them. Model
cards of training runs count hours times the devices' limit times the hall's overhead: rows of emissions are read so.
"""

from __future__ import annotations

import re

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.catalogue.grid import facilities, grids
from zaphod.capacity.cost.carbon import carbon, with_pue
from zaphod.capacity.cost.energy import joules_per_output_token, serving_power
from zaphod.capacity.cost.money import cost_per_hour, cost_per_million_tokens, price
from zaphod.capacity.cost.power import host_power, training_power
from zaphod.capacity.estimate import Estimate, RefusedError, exactly, product
from zaphod.capacity.validation import serving, training
from zaphod.capacity.validation.hardware_names import find_accelerator
from zaphod.capacity.validation.points import Point

_TRAINED = re.compile(r"train|tuning|olmo-core|megatron|nemo|titan|foundry|fsdp|deepspeed|pre-?train", re.I)
_WHOLE = re.compile(r"node|system|server|wall|total|all_gpu|cluster|replica", re.I)
_HOSTED = re.compile(r"node|system|server|wall|whole", re.I)
_DEVICE_HOURS = re.compile(
    r"([0-9][0-9,]*(?:\.[0-9]+)?)\s*(k|m|million|thousand)?\s*"
    r"(?:(?:[a-z]+\d+\w*|gpu|accelerator|device|sxm|pcie)[- ])*h(?:ours?|rs?)?\b",
    re.I,
)
_ENERGY = re.compile(r"([0-9][0-9,]*(?:\.[0-9]+)?)\s*([kMG])Wh\b")
_KILOWATTS = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(kW|W)\b")
_PRICE = re.compile(r"(?:\$\s*|at_|@\s*)([0-9]+(?:\.[0-9]+)?)\s*(?:usd)?[ _]?(?:/|per[ _])(?:gpu[ _-]?)?h", re.I)
_DAY_H = 24.0
_MONTH_H = 730.0


def is_training(point: Point) -> bool:
    """Whether a row speaks of a training run, and not of a server."""
    said = f"{point.id} {point.category} {point.metric} {point.framework}"
    return bool(point.tokens_total or _TRAINED.search(said))


def watts(point: Point) -> Estimate:
    """Mean power: of one device, or of all where metric or unit say so or where no single one could take as much."""
    if is_training(point):
        device = find_accelerator(point.hardware)
        each, count = training_power(device), point.n_gpus or 1
    else:
        assumed, loop = serving.loop_of(point)
        device, count = assumed.replica.accelerator, assumed.replica.num_devices
        each = serving_power(assumed.replica, loop).scaled(1 / count, "W", *assumed.assumptions)
    if _HOSTED.search(point.metric):
        each = _with_host(each, device)
    return each.scaled(count, "W") if _is_of_all(point, device) else each


def _is_of_all(point: Point, device: Accelerator) -> bool:
    text = f"{point.metric} {point.unit}"
    if re.search(r"per[_ /]?(gpu|device)|/gpu|mean_gpu|gpu_mean", text, re.I):
        return False
    # What exceeds a device's limit by far cannot be of one device: the row counts them all.
    power_w = (point.measured or 0.0) * {"kw": 1e3, "mw": 1e6}.get(point.unit.lower().split("/")[0].strip(), 1.0)
    return bool(_WHOLE.search(point.metric)) or power_w > 1.2 * device.power_w


def joules_per_token(point: Point) -> Estimate:
    """Of all devices for each output token; with the hosts where the metric says so."""
    assumed, loop = serving.loop_of(point)
    found = joules_per_output_token(assumed.replica, loop)
    if _HOSTED.search(point.metric):
        device = assumed.replica.accelerator
        hosts = host_power(device).scaled(assumed.replica.num_devices / loop.output_tokens_per_s.value, "J/token")
        found = _sum(found, hosts, "J/token")
    return found.scaled(1.0, "J/token", *assumed.assumptions)


def tokens_per_joule(point: Point) -> Estimate:
    """Output tokens for each joule of all devices."""
    return joules_per_token(point).inverse(1.0, "tok/J")


def joules_per_request(point: Point) -> Estimate:
    """Of all devices for one whole request."""
    return joules_per_token(point).scaled(point.osl or serving.OUTPUT_TOKENS, "J")


def run_energy(point: Point) -> Estimate:
    """Joules of a training run: device hours from the row's notes, or predicted, times mean power in training."""
    device = find_accelerator(point.hardware)
    each = training_power(device)
    if _HOSTED.search(f"{point.metric} {point.notes}"):
        each = _with_host(each, device)
    energy = product(_hours(point), each.scaled(3600, "J/h"), "J")
    counted = re.search(r"\bPUE\b", point.notes) and "whether PUE" not in point.notes
    return with_pue(energy, _hall(point)) if counted else energy


def emissions(point: Point) -> Estimate:
    """Kilograms of CO2 equivalent, location-based: hours x limit x PUE x region, as model cards count them.

    Energy that the notes state is taken as it stands.
    """
    if (used := _ENERGY.search(point.notes)) is not None:
        kwh = float(used[1].replace(",", "")) * {"k": 1.0, "M": 1e3, "G": 1e6}[used[2]]
        return carbon(exactly(kwh, "kWh", "energy as the row's notes say"), _region(point))
    device = find_accelerator(point.hardware)
    stated = _KILOWATTS.search(point.notes)
    if stated and 0.02 <= float(stated[1]) * (1.0 if stated[2] == "kW" else 1e-3) <= 3:
        each_kw = exactly(float(stated[1]) * (1.0 if stated[2] == "kW" else 1e-3), "kW", "power as the row's notes say")
    else:
        limit_kw = device.power_w / 1000
        each_kw = Estimate(value=limit_kw, low=0.85 * limit_kw, high=limit_kw, unit="kW", basis=("the devices' limit",))
    energy_kwh = product(_hours(point), each_kw, "kWh")
    return carbon(with_pue(energy_kwh, _hall(point)), _region(point))


def dollars(point: Point) -> Estimate:
    """A day, an hour, a month or a run of so many devices, or a million tokens; at the price that the row names."""
    text = f"{point.metric} {point.unit} {point.notes}".replace("usd", "USD")
    device = find_accelerator(point.hardware)
    named = _PRICE.search(text.lower())
    each_hour = price(device, given=float(named[1]) if named else None)
    if re.search(r"tok", f"{point.metric} {point.unit}", re.I):
        assumed, loop = serving.loop_of(point)
        per_hour = cost_per_hour(each_hour, assumed.replica.num_devices)
        return cost_per_million_tokens(per_hour, loop.output_tokens_per_s).scaled(1.0, "USD")
    hours = _period_h(point)
    if hours is None:
        return product(_hours(point), each_hour, "USD")
    if not point.n_gpus:
        raise RefusedError("The row does not say how many devices are paid for.", "", "Give n_gpus.")
    return cost_per_hour(each_hour, point.n_gpus).scaled(hours, "USD", f"{hours:g} h")


def _period_h(point: Point) -> float | None:
    text = f"{point.metric} {point.unit}".lower()
    for pattern, hours in ((r"day", _DAY_H), (r"month", _MONTH_H), (r"year", 8760.0)):
        if re.search(pattern, text):
            return hours
    return 1.0 if re.search(r"per_h|/h\b|hourly", text) else None


def _hours(point: Point) -> Estimate:
    """Device hours that the notes or the metric state, else those that a run of so many tokens takes."""
    for number, factor in _DEVICE_HOURS.findall(point.notes):
        hours = float(number.replace(",", "")) * {"k": 1e3, "t": 1e3, "m": 1e6}.get(factor.lower()[:1], 1.0)
        if hours >= 1000:
            return exactly(hours, "GPU-h", "device hours as the row's notes say")
    if not point.tokens_total:
        raise RefusedError(
            "The row states neither device hours nor tokens.",
            "The energy of a run follows from its hours.",
            "Give tokens_total, or the device hours in the notes.",
        )
    return training.device_hours(point)


def _region(point: Point) -> str:
    """A region that the notes or the framework name; the United States, where most such runs were, for none."""
    text = f"{point.framework} {point.notes} {point.hardware}".lower()
    named = [row.name for row in grids().values() if re.search(rf"\b{re.escape(row.title.lower())}\b", text)]
    return named[0] if named else "us"


def _hall(point: Point) -> str:
    """The hall of whoever the row names; Llama models were trained in Meta's."""
    text = f"{point.framework} {point.notes} {point.source_url}".lower()
    if point.model.lower().startswith("llama"):
        text += " meta"
    named = [row.name for row in facilities().values() if re.search(rf"\b{re.escape(row.name)}\b", text)]
    return named[0] if named else "gpu-hall"


def _with_host(each: Estimate, device: Accelerator) -> Estimate:
    return _sum(each, host_power(device), "W")


def _sum(first: Estimate, second: Estimate, unit: str) -> Estimate:
    return Estimate(
        value=first.value + second.value,
        low=first.low + second.low,
        high=first.high + second.high,
        unit=unit,
        basis=(*first.basis, *second.basis),
    )
