"""Text that people do not see and models do: in tags, variation selectors, characters without width, direction marks.

What has its uses is not reported: flags of England, Scotland, Wales and of states; variation selectors after emoji,
symbols and Chinese characters; joiners in emoji, and in Persian, Arabic and Indian words; isolates and marks of
direction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from zaphod.safety.guard.finder import View
from zaphod.safety.guard.verdict import Hit, Stage
from zaphod.safety.guard.views.radix import Interval, is_printable, origins

Channel = Literal["tags", "variation_selectors", "zero_width", "bidi"]

_TITLES: dict[Channel, str] = {
    "tags": "text in tag characters, which nobody sees",
    "variation_selectors": "data in variation selectors, which nobody sees",
    "zero_width": "data in characters without width",
    "bidi": "characters shown in another order than they are read",
}
_ANY = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]")
_TAGS = re.compile("[\U000e0000-\U000e007f]+")
_FLAG = re.compile("(?<=\U0001f3f4)[\U000e0061-\U000e007a]{2}[\U000e0061-\U000e007a]{2,3}\U000e007f")
_FLAG_REGIONS = ("gbeng", "gbsct", "gbwls")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_ZERO_WIDTH = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\ufeff]")
_MIN_ZERO_WIDTH_RUN = 4
_MIN_ZERO_WIDTH_BITS = 14
_OVERRIDE = re.compile("[\u202d\u202e][^\u202c\n]*\u202c?")
_RIGHT_TO_LEFT = re.compile("[\u202b\u2067][^\u202c\u2069\n]*[\u202c\u2069]?")
_JOINING = ((0x0600, 0x109F), (0x1780, 0x18AF), (0x1900, 0x1CFF), (0xA800, 0xABFF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))
"""Arabic, Syriac, the scripts of India and South-East Asia, Mongolian: joiners change how their letters look."""


@dataclass(frozen=True, kw_only=True)
class HiddenText:
    """One thing hidden in a text.

    Args:
        start, end: where, in characters.
        channel: how it is hidden.
        text: what it says; empty where it could not be decoded.
        units: for each character of `text`, where it came from.
    """

    start: int
    end: int
    channel: Channel
    text: str = ""
    units: tuple[Interval, ...] = ()


def hidden_text(text: str) -> Sequence[HiddenText]:
    """All that is hidden in a text, by place."""
    if text.isascii() or _ANY.search(text) is None:
        return ()
    channels = (_tags, _selectors, _zero_width, _bidi)
    return tuple(sorted((found for channel in channels for found in channel(text)), key=lambda found: found.start))


def _tags(text: str) -> Iterator[HiddenText]:
    """Runs of tag characters that are no flag."""
    for run in _TAGS.finditer(text):
        flag = _FLAG.match(text, run.start())
        start = flag.end() if flag is not None and _is_flag(flag[0]) else run.start()
        if start < run.end():
            places = [i for i in range(start, run.end()) if 0xE0020 <= ord(text[i]) <= 0xE007E]
            decoded = "".join(chr(ord(text[i]) - 0xE0000) for i in places)
            units = tuple((i, i + 1) for i in places)
            yield HiddenText(start=start, end=run.end(), channel="tags", text=decoded, units=units)


def _is_flag(tags: str) -> bool:
    """Whether they name a part of a country that has a flag: England, Scotland, Wales, a state, a province."""
    region = "".join(chr(ord(tag) - 0xE0000) for tag in tags[:-1])
    return region in _FLAG_REGIONS or (len(region) == 4 and region[:2] in ("us", "ca"))


def _selectors(text: str) -> Iterator[HiddenText]:
    """Variation selectors where there is nothing to select; all of them are one message."""
    places = [i for run in _SELECTORS.finditer(text) for i in range(*run.span()) if not _selects(text, i)]
    if not places:
        return
    values = [ord(text[i]) - (0xFE00 if ord(text[i]) < 0xE0000 else 0xE0100 - 16) for i in places]
    readings: list[tuple[list[int], int]] = [(values, 8)]
    if max(values) < 16:
        readings += [(values, 4), *_as_bits(values)]
    yield _decoded("variation_selectors", places, readings)


def _selects(text: str, index: int) -> bool:
    """Whether a selector follows something that has variants."""
    if index == 0 or 0xFE00 <= ord(text[index - 1]) <= 0xFE0F or 0xE0100 <= ord(text[index - 1]) <= 0xE01EF:
        return False
    before, selector = text[index - 1], ord(text[index])
    if selector >= 0xE0100:
        return unicodedata.name(before, "").startswith("CJK")
    if selector in (0xFE0E, 0xFE0F):
        return not before.isalpha() or not before.isascii()
    return before == "0" or not before.isascii()


def _zero_width(text: str) -> Iterator[HiddenText]:
    """Characters without width where they have no use: four in a row, or enough of them to carry a message."""
    places = [m.start() for m in _ZERO_WIDTH.finditer(text) if not _has_use(text, m.start())]
    if len(places) < _MIN_ZERO_WIDTH_RUN:
        return
    symbols = [text[i] for i in places]
    alphabet = sorted(set(symbols))
    readings: list[tuple[list[int], int]] = []
    if len(places) >= _MIN_ZERO_WIDTH_BITS and len(alphabet) <= 4:
        for separator in (None, *(alphabet if len(alphabet) == 3 else ())):
            digits = [symbol for symbol in alphabet if symbol != separator]
            values = [digits.index(symbol) if symbol != separator else -1 for symbol in symbols]
            readings += _as_bits(values) if len(digits) <= 2 else [(values, 2)]
    found = _decoded("zero_width", places, readings)
    is_run = any(b - a == _MIN_ZERO_WIDTH_RUN - 1 for a, b in zip(places, places[3:], strict=False))
    if found.text or is_run:
        yield found


def _has_use(text: str, index: int) -> bool:
    """Joiners in emoji and in scripts that have them, soft hyphens, direction marks, a byte order mark at the start."""
    character = text[index]
    if character in "\u00ad\u200e\u200f" or (index == 0 and character == "\ufeff"):
        return not _beside_ignorable(text, index)
    around = [ord(c) for c in (text[index - 1 : index] + text[index + 1 : index + 2])]
    if character in "\u200c\u200d" and any(first <= code <= last for code in around for first, last in _JOINING):
        return True
    return character == "\u200d" and len(around) == 2 and all(_is_emoji_part(code) for code in around)


def _beside_ignorable(text: str, index: int) -> bool:
    return any(_ZERO_WIDTH.match(c) for c in text[max(index - 1, 0) : index] + text[index + 1 : index + 2])


def _is_emoji_part(code: int) -> bool:
    return code == 0xFE0F or code >= 0x1F000 or unicodedata.category(chr(code)) in ("So", "Sk")


def _as_bits(values: Sequence[int]) -> list[tuple[list[int], int]]:
    """Two values as binary digits, either way round; -1 parts characters and is dropped."""
    kinds = sorted({value for value in values if value >= 0})
    if len(kinds) > 2:
        return []
    plain = [kinds.index(value) if value >= 0 else -1 for value in values]
    return [(plain, 1), ([1 - value if value >= 0 else -1 for value in plain], 1)]


def _decoded(channel: Channel, places: list[int], readings: Iterable[tuple[list[int], int]]) -> HiddenText:
    """The first reading that is text, or no text."""
    start, end = places[0], places[-1] + 1
    for values, bits in readings:
        for width in (8, 7) if bits == 1 else (8,):
            data, units = _bytes(values, bits, width, places)
            for encoding in ("utf-8", "utf-16-be"):
                try:
                    text = data.decode(encoding)
                except UnicodeDecodeError:
                    continue
                if is_printable(text) and (encoding == "utf-8" or text.isascii()):
                    spans = tuple(origins(text, encoding, units, 8))
                    return HiddenText(start=start, end=end, channel=channel, text=text, units=spans)
    return HiddenText(start=start, end=end, channel=channel)


def _bytes(values: list[int], bits: int, width: int, places: list[int]) -> tuple[bytes, list[Interval]]:
    """Digits put together to bytes, and where each byte came from."""
    data, units = bytearray(), []
    digits: list[int] = []
    first = 0
    for value, place in zip(values, places, strict=True):
        if value < 0:  # a separator ends a character, however many digits it has
            digits = [0] * (width // bits - len(digits)) + digits if digits else []
        else:
            first = first if digits else place
            digits.append(value)
        if len(digits) * bits >= width:
            number = 0
            for digit in digits:
                number = number << bits | digit
            data.append(number & 0xFF)
            units.append((first, place + 1))
            digits = []
    return bytes(data), units


def _bidi(text: str) -> Iterator[HiddenText]:
    """Overrides, and right-to-left embeddings around text that has no letter of that direction."""
    for span in _OVERRIDE.finditer(text):
        shown = span[0].strip("\u202c\u202d\u202e")
        if shown:
            first = span.start() + span[0].index(shown)
            backwards = tuple((i, i + 1) for i in range(first, first + len(shown)))[::-1]
            yield HiddenText(start=span.start(), end=span.end(), channel="bidi", text=shown[::-1], units=backwards)
    for span in _RIGHT_TO_LEFT.finditer(text):
        kinds = {unicodedata.bidirectional(character) for character in span[0]}
        if "L" in kinds and not kinds & {"R", "AL"}:
            yield HiddenText(start=span.start(), end=span.end(), channel="bidi")


class HiddenTextFinder:
    """Reports what is hidden in the raw text; rules `hidden.tags`, `hidden.variation_selectors` and so on."""

    name = "hidden"

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        """One hit for each thing hidden, at each stage."""
        return [
            Hit(rule=f"hidden.{found.channel}", title=_TITLES[found.channel], start=found.start, end=found.end)
            for found in hidden_text(views[0].text)
        ]
