"""Prisms that are fitted to the edges of what pictures show; knows no colour, and not what the prism is.

The outline of a convex body is the hull of its corners' images. A point's distance to it is the largest, over the
images of the body's edges, of how far it lies beyond that line: exact near the outline, and no hull must be built.

Legend: P edge points; V corners; E edges; K parameters; X axes; 2 column and row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zaphod.agents.robotics.perception.cameras import Camera

Array = NDArray[np.float64]

_ROUND: Final = 72
_MOST_ITERATIONS: Final = 20
_STILL_M: Final = 1e-7
_DIFFERENCE_M: Final = 1e-5
_ODD: Final = 3.0
"""Of the typical residual: edge points further away belong to something else."""
_LEAST_ODD_PIXELS: Final = 0.75


class Body(NamedTuple):
    """A convex body: corners and which of them an edge joins."""

    corners_VX: Array
    edges_E2: NDArray[np.int64]


class View(NamedTuple):
    """What one camera shows of a body."""

    camera: Camera
    height: int
    width: int
    points_P2: Array
    """Of its outline, in pixels."""


class Fit(NamedTuple):
    """Parameters that suit the outlines best."""

    values_K: Array
    sigmas_K: Array
    """From the residuals, as if those of neighbours did not depend on each other."""
    residual_pixels: float
    """Root of the mean square, of the points that were kept."""
    kept: float
    """Share of the points that were kept, of the view with the fewest."""


def cylinder(x_m: float, y_m: float, radius_m: float, half_height_m: float) -> Body:
    """Upright on the table, as a prism of the same area."""
    turn = np.arange(_ROUND) * (2 * np.pi / _ROUND)
    wide = radius_m / np.sqrt(np.sin(2 * np.pi / _ROUND) / (2 * np.pi / _ROUND))
    ring = np.stack([x_m + wide * np.cos(turn), y_m + wide * np.sin(turn)], axis=1)
    return _prism(ring, 2 * half_height_m)


def box(x_m: float, half_thickness_m: float, height_m: float, half_width_m: float) -> Body:
    """A wall across the table, centred in y."""
    t, w = half_thickness_m, half_width_m
    ring = np.array([[x_m - t, -w], [x_m + t, -w], [x_m + t, w], [x_m - t, w]])
    return _prism(ring, height_m)


def fit(make: Callable[[Array], Body], start_K: Sequence[float], views: Sequence[View]) -> Fit:
    """Gauss and Newton's way to the parameters, metres; outlying points are left out of the last rounds.

    Args:
        make: the body with given parameters.
        start_K: where to begin.
        views: outlines.
    """
    values = np.array(start_K, dtype=np.float64)
    kept = [np.ones(len(view.points_P2), dtype=bool) for view in views]
    for trims in (False, True, True):
        if trims:
            kept = _kept(make(values), views)
        for _ in range(_MOST_ITERATIONS):
            step = np.linalg.lstsq(_slopes(make, values, views, kept), -_residuals(make(values), views, kept))[0]
            values = values + np.clip(step, -0.02, 0.02)
            if np.abs(step).max() < _STILL_M:
                break
    residuals, slopes_PK = _residuals(make(values), views, kept), _slopes(make, values, views, kept)
    rms = float(np.sqrt(np.mean(residuals**2)))
    sigmas = rms * np.sqrt(np.diag(np.linalg.pinv(slopes_PK.T @ slopes_PK)))
    return Fit(values, sigmas, rms, min(float(mask.mean()) for mask in kept))


def distances(body: Body, view: View) -> Array:
    """How far each point is outside the body's outline, below 0 inside, in pixels, [P]."""
    corners_V2 = view.camera.project(body.corners_VX, view.height, view.width)
    starts, ends = corners_V2[body.edges_E2[:, 0]], corners_V2[body.edges_E2[:, 1]]
    along = ends - starts
    normals_E2 = np.stack([along[:, 1], -along[:, 0]], axis=1)
    lengths = np.linalg.norm(normals_E2, axis=1)
    normals_E2 = normals_E2[lengths > 1e-9] / lengths[lengths > 1e-9, None]
    normals_E2 = np.concatenate([normals_E2, -normals_E2])
    reach_E = (normals_E2 @ corners_V2.T).max(axis=1)
    found: Array = (view.points_P2 @ normals_E2.T - reach_E).max(axis=1)
    return found


def _prism(ring_V2: Array, height_m: float) -> Body:
    num = len(ring_V2)
    corners = np.concatenate([np.insert(ring_V2, 2, z, axis=1) for z in (0.0, height_m)])
    here = np.arange(num)
    on = (here + 1) % num
    edges = np.concatenate(
        [np.stack(pair, axis=1) for pair in ((here, on), (here + num, on + num), (here, here + num))]
    )
    return Body(corners, edges)


def _kept(body: Body, views: Sequence[View]) -> list[NDArray[np.bool_]]:
    found = [np.abs(distances(body, view)) for view in views]
    limit = max(_ODD * float(np.median(np.concatenate(found))), _LEAST_ODD_PIXELS)
    return [one <= limit for one in found]


def _residuals(body: Body, views: Sequence[View], kept: Sequence[NDArray[np.bool_]]) -> Array:
    return np.concatenate([distances(body, view)[mask] for view, mask in zip(views, kept, strict=True)])


def _slopes(
    make: Callable[[Array], Body], values: Array, views: Sequence[View], kept: Sequence[NDArray[np.bool_]]
) -> Array:
    columns = []
    for step in np.eye(len(values)) * _DIFFERENCE_M:
        ahead, behind = (_residuals(make(values + sign * step), views, kept) for sign in (1, -1))
        columns.append((ahead - behind) / (2 * _DIFFERENCE_M))
    return np.stack(columns, axis=1)
