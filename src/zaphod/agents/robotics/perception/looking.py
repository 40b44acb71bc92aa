"""A simulated scene as its cameras see it, with what touch tells beside it; plans nothing."""

from __future__ import annotations

from zaphod.agents.robotics.perception.perception import CAMERAS, HEIGHT, WIDTH, believed, see, shots
from zaphod.agents.robotics.rendering.rendering import draw
from zaphod.agents.robotics.scene import Belief, Scene
from zaphod.core.progress import SILENT, Progress


def look(scene: Scene, touched: Belief, progress: Progress = SILENT) -> Belief:
    """Where things are out of two rendered pictures; mass, friction and strength as they were weighed and declared.

    Args:
        scene: what is really there, at its beginning.
        touched: of which only what no camera sees is used.
        progress: hears of the drawing.

    Raises:
        UnavailableError: nothing here can draw.
        UnseenError: a picture does not show what is asked for.
    """
    pictures = draw(shots(scene), width=WIDTH, height=HEIGHT, progress=progress)
    named = {camera.name: picture for camera, picture in zip(CAMERAS, pictures, strict=True)}
    return believed(
        see(named),
        mass_kg=touched.mass_kg,
        friction=touched.friction,
        breaks_at_n=touched.breaks_at_n,
        force_error_n=touched.force_error_n,
    )
