"""The same scene with an arm of seven joints: a `Simulator` on robosuite's Panda; knows no plan.

robosuite 1.5 (robosuite.ai), which is MuJoCo below. The arm follows by operational-space control, stiffer than
robosuite's default, told half a time constant ahead; it is still off its path by a centimetre or two, and Panda's
fingers rub, so that what a pad presses with is off by more than a newton. A contract for this robot has to declare
both: with the gantry's margins nothing is proved of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from zaphod.agents.robotics.scene import Scene
from zaphod.agents.robotics.simulation.simulator import Sensed
from zaphod.core.errors import MissingExtraError, ZaphodError


class MissingRobosuiteError(MissingExtraError):
    """robosuite is not installed; no extra can bring it: what it needs for another robot wants NumPy 1."""

    def __init__(self) -> None:
        ZaphodError.__init__(
            self,
            "robosuite is not installed.",
            "Its requirements contradict ours (mink 0.0.5 wants NumPy below 2); a Panda needs none of that.",
            "Run: pip install --no-deps robosuite==1.5.2 && pip install numba scipy termcolor opencv-python-headless",
        )


try:
    import mujoco
    from robosuite.controllers import load_composite_controller_config
    from robosuite.environments.manipulation.lift import Lift
    from robosuite.models.arenas import TableArena
    from robosuite.models.objects import BoxObject, CylinderObject
    from robosuite.models.tasks import ManipulationTask
except ImportError as error:
    raise MissingRobosuiteError from error

STEP_S: Final = 0.002
MOST_OPEN_M: Final = 0.039
ORIGIN_M: Final = (-0.10, 0.0, 0.80)
"""Where the scene's origin is in robosuite's world: shifted towards the arm, which reaches 85 cm."""
_TABLE_M: Final = (0.8, 1.2, 0.05)
_STIFFNESS: Final = 1000.0
_LEAD_S: Final = 2 / math.sqrt(_STIFFNESS)
_LEARNS_PER_S: Final = 3.0
_MOST_LEARNED_M: Final = 0.03
"""The arm stays millimetres behind its goal: what it lacks is learned at this rate, up to so much."""
_TOUCHES_N: Final = 0.05
_MOST_N: Final = 20.0
_SETTLING_S: Final = 3.0
_FINGERS: Final = ("gripper0_right_finger_joint1", "gripper0_right_finger_joint2")
_MOTORS: Final = ("gripper0_right_gripper_finger_joint1", "gripper0_right_gripper_finger_joint2")
_PADS: Final = ("gripper0_right_finger1_pad_collision", "gripper0_right_finger2_pad_collision")


class PandaWorld:
    """A scene with a Panda in it; see `Simulator`.

    Args:
        scene: what is there.
    """

    step_s: Final = STEP_S
    most_open_m: Final = MOST_OPEN_M

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._env: Any = _Carry(scene)
        self._time_s, self._touched = 0.0, set[str]()
        self.reset()

    def reset(self) -> Sensed:
        """Everything as in the beginning: the hand above the load, fingers open."""
        self._env.reset()
        sim = self._env.sim
        self._model, self._data = sim.model._model, sim.data._data
        self._site = self._model.site("gripper0_right_grip_site").id
        self._load = self._model.body("load_main").id
        self._joints = [self._model.joint(name) for name in _FINGERS]
        self._motors = [self._model.actuator(name).id for name in _MOTORS]
        self._meetings = _meetings(self._model)
        self._turn = _rotation_vector(self._data.site_xmat[self._site].reshape(3, 3))
        self._learned = np.zeros(3)
        start = [*self.scene.start_m, 0.35]
        for _ in range(round(_SETTLING_S / STEP_S)):
            sensed = self.step(start, [0.0] * 3, [-1.0] * 2)
        self._time_s = 0.0
        return sensed._replace(time_s=0.0)

    def step(self, position_m: Sequence[float], speed_m_s: Sequence[float], pad_forces_n: Sequence[float]) -> Sensed:
        """One step of `STEP_S`; see `Simulator`."""
        sim = self._env.sim
        lacks = np.asarray(position_m) + ORIGIN_M - self._data.site_xpos[self._site]
        self._learned = np.clip(self._learned + lacks * _LEARNS_PER_S * STEP_S, -_MOST_LEARNED_M, _MOST_LEARNED_M)
        goal = np.asarray(position_m) + np.asarray(speed_m_s) * _LEAD_S + ORIGIN_M + self._learned
        sim.step1()
        self._env._pre_action(np.array([*goal, *self._turn, 0.0]), policy_step=True)
        for motor, force, sign in zip(self._motors, pad_forces_n, (1, -1), strict=True):
            # A servo that shall be where it cannot get to presses with all that it may.
            most = min(abs(force + self.scene.force_bias_n if force > 0 else force), _MOST_N)
            self._data.ctrl[motor] = 0.0 if force > 0 else sign * MOST_OPEN_M
            self._model.actuator_forcerange[motor] = (-most, most) if force > 0 else (-_MOST_N, _MOST_N)
        sim.step2()
        self._time_s += STEP_S
        return self.sensed()

    def sensed(self) -> Sensed:
        """What is measured now."""
        velocity = np.zeros(6)
        mujoco.mj_objectVelocity(self._model, self._data, mujoco.mjtObj.mjOBJ_SITE, self._site, velocity, 0)
        load_velocity = np.zeros(6)
        mujoco.mj_objectVelocity(self._model, self._data, mujoco.mjtObj.mjOBJ_BODY, self._load, load_velocity, 0)
        forces = self._look()
        slip = float(np.hypot(*(load_velocity - velocity)[[3, 5]])) if forces.min() > _TOUCHES_N else 0.0
        return Sensed(
            time_s=self._time_s,
            position_m=self._data.site_xpos[self._site] - ORIGIN_M,
            speed_m_s=velocity[3:].copy(),
            pads_m=np.array([abs(self._data.qpos[joint.qposadr[0]]) for joint in self._joints]),
            pad_speeds_m_s=np.array(
                [s * self._data.qvel[j.dofadr[0]] for j, s in zip(self._joints, (1, -1), strict=True)]
            ),
            pad_forces_n=forces,
            load_m=self._data.xipos[self._load] - ORIGIN_M,
            slip_m_s=slip,
            lift_n=math.nan,  # robosuite's sensor in the wrist also feels the hand; this arm has no scale
        )

    @property
    def load_uprightness(self) -> float:
        """1 where the load stands upright, 0 where it lies."""
        return float(self._data.xmat[self._load].reshape(3, 3)[2, 2])

    def collisions(self) -> set[str]:
        """Of the arm or the load with the wall, of the arm with the table."""
        return self._touched

    def _look(self) -> Any:
        forces, touched, wrench = np.zeros(2), set(), np.zeros(6)
        for number, (one, other) in enumerate(self._data.contact.geom.tolist()):
            meeting = self._meetings.get((one, other))
            if isinstance(meeting, str):
                touched.add(meeting)
            elif meeting is not None:
                mujoco.mj_contactForce(self._model, self._data, number, wrench)
                forces[meeting] += wrench[0]
        self._touched = touched
        return forces


class _Carry(Lift):  # type: ignore[misc]
    """robosuite's table with our load and our wall."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        controller = load_composite_controller_config(controller="BASIC", robot="Panda")
        arm = controller["body_parts"]["right"]
        arm |= {"type": "OSC_POSE", "kp": _STIFFNESS, "input_type": "absolute", "input_ref_frame": "world"}
        super().__init__(
            robots="Panda",
            controller_configs=controller,
            initialization_noise=None,
            table_full_size=_TABLE_M,
            use_camera_obs=False,
            use_object_obs=False,
            has_renderer=False,
            has_offscreen_renderer=False,
            control_freq=round(1 / STEP_S),
            ignore_done=True,
            hard_reset=False,
        )

    def _load_model(self) -> None:
        super(Lift, self)._load_model()
        robot = self.robots[0].robot_model
        robot.set_base_xpos(robot.base_xpos_offset["table"](_TABLE_M[0]))
        arena = TableArena(table_full_size=_TABLE_M, table_friction=(0.8, 0.005, 0.0001), table_offset=(0, 0, 0.8))
        arena.set_origin([0, 0, 0])
        scene = self._scene
        friction = (scene.friction, 0.005, 0.0001)
        volume = math.pi * scene.radius_m**2 * 2 * scene.half_height_m
        self.cube = CylinderObject(
            name="load",
            size=(scene.radius_m, scene.half_height_m),
            density=scene.mass_kg / volume,
            friction=friction,
        )
        wall = BoxObject(
            name="wall",
            size=(scene.wall_half_thickness_m, _TABLE_M[1] / 2, scene.wall_height_m / 2),
            joints=None,
        )
        wall.get_obj().set("pos", _text((scene.wall_x_m, 0.0, scene.wall_height_m / 2), ORIGIN_M))
        for finger in self.robots[0].gripper["right"].worldbody.iter("geom"):
            if "pad_collision" in finger.get("name", ""):
                finger.set("friction", " ".join(map(str, friction)))
        self.model = ManipulationTask(mujoco_arena=arena, mujoco_robots=[robot], mujoco_objects=[self.cube, wall])

    def _reset_internal(self) -> None:
        super(Lift, self)._reset_internal()
        scene = self._scene
        place = np.array([*scene.start_m, scene.half_height_m]) + ORIGIN_M
        self.sim.data.set_joint_qpos(self.cube.joints[0], np.array([*place, 1, 0, 0, 0]))
        self.sim.forward()


