"""The same scene in NVIDIA's Isaac Lab: a `Simulator` on PhysX; written after its documentation and never run here.

Isaac Lab 2.3 (isaac-sim.github.io/IsaacLab/v2.3.0) needs an NVIDIA GPU and Isaac Sim. The robot is the one of `world`,
imported from its MJCF, so that no asset is fetched. PhysX knows neither the bond between the fingers nor elliptic
cones: what is proved holds of the contract's model, and how far PhysX is from it must be measured there.

Import `AppLauncher` and start the application before anything else of Isaac Lab: `launched()` does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from zaphod.agents.robotics.scene import TABLE_HALF_M, Scene
from zaphod.agents.robotics.simulation.simulator import Sensed
from zaphod.agents.robotics.simulation.world import MOST_OPEN_M, STEP_S, gantry_xml
from zaphod.core.errors import MissingExtraError, ZaphodError

_STIFFNESS, _DAMPING, _FINGER_DAMPING = 6000.0, 180.0, 1.0
_TOUCHES_N: Final = 0.05
_ROBOT, _LOAD, _WALL, _TABLE = "/World/Robot", "/World/Load", "/World/Wall", "/World/Table"
_AXES: Final = ("x", "y", "z")
_SLIDES: Final = ("left_slide", "right_slide")


class MissingIsaacLabError(MissingExtraError):
    """Isaac Lab is not installed; it does not come from the package index."""

    def __init__(self) -> None:
        ZaphodError.__init__(
            self,
            "Isaac Lab is not installed.",
            "It needs an NVIDIA GPU and Isaac Sim.",
            "Run: pip install 'isaaclab[isaacsim,all]==2.3.*' --extra-index-url https://pypi.nvidia.com",
        )


def launched(*, headless: bool = True) -> Any:
    """Isaac Sim's application; the first thing to be started, once a process.

    Raises:
        MissingIsaacLabError: it is not installed.
    """
    try:
        from isaaclab.app import AppLauncher
    except ImportError as error:
        raise MissingIsaacLabError from error
    return AppLauncher(headless=headless).app


class IsaacLabWorld:
    """A scene in Isaac Lab; see `Simulator`.

    Args:
        scene: what is there.
        device: where PhysX computes.

    Raises:
        MissingIsaacLabError: it is not installed.
    """

    step_s: Final = STEP_S
    most_open_m: Final = MOST_OPEN_M

    def __init__(self, scene: Scene, device: str = "cuda:0") -> None:
        try:
            import isaaclab.sim as sims
            from isaaclab.sim import SimulationContext
        except ImportError as error:
            raise MissingIsaacLabError from error
        self.scene = scene
        self._sim: Any = SimulationContext(sims.SimulationCfg(dt=STEP_S, device=device))
        self._robot, self._load = _robot(scene), _load(scene)
        _standing(scene)
        # One sensor for each body whose contacts are told apart: filters need a single body.
        self._pads = [_contacts(f"{_ROBOT}/{side}", [_LOAD]) for side in ("left", "right")]
        robot = [_contacts(f"{_ROBOT}/{body}", [_WALL, _TABLE]) for body in ("gantry", "left", "right")]
        self._touching = [(sensor, ("wall", "table")) for sensor in robot] + [(_contacts(_LOAD, [_WALL]), ("wall",))]
        self._sim.reset()
        self._arm, _ = self._robot.find_joints(list(_AXES), preserve_order=True)
        self._fingers, _ = self._robot.find_joints(list(_SLIDES), preserve_order=True)
        self._time_s = 0.0
        self.reset()

    def reset(self) -> Sensed:
        """Everything as in the beginning."""
        import torch

        device = self._robot.device
        joints = self._robot.data.default_joint_pos.clone()
        joints[:, self._arm] = torch.tensor([*self.scene.start_m, 0.35], device=device)
        joints[:, self._fingers] = MOST_OPEN_M
        self._robot.write_joint_state_to_sim(joints, torch.zeros_like(joints))
        self._load.write_root_state_to_sim(self._load.data.default_root_state.clone())
        for part in (self._robot, self._load, *self._sensors()):
            part.reset()
        self._time_s = 0.0
        return self.step([*self.scene.start_m, 0.35], [0.0] * 3, [0.0] * 2)

    def step(self, position_m: Sequence[float], speed_m_s: Sequence[float], pad_forces_n: Sequence[float]) -> Sensed:
        """One step of `STEP_S`; see `Simulator`."""
        import torch

        def row(values: Sequence[float]) -> Any:
            return torch.tensor([list(values)], device=self._robot.device)

        bias = self.scene.force_bias_n
        inwards = [-(force + bias) if force > 0 else -force for force in pad_forces_n]
        self._robot.set_joint_position_target(row(position_m), joint_ids=self._arm)
        self._robot.set_joint_velocity_target(row(speed_m_s), joint_ids=self._arm)
        self._robot.set_joint_effort_target(row(inwards), joint_ids=self._fingers)
        self._robot.write_data_to_sim()
        self._sim.step(render=False)
        self._time_s += STEP_S
        for part in (self._robot, self._load, *self._sensors()):
            part.update(STEP_S)
        return self.sensed()

    def sensed(self) -> Sensed:
        """What is measured now."""
        places, speeds = self._robot.data.joint_pos[0], self._robot.data.joint_vel[0]
        arm_speed = _array(speeds[self._arm])
        forces = np.array([float(np.linalg.norm(_force(sensor))) for sensor in self._pads])
        load_speed = _array(self._load.data.root_lin_vel_w[0])
        is_held = forces.min() > _TOUCHES_N
        effort = _array(self._robot.data.applied_torque[0][self._arm])
        return Sensed(
            time_s=self._time_s,
            position_m=_array(places[self._arm]),
            speed_m_s=arm_speed,
            pads_m=_array(places[self._fingers]),
            pad_speeds_m_s=_array(speeds[self._fingers]),
            pad_forces_n=forces,
            load_m=_array(self._load.data.root_pos_w[0]),
            slip_m_s=float(np.hypot(*(load_speed - arm_speed)[[0, 2]])) if is_held else 0.0,
            lift_n=float(effort[2]) + self.scene.scale_bias_n,
        )

    @property
    def load_uprightness(self) -> float:
        """1 where the load stands upright, 0 where it lies; of the quaternion w, x, y, z."""
        _, x, y, _ = _array(self._load.data.root_quat_w[0]).tolist()
        return float(1 - 2 * (x * x + y * y))

    def collisions(self) -> set[str]:
        """Wall and table, where anything presses on them that should not."""
        return {
            name
            for sensor, names in self._touching
            for number, name in enumerate(names)
            if np.linalg.norm(_force(sensor, number)) > 0
        }

    def _sensors(self) -> list[Any]:
        return [*self._pads, *(sensor for sensor, _ in self._touching)]


def _robot(scene: Scene) -> Any:
    """The gantry; its servos are implicit ones, as stiff as in `world`."""
    import isaaclab.sim as sims
    from isaaclab.actuators import ImplicitActuatorCfg
    from isaaclab.assets import Articulation, ArticulationCfg
    from isaaclab.sim.converters import MjcfConverter, MjcfConverterCfg

    folder = Path(tempfile.mkdtemp(prefix="zaphod-isaac-"))
    file = folder / "gantry.xml"
    file.write_text(gantry_xml(scene))
    converter = MjcfConverter(
        MjcfConverterCfg(asset_path=str(file), usd_dir=str(folder), fix_base=True, import_sites=False)
    )
    weightless = sims.RigidBodyPropertiesCfg(disable_gravity=True)
    servos = ImplicitActuatorCfg(joint_names_expr=list(_AXES), stiffness=_STIFFNESS, damping=_DAMPING)
    motors = ImplicitActuatorCfg(joint_names_expr=list(_SLIDES), stiffness=0.0, damping=_FINGER_DAMPING)
    return Articulation(
        ArticulationCfg(
            prim_path=_ROBOT,
            spawn=sims.UsdFileCfg(usd_path=converter.usd_path, rigid_props=weightless, activate_contact_sensors=True),
            init_state=ArticulationCfg.InitialStateCfg(joint_pos={"z": 0.35, ".*_slide": MOST_OPEN_M}),
            actuators={"arm": servos, "fingers": motors},
        )
    )


def _load(scene: Scene) -> Any:
    import isaaclab.sim as sims
    from isaaclab.assets import RigidObject, RigidObjectCfg

    return RigidObject(
        RigidObjectCfg(
            prim_path=_LOAD,
            spawn=sims.CylinderCfg(
                radius=scene.radius_m,
                height=2 * scene.half_height_m,
                rigid_props=sims.RigidBodyPropertiesCfg(),
                mass_props=sims.MassPropertiesCfg(mass=scene.mass_kg),
                collision_props=sims.CollisionPropertiesCfg(),
                physics_material=_material(scene.friction),
                activate_contact_sensors=True,
            ),
            init_state=RigidObjectCfg.InitialStateCfg(pos=(*scene.start_m, scene.half_height_m)),
        )
    )


def _standing(scene: Scene) -> None:
    """Table and wall, which move not."""
    import isaaclab.sim as sims

    height, side = scene.wall_height_m, 2 * TABLE_HALF_M
    blocks = (
        (_TABLE, (side, side, 0.04), (0.0, 0.0, -0.02)),
        (_WALL, (2 * scene.wall_half_thickness_m, side, height), (scene.wall_x_m, 0.0, height / 2)),
    )
    for path, size, place in blocks:
        block = sims.CuboidCfg(
            size=size,
            rigid_props=sims.RigidBodyPropertiesCfg(kinematic_enabled=True),
            collision_props=sims.CollisionPropertiesCfg(),
            physics_material=_material(0.8),
        )
        block.func(path, block, translation=place)


def _material(friction: float) -> Any:
    import isaaclab.sim as sims

    return sims.RigidBodyMaterialCfg(static_friction=friction, dynamic_friction=friction, restitution=0.0)


def _contacts(path: str, others: list[str]) -> Any:
    from isaaclab.sensors import ContactSensor, ContactSensorCfg

    return ContactSensor(ContactSensorCfg(prim_path=path, filter_prim_paths_expr=others, update_period=0.0))


def _force(sensor: Any, number: int = 0) -> Any:
    """On the sensor's body by one of its filters, [3]; of [environments, bodies, filters, 3]."""
    return _array(sensor.data.force_matrix_w[0, 0, number])


def _array(tensor: Any) -> Any:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=np.float64)
