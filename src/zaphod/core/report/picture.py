"""What a picture is made of, and the same as SVG; knows shapes with the names of their styles, no axes.

Colours come from the page's variables (`colours.VARIABLES`), so that one picture suits a light and a dark page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal, NamedTuple

from zaphod.core.report.colours import VARIABLES

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
FONT_PX: Final = 13
MARGIN_PX: Final = 16
"""Around a picture that is a file of its own."""


class Style(NamedTuple):
    """How a shape is drawn: `colour` is a name of `colours.LIGHT`."""

    colour: str
    width: float = 0.0
    """Of the stroke; 0 fills."""
    dash: tuple[int, int] | None = None
    opacity: float = 1.0


STYLES: Final[Mapping[str, Style]] = {
    "ground": Style("wash"),
    "grid": Style("grid", 1),
    "axis": Style("dim", 1),
    "limit": Style("limit", 1.5, (6, 4)),
    "outline": Style("dim", 1.2),
    **{f"line-{n}": Style(f"line-{n}", 2, None if n == 1 else ((7, 4), (2, 3), (9, 3))[n - 2]) for n in range(1, 5)},
    **{f"edge-{n}": Style(f"line-{n}", 2) for n in range(1, 5)},
    **{f"area-{n}": Style(f"line-{n}", opacity=0.16) for n in range(1, 5)},
    **{f"fill-{n}": Style(f"line-{n}", opacity=0.85) for n in range(1, 5)},
    "fill-rest": Style("dim", opacity=0.35),
}
_TEXTS: Final = {"title": "ink", "label": "dim", "value": "ink", "limit-name": "limit"}
"""Colours of text by class."""


class Path(NamedTuple):
    """A line through points, or the area inside of it, as its style says."""

    points: Sequence[Point]
    style: str


class Box(NamedTuple):
    """A rectangle from its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    style: str
    title: str = ""
    """Told on hovering."""


class Dot(NamedTuple):
    """A filled circle."""

    x: float
    y: float
    radius: float
    style: str
    title: str = ""


class Text(NamedTuple):
    """A line of text; `y` is its base line."""

    x: float
    y: float
    text: str
    style: str = "label"
    anchor: Anchor = "start"


class Raster(NamedTuple):
    """Pixels of a PNG, stretched over a rectangle; none of them is smoothed."""

    x: float
    y: float
    width: float
    height: float
    png: bytes


Part = Path | Box | Dot | Text | Raster


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawing. Lengths are pixels at its natural size."""

    width: int
    height: int
    label: str
    """Said to those who do not see it."""
    parts: tuple[Part, ...]


def text_colour(style: str) -> str:
    """The name of a text's colour."""
    return _TEXTS[style]


def picture_css() -> str:
    """The style sheet of pictures inside of a page that sets the colours."""
    shapes = "".join(f"svg .{name}{{{_css(style)}}}" for name, style in STYLES.items())
    texts = "".join(f"svg text.{name}{{fill:var(--{colour})}}" for name, colour in _TEXTS.items())
    return (
        f"svg.chart text{{font:{FONT_PX}px system-ui,sans-serif;paint-order:stroke;stroke:var(--page);stroke-width:3px;"
        f"stroke-linejoin:round}}svg text.title{{font-weight:600}}svg image{{image-rendering:pixelated}}"
        f"{shapes}{texts}\n"
    )


def _css(style: Style) -> str:
    colour = f"var(--{style.colour})"
    if not style.width:
        return f"fill:{colour};opacity:{style.opacity:g}"
    dash = f";stroke-dasharray:{style.dash[0]} {style.dash[1]}" if style.dash else ""
    return f"fill:none;stroke:{colour};stroke-width:{style.width:g}{dash}"


def as_svg(picture: Picture) -> str:
    """To stand inside of a page that has `picture_css`."""
    parts = "".join(_svg(part) for part in picture.parts)
    label = escape(picture.label, quote=True)
    size = f"0 0 {picture.width} {picture.height}"
    return f'<svg class="chart" viewBox="{size}" role="img" aria-label="{label}">{parts}</svg>'


def as_svg_file(picture: Picture) -> str:
    """As a file of its own, with its colours."""
    _, _, rest = as_svg(picture).partition(">")
    width, height = picture.width + 2 * MARGIN_PX, picture.height + 2 * MARGIN_PX
    opening = (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
        f'viewBox="{-MARGIN_PX} {-MARGIN_PX} {width} {height}" aria-label="{escape(picture.label, quote=True)}">'
    )
    place = f'x="{-MARGIN_PX}" y="{-MARGIN_PX}" width="{width}" height="{height}"'
    return f'{opening}<style>{VARIABLES}{picture_css()}</style><rect {place} fill="var(--page)"/>{rest}\n'


def _svg(part: Part) -> str:
    match part:
        case Path(points, style):
            told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            kind = "polyline" if STYLES[style].width else "polygon"
            return f'<{kind} class="{style}" points="{told}"/>'
        case Box(x, y, width, height, style, title):
            place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
            return f'<rect class="{style}" {place}>{_title(title)}</rect>'
        case Dot(x, y, radius, style, title):
            return f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}">{_title(title)}</circle>'
        case Text(x, y, text, style, anchor):
            where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
            return f'<text class="{style}" {where}>{escape(text)}</text>'
        case Raster(x, y, width, height, png):
            place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" preserveAspectRatio="none"'
            return f'<image {place} href="data:image/png;base64,{base64.b64encode(png).decode()}"/>'


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""
