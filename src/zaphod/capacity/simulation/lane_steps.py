"""Thousands of replicas at once, request by request: the step simulation as arrays over lanes; knows no day, no users.

A lane is a replica. Lanes stand in groups of equal size, each with its own stream of arrivals and its own router. The
clock moves in ticks no longer than the shortest step; within one, every lane begins at most one step, at the exact
time at which its last one ended. What is left out against `replica.py`: blocks (tokens are counted) and preemption;
routers see loads that are up to one tick old.

Arrays: [groups] and [lanes] with lane = group * size + place. Requests are numbered; queues are linked lists of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.simulation.arrivals import gamma_times
from zaphod.capacity.simulation.lengths import Lengths
from zaphod.capacity.simulation.requests import Sessions
from zaphod.capacity.simulation.routing import Router, choose_many
from zaphod.capacity.simulation.serving import Serving
from zaphod.core.progress import Advance

_NONE = -1
_MOST_STEPS = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Lanes:
    """What is simulated. Arrays over groups or lanes."""

    requests_per_s: NDArray[np.float64]
    """[groups] that arrive at each group."""
    running: NDArray[np.float64]
    """[lanes] sequences that decode at the beginning."""
    waiting: NDArray[np.float64]
    """[lanes] requests that have not begun then."""
    slowness: NDArray[np.float64]
    """[lanes] factor of every step's time."""
    size: int
    """Lanes of a group."""
    warm_s: float = 20.0
    """Arrivals before this time are not reported."""
    duration_s: float = 60.0
    cool_s: float = 5.0
    """Nor are arrivals in the last so many seconds: most of them would have no first token yet."""
    arrival_cv: float = 1.0
    router: Router = "random"
    cached_share: float = 0.0
    sessions: Sessions | None = None
    """Of a group."""
    seed: int = 0


@dataclass(slots=True, eq=False)
class _State:
    head: NDArray[np.int32]
    tail: NDArray[np.int32]
    inflight: NDArray[np.int32]
    decoding: NDArray[np.int32]
    joining: NDArray[np.int32]
    context: NDArray[np.int64]
    joining_context: NDArray[np.int64]
    reserved: NDArray[np.int64]
    is_admitted: NDArray[np.bool_]
    end_s: NDArray[np.float64]
    is_idle: NDArray[np.bool_]
    step: NDArray[np.int32]
    busy_s: NDArray[np.float64]
    stream_s: NDArray[np.float64]


