"""One fragile thing to be carried over a wall: what is really there, and what the planner is told of it."""

from __future__ import annotations

import random
from dataclasses import dataclass

TABLE_HALF_M = 0.6
"""Half the side of the square table; its top is z = 0."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The truth, in SI units."""

    mass_kg: float
    friction: float
    """Of pads and load alike."""
    radius_m: float
    half_height_m: float
    start_m: tuple[float, float]
    goal_m: tuple[float, float]
    wall_x_m: float
    wall_half_thickness_m: float
    wall_height_m: float
    breaks_at_n: float
    """Force of a pad that breaks it."""
    force_bias_n: float
    """Real force of a pad less the commanded one."""
    scale_bias_n: float = 0.0
    """What the arm's scale tells too much."""


@dataclass(frozen=True, kw_only=True)
class Belief:
    """What is known of a scene: measured values, each with its largest error."""

    mass_kg: tuple[float, float]
    friction: tuple[float, float]
    radius_m: float
    half_height_m: float
    start_m: tuple[float, float]
    goal_m: tuple[float, float]
    wall_x_m: float
    wall_half_thickness_m: float
    wall_height_m: tuple[float, float]
    breaks_at_n: float
    force_error_n: float
    load_error_m: float = 0.0
    """Of the load's place along each axis, of its radius and of half its height, each."""
    wall_error_m: float = 0.0
    """Of where each face of the wall is."""


MASS_ERROR = 0.10
"""Share of the mass."""
FRICTION_ERROR = 0.05
WALL_ERROR_M = 0.005
FORCE_ERROR_N = 0.15
SCALE_ERROR_N = 0.10
"""Of the scale in the arm, 10 g."""


def draw(seed: int) -> Scene:
    """A scene at random; the ranges are those of the benchmark."""
    rng = random.Random(f"scene/{seed}")
    return Scene(
        mass_kg=rng.uniform(0.08, 0.22),
        friction=rng.uniform(0.35, 0.7),
        radius_m=rng.uniform(0.020, 0.028),
        half_height_m=rng.uniform(0.030, 0.045),
        start_m=(-0.20 + rng.uniform(-0.04, 0.04), rng.uniform(-0.10, 0.10)),
        goal_m=(0.20 + rng.uniform(-0.04, 0.04), rng.uniform(-0.10, 0.10)),
        wall_x_m=rng.uniform(-0.02, 0.02),
        wall_half_thickness_m=0.01,
        wall_height_m=rng.uniform(0.10, 0.22),
        breaks_at_n=5.0,
        force_bias_n=rng.uniform(-FORCE_ERROR_N, FORCE_ERROR_N),
        scale_bias_n=rng.uniform(-SCALE_ERROR_N, SCALE_ERROR_N),
    )


def believed(scene: Scene, seed: int) -> Belief:
    """Measurements of a scene whose errors stay within what is declared."""
    rng = random.Random(f"belief/{seed}")
    mass = scene.mass_kg * (1 + rng.uniform(-MASS_ERROR, MASS_ERROR))
    friction = scene.friction + rng.uniform(-FRICTION_ERROR, FRICTION_ERROR)
    wall = scene.wall_height_m + rng.uniform(-WALL_ERROR_M, WALL_ERROR_M)
    return Belief(
        mass_kg=(mass / (1 + MASS_ERROR), mass / (1 - MASS_ERROR)),
        friction=(friction - FRICTION_ERROR, friction + FRICTION_ERROR),
        radius_m=scene.radius_m,
        half_height_m=scene.half_height_m,
        start_m=scene.start_m,
        goal_m=scene.goal_m,
        wall_x_m=scene.wall_x_m,
        wall_half_thickness_m=scene.wall_half_thickness_m,
        wall_height_m=(wall - WALL_ERROR_M, wall + WALL_ERROR_M),
        breaks_at_n=scene.breaks_at_n,
        force_error_n=FORCE_ERROR_N,
    )
