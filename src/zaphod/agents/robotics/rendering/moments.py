"""The moments of an episode that are worth a picture, found in what was measured; knows no plan and draws nothing."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from zaphod.agents.robotics.recording.recording import Recording

_TOUCH_N: Final = 0.05
_LIFTED_M: Final = 0.002


class Moment(NamedTuple):
    """One picture of the strip."""

    name: str
    number: int
    """Of the sample."""
    time_s: float


def moments(recording: Recording) -> list[Moment]:
    """Up to seven in their order: above, grasp, lift, over the wall, down, released; or where it ended.

    What never happened has none; without samples there are none at all.
    """
    samples = recording.samples
    if not len(samples):
        return []
    last = len(samples) - 1
    found = {"above": 0}
    held = np.flatnonzero(np.array(samples.pad_forces_n).min(axis=1) > _TOUCH_N)
    height = np.array([z for _, _, z in samples.load_m])
    carried = held[height[held] > height[0] + _LIFTED_M]
    if len(held) and not len(carried):
        found["grasp"] = int(held[0])
    if len(carried):
        found["grasp"] = max(int(held[0]), int(carried[0]) - 1)
        half = (height[0] + height[carried].max()) / 2
        found["lift"] = int(carried[np.argmax(height[carried] >= half)])
        over = _crossing(recording, carried)
        if over is not None:
            found["over the wall"] = over
        found["down"] = int(held[-1])
    stopped = recording.outcome.stopped if recording.outcome else ""
    if stopped:
        found.pop("down", None)
    found["stopped" if stopped else "released" if len(held) else "end"] = last
    ordered = sorted(found.items(), key=lambda item: item[1])
    return [Moment(name, number, samples.time_s[number]) for name, number in ordered]


def _crossing(recording: Recording, carried: np.ndarray) -> int | None:
    """When the load is over the middle of the wall; None if it never gets there."""
    wall_m, (start_m, _) = recording.belief.wall_x_m, recording.belief.start_m
    ahead = np.array([(recording.samples.load_m[n][0] - wall_m) * np.sign(wall_m - start_m) for n in carried])
    beyond = np.flatnonzero(ahead >= 0)
    return int(carried[beyond[0]]) if len(beyond) else None
