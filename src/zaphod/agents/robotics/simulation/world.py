"""A gantry with two pads over a table, simulated by MuJoCo: commands in, sensors and contacts out; knows no plan.

The hand moves along x, y and z by servos; pads close along y, bound to each other as in a parallel gripper, and are
commanded by their force. Pads are balls, so that each touches at one point, found in closed form: several points of a
flat pad share the friction unevenly, and a load well inside its cone of friction creeps down by centimetres; other
round shapes lose contact for a step now and then. MuJoCo takes the larger friction of two surfaces: pads and load have
the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from zaphod.agents.robotics.scene import TABLE_HALF_M, Scene
from zaphod.agents.robotics.simulation.simulator import Sensed as Sensed
from zaphod.agents.robotics.simulation.simulator import Vector as Vector
from zaphod.core.errors import MissingExtraError

try:
    import mujoco
except ImportError as error:
    raise MissingExtraError("mujoco", "robotics") from error

STEP_S: Final = 0.002
HAND_KG: Final = 1.2
FINGER_KG: Final = 0.03
HAND_RADIUS_M: Final = 0.05
HAND_ABOVE_M: Final = 0.11
"""Centre of the hand's ball above the point between the pads."""
PAD_RADIUS_M: Final = 0.010
PAD_PATCH_M: Final = 0.006
"""Radius of a pad's contact: with it a pad resists being twisted."""
MOST_OPEN_M: Final = 0.045
"""Way of each pad from the middle."""
_STIFFNESS, _DAMPING = 6000.0, 180.0
_FINGER_DAMPING: Final = 1.0

_LEAD_S: Final = _DAMPING / _STIFFNESS
"""A servo that shall be somewhere with a speed is sent so much ahead."""
_TOUCHES_N: Final = 0.05


class World:
    """A scene that can be acted in.

    Args:
        scene: what is there.
    """

    step_s: Final = STEP_S
    most_open_m: Final = MOST_OPEN_M

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.model: Any = mujoco.MjModel.from_xml_string(_xml(scene))
        self.data: Any = mujoco.MjData(self.model)
        self._load_body = self.model.body("load").id
        self._meetings = _meetings(self.model)
        # NOTE: each look at a field of `data` makes a new array; these stay where they are as long as `data` lives.
        self._qpos, self._qvel, self._ctrl = self.data.qpos, self.data.qvel, self.data.ctrl
        self._load_at, self._load_turn = self.data.xpos[self._load_body], self.data.xmat[self._load_body]
        self._servo_forces = self.data.actuator_force
        self._wrench = np.zeros(6)
        self._touched: set[str] = set()
        self.reset()

    def reset(self) -> Sensed:
        """Everything as in the beginning: the hand above the middle of the start side, pads open."""
        mujoco.mj_resetData(self.model, self.data)
        self._qpos[3:5] = MOST_OPEN_M
        x, y = self.scene.start_m
        self._qpos[:3] = (x, y, 0.35)
        self._ctrl[:3] = self._qpos[:3]
        mujoco.mj_forward(self.model, self.data)
        return self.sensed()

    def step(self, position_m: Sequence[float], speed_m_s: Sequence[float], pad_forces_n: Sequence[float]) -> Sensed:
        """One step of `STEP_S`.

        Args:
            position_m: where the point between the pads shall be.
            speed_m_s: how fast it shall be there.
            pad_forces_n: with which force each pad shall press inwards; negative opens.
        """
        bias = self.scene.force_bias_n
        servos = [at + speed * _LEAD_S for at, speed in zip(position_m, speed_m_s, strict=True)]
        self._ctrl[:] = servos + [force + bias if force > 0 else force for force in pad_forces_n]
        mujoco.mj_step(self.model, self.data)
        return self.sensed()

    def sensed(self) -> Sensed:
        """What is measured now."""
        forces = self._look()
        qpos, qvel = self._qpos, self._qvel
        slip = 0.0
        if min(forces) > _TOUCHES_N:
            slip = math.hypot(qvel[5] - qvel[0], qvel[7] - qvel[2])
        return Sensed(
            self.data.time,
            qpos[:3].copy(),
            qvel[:3].copy(),
            qpos[3:5].copy(),
            qvel[3:5].copy(),
            np.array(forces),
            self._load_at.copy(),
            slip,
            float(self._servo_forces[2]) + self.scene.scale_bias_n,
        )

    @property
    def load_uprightness(self) -> float:
        """1 where the load stands upright, 0 where it lies."""
        return float(self._load_turn[8])

    def collisions(self) -> set[str]:
        """Contacts that should not be, by name: of robot or load with the wall, of the robot with the table.

        As of the last step, or of the last time that anything was measured.
        """
        return self._touched

    def _look(self) -> list[float]:
        """Who touches whom; the normal force of each pad."""
        forces, touched, meetings = [0.0, 0.0], set(), self._meetings
        for number, (one, other) in enumerate(self.data.contact.geom.tolist()):
            meeting = meetings[one][other]
            if meeting is None:
                continue
            if isinstance(meeting, str):
                touched.add(meeting)
            else:
                mujoco.mj_contactForce(self.model, self.data, number, self._wrench)
                forces[meeting] += float(self._wrench[0])
        self._touched = touched
        return forces


