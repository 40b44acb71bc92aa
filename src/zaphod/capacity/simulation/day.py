"""A fleet over a day in ticks of one second: sessions, routing, failures, starting and stopping; follows no request.

Each replica has two numbers: sequences that decode and requests that wait for their prompt. All replicas are arrays,
so that a tick costs the same for ten and for a thousand. Times of single requests come from `windows.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.simulation.flow import flow_of, spread_at
from zaphod.capacity.simulation.options import FleetOptions
from zaphod.capacity.simulation.serving import saturation, steady, steady_of_users
from zaphod.core.progress import Advance

OFF, STARTING, READY, BROKEN, DRAINING = range(5)
SERIES_S = 60
"""Time series have a point for each minute."""
SERIES = ("sessions", "in_flight", "decoding", "arrivals_per_s", "ready", "starting", "broken", "busy")


def found_share(options: FleetOptions) -> float:
    """Of the prompts: what the caches are expected to hold, history included (mean-field, at the busiest hour)."""
    workload, lengths = options.workload, options.lengths
    if not options.history_share:
        return workload.cached_share
    if options.router != "prefix_aware":
        return workload.cached_share + options.history_share / options.num_replicas
    load = steady_of_users(
        options.serving, lengths, workload.users / options.num_replicas, workload.think_s, workload.cached_share
    )
    room = max(options.serving.kv_tokens - load.running * lengths.mean_context, 0.0)
    # All sessions are alike: of those whose last turns it cannot all hold, it holds a share.
    whole = workload.users / options.num_replicas * (lengths.mean_prompt + lengths.mean_output)
    return workload.cached_share + options.history_share * min(room / whole, 1.0)


class Day:
    """The state of a fleet between two ticks."""

    def __init__(self, options: FleetOptions) -> None:
        self.options = options
        self.random = np.random.default_rng(options.seed)
        share = found_share(options)
        self.flow = flow_of(options.serving, options.lengths, share)
        self.num_ticks = int(options.duration_s)
        self.tick = 0
        count = options.most_replicas
        self.status = np.full(count, OFF, dtype=np.int8)
        self.status[: options.num_replicas] = READY
        self.until_s = np.full(count, np.inf)
        self.running = np.zeros(count, dtype=np.float32)
        self.waiting = np.zeros(count, dtype=np.float32)
        self.again = 0.0
        """Requests that lost their replica, for the next tick."""
        self.wanted = np.zeros(0)
        self.seconds = dict.fromkeys(("busy", "idle", "starting", "broken", "requests", "interrupted", "failures"), 0.0)
        self.series = np.zeros((len(SERIES), max(self.num_ticks // SERIES_S, 1)))
        places = (np.arange(options.num_windows) + 0.5) * self.num_ticks / options.num_windows
        self.window_ticks = np.unique(places.astype(np.int64))
        self.windows = np.full((len(self.window_ticks), 2, options.group_size), np.nan, dtype=np.float32)
        self.window_rates = np.zeros(len(self.window_ticks))
        self.num_windows = 0
        self.curve = options.day.at(np.arange(self.num_ticks, dtype=float)) * options.workload.users
        self.target = 1.0
        if options.autoscaler:
            goal = options.autoscaler.target_utilisation * saturation(options.serving, options.lengths, share)
            self.target = max(steady(options.serving, options.lengths, goal, share).running, 0.5)
        self._settle(share)

    def _settle(self, share: float) -> None:
        """Begin in the balance of the first minute."""
        options, ready = self.options, self.options.num_replicas
        users = float(self.curve[0]) / ready
        load = steady_of_users(options.serving, options.lengths, users, options.workload.think_s, share)
        spread = spread_at(self.flow.rates, load.running) if options.router in ("random", "prefix_aware") else 1.0
        start = load.running + spread * self.random.standard_normal(ready)
        self.running[:ready] = np.clip(start, 0, self.flow.most)

    def run(self, until: int, advance: Advance) -> None:
        """Ticks up to this one."""
        done = self.tick
        while self.tick < until:
            self._tick()
            if self.tick - done >= 600:
                advance(self.tick - done)
                done = self.tick
        advance(self.tick - done)

    def _tick(self) -> None:
        now_s, users = float(self.tick), float(self.curve[self.tick])
        self._change(now_s)
        ready = self.status == READY
        num_ready = int(np.count_nonzero(ready))
        in_flight = float(self.running.sum()) + float(self.waiting.sum())
        rate = max(users - in_flight - self.again, 0.0) / self.options.workload.think_s
        if self.num_windows < len(self.window_ticks) and self.tick == self.window_ticks[self.num_windows]:
            self._look(ready, num_ready, rate)
        arrivals = max(rate + self._burst(rate), 0.0) + self.again
        if num_ready:
            self.again = 0.0
            self.waiting += self._routed(arrivals, ready, num_ready)
        else:
            self.again = arrivals
        flow = self.flow
        row = (self.running + np.float32(0.5)).astype(np.int32)
        come = np.minimum(self.waiting, flow.prompts_per_s[row])
        come = np.minimum(come, np.maximum(np.float32(flow.most) - self.running, 0))
        steps = flow.steps(row, come)
        gone = self.running * steps * np.float32(1 / self.options.lengths.mean_output)
        gone += np.sqrt(gone) * self.random.standard_normal(len(gone), dtype=np.float32)
        self.waiting -= come
        self.running += come
        self.running -= np.clip(gone, 0, self.running)
        np.minimum(self.running, np.float32(flow.most), out=self.running)
        self._count(users, rate, num_ready)
        self.tick += 1

    def _burst(self, rate: float) -> float:
        """What a second's requests differ from their mean by, in so far as `_routed` does not draw it."""
        drawn = 0.0 if self.options.router == "least_loaded" else 1.0
        variance = max(self.options.arrival_cv**2 - drawn, 0.0) * rate
        return math.sqrt(variance) * float(self.random.standard_normal())

    def _routed(self, arrivals: float, ready: NDArray[np.bool_], num_ready: int) -> NDArray[np.float32]:
        """Requests that each replica gets."""
        router = self.options.router
        if router == "random":
            return (self.random.poisson(arrivals / num_ready, len(ready)) * ready).astype(np.float32)
        load = self.running + self.waiting
        order = np.argsort(np.where(ready, load, np.float32(np.inf)))[:num_ready]
        shares = np.zeros(len(ready))
        if router == "least_loaded":
            return self._filled(arrivals, load, order)
        shares[order] = (2 * (num_ready - np.arange(num_ready)) - 1) / num_ready**2
        if router == "prefix_aware":
            mean = float(load[order].mean())
            stays = ready & (load <= mean + max(4.0, mean / 2))
            moved = 1 - np.count_nonzero(stays) / num_ready
            shares = stays / num_ready + moved * shares
        return self.random.poisson(arrivals * shares).astype(np.float32)

    def _filled(self, arrivals: float, load: NDArray[np.float32], order: NDArray[np.int64]) -> NDArray[np.float32]:
        """The emptiest are raised to one level, as water would."""
        lowest = load[order].astype(float)
        needed = lowest * np.arange(1, len(order) + 1) - np.cumsum(lowest)
        count = max(int(np.searchsorted(needed, arrivals, side="right")), 1)
        level = (arrivals + lowest[:count].sum()) / count
        result = np.zeros(len(load), dtype=np.float32)
        result[order[:count]] = level - lowest[:count]
        return result

    def _change(self, now_s: float) -> None:
        """Replicas that start, stop, break and are mended."""
        options, scaler = self.options, self.options.autoscaler
        if self.until_s.min() <= now_s:
            due = self.until_s <= now_s
            self.status[due] = READY
            self.until_s[due] = np.inf
        if options.failures:
            busy = np.flatnonzero((self.status == READY) | (self.status == DRAINING))
            broken = self.random.poisson(len(busy) / (options.failures.mean_time_between_h * 3600))
            for place in self.random.choice(busy, min(broken, len(busy)), replace=False) if broken else ():
                self._break(int(place), now_s + self.random.exponential(options.failures.repair_s))
        if scaler and self.tick % scaler.interval_s == 0:
            self._scale(now_s)

    def _break(self, place: int, until_s: float) -> None:
        lost = float(self.running[place] + self.waiting[place])
        self.again += lost
        self.seconds["interrupted"] += lost
        self.seconds["failures"] += 1
        self.running[place] = self.waiting[place] = 0
        was_draining = self.status[place] == DRAINING
        self.status[place] = OFF if was_draining else BROKEN
        self.until_s[place] = np.inf if was_draining else until_s

    def _scale(self, now_s: float) -> None:
        scaler = self.options.autoscaler
        assert scaler is not None
        in_flight = float(self.running.sum() + self.waiting.sum()) + self.again
        wanted = min(max(math.ceil(in_flight / self.target) + scaler.spare, scaler.min_replicas), scaler.max_replicas)
        self.wanted = np.append(self.wanted, wanted)[-max(scaler.down_after_s // scaler.interval_s, 1) :]
        empty = (self.status == DRAINING) & (self.running < 0.5)
        self.status[empty] = OFF
        self.running[empty] = self.waiting[empty] = 0
        there = np.count_nonzero((self.status == READY) | (self.status == STARTING))
        if wanted > there:
            draining = np.flatnonzero(self.status == DRAINING)[: wanted - there]
            self.status[draining] = READY
            off = np.flatnonzero(self.status == OFF)[: wanted - there - len(draining)]
            self.status[off] = STARTING
            self.until_s[off] = now_s + scaler.start_s
        surplus = there - int(self.wanted.max())
        if surplus > 0:
            ready = np.flatnonzero(self.status == READY)
            least = ready[np.argsort(self.running[ready])][: min(surplus, max(len(ready) - 1, 0))]
            self.status[least] = DRAINING

    def _look(self, ready: NDArray[np.bool_], num_ready: int, rate: float) -> None:
        """Keep the state of a few replicas for the requests that will be followed."""
        size = min(self.options.group_size, num_ready)
        if size:
            chosen = self.random.choice(np.flatnonzero(ready), size, replace=False)
            self.windows[self.num_windows, 0, :size] = self.running[chosen]
            self.windows[self.num_windows, 1, :size] = self.waiting[chosen]
            self.window_rates[self.num_windows] = rate / num_ready
        self.num_windows += 1

    def _count(self, users: float, rate: float, num_ready: int) -> None:
        starting = int(np.count_nonzero(self.status == STARTING)) if self.options.autoscaler else 0
        broken = int(np.count_nonzero(self.status == BROKEN)) if self.options.failures else 0
        busy = float(np.minimum(self.running + self.waiting, 1).sum())
        on = num_ready + (int(np.count_nonzero(self.status == DRAINING)) if self.options.autoscaler else 0)
        decoding = float(self.running.sum())
        values = (users, decoding + float(self.waiting.sum()), decoding, rate, num_ready, starting, broken, busy)
        minute = min(self.tick // SERIES_S, self.series.shape[1] - 1)
        self.series[:, minute] += values
        seconds = self.seconds
        seconds["busy"] += busy
        seconds["idle"] += max(on - busy, 0.0)
        seconds["starting"] += starting
        seconds["broken"] += broken
        seconds["requests"] += rate

    def means(self) -> Mapping[str, NDArray[np.float64]]:
        """Per minute, by name."""
        count = self.series.shape[1]
        ticks = np.full(count, float(SERIES_S))
        ticks[-1] = self.num_ticks - SERIES_S * (count - 1)
        return dict(zip(SERIES, self.series / ticks, strict=True))

    _ARRAYS = ("status", "until_s", "running", "waiting", "wanted", "series", "windows", "window_rates")

    def save(self, file: Path, key: str) -> None:
        """Write the state down; `load` goes on from there, to the same result."""
        small: dict[str, Any] = {"key": key, "tick": self.tick, "again": self.again, "num_windows": self.num_windows}
        small |= {"seconds": self.seconds, "random": self.random.bit_generator.state}
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(file.name + ".part")
        with partial.open("wb") as stream:
            np.savez(stream, small=np.array(json.dumps(small)), **{name: getattr(self, name) for name in self._ARRAYS})
        partial.replace(file)

    def load(self, file: Path, key: str) -> bool:
        """Go on from a saved state, if there is one and it is of the same options."""
        if not file.exists():
            return False
        with np.load(file) as saved:
            small = json.loads(str(saved["small"]))
            if small["key"] != key:
                return False
            for name in self._ARRAYS:
                setattr(self, name, saved[name].copy())
        self.tick, self.again, self.num_windows = small["tick"], small["again"], small["num_windows"]
        self.seconds = small["seconds"]
        self.random.bit_generator.state = small["random"]
        return True
