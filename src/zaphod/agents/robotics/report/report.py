"""An episode as one page that needs no network, and its pictures as files; decides nothing, simulates nothing.

report.html     pictures, what was proved under which assumptions, force and clearance against their limits, rounds
strip.png       the pictures in a row; strip.svg where nothing can draw
forces.svg, clearance.svg
film.webp       if it is asked for and something can draw
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from zaphod.agents.robotics.recording.recording import SAMPLES_PER_S, Recording
from zaphod.agents.robotics.rendering.flat import flat_svg
from zaphod.agents.robotics.rendering.moments import Moment, moments
from zaphod.agents.robotics.rendering.process import CLOSE, Shot, State
from zaphod.agents.robotics.rendering.rendering import Pixels, draw, state_at, way_to_draw, why_not
from zaphod.agents.robotics.report.charts import Limit, Line, Mark, chart, standalone
from zaphod.agents.robotics.report.page import Picture, page
from zaphod.core.progress import SILENT, Progress

_STRIP_WIDTH, _STRIP_HEIGHT = 400, 300
_FILM_WIDTH, _FILM_HEIGHT = 320, 240
_FILM_EVERY: Final = 4
"""Samples a picture of the film."""
_MOST_CLEARANCE_MM: Final = 60.0
"""Is drawn, or else twice the smallest: what is far away from everything needs no picture."""
_PICTURES: Final = ("strip.png", "strip.svg", "forces.svg", "clearance.svg", "film.webp")
_HOVER_M, _OPEN_M = 0.35, 0.045


class Written(NamedTuple):
    """Where everything lies; None for what was not made."""

    report: Path
    strip: Path
    forces: Path | None
    clearance: Path | None
    film: Path | None


def write(recording: Recording, folder: Path, *, has_film: bool = False, progress: Progress = SILENT) -> Written:
    """Write the page and its pictures.

    Args:
        recording: of an episode, carried out or refused.
        folder: is made; files of the same name are replaced.
        has_film: whether to draw the film too, which takes seconds.
        progress: is told of the drawing.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PICTURES:  # those of an earlier run would speak of another episode
        (folder / name).unlink(missing_ok=True)
    pictures, way = _pictures(recording, progress)
    forces, clearance = forces_chart(recording), clearance_chart(recording)
    report = _put(folder / "report.html", page(recording, pictures, way, [forces, clearance]).encode())
    strip = _strip(folder, pictures)
    charts = {"forces": forces, "clearance": clearance}
    files = {
        name: _put(folder / f"{name}.svg", standalone(svg).encode()) if svg else None for name, svg in charts.items()
    }
    film = _film(recording, folder, progress) if has_film and len(recording.samples) and way_to_draw() else None
    return Written(report, strip, files["forces"], files["clearance"], film)


def forces_chart(recording: Recording) -> str:
    """Force of both pads over time, against what was proved and what breaks the load; "" without samples."""
    samples, limits = recording.samples, recording.limits
    sides = [
        Line(name, [(time_s, pair[side]) for time_s, pair in zip(samples.time_s, samples.pad_forces_n, strict=True)])
        for side, name in enumerate(("left", "right"))
    ]
    drawn = []
    if limits is not None and limits.force_n is not None:
        low, high = limits.force_n
        drawn.append(Limit(f"proved: {low:.2f} to {high:.2f} N", low, high))
    if limits is not None and limits.breaks_at_n is not None:
        drawn.append(Limit(f"may break at {limits.breaks_at_n:g} N", limits.breaks_at_n))
    return chart("Force of each pad, N", sides, limits=drawn, marks=_marks(recording), band=_band(recording))


def clearance_chart(recording: Recording) -> str:
    """Distance to what must not be touched, over time, against the margin; "" without samples."""
    samples, limits = recording.samples, recording.limits
    line = [(time_s, 1000 * apart) for time_s, apart in zip(samples.time_s, samples.clearance_m, strict=True)]
    margin_mm = 1000 * limits.margin_m if limits is not None and limits.margin_m is not None else None
    drawn = [] if margin_mm is None else [Limit(f"margin {margin_mm:g} mm", margin_mm)]
    lines = [Line("smallest clearance", line)] if line else []
    most = max(_MOST_CLEARANCE_MM, 2 * min((apart for _, apart in line), default=0.0))
    return chart(
        "Clearance, mm",
        lines,
        limits=drawn,
        marks=_marks(recording),
        band=_band(recording),
        most=most if line and max(apart for _, apart in line) > most else None,
    )


