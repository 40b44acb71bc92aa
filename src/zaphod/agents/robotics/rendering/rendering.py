"""Pictures of a scene as MuJoCo draws it, without a screen; knows ways to draw, and not what is on the pictures.

Legend: N pictures; H, W height and width; C red, green, blue.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from zaphod.agents.robotics import scene as scenes
from zaphod.agents.robotics.recording.recording import Samples
from zaphod.agents.robotics.rendering.process import SURFACELESS, Shot, Shots, State
from zaphod.core.errors import UnavailableError
from zaphod.core.progress import SILENT, Progress

Pixels = NDArray[np.uint8]
"""[H, W, C]."""

MOST_WIDTH, MOST_HEIGHT = 960, 720
_MOST_S: Final = 600.0
_TRIAL_S: Final = 60.0
_AT_ONCE: Final = 20


class Way(NamedTuple):
    """How to draw."""

    name: str
    library: str
    """As MuJoCo calls it."""


WAYS: Final = (Way("egl", "egl"), Way(SURFACELESS, "egl"), Way("osmesa", "osmesa"), Way("glfw", "glfw"))
"""In the order in which they are tried. MUJOCO_GL, where the user set it, outweighs the library of each."""


def state_at(samples: Samples, number: int) -> State:
    """What a recording says of one moment."""
    return State(
        position_m=samples.position_m[number],
        pads_m=samples.pads_m[number],
        load_m=samples.load_m[number],
        load_quaternion=samples.load_quaternion[number],
    )


def draw(shots: Sequence[Shot], *, width: int = 480, height: int = 360, progress: Progress = SILENT) -> list[Pixels]:
    """Each shot, [N] pictures of [H, W, C].

    Args:
        shots: of any scenes; those of one scene are quicker one after the other.
        width: in pixels, at most `MOST_WIDTH`.
        height: at most `MOST_HEIGHT`.
        progress: is told of each batch.

    Raises:
        UnavailableError: nothing here can draw.
    """
    if not (0 < width <= MOST_WIDTH and 0 < height <= MOST_HEIGHT):
        raise ValueError(f"a picture of {width} by {height} pixels")
    way = way_to_draw()
    if way is None:
        raise UnavailableError(
            "Nothing here can draw: " + "; ".join(f"{name}: {reason}" for name, reason in why_not().items()) + ".",
            "MuJoCo needs EGL or OSMesa to draw without a screen.",
            "On Debian and Ubuntu: apt-get install libegl1 libgl1-mesa-dri, or libosmesa6.",
        )
    found: list[Pixels] = []
    with progress.step("drawing", len(shots), "pictures") as advance:
        for first in range(0, len(shots), _AT_ONCE):
            batch = tuple(shots[first : first + _AT_ONCE])
            found += _drawn(way, Shots(width=width, height=height, shots=batch), _MOST_S)
            advance(len(batch))
    return found


def way_to_draw() -> Way | None:
    """The first that works here; None where none does."""
    return tried()[0]


def why_not() -> dict[str, str]:
    """What came of each way that does not work here, of those that were tried."""
    return dict(tried()[1])


@cache
def tried() -> tuple[Way | None, dict[str, str]]:
    """The way that works, and what came of those before it. Found out once, by drawing a small picture."""
    failed: dict[str, str] = {}
    for way in WAYS:
        try:
            pixels = _drawn(way, Shots(width=32, height=24, shots=(_TRIAL,)), _TRIAL_S)
        except UnavailableError as error:
            failed[way.name] = error.found
        else:
            if pixels[0].any():
                return way, failed
            failed[way.name] = "its picture is black"
    return None, failed


def _drawn(way: Way, shots: Shots, timeout_s: float) -> list[Pixels]:
    command = [sys.executable, "-m", "zaphod.agents.robotics.rendering.process", way.name]
    environment = {"MUJOCO_GL": way.library, **os.environ}
    try:
        done = subprocess.run(
            command, input=msgspec.json.encode(shots), capture_output=True, timeout=timeout_s, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"it does not answer ({type(error).__name__})") from error
    shape = (len(shots.shots), shots.height, shots.width, 3)
    if done.returncode or len(done.stdout) != np.prod(shape):
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"it ends with {done.returncode}"]
        raise UnavailableError(said[-1][:200])
    return list(np.frombuffer(done.stdout, np.uint8).reshape(shape))


_TRIAL: Final = Shot(
    scene=scenes.draw(0),
    state=State(position_m=(0, 0, 0.3), pads_m=(0.04, 0.04), load_m=(0, 0, 0.04), load_quaternion=(1, 0, 0, 0)),
    camera="side",
)
