"""From a question to a plan: the cheapest layout that keeps the service level, and what it takes; prints nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from zaphod.capacity.buying import buying
from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.catalogue.grid import facility, grid
from zaphod.capacity.catalogue.prices import Kind
from zaphod.capacity.cost.carbon import carbon, with_pue
from zaphod.capacity.cost.energy import device_share_power, kilowatt_hours
from zaphod.capacity.cost.money import cost_per_hour, cost_per_million_tokens, price
from zaphod.capacity.estimate import Estimate, product
from zaphod.capacity.memory.inference import memory_use
from zaphod.capacity.plan import Plan, Running, Service
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.reading import read_shape
from zaphod.capacity.simulation.service import service_of
from zaphod.capacity.timing.closed_loop import Loop, closed_loop
from zaphod.capacity.timing.prefill import prefill_time
from zaphod.capacity.timing.search import search
from zaphod.capacity.workload import Workload
from zaphod.core.errors import CapacityError, ConfigError

BUSY_SHARE = 0.7
"""Of a replica's throughput that is planned for: near 1 queues grow without bound (F13)."""
_MORE, _MAX_TRIES = 1.5, 3
"""Factor on the number of replicas while first tokens come too late, and how often."""


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What somebody wants to know."""

    model: str
    """A preset, a known model, a `config.json`, a folder or a file of weights."""
    gpu: str
    workload: Workload = field(default_factory=Workload)
    num_devices: int | None = None
    """Of one replica; the cheapest that keep the service level unless given."""
    precision: str | None = None
    kv_precision: str | None = None
    engine: str | None = None
    region: str = "world"
    hall: str = "gpu-hall"
    """For the PUE."""
    price_kind: Kind = "on_demand"
    price_per_hour: float | None = None
    """US dollars an hour of one device, instead of the catalogue's band."""
    num_spare: int = 1
    """Replicas beyond the need."""

    def __post_init__(self) -> None:
        if self.num_devices is not None and self.num_devices < 1:
            raise ConfigError(f"num_devices is {self.num_devices}.", "A replica has 1 or more.", "Raise it.")
        if self.num_spare < 0:
            raise ConfigError(f"num_spare is {self.num_spare}.", "It must be 0 or more.", "Raise it.")


def plan(request: PlanRequest) -> Plan:
    """The plan.

    Raises:
        ConfigError: the request contradicts itself, or names what is not known.
        CapacityError: the model fits no layout of so many devices.
        RefusedError: nothing that was measured is near enough.
    """
    grid(request.region), facility(request.hall)  # a wrong name is told before anything is searched
    shape, device = read_shape(request.model), accelerator(request.gpu)
    workload = request.workload
    _check_context(shape.context_length, workload)
    each_hour = price(device, kind=request.price_kind, given=request.price_per_hour)
    found = search(
        shape,
        device,
        workload,
        precision=request.precision,
        kv_precision=request.kv_precision,
        engine=request.engine,
        num_devices=request.num_devices,
    )
    replica, cycle_s = found.best, _cycle(found.loop, workload)
    num_busy, service = _loaded(replica, found.loop, workload, workload.users / cycle_s.value)
    loop = closed_loop(
        replica,
        concurrency=service.concurrency,
        prompt_tokens=workload.prompt_tokens,
        output_tokens=workload.output_tokens,
        cached_share=workload.cached_share,
    )
    num_replicas = num_busy + request.num_spare
    return Plan(
        workload=workload,
        replica=replica,
        memory=memory_use(replica),
        service=service,
        running=_running(replica, loop, num_replicas, each_hour, request, _demand(workload, cycle_s)),
        concurrent=_concurrent(workload, loop, cycle_s),
        considered=found.considered,
        assumptions=_assumptions(request, num_replicas),
        region=request.region,
        hall=request.hall,
    )


def _check_context(longest: int, workload: Workload) -> None:
    if workload.tokens_per_request > longest:
        raise ConfigError(
            f"A request has {workload.tokens_per_request} tokens, prompt and answer together.",
            f"The model was made for {longest}.",
            "Shorten the prompt or the answer.",
        )


def _cycle(loop: Loop, workload: Workload) -> Estimate:
    """Seconds between two requests of one person: the answer, and thinking about it."""
    answer = loop.e2e_s
    return Estimate(
        value=answer.value + workload.think_s,
        low=answer.low + workload.think_s,
        high=answer.high + workload.think_s,
        unit="s",
        basis=answer.basis,
    )