class LaneSteps:
    """The state of all lanes, and how it moves."""

    def __init__(self, serving: Serving, lengths: Lengths, lanes: Lanes) -> None:
        self.serving, self.lengths, self.lanes = serving, lengths, lanes
        self.random = np.random.default_rng(lanes.seed)
        self.num_lanes = len(lanes.running)
        self.num_groups = self.num_lanes // lanes.size
        slowest = float(lanes.slowness.min())
        one = lengths.mean_prompt
        self.tick_s = slowest * min(float(serving.cost.seconds(0, 1, one)), float(serving.cost.seconds(1, 0, 0)))
        self.num_steps = min(int(lanes.duration_s / self.tick_s) + 2, _MOST_STEPS)
        self._make_requests()
        self._make_state()
        self._make_sessions()

    def _make_requests(self) -> None:
        """Arrivals of all groups, and behind them those that wait at the beginning."""
        lanes = self.lanes
        times = [
            gamma_times(self.random, float(rate), lanes.duration_s, lanes.arrival_cv) if rate > 0 else np.empty(0)
            for rate in lanes.requests_per_s
        ]
        self.begin = np.concatenate([[0], np.cumsum([len(each) for each in times])])
        waiting = np.rint(lanes.waiting).astype(np.int64)
        early = np.repeat(np.arange(self.num_lanes), waiting)
        self.arrival_s = np.concatenate([*times, np.full(len(early), -1e-3)])
        self.group = np.concatenate([np.repeat(np.arange(self.num_groups), np.diff(self.begin)), early // lanes.size])
        chosen = self.lengths.draw(self.random, len(self.arrival_s))
        self.prompt = self.lengths.prompt[chosen]
        self.output = self.lengths.output[chosen]
        self.left = np.maximum(self.prompt - (lanes.cached_share * self.prompt).astype(np.int64), 1)
        self.lane = np.full(len(self.arrival_s), _NONE, dtype=np.int32)
        self.lane[self.begin[-1] :] = early
        self.following = np.full(len(self.arrival_s), _NONE, dtype=np.int32)
        self.first_step = np.full(len(self.arrival_s), _NONE, dtype=np.int32)

    def _make_state(self) -> None:
        lanes, count = self.lanes, self.num_lanes
        self.ending = np.zeros((count, self.num_steps), dtype=np.int16)
        self.ending_tokens = np.zeros((count, self.num_steps), dtype=np.int32)
        self.step_end_s = np.zeros((count, self.num_steps), dtype=np.float32)
        running = np.floor(lanes.running + self.random.random(count)).astype(np.int32)
        running = np.minimum(running, self.serving.max_sequences)
        owner = np.repeat(np.arange(count), running)
        chosen = self.lengths.draw_running(self.random, len(owner))
        output = self.lengths.output[chosen]
        made = (self.random.random(len(owner)) * output).astype(np.int64)
        context = self.lengths.prompt[chosen] + made
        left = output - made
        here = left < self.num_steps
        np.add.at(self.ending, (owner[here], left[here]), 1)
        np.add.at(self.ending_tokens, (owner[here], left[here]), (context + left)[here])
        contexts = np.bincount(owner, weights=context, minlength=count).astype(np.int64)
        zeros = np.zeros(count, dtype=np.int32)
        self.state = _State(
            head=np.full(count, _NONE, dtype=np.int32),
            tail=np.full(count, _NONE, dtype=np.int32),
            inflight=running.copy(),
            decoding=running,
            joining=zeros.copy(),
            context=contexts,
            joining_context=zeros.astype(np.int64),
            reserved=contexts.copy(),
            is_admitted=zeros.astype(bool),
            # Those with work are in the middle of a step.
            end_s=np.where(running + lanes.waiting > 0, self.random.random(count) * self.tick_s, np.inf),
            is_idle=running + lanes.waiting == 0,
            step=zeros.copy(),
            busy_s=zeros.astype(float),
            stream_s=zeros.astype(float),
        )
        self._queue_early()

    def _queue_early(self) -> None:
        early = np.arange(self.begin[-1], len(self.arrival_s))
        if not len(early):
            return
        owner = self.lane[early]
        is_same = owner[1:] == owner[:-1]
        self.following[early[:-1][is_same]] = early[1:][is_same]
        self.state.head[owner[::-1]] = early[::-1]
        self.state.tail[owner] = early
        self.state.inflight += np.bincount(owner, minlength=self.num_lanes).astype(np.int32)

    def _make_sessions(self) -> None:
        """Where each session was served last, and how many tokens its replica's cache had taken in by then."""
        sessions, count = self.lanes.sessions, len(self.arrival_s)
        if sessions is None:
            return
        self.owner = self.group * sessions.count + self.random.integers(0, sessions.count, count)
        self.history = (sessions.history_share * self.prompt).astype(np.int64)
        self.common = self.prompt - self.left
        total = self.num_groups * sessions.count
        self.home = self.random.integers(0, self.lanes.size, total).astype(np.int32)
        self.kept = np.zeros(total, dtype=np.int32)
        last = self.lengths.draw(self.random, total)
        self.kept[:] = (self.lengths.prompt + self.lengths.output)[last]
        # Sessions come back after exponential times: as long ago was the last turn of each.
        self.whole = sessions.count / self.lanes.size * (self.lengths.mean_prompt + self.lengths.mean_output)
        self.stamp = -(self.random.exponential(self.whole, total)).astype(np.int64)
        self.taken_in = np.zeros(self.num_lanes, dtype=np.int64)
        self.served_at = np.full(count, _NONE, dtype=np.int32)

    def run(self, advance: Advance) -> None:
        """From time 0 to `duration_s`."""
        lanes, state = self.lanes, self.state
        pointer, last = self.begin[:-1].copy(), self.begin[1:]
        coming = np.append(self.arrival_s, np.inf)
        next_s = np.where(pointer < last, coming[np.minimum(pointer, len(coming) - 1)], np.inf)
        now_s = 0.0
        while now_s < lanes.duration_s:
            now_s += self.tick_s
            groups = np.flatnonzero(next_s < now_s)
            while groups.size:
                numbers = pointer[groups]
                self._route(groups, numbers)
                pointer[groups] += 1
                later = pointer[groups]
                next_s[groups] = np.where(later < last[groups], coming[later], np.inf)
                groups = groups[next_s[groups] < now_s]
            due = np.flatnonzero(state.end_s < now_s)
            if due.size:
                self._begin(due)
            advance(self.tick_s)

    def _route(self, groups: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
        """One request for each of these groups."""
        state, size = self.state, self.lanes.size
        loads = state.inflight.reshape(-1, size)[groups]
        if self.lanes.sessions is None:
            place = choose_many(self.lanes.router, loads, np.full(len(groups), _NONE, dtype=np.int32), self.random)
        else:
            owner = self.owner[numbers]
            home = self.home[owner]
            place = choose_many(self.lanes.router, loads, home, self.random)
            self.served_at[numbers] = np.where(place == home, home, _NONE)
            self.home[owner] = place
        lane = groups * size + place
        self.lane[numbers] = lane
        state.inflight[lane] += 1
        is_first = state.head[lane] < 0
        state.head[lane[is_first]] = numbers[is_first]
        self.following[state.tail[lane[~is_first]]] = numbers[~is_first]
        state.tail[lane] = numbers
        idle = state.is_idle[lane]
        state.end_s[lane[idle]] = self.arrival_s[numbers[idle]]
        state.is_idle[lane[idle]] = False

    def _begin(self, due: NDArray[np.int64]) -> None:
        """The steps of these lanes end, the next ones begin."""
        state, serving = self.state, self.serving
        step, start_s = state.step[due], state.end_s[due]
        gone, gone_tokens = self.ending[due, step], self.ending_tokens[due, step]
        decoding = state.decoding[due] + state.joining[due] - gone
        context = state.context[due] + state.joining_context[due] - gone_tokens
        state.reserved[due] -= gone_tokens
        state.inflight[due] -= gone
        if self.lanes.sessions is not None:
            self.taken_in[due] += gone_tokens
        state.joining[due] = 0
        state.joining_context[due] = 0
        budget = serving.max_batched_tokens - decoding
        prefill = np.zeros(len(due), dtype=np.int64)
        at = np.flatnonzero(state.head[due] >= 0)
        while at.size:
            at = self._prefill(due, at, step, start_s, decoding, budget, prefill)
        seconds = serving.cost.seconds(prefill, decoding, context) * self.lanes.slowness[due]
        works = (decoding > 0) | (prefill > 0)
        end_s = np.where(works, start_s + seconds, np.inf)
        head = state.head[due]
        comes_later = ~works & (head >= 0)
        if comes_later.any():
            end_s[comes_later] = np.maximum(self.arrival_s[head[comes_later]], start_s[comes_later])
        state.is_idle[due] = ~works & (head < 0)
        state.end_s[due] = end_s
        state.decoding[due] = decoding
        state.context[due] = context + np.where(works, decoding, 0)
        state.reserved[due] += decoding
        busy_s = np.where(works & (start_s >= self.lanes.warm_s), seconds, 0.0)
        state.busy_s[due] += busy_s
        state.stream_s[due] += busy_s * decoding
        done = due[works]
        self.ending[due, step] = 0
        self.ending_tokens[due, step] = 0
        self.step_end_s[done, step[works]] = end_s[works]
        state.step[done] += 1
        full = done[state.step[done] >= self.num_steps]
        state.step[full] -= 1
        state.end_s[full] = np.inf

    def _prefill(
        self,
        due: NDArray[np.int64],
        at: NDArray[np.int64],
        step: NDArray[np.int32],
        start_s: NDArray[np.float64],
        decoding: NDArray[np.int32],
        budget: NDArray[np.int32],
        prefill: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """A piece of the first waiting prompt of each lane `due[at]`; returns the places whose next one may follow."""
        state, serving = self.state, self.serving
        lane = due[at]
        head = state.head[lane]
        may = state.is_admitted[lane] | (
            (decoding[at] + state.joining[lane] < serving.max_sequences)
            & (state.reserved[lane] + self.prompt[head] <= serving.kv_tokens)
        )
        may &= (self.arrival_s[head] <= start_s[at]) & (budget[at] > 0)
        at, lane, head = at[may], lane[may], head[may]
        fresh = ~state.is_admitted[lane]
        state.reserved[lane[fresh]] += self.prompt[head[fresh]]
        if self.lanes.sessions is not None:
            self._find(lane[fresh], head[fresh])
        piece = np.minimum(budget[at], self.left[head])
        self.left[head] -= piece
        budget[at] -= piece.astype(budget.dtype)
        prefill[at] += piece
        is_done = self.left[head] == 0
        state.is_admitted[lane] = ~is_done
        at, lane, head = at[is_done], lane[is_done], head[is_done]
        self.first_step[head] = step[at]
        state.joining[lane] += 1
        state.joining_context[lane] += self.prompt[head]
        # It decodes in the steps after this one, `output - 1` of them, and is gone at the beginning of the next.
        gone = step[at] + self.output[head]
        here = gone < self.num_steps
        self.ending[lane[here], gone[here]] += 1
        self.ending_tokens[lane[here], gone[here]] += (self.prompt + self.output - 1)[head[here]].astype(np.int32)
        state.head[lane] = self.following[head]
        return np.asarray(at[state.head[lane] >= 0])

    def _find(self, lane: NDArray[np.int64], head: NDArray[np.int32]) -> None:
        """What the session's last turn left in this replica's cache need not be computed again.

        A cache that drops what was used longest ago still has it if the sessions that came since then fit beside the
        running requests. Of `whole` tokens, taken in at random, `whole * (1 - exp(-taken / whole))` are different.
        """
        owner = self.owner[head]
        room = self.serving.kv_tokens - self.state.reserved[lane]
        others = -self.whole * np.expm1((self.stamp[owner] - self.taken_in[lane]) / self.whole)
        found = (self.served_at[head] >= 0) & (others <= room)
        history = np.minimum(self.history[head], np.maximum(self.kept[owner] - self.common[head], 0))
        self.left[head] = np.maximum(self.left[head] - np.where(found, history, 0), 1)
        self.kept[owner] = (self.prompt + self.output)[head]
        self.stamp[owner] = self.taken_in[lane]
