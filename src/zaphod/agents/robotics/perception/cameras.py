"""Where the cameras are and what a point becomes on their pictures; knows no colour and no thing.

Legend: N points; X axes; 2 column and row, in pixels from the picture's upper left corner, whose pixel ends at (1, 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A pinhole, calibrated: pose and opening are known.

    Args:
        name: as the simulator has it.
        position_m: of the pinhole.
        right: direction of the picture's rows, unit length.
        up: direction against its columns, unit length, across `right`.
        opening_degrees: of the picture's height.
    """

    name: str
    position_m: tuple[float, float, float]
    right: tuple[float, float, float]
    up: tuple[float, float, float]
    opening_degrees: float = 45.0

    def focal_pixels(self, height: int) -> float:
        """Distance of the pinhole from a picture of this height, in its pixels."""
        return height / 2 / math.tan(math.radians(self.opening_degrees) / 2)

    def project(self, points_NX: Array, height: int, width: int) -> Array:
        """Where points of the scene are on the picture, [N, 2]."""
        right, up = np.array(self.right), np.array(self.up)
        from_N = points_NX - np.array(self.position_m)
        depth_N = from_N @ np.cross(up, right)
        scale_N = self.focal_pixels(height) / depth_N
        columns, rows = width / 2 + scale_N * (from_N @ right), height / 2 - scale_N * (from_N @ up)
        return np.stack([columns, rows], axis=1)

    def on_plane(self, pixel: tuple[float, float], z_m: float, height: int, width: int) -> tuple[float, float]:
        """x and y of what is seen at a pixel, if it lies in the plane of that height."""
        right, up = np.array(self.right), np.array(self.up)
        ahead = np.cross(up, right) * self.focal_pixels(height)
        ray = ahead + (pixel[0] - width / 2) * right + (height / 2 - pixel[1]) * up
        position = np.array(self.position_m)
        x, y, _ = position + ray * (z_m - position[2]) / ray[2]
        return float(x), float(y)


_TILT: Final = math.hypot(0.38, 0.92)
SIDE: Final = Camera(
    name="side", position_m=(0.0, -1.15, 0.55), right=(1.0, 0.0, 0.0), up=(0.0, 0.38 / _TILT, 0.92 / _TILT)
)
ABOVE: Final = Camera(name="above", position_m=(0.0, 0.0, 1.3), right=(1.0, 0.0, 0.0), up=(0.0, 1.0, 0.0))
