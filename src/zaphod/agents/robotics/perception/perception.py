"""From two calibrated pictures to what is believed of a scene, with errors; or a refusal that says what is not seen.

Seen: where load, goal and wall are and how large. Not seen: mass (`perception_weighing` lifts it a little), friction
and what breaks the load, which are declared. Assumed: the load is an upright cylinder and bluish, the goal a blue disc,
the wall a reddish box across the whole table; the hand is out of the way. Nothing is guessed: what is not found, found
twice, cut off or does not fit is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zaphod.agents.robotics.perception.cameras import ABOVE, SIDE, Camera
from zaphod.agents.robotics.perception.edges import Patch, edge, patches
from zaphod.agents.robotics.perception.shapes import Body, Fit, View, box, cylinder, fit
from zaphod.agents.robotics.rendering.process import Shot, State
from zaphod.agents.robotics.rendering.rendering import Pixels
from zaphod.agents.robotics.scene import TABLE_HALF_M, Belief, Scene
from zaphod.core.errors import UnseenError

WIDTH, HEIGHT = 960, 720
CAMERAS: Final = (ABOVE, SIDE)
PARKED_M: Final = (0.0, 0.55, 0.6)
"""Where the hand hides no part of the scene from either camera."""

_OVEREXPOSED: Final = 0.35
"""Share of white pixels from which on a picture is refused."""
_DARK, _FLAT = 40.0, 6.0
_LEAST_AREA: Final = 120
_NEARLY_BLACK: Final = 8.0
_LEAST_STEP: Final = 18.0
_BLUE_FROM, _RED_FROM = 0.13, 0.3
"""Shares of the light, so that what lies in shadow has the same."""
_GOAL_FROM: Final = 1.75
"""(B - R) / (G - R): a load has less, the goal has more."""
_MOST_RESIDUAL: Final = 0.8
_LEAST_KEPT: Final = 0.9
_SIGMAS: Final = 4.0
_FLOOR_PIXELS: Final = 0.35
"""Edges along the rows of a picture share their error: more points do not make it smaller."""

Array = NDArray[np.float64]


class Measured(NamedTuple):
    """A value and its largest error, metres."""

    value: float
    error: float

    @property
    def low(self) -> float:
        return self.value - self.error

    @property
    def high(self) -> float:
        return self.value + self.error

    def covers(self, truth: float) -> bool:
        """Whether a value is not outside."""
        return self.low <= truth <= self.high


@dataclass(frozen=True, kw_only=True)
class Percept:
    """What the pictures say."""

    load_x: Measured
    load_y: Measured
    radius: Measured
    half_height: Measured
    goal_x: Measured
    goal_y: Measured
    wall_x: Measured
    wall_half_thickness: Measured
    wall_height: Measured


def shots(scene: Scene) -> list[Shot]:
    """The pictures that `see` wants, of a scene at its beginning, for `rendering.draw` at `WIDTH` by `HEIGHT`."""
    (x, y), height = scene.start_m, scene.half_height_m
    state = State(
        position_m=PARKED_M, pads_m=(0.045, 0.045), load_m=(x, y, height), load_quaternion=(1.0, 0.0, 0.0, 0.0)
    )
    return [Shot(scene=scene, state=state, camera=camera.name) for camera in CAMERAS]


def see(pictures: Mapping[str, Pixels]) -> Percept:
    """Where things are.

    Args:
        pictures: by the camera's name, of the same size.

    Raises:
        UnseenError: a picture is missing, dark, overexposed or covered, or a thing is not found, found twice, cut off,
            or not of its shape.
    """
    for camera in CAMERAS:
        if camera.name not in pictures:
            raise UnseenError(f"There is no picture of the camera {camera.name}.", "Both are needed.", "Look again.")
        _check(camera.name, pictures[camera.name])
    colours = {camera.name: pictures[camera.name].astype(np.float64) for camera in CAMERAS}
    load_views = [_view(camera, colours[camera.name], _the("load", colours, camera), _blueness) for camera in CAMERAS]
    goal_view = _view(ABOVE, colours[ABOVE.name], _the("goal", colours, ABOVE), _blueness)
    wall_views = [_view(camera, colours[camera.name], _wall(colours, camera), _redness) for camera in CAMERAS]
    x, y, radius, half = _fitted("load", lambda k: cylinder(k[0], k[1], k[2], k[3]), _begin(load_views[0]), load_views)
    goal = _fitted("goal", lambda k: cylinder(k[0], k[1], k[2], 0.001), _begin(goal_view)[:3], [goal_view])
    wall = _fitted("wall", lambda k: box(k[0], k[1], k[2], TABLE_HALF_M), _begin_wall(*wall_views), wall_views)
    return Percept(
        load_x=x,
        load_y=y,
        radius=radius,
        half_height=half,
        goal_x=goal[0],
        goal_y=goal[1],
        wall_x=wall[0],
        wall_half_thickness=wall[1],
        wall_height=wall[2],
    )


def believed(
    percept: Percept,
    *,
    mass_kg: tuple[float, float],
    friction: tuple[float, float],
    breaks_at_n: float,
    force_error_n: float,
) -> Belief:
    """What was seen, weighed and declared, together; errors of sight go into the contract."""
    return Belief(
        mass_kg=mass_kg,
        friction=friction,
        radius_m=percept.radius.value,
        half_height_m=percept.half_height.value,
        start_m=(percept.load_x.value, percept.load_y.value),
        goal_m=(percept.goal_x.value, percept.goal_y.value),
        wall_x_m=percept.wall_x.value,
        wall_half_thickness_m=percept.wall_half_thickness.value,
        wall_height_m=(percept.wall_height.low, percept.wall_height.high),
        breaks_at_n=breaks_at_n,
        force_error_n=force_error_n,
        load_error_m=max(one.error for one in (percept.load_x, percept.load_y, percept.radius, percept.half_height)),
        wall_error_m=percept.wall_x.error + percept.wall_half_thickness.error,
    )


def _check(name: str, pixels: Pixels) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise UnseenError(f"The picture {name} has the shape {pixels.shape}.", "It has rows of RGB.", "Look again.")
    white, light = float((pixels.min(axis=2) >= 254).mean()), pixels.mean(axis=2)
    if white > _OVEREXPOSED:
        raise UnseenError(f"The picture {name} is overexposed: {white:.0%} of it is white.", "", "Dim the light.")
    if np.percentile(light, 95) < _DARK:
        raise UnseenError(f"The picture {name} is dark.", "Something is lit on it.", "Uncover the lens, or add light.")
    if light.std() < _FLAT:
        raise UnseenError(f"The picture {name} shows one surface only.", "A scene has edges.", "Uncover the lens.")


def _blueness(colours: Array) -> Array:
    """Linear in light, so that a pixel half covered has half of it."""
    found: Array = colours[..., 2] - colours[..., 0]
    return found


def _redness(colours: Array) -> Array:
    found: Array = colours[..., 0] - (colours[..., 1] + colours[..., 2]) / 2
    return found


def _share(score: Array, colours: Array) -> Array:
    """Of the light at each pixel; what is nearly black has none."""
    found: Array = score / (colours.mean(axis=2) + _NEARLY_BLACK)
    return found


def _the(kind: str, colours: Mapping[str, Array], camera: Camera) -> Patch:
    """The one patch that has the colour of the load, or of the goal."""
    picture = colours[camera.name]
    found = [
        patch
        for patch in patches(_share(_blueness(picture), picture) > _BLUE_FROM, _LEAST_AREA)
        if _is_goal(picture, patch) == (kind == "goal")
    ]
    return _only(found, kind, camera, picture)


def _wall(colours: Mapping[str, Array], camera: Camera) -> Patch:
    picture = colours[camera.name]
    return _only(patches(_share(_redness(picture), picture) > _RED_FROM, 10 * _LEAST_AREA), "wall", camera, picture)


def _only(found: list[Patch], kind: str, camera: Camera, picture: Array) -> Patch:
    if not found:
        raise UnseenError(f"The {kind} is not seen by the camera {camera.name}.", "It must be in sight.", "Look again.")
    if len(found) > 1:
        places = " and ".join(f"({one.centre[0]:.0f}, {one.centre[1]:.0f})" for one in found[:3])
        raise UnseenError(
            f"The camera {camera.name} sees {len(found)} things that could be the {kind}, at {places}.",
            "There must be one.",
            "Clear the table, and move the hand out of sight.",
        )
    (patch,) = found
    mask = patch.mask
    if kind != "wall" and (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()):
        raise UnseenError(f"The {kind} is cut off by the edge of the picture {camera.name}.", "", "Move it inwards.")
    return patch


def _is_goal(picture: Array, patch: Patch) -> bool:
    red, green, blue = (np.median(picture[..., channel][patch.mask]) for channel in range(3))
    return bool(blue - red > _GOAL_FROM * (green - red))


def _view(camera: Camera, picture: Array, patch: Patch, score: Callable[[Array], Array]) -> View:
    """The outline of a patch."""
    height, width, _ = picture.shape
    return View(camera, height, width, edge(score(picture), patch.mask, _LEAST_STEP))


def _begin(view: View) -> list[float]:
    """x, y, radius and half of the height of something upright, roughly."""
    middle, spread = view.points_P2.mean(axis=0), view.points_P2.std(axis=0)
    x, y = view.camera.on_plane((float(middle[0]), float(middle[1])), 0.04, view.height, view.width)
    radius = float(spread.min()) * 1.4 / view.camera.focal_pixels(view.height) * view.camera.position_m[2]
    return [x, y, radius, 0.04]


def _begin_wall(above: View, side: View) -> list[float]:
    """x, half of the thickness and height, roughly: its far upper edge is the highest on the picture from the side."""
    _, row = side.points_P2.min(axis=0)
    ahead_m = np.array([[0.0, TABLE_HALF_M, z] for z in np.arange(0.0, 0.6, 0.002)])
    rows = side.camera.project(ahead_m, side.height, side.width)[:, 1]
    height = float(ahead_m[np.argmin(np.abs(rows - row)), 2])
    left, right = np.percentile(above.points_P2[:, 0], [10, 90])
    ends = [
        above.camera.on_plane((float(end), above.height / 2), height, above.height, above.width)[0]
        for end in (left, right)
    ]
    return [sum(ends) / 2, (ends[1] - ends[0]) / 2, height]


def _fitted(kind: str, make: Callable[[Array], Body], start: list[float], views: list[View]) -> list[Measured]:
    found: Fit = fit(make, start, views)
    if not np.isfinite(found.values_K).all() or found.residual_pixels > _MOST_RESIDUAL or found.kept < _LEAST_KEPT:
        raise UnseenError(
            f"What could be the {kind} has another shape: {1 - found.kept:.0%} of its outline is elsewhere, the rest "
            f"is off by {found.residual_pixels:.1f} pixels.",
            "It stands upright and nothing hides it.",
            "Set it up, clear the view, and look again.",
        )
    floor_m = max(_FLOOR_PIXELS * _metres_per_pixel(view) for view in views)
    return [
        Measured(float(value), _SIGMAS * float(sigma) + floor_m)
        for value, sigma in zip(found.values_K, found.sigmas_K, strict=True)
    ]


def _metres_per_pixel(view: View) -> float:
    """At the middle of the table."""
    return float(np.linalg.norm(view.camera.position_m)) / view.camera.focal_pixels(view.height)
