"""The fleet simulation against the step simulation, that against queueing theory, and a day of a million users.

    python -m benchmarks.planner_fleet match [--engine small] [--seeds 3]    fleets of 8 replicas, two minutes
    python -m benchmarks.planner_fleet queues                                closed forms
    python -m benchmarks.planner_fleet day                                   10^6 users

Every row of `match` is a fleet of 8 replicas for half an hour, simulated twice: as `simulate_fleet` does it, and step
by step with the same users (Poisson rows) or the same mean rate of a bursty stream (rows with cv). Figures are means
over seeds, each with its smallest and largest; the error is that of the means.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common import publish
from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.layout import Layout
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.reading import read_shape
from zaphod.capacity.simulation.arrivals import DayCurve, gamma_times
from zaphod.capacity.simulation.fleet import FleetResult, simulate_fleet
from zaphod.capacity.simulation.lengths import Lengths, lognormal
from zaphod.capacity.simulation.options import Autoscaler, Failures, FleetOptions
from zaphod.capacity.simulation.queueing import little, md1, mm1, mm1_sojourn_quantile, mmc
from zaphod.capacity.simulation.replica import simulate_replicas, simulate_users
from zaphod.capacity.simulation.requests import Quantiles, Served, quantiles
from zaphod.capacity.simulation.routing import Router
from zaphod.capacity.simulation.service import serving_of
from zaphod.capacity.simulation.serving import LinearCost, Serving, saturation, steady
from zaphod.capacity.workload import Workload
from zaphod.core.progress import ProgressLines

THINK_S = 30.0
LENGTH_S, WARM_S = 1800.0, 300.0
NUM_REPLICAS = 8

ENGINES = ("small", "large", "grok-1")


@functools.cache
def engine_of(name: str) -> tuple[Serving, Lengths]:
    """Two with simple costs, and Grok-1 in fp8 on 8 H100 with the planner's calibrated steps."""
    if name == "grok-1":
        lengths = lognormal(1024, 512)
        layout = Layout(tensor=8)
        replica = Replica(shape=read_shape("grok-1"), accelerator=accelerator("h100"), layout=layout, precision="fp8")
        return serving_of(replica, lengths), lengths
    return _SIMPLE[name]