def _loaded(replica: Replica, loop: Loop, workload: Workload, requests_per_s: float) -> tuple[int, Service]:
    """F13: replicas without the spare ones, at `BUSY_SHARE` of the throughput, or less where first tokens come late."""
    alone = prefill_time(replica, prompt_tokens=_fresh(workload), cached_tokens=0)
    if alone.value > workload.max_ttft_s:
        raise CapacityError(
            f"Reading a prompt of {_fresh(workload)} tokens takes {alone.value:.2g} s when nobody else asks.",
            f"The first token is wanted within {workload.max_ttft_s:g} s.",
            "Shorten the prompt, allow more time, or take more or faster devices.",
        )
    num_busy = math.ceil(requests_per_s / (loop.requests_per_s.value * BUSY_SHARE))
    for _ in range(_MAX_TRIES):
        service = service_of(replica, workload, requests_per_s / num_busy)
        if service.ttft_p95_s.value <= workload.max_ttft_s:
            return num_busy, service
        num_busy = math.ceil(num_busy * _MORE)
    raise CapacityError(
        f"95 of 100 first tokens come within {service.ttft_p95_s.value:.2g} s, even on {num_busy} replicas.",
        f"Wanted are {workload.max_ttft_s:g} s.",
        "Shorten the prompt, allow more time, or take more devices for each replica.",
    )


def _fresh(workload: Workload) -> int:
    """Tokens of a prompt that the prefix cache does not hold."""
    return max(round(workload.prompt_tokens * (1 - workload.cached_share)), 1)


def _demand(workload: Workload, cycle_s: Estimate) -> Estimate:
    """Output tokens a second that all users ask for together."""
    return cycle_s.inverse(workload.users * workload.output_tokens, "tok/s", "Little's law")


def _running(
    replica: Replica, loop: Loop, num_replicas: int, each_hour: Estimate, request: PlanRequest, demand: Estimate
) -> Running:
    """What all replicas take together, at the load of all users."""
    num_devices = num_replicas * replica.num_devices
    power = with_pue(device_share_power(replica, loop), request.hall).scaled(
        num_devices, "W", f"{num_devices} devices with their hosts"
    )
    hour = cost_per_hour(each_hour, num_devices)
    kwh = kilowatt_hours(power, 1.0)
    emitted = carbon(kwh, request.region)
    per_token_s = demand.inverse(1.0, "s")
    per_million = demand.inverse(1e6 / 3600, "h/M tokens")
    return Running(
        num_replicas=num_replicas,
        power_w=power,
        joules_per_output_token=product(power, per_token_s, "J/token", "all devices over all output tokens"),
        cost_per_hour=hour,
        cost_per_million_output_tokens=cost_per_million_tokens(hour, demand),
        co2_kg_per_hour=emitted.scaled(1, "kg/h"),
        co2_g_per_million_output_tokens=product(emitted, per_million, "g/M tokens").scaled(1000, "g/M tokens"),
        break_even_months=buying(replica.accelerator, num_devices, hour, power),
    )


def _concurrent(workload: Workload, loop: Loop, cycle_s: Estimate) -> Mapping[str, Estimate]:
    """A concurrent user in three senses."""
    users = float(workload.users)
    in_flight = _share_of(users, loop.e2e_s, workload.think_s, "requests")
    gaps = loop.itl_s.scaled(max(workload.output_tokens - 1, 1), "s")
    rest = workload.think_s + loop.ttft_s.value
    return {
        "sessions open": Estimate(value=users, low=users, high=users, unit="sessions", basis=("given",)),
        "requests in flight": in_flight,
        "streams decoding": _share_of(users, gaps, rest, "streams"),
    }


def _share_of(users: float, busy_s: Estimate, rest_s: float, unit: str) -> Estimate:
    def share(busy: float) -> float:
        return users * busy / (busy + rest_s)

    return Estimate(
        value=share(busy_s.value),
        low=share(busy_s.low),
        high=share(busy_s.high),
        unit=unit,
        basis=(*busy_s.basis, "Little's law: users x time busy / time of a whole cycle"),
    )


def _assumptions(request: PlanRequest, num_replicas: int) -> tuple[str, ...]:
    workload = request.workload
    return (
        f"{workload.users:,} people have a session open; each sends a request, reads the answer to its end and thinks "
        f"for {workload.think_s:g} s on average.",
        f"A request has {workload.prompt_tokens} tokens and its answer {workload.output_tokens}, on average; "
        f"{workload.cached_share:.0%} of each prompt is found in the prefix cache.",
        f"Replicas are loaded to {BUSY_SHARE:.0%} of their throughput; {request.num_spare} of {num_replicas} is spare.",
        "All replicas run all the time: no hour of the day is quieter (simulate a day to see what scaling saves).",
        "Emissions are location-based; making the hardware is not in them.",
        "Prices are dated bands of rentals, not offers; storage, network and people are not in them.",
    )
