"""What became of the requests of thousands of replicas; knows nothing of how lanes move.

Requests that had not ended when the window did are not left out, which would leave out the longest: a lane's steps go
on at the pace of its later half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.simulation.lane_steps import Lanes, LaneSteps
from zaphod.capacity.simulation.lengths import Lengths
from zaphod.capacity.simulation.serving import Serving
from zaphod.core.progress import Advance


@dataclass(frozen=True, kw_only=True, eq=False)
class LaneResult:
    """One row per request that arrived between `warm_s` and `cool_s` before the end, and figures per lane."""

    group: NDArray[np.int64]
    lane: NDArray[np.int32]
    arrival_s: NDArray[np.float64]
    ttft_s: NDArray[np.float64]
    itl_s: NDArray[np.float64]
    """Mean time between two tokens; NaN for answers of one token."""
    e2e_s: NDArray[np.float64]
    output: NDArray[np.int64]
    is_estimated: NDArray[np.bool_]
    """The first token had not come when the window ended: its time is extrapolated."""
    busy_share: NDArray[np.float64]
    """[lanes] of the time after `warm_s`."""
    running: NDArray[np.float64]
    """[lanes] mean sequences that decode, after `warm_s`."""


def simulate_lanes(
    serving: Serving, lengths: Lengths, lanes: Lanes, advance: Advance = lambda seconds: None
) -> LaneResult:
    """Simulate all groups from time 0 to `duration_s`; tells how many seconds are done."""
    steps = LaneSteps(serving, lengths, lanes)
    steps.run(advance)
    return _result(steps)


def _result(steps: LaneSteps) -> LaneResult:
    state, lanes = steps.state, steps.lanes
    reported = (steps.arrival_s >= lanes.warm_s) & (steps.arrival_s < lanes.duration_s - lanes.cool_s)
    counted = reported & (steps.lane >= 0)
    counted[steps.begin[-1] :] = False
    rows = np.flatnonzero(counted)
    lane, first = steps.lane[rows], steps.first_step[rows]
    last_step = np.maximum(state.step - 1, 0)
    last_s = steps.step_end_s[np.arange(steps.num_lanes), last_step].astype(float)
    half = last_step // 2
    mean_step_s = (last_s - steps.step_end_s[np.arange(steps.num_lanes), half]) / np.maximum(last_step - half, 1)
    first_s = np.where(first >= 0, steps.step_end_s[lane, np.maximum(first, 0)].astype(float), np.nan)
    is_estimated = first < 0
    if is_estimated.any():
        first_s[is_estimated] = _expected_first(steps, rows[is_estimated], last_s)
    end_step = np.where(first >= 0, first, last_step[lane]) + steps.output[rows] - 1
    beyond = np.maximum(end_step - last_step[lane], 0)
    reached = steps.step_end_s[lane, np.minimum(end_step, last_step[lane])].astype(float)
    end_s = reached + beyond * mean_step_s[lane]
    end_s = np.where(is_estimated, first_s + (steps.output[rows] - 1) * mean_step_s[lane], end_s)
    several = steps.output[rows] > 1
    itl_s = np.where(several, (end_s - first_s) / np.maximum(steps.output[rows] - 1, 1), np.nan)
    measured_s = max(lanes.duration_s - lanes.warm_s, 1e-9)
    return LaneResult(
        group=steps.group[rows],
        lane=lane,
        arrival_s=steps.arrival_s[rows],
        ttft_s=first_s - steps.arrival_s[rows] + steps.serving.request_s,
        itl_s=itl_s,
        e2e_s=end_s - steps.arrival_s[rows] + steps.serving.request_s,
        output=steps.output[rows],
        is_estimated=is_estimated,
        busy_share=state.busy_s / measured_s,
        running=state.stream_s / measured_s,
    )


def _expected_first(steps: LaneSteps, rows: NDArray[np.int64], last_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of requests that still wait: those before them in the lane's queue begin as fast as the ones before did."""
    lane = steps.lane[rows]
    begun = steps.lane[steps.first_step >= 0]
    rate = np.maximum(np.bincount(begun, minlength=steps.num_lanes), 1) / steps.lanes.duration_s
    waits = np.flatnonzero((steps.first_step < 0) & (steps.lane >= 0))
    order = waits[np.lexsort((steps.arrival_s[waits], steps.lane[waits]))]
    lane_of = steps.lane[order]
    start = np.concatenate([[True], lane_of[1:] != lane_of[:-1]])
    place = np.arange(len(order)) - np.maximum.accumulate(np.where(start, np.arange(len(order)), 0))
    position = np.zeros(len(steps.arrival_s))
    position[order] = place + 1
    return np.asarray(np.maximum(last_s[lane], steps.arrival_s[rows]) + position[rows] / rate[lane])
