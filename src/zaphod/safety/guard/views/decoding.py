"""What is encoded inside a reading, decoded; knows the order of the decoders, and none of their alphabets.

Decoders replace spans, so that text around them and several encodings side by side are kept. Where a text as a
whole is no language and nothing in it decodes, it may be an encoding that was itself disguised: it is also tried
backwards, in rot13, in atbash, and without the gaps and marks put into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from zaphod.safety.guard.views.alphabets import UPSIDE_DOWN, is_upside_down, morse_edits, nato_edits, pig_edits
from zaphod.safety.guard.views.ciphers import exchanged, looks_spoken
from zaphod.safety.guard.views.escapes import escape_edits, html_edits, punycode_edits, quoted_edits, url_edits
from zaphod.safety.guard.views.hidden import HiddenText, hidden_text
from zaphod.safety.guard.views.hints import hints
from zaphod.safety.guard.views.radix import base32_edits, base64_edits, bits_edits, codes_edits, hex_edits
from zaphod.safety.guard.views.view import (
    AnyView,
    DerivedView,
    Edit,
    Identity,
    Pieces,
    Reversed,
    edited_view,
    outside,
    pieces_of,
)

_DECODERS: dict[str, Callable[[str], Iterable[Edit]]] = {
    "html": html_edits,
    "url": url_edits,
    "escapes": escape_edits,
    "quoted-printable": quoted_edits,
    "punycode": punycode_edits,
    "binary": bits_edits,
    "hex": hex_edits,
    "codes": codes_edits,
    "base32": base32_edits,
    "base64": base64_edits,
    "morse": morse_edits,
    "nato": nato_edits,
    "pig": pig_edits,
}
"""In order: where two could read the same characters, the first one does."""
_GAPS = re.compile(r"[\s'\".,]+")
_MARKS = re.compile(r"[^A-Za-z0-9=%&#;\\/]+")
_MAX_BYTES = 1.1
"""A character, where text is meant that encodings are written in."""
_MIN_COVERED = 0.5
"""How much of a disguised text must turn out to be encoded."""


def decoded(view: AnyView, names: Collection[str]) -> tuple[DerivedView | None, float]:
    """A view with everything decoded in it that these decoders find, and how much of it that was; None for nothing."""
    edits, steps = _edits(view.text, names)
    return (edited_view(view, edits, steps), _covered(view, edits)) if edits else (None, 0)


def _covered(view: AnyView, edits: list[Edit]) -> float:
    """The share of a text that edits stand for."""
    return sum(edit.end - edit.start for edit in edits) / len(view.text)


def _edits(text: str, names: Collection[str]) -> tuple[list[Edit], tuple[str, ...]]:
    """What all decoders of these names find, and which of them found something."""
    kept: list[Edit] = []
    steps: list[str] = []
    for name, decode in _DECODERS.items():
        if name in names:
            new = list(outside(decode(text), [(edit.start, edit.end) for edit in kept]))
            if new:
                steps.append(name)
                kept = sorted([*kept, *new], key=lambda edit: edit.start)
    return kept, tuple(steps)


def undisguised(view: AnyView) -> Iterator[DerivedView]:
    """The view decoded after what disguised its encoding was undone, if it is no English and that helps."""
    is_other_script = len(view.text.encode("utf-8", "replace")) > _MAX_BYTES * len(view.text)
    if is_other_script or looks_spoken(view.text.casefold()):
        return
    for disguise in (turned_round, _rot13, _atbash, _without(_GAPS, "gaps"), _without(_MARKS, "marks")):
        plain = disguise(view)
        edits, steps = _edits(plain.text, hints(plain.text) & _DECODERS.keys())
        if edits and _covered(plain, edits) > _MIN_COVERED:
            yield edited_view(plain, edits, steps)


def turned_round(view: AnyView) -> DerivedView:
    """The last character first."""
    length = len(view.text)
    return DerivedView(view.text[::-1], view, ("reverse",), lambda: Reversed(length))


def _rot13(view: AnyView) -> DerivedView:
    return DerivedView(exchanged(view.text, "rot13"), view, ("rot13",), Identity)


def _atbash(view: AnyView) -> DerivedView:
    return DerivedView(exchanged(view.text, "atbash"), view, ("atbash",), Identity)


def _without(pattern: re.Pattern[str], name: str) -> Callable[[AnyView], DerivedView]:
    def remove(view: AnyView) -> DerivedView:
        text = view.text

        def trace() -> Pieces:
            return pieces_of(len(text), (Edit(start=m.start(), end=m.end(), text="") for m in pattern.finditer(text)))

        return DerivedView(pattern.sub("", text), view, (name,), trace)

    return remove


def turned_over(view: AnyView) -> Iterator[DerivedView]:
    """Letters turned upside down, read from either end; nothing where there are none."""
    if is_upside_down(view.text):
        text = view.text.translate(UPSIDE_DOWN)
        length = len(text)
        yield DerivedView(text[::-1], view, ("upside-down",), lambda: Reversed(length))
        yield DerivedView(text, view, ("upside-down",), Identity)


def revealed(view: AnyView) -> Iterator[DerivedView]:
    """What hidden channels say, each channel as one text."""
    channels: dict[str, list[HiddenText]] = {}
    for found in hidden_text(view.text):
        channels.setdefault(found.channel, []).append(found)
    for channel, parts in channels.items():
        said = "".join(part.text for part in parts)
        if said:
            yield DerivedView(said, view, (f"hidden.{channel}",), _unit_map(parts))


def _unit_map(parts: list[HiddenText]) -> Callable[[], Pieces]:
    def trace() -> Pieces:
        pieces = Pieces()
        for part in parts:
            for start, end in part.units:
                pieces.put(1, start, end)
        return pieces

    return trace
