"""Patches of a picture that score high, and where exactly they end; knows scores, no colours and no things.

Legend: H, W height and width of the picture; P points; 2 column and row, as `cameras` counts them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_FAR: Final = 1
"""Pixels from an edge to where nothing of it is left."""

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Patch(NamedTuple):
    """Pixels that touch each other by their sides."""

    mask: Mask
    """[H, W]."""
    area: int
    centre: tuple[float, float]
    """Column and row."""


def patches(mask_HW: Mask, least_area: int) -> list[Patch]:
    """All patches of at least so many pixels, the largest first."""
    runs = _runs(mask_HW)
    roots = _joined(runs)
    members: dict[int, list[int]] = {}
    for number, root in enumerate(roots):
        members.setdefault(root, []).append(number)
    found = []
    for numbers in members.values():
        area = sum(runs[n][2] - runs[n][1] for n in numbers)
        if area < least_area:
            continue
        own = np.zeros_like(mask_HW)
        for row, first, end in (runs[n] for n in numbers):
            own[row, first:end] = True
        rows, columns = np.nonzero(own)
        found.append(Patch(own, area, (float(columns.mean()) + 0.5, float(rows.mean()) + 0.5)))
    return sorted(found, key=lambda patch: -patch.area)


def edge(score_HW: Array, mask_HW: Mask, least_step: float) -> Array:
    """Where a patch ends, to a part of a pixel, [P, 2].

    Across its end the patch covers pixels wholly, one in part, then none. What they have of the score between
    the level just inside and the one just outside tells how far it reaches; both levels are taken on the spot, so that
    light may change along the edge. What ends within two pixels of the picture's own edge has no edge point there.

    Args:
        score_HW: linear in light.
        mask_HW: the patch, to a pixel.
        least_step: what score must be lost across an edge point.
    """
    across, down = _ends(score_HW, mask_HW, least_step), _ends(score_HW.T, mask_HW.T, least_step)
    return np.concatenate([across, down[:, ::-1]])


def _ends(score: Array, mask: Mask, least_step: float) -> Array:
    """Along the rows: ends on the right, and those on the left as ends on the right of the mirrored picture."""
    right, left = (_right_ends(s, m, least_step) for s, m in ((score, mask), (score[:, ::-1], mask[:, ::-1])))
    left[:, 0] = score.shape[1] - left[:, 0]
    return np.concatenate([right, left])


def _right_ends(score: Array, mask: Mask, least_step: float) -> Array:
    rows, columns = np.nonzero(mask[:, :-1] & ~mask[:, 1:])
    is_inside = (columns >= _FAR) & (columns < score.shape[1] - _FAR - 1)
    rows, columns = rows[is_inside], columns[is_inside]
    inside, outside = score[rows, columns - _FAR], score[rows, columns + _FAR + 1]
    is_steep = inside - outside >= least_step
    rows, columns, inside, outside = (values[is_steep] for values in (rows, columns, inside, outside))
    near = score[rows[:, None], columns[:, None] + np.arange(1 - _FAR, _FAR + 1)]
    covered = np.clip((near - outside[:, None]) / (inside - outside)[:, None], 0, 1)
    return np.stack([columns + 1 - _FAR + covered.sum(axis=1), rows + 0.5], axis=1)


def _runs(mask: Mask) -> list[tuple[int, int, int]]:
    """Row, first column and end of each unbroken stretch."""
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(padded, axis=1)
    rows, firsts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    return list(zip(rows.tolist(), firsts.tolist(), ends.tolist(), strict=True))


def _joined(runs: list[tuple[int, int, int]]) -> list[int]:
    """For each run the one that stands for its patch."""
    parents = list(range(len(runs)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    above = 0
    for number, (row, first, end) in enumerate(runs):
        while runs[above][0] < row - 1 or (runs[above][0] == row - 1 and runs[above][2] <= first):
            above += 1
        other = above
        while runs[other][0] == row - 1 and runs[other][1] < end:
            parents[root(other)] = root(number)
            other += 1
    return [root(number) for number in range(len(runs))]
