"""A fleet of up to thousands of replicas for a day, and what its users meet; knows no prices and no grids.

Two levels. `day.py` moves all replicas in ticks of one second: sessions, routing, failures, starting and stopping.
`lanes.py` follows single requests, in windows spread over the day, on groups of replicas that begin in the state the
day has brought them to. A fleet of at most `group_size` replicas is followed whole. What is approximate: a group's
router sees its group only, which for `least_loaded` in a large fleet is a little pessimistic; a replica that breaks
does so in the day, not in a window: its requests begin again elsewhere and are counted (`interrupted`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.simulation.day import SERIES_S, Day
from zaphod.capacity.simulation.lane_steps import Lanes
from zaphod.capacity.simulation.lanes import LaneResult, simulate_lanes
from zaphod.capacity.simulation.options import FleetOptions
from zaphod.capacity.simulation.requests import Quantiles, Sessions, quantiles
from zaphod.capacity.simulation.serving import pace, saturation
from zaphod.core.progress import SILENT, Advance, Progress

_WARM_S = 20.0
_COOL_S = 5.0
_SAVE_EVERY = 7200
"""Ticks between two savings of the state: some seconds of work."""


@dataclass(frozen=True, kw_only=True)
class Concurrent:
    """A concurrent user in three senses."""

    sessions_open: float
    requests_in_flight: float
    """Sent and not answered to the end."""
    streams_decoding: float
    """Past their first token."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FleetResult:
    """What a fleet did. Series have one value per minute (`times_s`) or per window (`window_times_s`)."""

    ttft_s: Quantiles
    itl_s: Quantiles
    """Mean time between tokens of a request."""
    e2e_s: Quantiles
    ttft_kept_share: float
    """Of the requests: first token within the workload's `max_ttft_s`."""
    itl_kept_share: float
    """Of those with two tokens or more: `max_itl_s` kept on average."""
    mean: Concurrent
    peak: Concurrent
    """At the minute with the most streams."""
    num_requests: float
    num_output_tokens: float
    num_prompt_tokens: float
    num_interrupted: float
    """Requests that lost their replica and began again."""
    num_failures: int
    num_followed: int
    """Requests that were simulated one by one: the quantiles are theirs, weighted by their window's share."""
    unanswered_share: float
    """Of those: the first token had not come when their window ended; the times are extrapolated. Above a few
    hundredths the fleet is overloaded and the tails are rough."""
    busy_device_s: float
    idle_device_s: float
    """Ready without a request."""
    starting_device_s: float
    """Loading weights, or broken."""
    mean_running: float
    """Sequences per busy replica."""
    times_s: NDArray[np.float64]
    series: Mapping[str, NDArray[np.float64]]
    """`sessions`, `in_flight`, `decoding`, `arrivals_per_s`, `ready`, `starting`, `broken`, `busy` (replicas)."""
    window_times_s: NDArray[np.float64]
    window_ttft_s: tuple[Quantiles, ...]
    window_itl_s: tuple[Quantiles, ...]

    @property
    def device_s(self) -> float:
        """All devices that were paid for."""
        return self.busy_device_s + self.idle_device_s + self.starting_device_s


def simulate_fleet(
    options: FleetOptions, progress: Progress | None = None, state_file: Path | None = None
) -> FleetResult:
    """Simulate the whole duration.

    With a `state_file` the state is kept there every few seconds: after an interruption a later call with the same
    options goes on from it to the same result. The file is removed at the end.
    """
    progress = progress or SILENT
    day, key = Day(options), digest(options)
    if state_file is not None:
        day.load(state_file, key)
    with progress.step(f"{options.most_replicas:,} replicas", day.num_ticks, "seconds") as advance:
        advance(day.tick)
        while day.tick < day.num_ticks:
            day.run(min(day.tick + _SAVE_EVERY, day.num_ticks), advance)
            if state_file is not None:
                day.save(state_file, key)
    slower = pace(options.serving, options.lengths)
    with progress.step("requests one by one", (_WARM_S + options.window_s + _COOL_S) * slower, "seconds") as advance:
        followed, chosen = _follow(day, slower, advance)
    if state_file is not None:
        state_file.unlink(missing_ok=True)
    return _result(day, followed, chosen)


