"""A scene at one moment drawn flat, from the side, as SVG: for machines on which nothing can draw; needs no simulator.

Seen along the closing axis: x to the right, z upwards. Colours are those of the simulator's pictures.
"""

from __future__ import annotations

import math
from html import escape
from typing import Final

from zaphod.agents.robotics.rendering.process import State
from zaphod.agents.robotics.scene import Scene

_WIDTH, _HEIGHT = 320, 240
_SCALE: Final = 420.0
"""Of the picture's units, a metre."""
_TABLE_Y: Final = 215.0
_MIDDLE_X: Final = _WIDTH / 2
_HAND_RADIUS_M, _HAND_ABOVE_M, _FINGER_M = 0.05, 0.11, (0.008, 0.005, 0.065)


def flat_svg(scene: Scene, state: State, label: str) -> str:
    """The scene from the side.

    Args:
        scene: what is there.
        state: where everything is.
        label: said to those who do not see the picture.
    """
    x, _, z = state.position_m
    half, low, high = _FINGER_M
    wall = scene.wall_half_thickness_m
    goal_x = scene.goal_m[0]
    parts = [
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#eef0f3"/>',
        f'<rect y="{_TABLE_Y}" width="{_WIDTH}" height="{_HEIGHT - _TABLE_Y}" fill="#dbd4c7"/>',
        _box(goal_x - 0.03, 0, goal_x + 0.03, 0.004, "#3380e6"),
        _box(scene.wall_x_m - wall, 0, scene.wall_x_m + wall, scene.wall_height_m, "#b8735c"),
        _load(scene, state),
        _box(x - half, z + low, x + half, z + high, "#99999f"),
        f'<circle cx="{_across(x):.1f}" cy="{_up(z + _HAND_ABOVE_M):.1f}" r="{_HAND_RADIUS_M * _SCALE:.1f}"'
        ' fill="#596680"/>',
        f'<circle cx="{_across(x):.1f}" cy="{_up(z):.1f}" r="{0.01 * _SCALE:.1f}" fill="#26262e"/>',
    ]
    opening = f'<svg class="flat" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label, quote=True)}">'
    return opening + "".join(parts) + "</svg>"


def _load(scene: Scene, state: State) -> str:
    """A box as wide as the load, turned about the axis that one looks along."""
    x, _, z = state.load_m
    w, _, turn_y, _ = state.load_quaternion
    degrees = math.degrees(2 * math.atan2(turn_y, w))
    across, up = _across(x), _up(z)
    wide, high = scene.radius_m * _SCALE, scene.half_height_m * _SCALE
    return (
        f'<rect x="{across - wide:.1f}" y="{up - high:.1f}" width="{2 * wide:.1f}" height="{2 * high:.1f}"'
        f' fill="#80bfd9" fill-opacity="0.85" transform="rotate({degrees:.1f} {across:.1f} {up:.1f})"/>'
    )


def _box(left_m: float, low_m: float, right_m: float, high_m: float, colour: str) -> str:
    width, height = (right_m - left_m) * _SCALE, (high_m - low_m) * _SCALE
    return (
        f'<rect x="{_across(left_m):.1f}" y="{_up(high_m):.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' fill="{colour}"/>'
    )


def _across(x_m: float) -> float:
    return _MIDDLE_X + x_m * _SCALE


def _up(z_m: float) -> float:
    return _TABLE_Y - z_m * _SCALE
