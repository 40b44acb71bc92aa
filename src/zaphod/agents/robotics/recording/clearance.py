"""How far balls of tool and load are from what may not be touched, as a contract describes both; simulates nothing.

Legend: S moments; B balls; O obstacles; X axes; Q a quaternion's four.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from zaphod.safety.verification.contracts import Body, Contract, Obstacle

Array = NDArray[np.float64]


class Clearance:
    """Distances to the obstacles of one contract that no step may touch.

    Args:
        contract: its balls and its obstacles. The load's turn with the load.
    """

    def __init__(self, contract: Contract) -> None:
        self._tool = _balls(contract.gripper.bodies if contract.gripper else ())
        self._load = _balls(contract.load.bodies if contract.load else ())
        kept_off = [one for one in contract.obstacles if not one.may_be_touched]
        self._boxes = [_box(one) for one in kept_off if one.at is None]
        self._moving = [one for one in kept_off if one.at is not None]

    def __call__(self, time_S: Array, tool_SX: Array, load_SX: Array, turn_SQ: Array) -> Array:
        """The nearest pair of ball and obstacle at each moment, [S] metres; infinite where there is none.

        Args:
            time_S: seconds since the plan began; obstacles that move have come closer by then.
            tool_SX: the point between the pads, metres.
            load_SX: the load's centre, metres.
            turn_SQ: how the load is turned, w x y z.
        """
        at_BX, tool_radii_B = self._tool
        on_BX, load_radii_B = self._load
        turned_SBX = np.einsum("sxy,by->sbx", rotations(turn_SQ), on_BX)
        centres_SBX = np.concatenate([tool_SX[:, None] + at_BX, load_SX[:, None] + turned_SBX], axis=1)
        radii_B = np.concatenate([tool_radii_B, load_radii_B])
        nearest_S = np.full(len(time_S), np.inf)
        for low_X, high_X in self._boxes:
            beyond_SBX = np.maximum(low_X - centres_SBX, centres_SBX - high_X)
            outside_SB = np.linalg.norm(np.maximum(beyond_SBX, 0), axis=2)
            apart_SB = outside_SB + np.minimum(beyond_SBX.max(axis=2), 0) - radii_B
            nearest_S = np.minimum(nearest_S, apart_SB.min(axis=1, initial=np.inf))
        for one in self._moving:
            apart_SB = np.linalg.norm(centres_SBX - _point(one.at or ()), axis=2) - radii_B - float(one.radius)
            come_S = float(one.speed) * time_S
            nearest_S = np.minimum(nearest_S, apart_SB.min(axis=1, initial=np.inf) - come_S)
        return nearest_S


def rotations(turn_SQ: Array) -> Array:
    """Matrices of unit quaternions w x y z, [S, 3, 3]."""
    w, x, y, z = turn_SQ.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def _balls(bodies: Sequence[Body]) -> tuple[Array, Array]:
    centres = np.array([_point(body.at) for body in bodies]).reshape(-1, 3)
    return centres, np.array([float(body.radius) for body in bodies])


def _box(obstacle: Obstacle) -> tuple[Array, Array]:
    return _point(obstacle.low or ()), _point(obstacle.high or ())


def _point(values: Sequence[Fraction]) -> Array:
    return np.array([float(value) for value in values])