def _follow(day: Day, slower: float, advance: Advance) -> tuple[LaneResult, NDArray[np.int64]]:
    """Requests of all windows in which somebody could be served; also those windows' numbers."""
    options = day.options
    size = np.sum(~np.isnan(day.windows[:, 0]), axis=1)
    chosen = np.flatnonzero((size > 0) & (day.window_rates > 0))
    group = int(size[chosen].min()) if len(chosen) else 1
    state = day.windows[chosen, :, :group].astype(float)
    rates = day.window_rates[chosen] * group
    sessions = None
    if options.history_share:
        per_replica = options.workload.users / max(float(day.means()["ready"].max()), 1.0)
        sessions = Sessions(count=max(round(per_replica * group), 1), history_share=options.history_share)
    # The stream of a part of the fleet is less bursty than the whole: its gaps are sums of the whole's gaps.
    ready = max(float(day.means()["ready"].mean()), 1.0)
    part = min(group / ready, 1.0)
    # Of a long queue only so much is followed as can move in the window; the rest is time, at the fastest pace.
    duration_s = (_WARM_S + options.window_s + _COOL_S) * slower
    waiting, fastest = state[:, 1].ravel(), saturation(options.serving, options.lengths, options.workload.cached_share)
    followed = np.minimum(waiting, 100 + 2 * fastest * duration_s)
    lanes = Lanes(
        requests_per_s=rates,
        running=state[:, 0].ravel(),
        waiting=followed,
        slowness=np.ones(len(chosen) * group),
        size=group,
        warm_s=_WARM_S * slower,
        duration_s=duration_s,
        cool_s=_COOL_S * slower,
        arrival_cv=float(np.sqrt(1 + (options.arrival_cv**2 - 1) * part)),
        router=options.router,
        cached_share=options.workload.cached_share,
        sessions=sessions,
        seed=options.seed + 1,
    )
    result = simulate_lanes(options.serving, options.lengths, lanes, advance)
    later_s = ((waiting - followed) / fastest)[result.lane]
    return dataclasses.replace(result, ttft_s=result.ttft_s + later_s, e2e_s=result.e2e_s + later_s), chosen


def _result(day: Day, followed: LaneResult, chosen: NDArray[np.int64]) -> FleetResult:
    options, means, seconds = day.options, day.means(), day.seconds
    minutes = day.series.shape[1]
    middle_s = np.asarray((np.arange(minutes) + 0.5) * SERIES_S, dtype=np.float64)
    ready = np.interp(day.window_ticks[chosen], middle_s, means["ready"])
    count = np.maximum(np.bincount(followed.group, minlength=len(chosen)), 1)
    weights = (day.window_rates[chosen] * ready / count)[followed.group]
    per_window = [followed.group == number for number in range(len(chosen))]
    several = followed.output > 1
    ttft_s = quantiles(followed.ttft_s, weights)
    waits = np.interp(middle_s, day.window_ticks[chosen], [followed.ttft_s[rows].mean() for rows in per_window])
    # Ticks see only those who wait for longer than one; Little's law sees all.
    waiting = np.maximum(means["in_flight"] - means["decoding"], means["arrivals_per_s"] * waits)
    in_flight = means["decoding"] + waiting
    series = {**means, "in_flight": in_flight}
    most = int(means["decoding"].argmax())
    devices = options.devices_per_replica
    return FleetResult(
        ttft_s=ttft_s,
        itl_s=quantiles(followed.itl_s[several], weights[several]),
        e2e_s=quantiles(followed.e2e_s, weights),
        ttft_kept_share=_share(followed.ttft_s <= options.workload.max_ttft_s, weights),
        itl_kept_share=_share(followed.itl_s[several] <= options.workload.max_itl_s, weights[several]),
        mean=_concurrent({name: float(values.mean()) for name, values in series.items()}),
        peak=_concurrent({name: float(values[most]) for name, values in series.items()}),
        num_requests=seconds["requests"],
        num_output_tokens=seconds["requests"] * options.lengths.mean_output,
        num_prompt_tokens=seconds["requests"] * options.lengths.mean_prompt,
        num_interrupted=seconds["interrupted"],
        num_failures=int(seconds["failures"]),
        num_followed=len(followed.group),
        unanswered_share=float(followed.is_estimated.mean()) if len(followed.group) else 0.0,
        busy_device_s=seconds["busy"] * devices,
        idle_device_s=seconds["idle"] * devices,
        starting_device_s=(seconds["starting"] + seconds["broken"]) * devices,
        mean_running=float(means["decoding"].sum() / max(means["busy"].sum(), 1e-9)),
        times_s=middle_s,
        series=series,
        window_times_s=day.window_ticks[chosen].astype(float),
        window_ttft_s=tuple(quantiles(followed.ttft_s[rows]) for rows in per_window),
        window_itl_s=tuple(quantiles(followed.itl_s[rows & several]) for rows in per_window),
    )


def _share(kept: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    return float(weights[kept].sum() / max(weights.sum(), 1e-300))


def _concurrent(values: Mapping[str, float]) -> Concurrent:
    return Concurrent(
        sessions_open=values["sessions"],
        requests_in_flight=values["in_flight"],
        streams_decoding=values["decoding"],
    )


def digest(options: object) -> str:
    """A key that two equal sets of options share and others do not."""
    return hashlib.sha256("".join(_pieces(options)).encode()).hexdigest()


def _pieces(value: object) -> list[str]:
    if isinstance(value, np.ndarray):
        return [f"{value.dtype}{value.shape}", hashlib.sha256(value.tobytes()).hexdigest()]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inside = [[field.name, *_pieces(getattr(value, field.name))] for field in dataclasses.fields(value)]
        return [type(value).__name__, *(piece for pieces in inside for piece in pieces)]
    return [repr(value)]
