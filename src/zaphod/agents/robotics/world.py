"""A gantry with two pads over a table, simulated by MuJoCo: commands in, sensors and contacts out; knows no plan.

The hand moves along x, y and z by servos; pads close along y, bound to each other as in a parallel gripper, and are
commanded by their force. Pads are balls, so that each touches at one point, found in closed form: several points of a
flat pad share the friction unevenly, and a load well inside its cone of friction creeps down by centimetres; other
round shapes lose contact for a step now and then. MuJoCo takes the larger friction of two surfaces: pads and load have
the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zaphod.agents.robotics.scene import TABLE_HALF_M, Scene
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

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Sensed:
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


class World:
    """A scene that can be acted in.

    Args:
        scene: what is there.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.model: Any = mujoco.MjModel.from_xml_string(_xml(scene))
        self.data: Any = mujoco.MjData(self.model)
        names = ("left_pad", "right_pad", "hand", "left_finger", "right_finger", "load", "wall", "table")
        left, right, hand, *fingers, self._load, self._wall, self._table = (self.model.geom(n).id for n in names)
        self._pads, self._robot = (left, right), {left, right, hand, *fingers}
        self._load_body = self.model.body("load").id
        self.reset()

    def reset(self) -> Sensed:
        """Everything as in the beginning: the hand above the middle of the start side, pads open."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[3:5] = MOST_OPEN_M
        x, y = self.scene.start_m
        self.data.qpos[:3] = (x, y, 0.35)
        self.data.ctrl[:3] = self.data.qpos[:3]
        mujoco.mj_forward(self.model, self.data)
        return self.sensed()

    def step(self, position_m: Sequence[float], speed_m_s: Sequence[float], pad_forces_n: Sequence[float]) -> Sensed:
        """One step of `STEP_S`.

        Args:
            position_m: where the point between the pads shall be.
            speed_m_s: how fast it shall be there.
            pad_forces_n: with which force each pad shall press inwards; negative opens.
        """
        self.data.ctrl[:3] = np.asarray(position_m) + np.asarray(speed_m_s) * (_DAMPING / _STIFFNESS)
        bias = [self.scene.force_bias_n if force > 0 else 0.0 for force in pad_forces_n]
        self.data.ctrl[3:5] = np.asarray(pad_forces_n) + bias
        mujoco.mj_step(self.model, self.data)
        return self.sensed()

    def sensed(self) -> Sensed:
        """What is measured now."""
        forces, slip = self._pad_contacts()
        return Sensed(
            time_s=float(self.data.time),
            position_m=self.data.qpos[:3].copy(),
            speed_m_s=self.data.qvel[:3].copy(),
            pads_m=self.data.qpos[3:5].copy(),
            pad_speeds_m_s=self.data.qvel[3:5].copy(),
            pad_forces_n=forces,
            load_m=self.data.xpos[self._load_body].copy(),
            slip_m_s=slip,
        )

    @property
    def load_uprightness(self) -> float:
        """1 where the load stands upright, 0 where it lies."""
        return float(self.data.xmat[self._load_body].reshape(3, 3)[2, 2])

    def collisions(self) -> set[str]:
        """Contacts that should not be, by name: of robot or load with the wall, of the robot with the table."""
        found = set()
        for contact in self.data.contact[: self.data.ncon]:
            pair = {contact.geom1, contact.geom2}
            if self._wall in pair and pair & (self._robot | {self._load}):
                found.add("wall")
            if self._table in pair and pair & self._robot:
                found.add("table")
            if self._load in pair and pair & (self._robot - set(self._pads)):
                found.add("load")
        return found

    def _pad_contacts(self) -> tuple[Vector, float]:
        forces, slip = np.zeros(2), 0.0
        wrench = np.zeros(6)
        for number in range(self.data.ncon):
            contact = self.data.contact[number]
            pair = (contact.geom1, contact.geom2)
            if self._load not in pair:
                continue
            for side, pad in enumerate(self._pads):
                if pad in pair:
                    mujoco.mj_contactForce(self.model, self.data, number, wrench)
                    forces[side] += wrench[0]
        if forces.min() > 0.05:
            load_speed = self.data.qvel[5:8]
            slip = float(np.hypot(load_speed[0] - self.data.qvel[0], load_speed[2] - self.data.qvel[2]))
        return forces, slip


def _xml(scene: Scene) -> str:
    """The scene as MuJoCo reads it."""
    friction = f"{scene.friction} {2 / 3 * scene.friction * PAD_PATCH_M} 0.0001"
    x, y = scene.start_m
    wall = f"{scene.wall_half_thickness_m} {TABLE_HALF_M} {scene.wall_height_m / 2}"
    gain = f'gainprm="{_STIFFNESS}" biastype="affine" biasprm="0 -{_STIFFNESS} -{_DAMPING}"'
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
        <body name="gantry" pos="0 0 0" gravcomp="1">
          {slides}
          <geom name="hand" type="sphere" size="{HAND_RADIUS_M}" pos="0 0 {HAND_ABOVE_M}" mass="{HAND_KG}"
                rgba="0.35 0.4 0.5 1"/>
          {fingers}
        </body>
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