def _marks(recording: Recording) -> list[Mark]:
    return [Mark(str(number), moment.time_s) for number, moment in enumerate(moments(recording), 1)]


def _band(recording: Recording) -> list[tuple[float, str]]:
    return list(zip(recording.samples.time_s, recording.samples.rung, strict=True))


def _pictures(recording: Recording, progress: Progress) -> tuple[list[Picture], str]:
    """One of each moment, and how they were drawn; of an episode that never began the scene as it is."""
    found = moments(recording) or [Moment("the scene", 0, 0.0)]
    states = [state_at(recording.samples, one.number) if len(recording.samples) else _rest(recording) for one in found]
    captions = [f"{number} {one.name}, {one.time_s:.1f} s" for number, one in enumerate(found, 1)]
    if not len(recording.samples):
        captions = ["The scene; nothing was moved."]
    way = way_to_draw()
    if way is None:
        flat = [
            Picture(text, flat_svg(recording.scene, state, text)) for text, state in zip(captions, states, strict=True)
        ]
        return flat, "Drawn flat, from the side: MuJoCo cannot draw here (" + _told_why_not() + ")."
    shots = [Shot(scene=recording.scene, state=state, camera=CLOSE) for state in states]
    pixels = draw(shots, width=_STRIP_WIDTH, height=_STRIP_HEIGHT, progress=progress)
    drawn = [Picture(text, picture) for text, picture in zip(captions, pixels, strict=True)]
    source = "recorded positions" if len(recording.samples) else "scene's description"
    return drawn, f"Drawn by MuJoCo ({way.name}) from the {source}."


def _told_why_not() -> str:
    ways: dict[str, list[str]] = {}
    for name, reason in why_not().items():
        ways.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in ways.items())


def _rest(recording: Recording) -> State:
    scene = recording.scene
    (x, y), height = scene.start_m, scene.half_height_m
    return State(
        position_m=(x, y, _HOVER_M),
        pads_m=(_OPEN_M, _OPEN_M),
        load_m=(x, y, height),
        load_quaternion=(1.0, 0.0, 0.0, 0.0),
    )


def _strip(folder: Path, pictures: Sequence[Picture]) -> Path:
    drawn = [picture.content for picture in pictures if not isinstance(picture.content, str)]
    captions = [picture.caption for picture in pictures]
    if drawn:
        from zaphod.agents.robotics.rendering.strip import strip_png  # here, because a flat strip needs no library

        return _put(folder / "strip.png", strip_png(drawn, captions))
    return _put(folder / "strip.svg", _flat_strip([str(picture.content) for picture in pictures], captions).encode())


def _flat_strip(svgs: Sequence[str], captions: Sequence[str]) -> str:
    width, height, foot, gap = 320, 240, 28, 8
    parts = []
    for number, (svg, caption) in enumerate(zip(svgs, captions, strict=True)):
        left = gap + number * (width + gap)
        placed = svg.replace("<svg", f'<svg x="{left}" y="{gap}" width="{width}" height="{height}"', 1)
        parts.append(f'{placed}<text x="{left}" y="{gap + height + 18}">{caption}</text>')
    size = f"{gap + len(svgs) * (width + gap)} {height + gap + foot}"
    return standalone(f'<svg viewBox="0 0 {size}" role="img" aria-label="moments">{"".join(parts)}</svg>')


def _film(recording: Recording, folder: Path, progress: Progress) -> Path:
    from zaphod.agents.robotics.rendering.strip import film_webp  # here, because a page needs no film

    numbers = range(0, len(recording.samples), _FILM_EVERY)
    shots = [Shot(scene=recording.scene, state=state_at(recording.samples, n), camera=CLOSE) for n in numbers]
    pixels: list[Pixels] = draw(shots, width=_FILM_WIDTH, height=_FILM_HEIGHT, progress=progress)
    return _put(folder / "film.webp", film_webp(pixels, _FILM_EVERY / SAMPLES_PER_S))


def _put(file: Path, data: bytes) -> Path:
    """At every moment the file is whole or absent."""
    unfinished = file.with_name(file.name + ".partial")
    unfinished.write_bytes(data)
    return unfinished.replace(file)