def _meetings(model: Any) -> list[list[str | int | None]]:
    """For two geometries what it is that they touch: a collision by its name, or the load by a pad of this number."""
    names = ("left_pad", "right_pad", "hand", "left_finger", "right_finger", "load", "wall", "table")
    *robot, load, wall, table = (model.geom(name).id for name in names)
    found: list[list[str | int | None]] = [[None] * model.ngeom for _ in range(model.ngeom)]

    def meet(one: int, other: int, meeting: str | int) -> None:
        found[one][other] = found[other][one] = meeting

    meet(load, wall, "wall")
    for part in robot:
        meet(part, wall, "wall")
        meet(part, table, "table")
        meet(part, load, "load")
    for side, pad in enumerate(robot[:2]):
        meet(pad, load, side)
    return found


def gantry_xml(scene: Scene) -> str:
    """The robot alone, as other simulators import it: joints x, y, z, left_slide and right_slide."""
    return f"""
    <mujoco model="gantry">
      <option timestep="{STEP_S}"/>
      <worldbody>{_gantry(_friction(scene))}</worldbody>
    </mujoco>"""


def _friction(scene: Scene) -> str:
    return f"{scene.friction} {2 / 3 * scene.friction * PAD_PATCH_M} 0.0001"


def _gantry(friction: str) -> str:
    """Hand and fingers, which weigh nothing: gravity is compensated."""
    fingers = "".join(
        f"""<body name="{side}" pos="0 0 0" gravcomp="1">
              <joint name="{side}_slide" type="slide" axis="0 {sign} 0" range="0.004 {MOST_OPEN_M + 0.005}"
                     limited="true" damping="{_FINGER_DAMPING}" armature="0.001"/>
              <geom name="{side}_pad" type="sphere" size="{PAD_RADIUS_M}" pos="0 {sign * PAD_RADIUS_M} 0" mass="0.01"
                    condim="4" solref="0.004 1" solimp="0.99 0.999 0.0005" friction="{friction}"
                    rgba="0.15 0.15 0.18 1"/>
              <geom name="{side}_finger" type="box" size="0.008 0.004 0.03" pos="0 {sign * 0.018} 0.035"
                    mass="{FINGER_KG - 0.01}" rgba="0.6 0.6 0.65 1"/>
            </body>"""
        for side, sign in (("left", 1), ("right", -1))
    )
    slides = "".join(
        f'<joint name="{axis}" type="slide" axis="{direction}"/>'
        for axis, direction in (("x", "1 0 0"), ("y", "0 1 0"), ("z", "0 0 1"))
    )
    return f"""
        <body name="gantry" pos="0 0 0" gravcomp="1">
          {slides}
          <geom name="hand" type="sphere" size="{HAND_RADIUS_M}" pos="0 0 {HAND_ABOVE_M}" mass="{HAND_KG}"
                rgba="0.35 0.4 0.5 1"/>
          {fingers}
        </body>"""


def _xml(scene: Scene) -> str:
    """The scene as MuJoCo reads it."""
    friction = _friction(scene)
    x, y = scene.start_m
    wall = f"{scene.wall_half_thickness_m} {TABLE_HALF_M} {scene.wall_height_m / 2}"
    gain = f'gainprm="{_STIFFNESS}" biastype="affine" biasprm="0 -{_STIFFNESS} -{_DAMPING}"'
    servos = "".join(f'<general joint="{axis}" {gain} ctrlrange="-2 2"/>' for axis in "xyz")
    return f"""
    <mujoco model="fragile">
      <option timestep="{STEP_S}" cone="elliptic" impratio="10" noslip_iterations="5" integrator="implicitfast"/>
      <visual><global offwidth="960" offheight="720"/><headlight ambient="0.4 0.4 0.4"/></visual>
      <worldbody>
        <light pos="0.4 -0.6 1.5" dir="-0.3 0.4 -1" castshadow="true"/>
        <camera name="side" pos="0 -1.15 0.55" xyaxes="1 0 0 0 0.38 0.92"/>
        <camera name="above" pos="0 0 1.3" xyaxes="1 0 0 0 1 0"/>
        <geom name="table" type="box" size="{TABLE_HALF_M} {TABLE_HALF_M} 0.02" pos="0 0 -0.02"
              friction="0.8 0.005 0.0001" rgba="0.86 0.83 0.78 1"/>
        <geom name="wall" type="box" size="{wall}" pos="{scene.wall_x_m} 0 {scene.wall_height_m / 2}"
              rgba="0.72 0.45 0.36 1"/>
        <site name="goal" type="cylinder" size="0.03 0.001" pos="{scene.goal_m[0]} {scene.goal_m[1]} 0.001"
              rgba="0.2 0.5 0.9 0.6"/>
        {_gantry(friction)}
        <body name="load" pos="{x} {y} {scene.half_height_m}">
          <freejoint/>
          <geom name="load" type="cylinder" size="{scene.radius_m} {scene.half_height_m}" mass="{scene.mass_kg}"
                friction="{friction}" rgba="0.5 0.75 0.85 0.8"/>
        </body>
      </worldbody>
      <contact>
        <exclude body1="gantry" body2="left"/><exclude body1="gantry" body2="right"/>
        <exclude body1="left" body2="right"/>
      </contact>
      <equality>
        <joint joint1="left_slide" joint2="right_slide" polycoef="0 1 0 0 0"
               solref="0.004 1" solimp="0.99 0.999 0.0005"/>
      </equality>
      <actuator>
        {servos}
        <motor joint="left_slide" gear="-1" ctrlrange="-20 20"/>
        <motor joint="right_slide" gear="-1" ctrlrange="-20 20"/>
      </actuator>
    </mujoco>"""