_SIMPLE: dict[str, tuple[Serving, Lengths]] = {
    # A step of 14 ms and more, prompts of 4 times the answers.
    "small": (
        Serving(
            cost=LinearCost(fixed_s=0.014, sequence_s=1.2e-4, prefill_token_s=2e-5, context_token_s=1.2e-8),
            kv_tokens=1_000_000,
        ),
        lognormal(1024, 256),
    ),
    # A large mixture of experts: slow steps, small pieces of prompts, caches that fill.
    "large": (
        Serving(
            cost=LinearCost(fixed_s=0.028, sequence_s=3e-4, prefill_token_s=6e-5, context_token_s=4e-8),
            kv_tokens=250_000,
            max_batched_tokens=2048,
        ),
        lognormal(800, 300, prompt_cv=1.5),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fleet of 8."""

    engine: str
    utilisation: float
    router: Router = "random"
    cv: float = 1.0
    history_share: float = 0.0

    def __str__(self) -> str:
        extra = f", cv {self.cv:g}" if self.cv != 1 else ""
        return f"{self.router}, {self.utilisation:.0%}{extra}" + (", history" if self.history_share else "")


def cases(engine: str) -> list[Case]:
    """Loads, routers, bursts."""
    routers: tuple[Router, ...] = ("random", "two_choices", "least_loaded")
    plain = [Case(engine=engine, utilisation=0.3)]
    plain += [Case(engine=engine, utilisation=load, router=router) for load in (0.6, 0.8) for router in routers]
    bursts = [Case(engine=engine, utilisation=load, router="two_choices", cv=3.0) for load in (0.6, 0.8)]
    sticky = Case(engine=engine, utilisation=0.6, router="prefix_aware", history_share=0.5)
    return [*plain, *bursts, sticky]


def options_of(case: Case, seed: int) -> FleetOptions:
    """As many users as ask for the case's load."""
    serving, lengths = engine_of(case.engine)
    rate = case.utilisation * saturation(serving, lengths)
    users = round(NUM_REPLICAS * (rate * THINK_S + steady(serving, lengths, rate).running))
    return FleetOptions(
        serving=serving,
        lengths=lengths,
        workload=Workload(users=users, think_s=THINK_S),
        num_replicas=NUM_REPLICAS,
        router=case.router,
        arrival_cv=case.cv,
        history_share=case.history_share,
        duration_s=LENGTH_S,
        num_windows=24,
        seed=seed,
    )


def step_by_step(case: Case, options: FleetOptions, requests_per_s: float) -> Served:
    """The same fleet, every step of it."""
    shared: dict[str, Any] = {"num_replicas": NUM_REPLICAS, "router": case.router, "seed": options.seed}
    if case.cv == 1:
        served = simulate_users(
            options.serving,
            options.lengths,
            users=options.workload.users,
            think_s=THINK_S,
            duration_s=LENGTH_S,
            history_share=case.history_share,
            **shared,
        )
    else:
        random = np.random.default_rng(options.seed)
        arrivals = gamma_times(random, requests_per_s, LENGTH_S, case.cv)
        served = simulate_replicas(options.serving, options.lengths, arrivals, **shared)
    return served.between(WARM_S, LENGTH_S)


def _figures(ttft_s: Quantiles, e2e_s: Quantiles, rate: float, streams: float) -> dict[str, float]:
    return {
        "ttft_p50": ttft_s.p50,
        "ttft_p99": ttft_s.p99,
        "e2e_p50": e2e_s.p50,
        "e2e_p99": e2e_s.p99,
        "requests_per_s": rate,
        "streams": streams,
    }


def run_once(job: tuple[Case, int]) -> tuple[dict[str, float], dict[str, float], float, float]:
    """(step by step, fleet, seconds of each)."""
    case, seed = job
    options = options_of(case, seed)
    start_s = time.perf_counter()
    fleet: FleetResult = simulate_fleet(options)
    fleet_s = time.perf_counter() - start_s
    rate = fleet.num_requests / LENGTH_S
    exact = step_by_step(case, options, rate)
    exact_s = time.perf_counter() - start_s - fleet_s
    # Streams that decode, by Little's law over their own times.
    exact_rate = len(exact.arrival_s) / (LENGTH_S - WARM_S)
    streams = little(exact_rate, float((exact.end_s - exact.first_s).mean()))
    return (
        _figures(quantiles(exact.ttft_s), quantiles(exact.e2e_s), exact_rate, streams),
        _figures(fleet.ttft_s, fleet.e2e_s, rate, fleet.mean.streams_decoding),
        exact_s,
        fleet_s,
    )


def match(engine: str, num_seeds: int) -> None:
    """The table of one engine."""
    engine_of(engine)  # Read before the processes part, which then all have it.
    jobs = [(case, seed) for case in cases(engine) for seed in range(num_seeds)]
    with ProcessPoolExecutor(2) as pool:
        done = list(pool.map(run_once, jobs))
    rows, worst = [], {"p50": 0.0, "p99": 0.0, "streams": 0.0}
    for number, case in enumerate(cases(engine)):
        runs = done[number * num_seeds : (number + 1) * num_seeds]
        row: dict[str, Any] = {"case": str(case)}
        for name in runs[0][0]:
            exact, fleet = [run[0][name] for run in runs], [run[1][name] for run in runs]
            error = statistics.mean(fleet) / statistics.mean(exact) - 1
            row[name] = {"exact": exact, "fleet": fleet, "error": error}
            kind = name.rsplit("_", 1)[-1]
            if kind in worst:
                worst[kind] = max(worst[kind], abs(error))
        rows.append(row)
    names = ("ttft_p50", "ttft_p99", "e2e_p50", "e2e_p99", "streams")
    lines = ["| router, load | " + " | ".join(f"{name}: step by step → fleet" for name in names) + " |"]
    lines.append("|---" * (len(names) + 1) + "|")
    lines += [f"| {row['case']} | " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows]
    about = (
        f"\nLargest errors: {worst['p50']:.1%} of medians, {worst['p99']:.1%} of 99th percentiles (wanted: 5 %, 15 %), "
        f"{worst['streams']:.1%} of streams decoding. {num_seeds} seeds, {NUM_REPLICAS} replicas, {LENGTH_S:g} s; "
        f"step by step {statistics.mean(run[2] for run in done):.1f} s a run, "
        f"fleet {statistics.mean(run[3] for run in done):.1f} s. Seconds, mean [smallest, largest]."
    )
    publish(f"planner_fleet_{engine.replace('-', '')}", {"worst": worst, "rows": rows}, "\n".join(lines) + "\n" + about)


def _cell(figure: dict[str, Any]) -> str:
    sides = []
    for side in ("exact", "fleet"):
        values = figure[side]
        sides.append(f"{statistics.mean(values):.4g} [{min(values):.4g}, {max(values):.4g}]")
    return f"{sides[0]} → {sides[1]} ({figure['error']:+.1%})"


QUEUES = ("M/M/1", "M/D/1", "M/M/4")
_SERVICE_STEPS = 100


def queue_once(job: tuple[str, float, int]) -> tuple[float, float]:
    """Mean and 95th percentile of the time in a queue of this kind and load, service of a second on average."""
    name, load, seed = job
    geometric = np.random.default_rng(0).geometric(1 / _SERVICE_STEPS, 1 << 17)
    constant = np.array([_SERVICE_STEPS])
    output = constant if name == "M/D/1" else geometric
    slots = 4 if name == "M/M/4" else 1
    engine = Serving(cost=LinearCost(fixed_s=1 / _SERVICE_STEPS), kv_tokens=1 << 24, max_sequences=slots)
    arrivals = gamma_times(np.random.default_rng(seed), load * slots, 40_000 / slots)
    lengths = Lengths(prompt=np.ones_like(output), output=output)
    served = simulate_replicas(engine, lengths, arrivals, seed=seed).between(500, 39_000 / slots)
    return float(served.e2e_s.mean()), float(np.quantile(served.e2e_s, 0.95))


def queues() -> None:
    """One replica in the limits in which its time to answer has a closed form."""
    kinds = [(name, load) for load in (0.3, 0.6, 0.8) for name in QUEUES]
    with ProcessPoolExecutor(2) as pool:
        done = list(pool.map(queue_once, [(*kind, seed) for kind in kinds for seed in range(5)]))
    rows: list[dict[str, Any]] = []
    for number, (name, load) in enumerate(kinds):
        runs = done[5 * number : 5 * number + 5]
        exact = {"M/M/1": mm1(load, 1.0), "M/D/1": md1(load, 1.0), "M/M/4": mmc(4 * load, 1.0, 4)}[name].sojourn_s
        tail = f"{mm1_sojourn_quantile(load, 1.0, 0.95):.3f}" if name == "M/M/1" else "–"
        means, tails = [run[0] for run in runs], [run[1] for run in runs]
        rows.append(
            {"queue": name, "load": load, "exact_s": exact, "simulated_s": means, "p95_s": tails, "exact_p95": tail}
        )
    lines = [
        "| queue | load | mean in system, exact | simulated [range of 5 seeds] | error | p95 exact | p95 simulated |"
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for row in rows:
        mean = statistics.mean(row["simulated_s"])
        lines.append(
            f"| {row['queue']} | {row['load']:.0%} | {row['exact_s']:.3f} s | {mean:.3f} s "
            f"[{min(row['simulated_s']):.3f}, {max(row['simulated_s']):.3f}] | {mean / row['exact_s'] - 1:+.1%} | "
            f"{row['exact_p95']} | {statistics.mean(row['p95_s']):.3f} |"
        )
    publish("planner_fleet_queues", {"rows": rows}, "\n".join(lines))


def day() -> None:
    """10^6 users of Grok-1 at the busiest hour, with hours, failures and an autoscaler."""
    serving, lengths = engine_of("grok-1")
    users = 1_000_000
    rate = 0.7 * saturation(serving, lengths)
    per_replica = rate * 60 + steady(serving, lengths, rate).running
    most = int(users / per_replica * 1.15)
    options = FleetOptions(
        serving=serving,
        lengths=lengths,
        workload=Workload(users=users, think_s=60.0),
        num_replicas=most // 2,
        devices_per_replica=8,
        day=DayCurve(peak_to_mean=2.0),
        failures=Failures(mean_time_between_h=500.0),
        autoscaler=Autoscaler(min_replicas=most // 8, max_replicas=most, start_s=240.0),
    )
    start_s = time.perf_counter()
    result = simulate_fleet(options, ProgressLines())
    seconds = time.perf_counter() - start_s
    full = simulate_fleet_without_scaling(options)
    rows = [
        (
            "replicas at most, at least, mean",
            f"{result.series['ready'].max():,.0f}, {result.series['ready'].min():,.0f}, "
            f"{result.series['ready'].mean():,.0f}",
        ),
        ("sessions open, mean and peak", f"{result.mean.sessions_open:,.0f}, {result.peak.sessions_open:,.0f}"),
        ("requests in flight", f"{result.mean.requests_in_flight:,.0f}, {result.peak.requests_in_flight:,.0f}"),
        ("streams decoding", f"{result.mean.streams_decoding:,.0f}, {result.peak.streams_decoding:,.0f}"),
        ("requests", f"{result.num_requests:,.0f}, {result.num_followed:,} of them followed one by one"),
        (
            "first token p50, p95, p99",
            ", ".join(f"{1000 * getattr(result.ttft_s, q):.0f} ms" for q in ("p50", "p95", "p99")),
        ),
        ("end to end p50, p95, p99", ", ".join(f"{getattr(result.e2e_s, q):.1f} s" for q in ("p50", "p95", "p99"))),
        ("failures, requests that began again", f"{result.num_failures}, {result.num_interrupted:,.0f}"),
        (
            "device hours, of those of a fleet that never shrinks",
            f"{result.device_s / 3600:,.0f}, {result.device_s / full:.0%}",
        ),
        ("time of the simulation", f"{seconds:.0f} s"),
    ]
    lines = ["| | |", "|---|---|"] + [f"| {name} | {value} |" for name, value in rows]
    publish("planner_fleet_day", {"seconds": seconds, "rows": dict(rows)}, "\n".join(lines))


def simulate_fleet_without_scaling(options: FleetOptions) -> float:
    """Device seconds of as many replicas as the autoscaler may start, all day."""
    return options.most_replicas * options.devices_per_replica * options.duration_s


def main() -> None:
    """One of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("match", "queues", "day"))
    parser.add_argument("--engine", choices=ENGINES, default="small")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    if asked.part == "match":
        match(asked.engine, asked.seeds)
    elif asked.part == "queues":
        queues()
    else:
        day()


if __name__ == "__main__":
    main()
