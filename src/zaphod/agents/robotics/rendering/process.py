"""The process that draws: shots of scenes in, pixels out; knows no recording.

    python -m zaphod.agents.robotics.rendering.process WAY <shots.json >pixels

A process of its own, because a graphics library is chosen once in a process, and a broken one ends it.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, Final

import msgspec
import numpy as np

from zaphod.agents.robotics.scene import Scene

SURFACELESS: Final = "egl-surfaceless"
CLOSE: Final = "close"
"""A camera for pictures that people look at; the others are the scene's own."""
_PLATFORM_SURFACELESS_MESA: Final = 0x31DD
_FINER: Final = 2
_BACKGROUND: Final = (208, 212, 219)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How everything stands that can move."""

    position_m: tuple[float, float, float]
    """Of the point between the pads."""
    pads_m: tuple[float, float]
    load_m: tuple[float, float, float]
    load_quaternion: tuple[float, float, float, float]
    """w, x, y, z."""


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """One picture that is wanted."""

    scene: Scene
    state: State
    camera: str


class Shots(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures of one size."""

    width: int
    height: int
    shots: tuple[Shot, ...]


def main() -> None:
    """Draw what is read, one picture after the other, rows of RGB from the top."""
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=Shots)
    if sys.argv[1] == SURFACELESS:
        _use_surfaceless()
    mujoco = importlib.import_module("mujoco")
    from zaphod.agents.robotics.simulation.world import (
        World,  # here, because the way of drawing is chosen before MuJoCo is used
    )

    scene, world, renderer = None, None, None
    for shot in wanted.shots:
        if shot.scene != scene:
            if renderer is not None:
                renderer.close()
            scene, world = shot.scene, World(shot.scene)
            _light(world.model)
            world.model.vis.quality.offsamples = 0  # edges would be mixed with the black of what is not there
            size = world.model.vis.global_
            size.offheight, size.offwidth = _FINER * wanted.height, _FINER * wanted.width
            renderer = mujoco.Renderer(world.model, size.offheight, size.offwidth)
        assert world is not None
        _place(world, shot.state)
        mujoco.mj_forward(world.model, world.data)
        assert renderer is not None
        renderer.update_scene(world.data, camera=_close(mujoco) if shot.camera == CLOSE else shot.camera)
        sys.stdout.buffer.write(_coarser(renderer.render()).tobytes())


def _place(world: Any, state: State) -> None:
    """Joint by joint, by name."""
    of_joints = {
        **dict(zip(("x", "y", "z"), state.position_m, strict=True)),
        **dict(zip(("left_slide", "right_slide"), state.pads_m, strict=True)),
    }
    for name, value in of_joints.items():
        world.data.qpos[world.model.joint(name).qposadr[0]] = value
    start = world.model.jnt_qposadr[world.model.body("load").jntadr[0]]
    world.data.qpos[start : start + 7] = (*state.load_m, *state.load_quaternion)


def _close(mujoco: Any) -> Any:
    """A camera that shows as much as a load and a hand need, and no more."""
    camera = mujoco.MjvCamera()
    camera.lookat[:] = 0.0, 0.0, 0.19
    camera.distance, camera.azimuth, camera.elevation = 0.92, 76.0, -16.0
    return camera


def _light(model: Any) -> None:
    """Soft enough that no colour is cut off at white, from either camera."""
    head = model.vis.headlight
    head.ambient[:], head.diffuse[:], head.specular[:] = 0.5, 0.12, 0.0
    model.light_diffuse[:], model.light_specular[:] = 0.58, 0.0


def _coarser(pixels: np.ndarray) -> np.ndarray:
    """Each pixel is the mean of finer ones, as a sensor's is; where nothing is, there is a light background."""
    fine = np.where(pixels.any(axis=2, keepdims=True), pixels, np.array(_BACKGROUND, np.uint8)).astype(np.float32)
    height, width, _ = fine.shape
    blocks = fine.reshape(height // _FINER, _FINER, width // _FINER, _FINER, 3)
    found: np.ndarray = blocks.mean(axis=(1, 3)).round().astype(np.uint8)
    return found


def _use_surfaceless() -> None:
    """A display of Mesa that needs no device; MuJoCo looks for one of a graphics card only."""
    egl: Any = importlib.import_module("mujoco.egl")
    display = egl.EGL.eglGetPlatformDisplayEXT(_PLATFORM_SURFACELESS_MESA, None, None)
    if display == egl.EGL.EGL_NO_DISPLAY or not egl.EGL.eglInitialize(display, None, None):
        raise SystemExit("Mesa has no display without a surface.")
    egl.EGL_DISPLAY = display


if __name__ == "__main__":
    main()
