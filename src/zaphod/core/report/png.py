"""Pictures as PNG, on a white page; knows pixels. Needs Pillow, which the extra `plots` brings."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator, Sequence

from zaphod.core.errors import MissingExtraError
from zaphod.core.report.colours import LIGHT
from zaphod.core.report.picture import (
    FONT_PX,
    MARGIN_PX,
    STYLES,
    Box,
    Dot,
    Path,
    Picture,
    Point,
    Raster,
    Style,
    Text,
    text_colour,
)

try:
    from PIL import Image, ImageColor, ImageDraw, ImageFont
except ImportError as error:
    raise MissingExtraError("pillow", "plots") from error

_SCALE = 3
"""Pixels of the file for each of the picture's, so that it is sharp on paper and on fine screens."""
_SMOOTHING = 2
"""Drawn so much larger and made smaller: Pillow's lines have steps."""
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def as_png(picture: Picture) -> bytes:
    """The picture as a file of three times its natural size."""
    scale = _SCALE * _SMOOTHING
    image = Image.new("RGB", (picture.width * scale, picture.height * scale), LIGHT["page"])
    draw = ImageDraw.Draw(image, "RGBA")
    for part in picture.parts:
        if isinstance(part, Raster):
            _pixels(image, part, scale)
        elif not isinstance(part, Text):
            _shape(draw, part, scale)
    small = image.resize((picture.width * _SCALE, picture.height * _SCALE), Image.Resampling.LANCZOS)
    edge = MARGIN_PX * _SCALE
    image = Image.new("RGB", (small.width + 2 * edge, small.height + 2 * edge), LIGHT["page"])
    image.paste(small, (edge, edge))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(FONT_PX * _SCALE)
    for part in picture.parts:
        if isinstance(part, Text):
            place = (part.x * _SCALE + edge, part.y * _SCALE + edge)
            colour = LIGHT[text_colour(part.style)]
            bold = 0.4 if part.style == "title" else 0
            draw.text(place, part.text, colour, font, anchor=_ANCHORS[part.anchor], stroke_width=bold)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _pixels(image: Image.Image, part: Raster, scale: int) -> None:
    size = (round(part.width * scale), round(part.height * scale))
    pixels = Image.open(io.BytesIO(part.png)).resize(size, Image.Resampling.NEAREST)
    image.paste(pixels, (round(part.x * scale), round(part.y * scale)))


def _shape(draw: ImageDraw.ImageDraw, part: Path | Box | Dot, scale: int) -> None:
    style = STYLES[part.style]
    colour = (*ImageColor.getrgb(LIGHT[style.colour])[:3], round(255 * style.opacity))
    width = round(style.width * scale)
    match part:
        case Path(points, _) if style.width:
            scaled = [(x * scale, y * scale) for x, y in points]
            for piece in _dashed(scaled, style, scale):
                draw.line(piece, colour, width, joint="curve")
        case Path(points, _):
            draw.polygon([(x * scale, y * scale) for x, y in points], colour)
        case Box(x, y, across, down, _, _):
            corners = [(x * scale, y * scale), ((x + max(across, 0)) * scale, (y + down) * scale)]
            draw.rectangle(corners, None if width else colour, colour if width else None, max(1, width))
        case Dot(x, y, radius, _, _):
            corners = [((x - radius) * scale, (y - radius) * scale), ((x + radius) * scale, (y + radius) * scale)]
            draw.ellipse(corners, colour)


def _dashed(points: Sequence[Point], style: Style, scale: int) -> Iterator[list[Point]]:
    """The pieces of a line that its style draws."""
    if style.dash is None or len(points) < 2:
        yield list(points)
        return
    lengths = [length * scale for length in style.dash]
    is_drawn, left = True, float(lengths[0])
    piece = [points[0]]
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        whole = math.hypot(to_x - x, to_y - y)
        gone = 0.0
        while whole - gone > left:
            gone += left
            at = (x + (to_x - x) * gone / whole, y + (to_y - y) * gone / whole)
            if is_drawn:
                yield [*piece, at]
            is_drawn = not is_drawn
            piece, left = [at], float(lengths[0 if is_drawn else 1])
        left -= whole - gone
        piece.append((to_x, to_y))
    if is_drawn and len(piece) > 1:
        yield piece
