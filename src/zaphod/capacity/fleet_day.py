"""A day of the fleet that a plan asks for: quiet nights, broken replicas, an autoscaler; simulates elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from zaphod.capacity.cost.carbon import with_pue
from zaphod.capacity.cost.power import device_power, host_power
from zaphod.capacity.estimate import Estimate, exactly, within
from zaphod.capacity.memory.precisions import weight_bytes
from zaphod.capacity.plan import Plan
from zaphod.capacity.report.content import Day, Figure, Panel
from zaphod.capacity.simulation.arrivals import DayCurve
from zaphod.capacity.simulation.fleet import FleetResult, simulate_fleet
from zaphod.capacity.simulation.options import Autoscaler, Failures, FleetOptions, cold_start_s
from zaphod.capacity.simulation.service import fleet_of
from zaphod.capacity.simulation.serving import saturation
from zaphod.capacity.timing.run import Reliability
from zaphod.core.progress import Progress

PEAK_TO_MEAN = 2.0
"""Of people with an open session, over a day; public services in one time zone see 2 to 3."""
STORAGE_BANDWIDTH = 2e9
"""Bytes a second that one replica loads its weights with."""
_TAIL_ERROR = 0.25
"""Of the tails of times, beside the step model's own error: what simulated schedulers were off by (planning.md)."""
_FULLEST = 0.9
"""Share of what a replica can keep up with that an autoscaler may aim at."""
_HEADROOM = 1.3
"""Replicas that the autoscaler may start at most, over the plan's."""


def simulate_day(plan: Plan, progress: Progress | None = None, state_file: Path | None = None) -> Day:
    """The plan's users are there at the busiest minute; the rest of the day has fewer, and fewer replicas.

    Interrupted, it goes on from `state_file`.

    Raises:
        CapacityError: the model does not fit.
    """
    options = fleet_options(plan)
    return day_of(plan, options, simulate_fleet(options, progress, state_file))


def fleet_options(plan: Plan) -> FleetOptions:
    """What is simulated of a plan."""
    replica, most = plan.replica, plan.running.num_replicas
    always = fleet_of(plan)
    # The load that the plan gives a replica, as a share of the most that it can keep up with at any latency.
    target = plan.service.requests_per_s.value / saturation(always.serving, always.lengths, plan.workload.cached_share)
    return dataclasses.replace(
        always,
        num_replicas=max(round(most / PEAK_TO_MEAN), 1),
        day=DayCurve(peak_to_mean=PEAK_TO_MEAN),
        autoscaler=Autoscaler(
            min_replicas=min(2, most),
            max_replicas=max(round(most * _HEADROOM), 2),
            target_utilisation=min(target, _FULLEST),
            start_s=cold_start_s(weight_bytes(replica.shape, replica.precision), STORAGE_BANDWIDTH),
        ),
        failures=Failures(mean_time_between_h=Reliability().device_mtbf_h / replica.num_devices),
    )


def day_of(plan: Plan, options: FleetOptions, result: FleetResult) -> Day:
    """As the report tells it."""
    assert options.autoscaler is not None
    limits = plan.workload
    return Day(
        time_s=[float(time) for time in result.times_s],
        panels=(
            Panel(
                title="Replicas",
                unit="",
                lines=tuple((name, result.series[name].tolist()) for name in ("ready", "starting", "broken")),
                limit=("planned", float(plan.running.num_replicas)),
            ),
            Panel(
                title="People and requests",
                unit="",
                lines=tuple((name.replace("_", " "), result.series[name].tolist()) for name in _CROWDS),
            ),
        ),
        figures=_figures(plan, result),
        told=(
            f"{limits.users:,} people at the busiest minute, {1 / PEAK_TO_MEAN:.0%} of that on average; Poisson.",
            f"An autoscaler holds replicas at {options.autoscaler.target_utilisation:.0%} of what they can keep up "
            "with, the plan's load, and one spare; a start takes "
            f"{options.autoscaler.start_s:.0f} s (weights at 2 GB/s, then a minute).",
            f"A device breaks every {Reliability().device_mtbf_h:,.0f} h (arXiv 2407.21783); "
            "a replica is back after 15 min.",
            f"{result.num_followed:,} requests were followed one by one in {len(result.window_times_s)} windows.",
        ),
    )


_CROWDS = ("sessions", "in_flight", "decoding")


def _figures(plan: Plan, result: FleetResult) -> tuple[Figure, ...]:
    def time(key: str, name: str, value: float) -> Figure:
        return Figure(key=key, name=name, group="A day", estimate=within(value, _TAIL_ERROR, "s", "step simulation"))

    def count(key: str, name: str, value: float, unit: str) -> Figure:
        return Figure(key=key, name=name, group="A day", estimate=exactly(value, unit, "counted in the simulation"))

    used = result.device_s / 3600
    each_hour = plan.running.cost_per_hour.scaled(1 / plan.num_devices, "USD/h")
    return (
        time("day_ttft_p50_s", "first token, 50 of 100 within", result.ttft_s.p50),
        time("day_ttft_p95_s", "first token, 95 of 100 within", result.ttft_s.p95),
        time("day_ttft_p99_s", "first token, 99 of 100 within", result.ttft_s.p99),
        time("day_itl_p99_s", "between two tokens, 99 of 100 within", result.itl_s.p99),
        time("day_e2e_p95_s", "whole answer, 95 of 100 within", result.e2e_s.p95),
        count("day_sessions", "sessions open at the peak", result.peak.sessions_open, "sessions"),
        count("day_in_flight", "requests in flight at the peak", result.peak.requests_in_flight, "requests"),
        count("day_decoding", "streams decoding at the peak", result.peak.streams_decoding, "streams"),
        count("day_requests", "requests", result.num_requests, "requests"),
        count("day_output_tokens", "output tokens", result.num_output_tokens, "tokens"),
        count("day_interrupted", "requests that lost their replica", result.num_interrupted, "requests"),
        count("day_device_hours", "device hours", used, "h"),
        Figure(key="day_cost", name="cost", group="A day", estimate=each_hour.scaled(used, "USD", "device hours paid")),
        Figure(key="day_energy_kwh", name="energy at the wall", group="A day", estimate=_energy_kwh(plan, result)),
    )


def _energy_kwh(plan: Plan, result: FleetResult) -> Estimate:
    """Busy devices as planned; idle ones, starting ones and broken ones at what a device takes without work."""
    device = plan.replica.accelerator
    own, host = device_power(device, memory_share=0.0, flop_share=0.0), host_power(device)
    idle = with_pue(
        Estimate(
            value=own.value + host.value,
            low=own.low + host.low,
            high=own.high + host.high,
            unit="W",
            basis=(*own.basis, *host.basis),
        ),
        plan.hall,
    )
    busy = plan.running.power_w.scaled(1 / plan.num_devices, "W")
    busy_h = result.busy_device_s / 3.6e6
    idle_h = (result.idle_device_s + result.starting_device_s) / 3.6e6
    return Estimate(
        value=busy.value * busy_h + idle.value * idle_h,
        low=busy.low * busy_h + idle.low * idle_h,
        high=busy.high * busy_h + idle.high * idle_h,
        unit="kWh",
        basis=(*busy.basis, "without work a device takes the base of F14", "PUE is in both"),
    )
