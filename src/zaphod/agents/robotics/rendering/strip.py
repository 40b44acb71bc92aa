"""Pictures side by side with captions, and pictures one after the other, as files; knows pixels only."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from zaphod.agents.robotics.rendering.rendering import Pixels
from zaphod.core.errors import MissingExtraError

try:
    from PIL import Image, ImageDraw, ImageFont
except ImportError as error:
    raise MissingExtraError("pillow", "robotics") from error

_GAP, _FOOT, _LETTERS = 8, 30, 16
_PAGE, _INK = (255, 255, 255), (28, 28, 30)
_MOST_IN_A_ROW: Final = 4


def strip_png(pictures: Sequence[Pixels], captions: Sequence[str]) -> bytes:
    """One PNG of all pictures in rows of equal length, each over its caption.

    Args:
        pictures: of one size.
        captions: one for each.
    """
    height, width, _ = pictures[0].shape
    num_rows = -(-len(pictures) // _MOST_IN_A_ROW)
    num_columns = -(-len(pictures) // num_rows)
    across, down = width + _GAP, height + _GAP + _FOOT
    strip = Image.new("RGB", (num_columns * across + _GAP, num_rows * down), _PAGE)
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(_LETTERS)
    for number, (pixels, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(number, num_columns)
        left, top = _GAP + column * across, _GAP + row * down
        strip.paste(Image.fromarray(pixels), (left, top))
        draw.text((left + 2, top + height + _FOOT // 2), caption, _INK, font, anchor="lm")
    return _written(strip, "PNG", optimize=True)


def webp(picture: Pixels) -> bytes:
    """One picture, small enough to stand inside a page."""
    return _written(Image.fromarray(picture), "WEBP", quality=88, method=6)


def film_webp(pictures: Sequence[Pixels], period_s: float) -> bytes:
    """Pictures one after the other, again and again.

    Args:
        pictures: of one size.
        period_s: how long each is seen.
    """
    first, *others = [Image.fromarray(pixels) for pixels in pictures]
    duration_ms = round(period_s * 1000)
    return _written(
        first, "WEBP", save_all=True, append_images=others, duration=duration_ms, loop=0, quality=70, method=4
    )


def _written(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
