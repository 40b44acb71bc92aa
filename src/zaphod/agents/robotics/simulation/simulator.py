"""What a plan needs of the world it is carried out in: commands in, measurements out; knows no simulator.

`World` (MuJoCo) is one, and those in `adapters` are others; a real robot can be one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from zaphod.agents.robotics.scene import Scene

Vector = NDArray[np.float64]


class Sensed(NamedTuple):
    """What the robot is told every step."""

    time_s: float
    position_m: Vector
    """Of the point between the pads, [3]."""
    speed_m_s: Vector
    pads_m: Vector
    """How far each pad is from the middle, [2]."""
    pad_speeds_m_s: Vector
    pad_forces_n: Vector
    """Normal force of each pad on the load, [2]."""
    load_m: Vector
    """Centre of the load, [3]."""
    slip_m_s: float
    """Largest speed of the load beside a pad that touches it; 0 where none does."""
    lift_n: float = 0.0
    """What the arm bears upwards, its own weight left out, as its scale tells."""


class Simulator(Protocol):
    """A scene that can be acted in."""

    scene: Scene
    """What is there."""

    @property
    def step_s(self) -> float:
        """Simulated time of one step."""

    @property
    def most_open_m(self) -> float:
        """Farthest way of each pad from the middle."""

    @property
    def load_uprightness(self) -> float:
        """1 where the load stands upright, 0 where it lies."""

    def reset(self) -> Sensed:
        """Everything as in the beginning."""

    def step(self, position_m: Sequence[float], speed_m_s: Sequence[float], pad_forces_n: Sequence[float]) -> Sensed:
        """One step.

        Args:
            position_m: where the point between the pads shall be.
            speed_m_s: how fast it shall be there.
            pad_forces_n: with which force each pad shall press inwards; negative opens.
        """

    def sensed(self) -> Sensed:
        """What is measured now."""

    def collisions(self) -> set[str]:
        """What is touched that should not be, by name, as of the last step."""