def _meetings(model: Any) -> dict[tuple[int, int], str | int]:
    """For two geometries what it is that they touch, as in `world`."""
    names = [model.geom(number).name for number in range(model.ngeom)]
    robot = [n for n, name in enumerate(names) if name.startswith(("robot0", "gripper0"))]
    load = [n for n, name in enumerate(names) if name.startswith("load")]
    wall = [n for n, name in enumerate(names) if name.startswith("wall")]
    table = [n for n, name in enumerate(names) if name.startswith("table")]
    found: dict[tuple[int, int], str | int] = {}
    for ones, others, meeting in ((robot, wall, "wall"), (load, wall, "wall"), (robot, table, "table")):
        found |= {pair: meeting for one in ones for other in others for pair in ((one, other), (other, one))}
    for side, pad in enumerate(_PADS):
        found |= {pair: side for one in load for pair in ((one, names.index(pad)), (names.index(pad), one))}
    return found


def _rotation_vector(matrix: Any) -> Any:
    quaternion, vector = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(matrix).reshape(9))
    mujoco.mju_quat2Vel(vector, quaternion, 1.0)
    return vector


def _text(place: Sequence[float], origin: Sequence[float]) -> str:
    return " ".join(str(value + shift) for value, shift in zip(place, origin, strict=True))
