"""The Gymnasium environment keeps Gymnasium's rules, and tells what a policy broke."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")
pytest.importorskip("gymnasium", reason="the extra robotics is not installed")

import gymnasium
from gymnasium.utils.env_checker import check_env

from zaphod.agents.robotics.rendering.rendering import way_to_draw
from zaphod.agents.robotics.scene import draw
from zaphod.agents.robotics.simulation import environment
from zaphod.agents.robotics.simulation.environment import FIELDS, FragileCarry
from zaphod.core.errors import ConfigError


def made(**options: object) -> FragileCarry:
    environment.register()
    found = gymnasium.make(environment.ID, **options).unwrapped
    assert isinstance(found, FragileCarry)
    return found


def towards(
    env: FragileCarry, x: float, y: float, z: float, grip: float, num: int, pace: float = 1.0
) -> tuple[float, bool, dict]:
    """Goes there with a fixed grip."""
    for _ in range(num):
        at = env._world.sensed().position_m
        speed = np.clip((np.array([x, y, z]) - at) * 6, -pace, pace)
        _, reward, ended, _, info = env.step(np.array([*speed, grip], dtype=np.float32))
        if ended:
            break
    return reward, ended, info


def test_gymnasium_finds_nothing_to_complain_of() -> None:
    check_env(made(), skip_render_check=True)


@pytest.mark.skipif(way_to_draw() is None, reason="nothing here can draw")
def test_a_picture_is_rgb_and_shows_something() -> None:
    env = made(render_mode="rgb_array")
    env.reset(seed=1)
    picture = env.render()
    assert picture is not None
    assert picture.shape == (360, 480, 3)
    assert picture.std() > 10


def test_the_observation_has_the_fields_that_are_told() -> None:
    env = made()
    seen, info = env.reset(options={"scene": 4})
    places = dict(zip([f.name for f in FIELDS], itertools.accumulate([0, *(f.size for f in FIELDS)]), strict=False))
    scene = env._world.scene
    assert seen.shape == (sum(field.size for field in FIELDS),)
    assert info == {"scene": 4}
    assert seen[places["goal: x, y"]] == pytest.approx(scene.goal_m[0])
    assert seen[-1] == pytest.approx(scene.breaks_at_n)


def test_a_policy_that_carries_it_well_succeeds() -> None:
    env = made(most_s=60.0)
    number = next(n for n in range(1000) if abs(draw(n).force_bias_n) < 0.005)  # pads that run up strike hard
    env.reset(options={"scene": number})
    scene = env._world.scene
    (sx, sy), (gx, gy), grasp, high = scene.start_m, scene.goal_m, scene.half_height_m, 0.32
    share = 3.6 / environment.MOST_FORCE_N
    towards(env, sx, sy, grasp, -1, 120)
    towards(env, sx, sy, grasp, 0.003, 120)
    for squeeze in np.linspace(0.003, share, 60):
        towards(env, sx, sy, grasp, float(squeeze), 1)
    for x, y, z, num in ((sx, sy, high, 250), (gx, gy, high, 350), (gx, gy, grasp, 250)):
        _, ended, info = towards(env, x, y, z, share, num, pace=0.2)
        assert not ended, info
    reward, ended, info = towards(env, gx, gy, grasp, -1, 60)
    assert ended
    assert info["succeeded"]
    assert reward > 9


def test_a_policy_that_squeezes_is_told_that_it_broke_the_load() -> None:
    env = made()
    env.reset(options={"scene": 0})
    scene = env._world.scene
    towards(env, *scene.start_m, scene.half_height_m, -1, 120)
    reward, ended, info = towards(env, *scene.start_m, scene.half_height_m, 1.0, 100)
    assert ended
    assert info["broken"]
    assert reward < -9


def test_it_is_cut_off_in_the_end() -> None:
    env = made(most_s=0.1)
    env.reset(seed=0)
    still = np.array([0, 0, 0, -1], dtype=np.float32)
    assert [env.step(still)[3] for _ in range(5)] == [False] * 4 + [True]


def test_a_wrong_option_says_what_there_is() -> None:
    with pytest.raises(ConfigError, match="scene"):
        made().reset(options={"seen": 4})
    with pytest.raises(ConfigError, match="rgb_array"):
        FragileCarry(render_mode="human")
