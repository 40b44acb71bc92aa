"""The engine of a planned replica as the simulations need it, and the plan's service from them; knows no fleet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.estimate import Estimate, exactly
from zaphod.capacity.memory.inference import memory_use
from zaphod.capacity.plan import Plan, Service
from zaphod.capacity.replica import Replica
from zaphod.capacity.simulation.lengths import Lengths, lognormal
from zaphod.capacity.simulation.options import FleetOptions
from zaphod.capacity.simulation.requests import Quantiles
from zaphod.capacity.simulation.serving import Serving, TableCost, saturation
from zaphod.capacity.simulation.surrogate import LoadPoint, simulate_loads
from zaphod.capacity.timing.step import StepModel, Work
from zaphod.capacity.timing.uncertainty import decode_error, ttft_error
from zaphod.capacity.workload import Workload
from zaphod.core.errors import CapacityError

_UNIT_TOKENS = 16
_MOST_CELLS = 1 << 22
"""Of a table of step times: 16 MB. Where more would be needed, prompts are counted in larger units."""
_MOST_SEQUENCES = 1 << 14
_POINTS = 20
_REQUESTS, _LONGEST_S = 3000, 16.0
"""Of the simulation behind a plan: the 95th percentile rests on the longest 150."""
BUSIEST = 0.98
"""Of saturation: above it queues grow for longer than any simulation lasts."""


def serving_of(replica: Replica, lengths: Lengths, model: StepModel | None = None) -> Serving:
    """A replica's engine: its calibrated step times in a table, and what its caches and its scheduler take.

    A step may hold prompts beside sequences that decode; its time is the step model's for both together. Prompts see
    what the lengths' prompts see on average, so that a long one is a little too cheap and a short one too dear.

    Raises:
        CapacityError: the model does not fit.
        RefusedError: nothing was measured near enough.
    """
    model = model or StepModel(replica)
    most_tokens = replica.max_batched_tokens * replica.layout.data
    most = min(model.constants.max_sequences * replica.layout.data, most_tokens - 1)
    kv_tokens = memory_use(replica).kv_tokens
    most = max(min(most, kv_tokens // max(int(lengths.prompt.min() + 1), 1), _MOST_SEQUENCES), 1)
    return Serving(
        cost=_table(model, lengths, most, most_tokens),
        kv_tokens=kv_tokens,
        max_batched_tokens=most_tokens,
        max_sequences=most,
        request_s=model.constants.request_s,
    )


def _table(model: StepModel, lengths: Lengths, most: int, most_tokens: int) -> TableCost:
    stages, context = model.replica.layout.pipeline, lengths.mean_context
    seen = float((lengths.prompt**2).sum() / lengths.prompt.sum() / 2)
    sequences = _spaced(most)
    tokens = _spaced(most_tokens)
    grid = np.empty((len(sequences), len(tokens)))
    slope = np.zeros(len(sequences))
    for row, count in enumerate(sequences.tolist()):
        for column, prompt_tokens in enumerate(tokens.tolist()):
            work = Work(
                sequences=max(count / stages, 1.0) if count else 0.0,
                # There is no step without a token: that of one stands for it, so that rows can be interpolated.
                prompt_tokens=float(prompt_tokens) if count or prompt_tokens else 1.0,
                prompt_seen=seen,
                prompts=max(-(-prompt_tokens // max(int(lengths.mean_prompt), 1)), 0 if count else 1),
            )
            grid[row, column] = model.step(work).seconds
        if count:
            full = Work(sequences=max(count / stages, 1.0), context=context)
            slope[row] = max(model.step(full).seconds - grid[row, 0], 0.0) / (count * context)
    slope[0] = slope[1] if len(slope) > 1 else 0.0
    unit = _UNIT_TOKENS * max(-(-most_tokens * (most + 1) // (_UNIT_TOKENS * _MOST_CELLS)), 1)
    columns = np.arange(-(-most_tokens // unit) + 1) * unit
    wide = np.stack([np.interp(columns, tokens, row) for row in grid])
    rows = np.arange(most + 1)
    return TableCost(
        seconds_at=_rows_between(rows, sequences, wide).astype(np.float32),
        context_token_s=np.interp(rows, sequences, slope).astype(np.float32),
        tokens=unit,
    )


def _spaced(most: int) -> NDArray[np.int64]:
    """0, 1, and on to `most` by equal factors."""
    return np.unique(np.concatenate([[0], np.rint(np.geomspace(1, max(most, 1), _POINTS))])).astype(np.int64)


def _rows_between(
    rows: NDArray[np.int64], known: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    upper = np.clip(np.searchsorted(known, rows), 1, len(known) - 1)
    share = ((rows - known[upper - 1]) / (known[upper] - known[upper - 1]))[:, None]
    return np.asarray(values[upper - 1] * (1 - share) + values[upper] * share)


def service_of(replica: Replica, workload: Workload, requests_per_s: float, lengths: Lengths | None = None) -> Service:
    """What a replica gives at a load, with times to the first token from simulating its scheduler.

    Lengths vary as lognormal ones whose standard deviation is their mean, unless given. Intervals: the same simulation
    with every step faster and slower by the step model's error, and the error of first tokens under load.

    Raises:
        CapacityError: the load is more than the replica can keep up with.
        RefusedError: nothing was measured near enough.
    """
    model = StepModel(replica)
    lengths = lengths or lognormal(workload.prompt_tokens, workload.output_tokens)
    lengths = lengths.at_most(min(replica.shape.context_length, memory_use(replica).kv_tokens - 64))
    serving = serving_of(replica, lengths, model)
    most = saturation(serving, lengths, workload.cached_share)
    if not 0 < requests_per_s <= BUSIEST * most:
        raise CapacityError(
            f"{requests_per_s:.3g} requests a second for one replica.",
            f"It keeps up with {most:.3g}.",
            "Plan more replicas, or a lower load for each.",
        )
    error = decode_error(model, 1.0)
    likely, faster, slower = simulate_loads(
        serving,
        lengths,
        [(requests_per_s, 1.0), (requests_per_s, 1 / (1 + error)), (requests_per_s, 1 + error)],
        cached_share=workload.cached_share,
        num_requests=_REQUESTS,
        longest_s=_LONGEST_S,
    )
    first = ttft_error(model)
    rate = exactly(requests_per_s, "req/s", "the load that was asked for")
    return Service(
        concurrency=max(round(likely.running), 1),
        ttft_s=_between("ttft_s", "p50", likely, faster, slower, first),
        ttft_p95_s=_between("ttft_s", "p95", likely, faster, slower, first),
        itl_s=_between("itl_s", "mean", likely, faster, slower, error),
        output_tokens_per_s=rate.scaled(lengths.mean_output, "tok/s"),
        requests_per_s=rate,
    )


def _between(
    times: str, figure: str, likely: LoadPoint, faster: LoadPoint, slower: LoadPoint, error: float
) -> Estimate:
    """A simulated time with its interval: never narrower than a relative error."""

    def read(point: LoadPoint) -> float:
        each: Quantiles = getattr(point, times)
        return float(getattr(each, figure))

    value = read(likely)
    return Estimate(
        value=value,
        low=min(read(faster), value / (1 + error)),
        high=max(read(slower), value * (1 + error)),
        unit="s",
        basis=(f"simulated scheduler, {figure} at {likely.utilisation:.0%} of saturation, Poisson arrivals",),
    )


def fleet_of(plan: Plan, lengths: Lengths | None = None) -> FleetOptions:
    """The fleet that a plan describes: `dataclasses.replace` gives it hours, failures, an autoscaler, another router.

    Raises:
        RefusedError: nothing was measured near enough.
    """
    workload, replica = plan.workload, plan.replica
    lengths = lengths or lognormal(workload.prompt_tokens, workload.output_tokens)
    lengths = lengths.at_most(min(replica.shape.context_length, plan.memory.kv_tokens - 64))
    return FleetOptions(
        serving=serving_of(replica, lengths),
        workload=workload,
        num_replicas=plan.running.num_replicas,
        lengths=lengths,
        devices_per_replica=replica.num_devices,
    )
