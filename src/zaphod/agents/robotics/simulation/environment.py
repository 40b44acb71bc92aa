"""The fragile load as a Gymnasium environment, for whoever trains or compares policies; knows no plan and no monitor.

    import gymnasium
    from zaphod.agents.robotics.simulation import environment

    environment.register()
    env = gymnasium.make("zaphod/FragileCarry-v0")

An action says how fast the hand goes along x, y and z, and how hard the pads press. Nothing guards it: a policy may
break the load, and is told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zaphod.agents.robotics.rendering.process import Shot, State
from zaphod.agents.robotics.rendering.rendering import Pixels, draw
from zaphod.agents.robotics.scene import TABLE_HALF_M
from zaphod.agents.robotics.scene import draw as drawn_scene
from zaphod.agents.robotics.simulation.world import STEP_S, Sensed, World
from zaphod.core.errors import ConfigError, MissingExtraError

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:
    raise MissingExtraError("gymnasium", "robotics") from error

ID: Final = "zaphod/FragileCarry-v0"
ACTIONS_PER_S: Final = 50
MOST_SPEED_M_S: Final = 0.5
MOST_FORCE_N: Final = 8.0
_STEPS: Final = round(1 / (ACTIONS_PER_S * STEP_S))
_LOW_M, _HIGH_M = np.array([-TABLE_HALF_M, -TABLE_HALF_M, 0.02]), np.array([TABLE_HALF_M, TABLE_HALF_M, 0.6])
_OPENING_N: Final = -1.0
_LANDED_M: Final = 0.03
_STANDS_M: Final = 0.003
_UPRIGHT: Final = 0.98
_FALLEN_M: Final = -0.05

Observation = NDArray[np.float32]
"""[22], see `FIELDS`."""


class Field(NamedTuple):
    """Numbers of an observation that belong together, in SI units."""

    name: str
    low: float
    high: float
    size: int


FIELDS: Final = (
    Field("position of the point between the pads", -2, 2, 3),
    Field("its speed", -10, 10, 3),
    Field("way of each pad from the middle", -0.1, 0.1, 2),
    Field("force of each pad", 0, 1000, 2),
    Field("centre of the load", -10, 10, 3),
    Field("1 where the load stands upright, 0 where it lies", -1, 1, 1),
    Field("goal: x, y", -2, 2, 2),
    Field("wall: x, half its thickness, height", -2, 2, 3),
    Field("load: radius, half its height, force that breaks it", 0, 100, 3),
)
"""What an observation holds, in this order; values beyond the bounds are told as the bounds."""


@dataclass
class _Told:
    """What happened since the reset."""

    collisions: set[str]
    peak_force_n: float = 0.0
    num_actions: int = 0


class FragileCarry(gymnasium.Env[Observation, NDArray[np.float32]]):
    """One scene at a time; `reset(seed=…)` draws another one, `reset(options={"scene": 7})` takes that one.

    Reward: less the distance of the load from its goal in metres each second; 10 for a load that stands whole at its
    goal, -10 for one that is broken or fell, and for what was touched that should not be. Each of them ends it.

    Args:
        render_mode: `rgb_array`, or None. Each picture is drawn by a process of its own.
        most_s: simulated time after which it is cut off.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": ACTIONS_PER_S}  # noqa: RUF012, Gymnasium's

    def __init__(self, render_mode: str | None = None, most_s: float = 20.0) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ConfigError(f"The render mode {render_mode!r} was asked for.", "There is rgb_array.", "")
        self.render_mode = render_mode
        self._most_actions = round(most_s * ACTIONS_PER_S)
        low, high = ([end for field in FIELDS for end in [field[n]] * field.size] for n in (1, 2))
        self.observation_space = spaces.Box(np.array(low, np.float32), np.array(high, np.float32), dtype=np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (4,), dtype=np.float32)
        self._world: World | None = None
        self._target_m = np.zeros(3)
        self._told = _Told(set())

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """A new scene, or the one that `options["scene"]` names by its number."""
        super().reset(seed=seed)
        unknown = set(options or {}) - {"scene"}
        if unknown:
            raise ConfigError(f"The options {sorted(unknown)} were given.", "There is `scene`, a number.", "")
        number = int((options or {}).get("scene", self.np_random.integers(2**31)))
        self._world = World(drawn_scene(number))
        self._told = _Told(set())
        sensed = self._world.sensed()
        self._target_m = sensed.position_m.copy()
        return self._observed(sensed), {"scene": number}

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """A fiftieth of a second.

        Args:
            action: [4] from -1 to 1: speed along x, y and z in shares of `MOST_SPEED_M_S`; force of the pads in shares
                of `MOST_FORCE_N`, which open at 0 and below.
        """
        if self._world is None:
            raise ConfigError("A step was taken before a reset.", "", "Call reset().")
        *shares, grip = (min(max(float(value), -1.0), 1.0) for value in action)
        speed = np.array(shares) * MOST_SPEED_M_S
        force = grip * MOST_FORCE_N if grip > 0 else _OPENING_N
        for _ in range(_STEPS):
            self._target_m = np.clip(self._target_m + speed * STEP_S, _LOW_M, _HIGH_M)
            sensed = self._world.step(self._target_m.tolist(), speed.tolist(), [force, force])
            self._told.collisions |= self._world.collisions()
            self._told.peak_force_n = max(self._told.peak_force_n, *sensed.pad_forces_n.tolist())
        self._told.num_actions += 1
        return self._judged(sensed)

    def render(self) -> Pixels | None:
        """The scene from the side, [360, 480, 3], where a picture was asked for when this was made."""
        if self.render_mode is None or self._world is None:
            return None
        qpos = self._world.data.qpos.tolist()
        state = State(
            position_m=tuple(qpos[:3]),
            pads_m=tuple(qpos[3:5]),
            load_m=tuple(qpos[5:8]),
            load_quaternion=tuple(qpos[8:12]),
        )
        return draw([Shot(scene=self._world.scene, state=state, camera="side")])[0]

    def _judged(self, sensed: Sensed) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        assert self._world is not None
        told, scene = self._told, self._world.scene
        away_m = float(np.hypot(*(sensed.load_m[:2] - scene.goal_m)))
        is_broken = told.peak_force_n > scene.breaks_at_n or float(sensed.load_m[2]) < _FALLEN_M
        stands = abs(float(sensed.load_m[2]) - scene.half_height_m) < _STANDS_M
        is_free = float(sensed.pad_forces_n.max()) == 0.0
        is_there = away_m <= _LANDED_M and stands and is_free and self._world.load_uprightness >= _UPRIGHT
        is_wrong = is_broken or bool(told.collisions)
        reward = -away_m / ACTIONS_PER_S + (-10.0 if is_wrong else 10.0 if is_there else 0.0)
        info = {
            "collisions": sorted(told.collisions),
            "peak_force_n": told.peak_force_n,
            "broken": is_broken,
            "succeeded": is_there and not is_wrong,
        }
        is_late = told.num_actions >= self._most_actions
        return self._observed(sensed), reward, is_wrong or is_there, is_late, info

    def _observed(self, sensed: Sensed) -> Observation:
        assert self._world is not None
        scene = self._world.scene
        values = [
            *sensed.position_m,
            *sensed.speed_m_s,
            *sensed.pads_m,
            *sensed.pad_forces_n,
            *sensed.load_m,
            self._world.load_uprightness,
            *scene.goal_m,
            scene.wall_x_m,
            scene.wall_half_thickness_m,
            scene.wall_height_m,
            scene.radius_m,
            scene.half_height_m,
            scene.breaks_at_n,
        ]
        space = self.observation_space
        assert isinstance(space, spaces.Box)
        return np.clip(np.array(values, dtype=np.float32), space.low, space.high)


def register() -> None:
    """Makes it known to `gymnasium.make`; again does nothing."""
    if ID not in gymnasium.registry:
        gymnasium.register(id=ID, entry_point="zaphod.agents.robotics.simulation.environment:FragileCarry")
