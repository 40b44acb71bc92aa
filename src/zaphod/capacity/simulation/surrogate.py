"""What one replica gives at every load, from simulating it at some; knows no fleet.

Requests come as a Poisson stream, which is what a replica sees of many users behind a router that does not look at
loads; a better router is a little faster. Nothing is kept between runs: a curve takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.simulation.flow import spread_at
from zaphod.capacity.simulation.lane_steps import Lanes
from zaphod.capacity.simulation.lanes import LaneResult, simulate_lanes
from zaphod.capacity.simulation.lengths import Lengths
from zaphod.capacity.simulation.requests import Quantiles, quantiles
from zaphod.capacity.simulation.serving import Serving, balance, pace, saturation, steady

_REQUESTS = 10_000
"""That are followed at each load: the 99th percentile rests on the longest hundred."""
_LEAST_LANES = 8
_MEASURED_S = 40.0
_WARM_SHARE, _COOL_SHARE = 0.5, 0.125
"""Of the measured time, before and behind it."""
_LOADS = tuple(float(share) for share in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9))


@dataclass(frozen=True, kw_only=True)
class LoadPoint:
    """One replica at one load."""

    requests_per_s: float
    utilisation: float
    """Share of the requests a second that it can keep up with."""
    running: float
    """Mean sequences that decode."""
    ttft_s: Quantiles
    itl_s: Quantiles
    e2e_s: Quantiles
    output_tokens_per_s: float


@dataclass(frozen=True, kw_only=True)
class Surrogate:
    """A replica's curves."""

    points: tuple[LoadPoint, ...]
    """By rising load."""
    saturation_per_s: float

    def at(self, requests_per_s: float) -> LoadPoint:
        """Between two simulated loads; at the nearest end outside of them."""
        loads = [point.requests_per_s for point in self.points]

        def between(values: Sequence[float]) -> float:
            return float(np.interp(requests_per_s, loads, values))

        def times(name: str) -> Quantiles:
            rows: list[Quantiles] = [getattr(point, name) for point in self.points]
            return Quantiles(
                mean=between([row.mean for row in rows]),
                p50=between([row.p50 for row in rows]),
                p95=between([row.p95 for row in rows]),
                p99=between([row.p99 for row in rows]),
            )

        load = between(loads)
        return LoadPoint(
            requests_per_s=load,
            utilisation=load / self.saturation_per_s,
            running=between([point.running for point in self.points]),
            ttft_s=times("ttft_s"),
            itl_s=times("itl_s"),
            e2e_s=times("e2e_s"),
            output_tokens_per_s=between([point.output_tokens_per_s for point in self.points]),
        )


def surrogate_of(serving: Serving, lengths: Lengths, *, cached_share: float = 0.0, seed: int = 0) -> Surrogate:
    """Simulate a replica from a tenth to nine tenths of what it can keep up with."""
    most = saturation(serving, lengths, cached_share)
    points = simulate_loads(
        serving, lengths, [(share * most, 1.0) for share in _LOADS], cached_share=cached_share, seed=seed
    )
    return Surrogate(points=points, saturation_per_s=most)


def simulate_loads(
    serving: Serving,
    lengths: Lengths,
    loads: Sequence[tuple[float, float]],
    *,
    cached_share: float = 0.0,
    seed: int = 0,
    num_requests: int = _REQUESTS,
    longest_s: float = _MEASURED_S,
) -> tuple[LoadPoint, ...]:
    """One replica at each of some loads: pairs of requests a second and a factor of every step's time.

    About `num_requests` are followed at each load, over at most `longest_s`, longer where steps are slow.
    """
    rates, slower = balance(serving, lengths, cached_share)[0], pace(serving, lengths)
    busiest = max(rate for rate, _ in loads)
    measured_s = min(longest_s * slower, num_requests / (busiest * _LEAST_LANES))
    warm_s, cool_s = _WARM_SHARE * measured_s, _COOL_SHARE * measured_s
    random = np.random.default_rng(seed)
    counts = [int(np.clip(num_requests / (rate * measured_s), _LEAST_LANES, 256)) for rate, _ in loads]
    starts = []
    for (rate, slowness), count in zip(loads, counts, strict=True):
        mean = steady(serving, lengths, rate * slowness, cached_share).running
        spread = spread_at(rates, mean)
        starts.append(np.clip(mean + spread * random.standard_normal(count), 0, len(rates) - 1))
    result = simulate_lanes(
        serving,
        lengths,
        Lanes(
            requests_per_s=np.repeat([rate for rate, _ in loads], counts),
            running=np.concatenate(starts),
            waiting=np.zeros(sum(counts)),
            slowness=np.repeat([slowness for _, slowness in loads], counts),
            size=1,
            warm_s=warm_s,
            duration_s=warm_s + measured_s + cool_s,
            cool_s=cool_s,
            cached_share=cached_share,
            seed=seed,
        ),
    )
    bounds = np.concatenate([[0], np.cumsum(counts)])
    most = saturation(serving, lengths, cached_share)
    return tuple(
        _point(rate, rate * slowness / most, lengths, result.running[start:end], _rows(result, start, end))
        for (rate, slowness), start, end in zip(loads, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    )


def _rows(result: LaneResult, start: int, end: int) -> tuple[NDArray[np.float64], ...]:
    rows = (result.group >= start) & (result.group < end)
    return result.ttft_s[rows], result.itl_s[rows], result.e2e_s[rows]


def _point(
    rate: float,
    utilisation: float,
    lengths: Lengths,
    running: NDArray[np.float64],
    times: tuple[NDArray[np.float64], ...],
) -> LoadPoint:
    ttft_s, itl_s, e2e_s = times
    return LoadPoint(
        requests_per_s=rate,
        utilisation=utilisation,
        running=float(running.mean()),
        ttft_s=quantiles(ttft_s),
        itl_s=quantiles(itl_s[~np.isnan(itl_s)]),
        e2e_s=quantiles(e2e_s),
        output_tokens_per_s=rate * lengths.mean_output,
    )
