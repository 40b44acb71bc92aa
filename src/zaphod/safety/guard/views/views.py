"""All the ways a text may be meant, the raw text first. Read this file first; it knows no rules and judges nothing.

    reading   the raw text, something hidden in it, or either with its encodings decoded, to `max_depth`
    fold      the reading with every character as the plain lower-case letter it stands for
    join      fold, with letters put together that were pulled apart
    leet      join, with digits and marks that stand for letters
    compact   leet, letters and digits alone: for patterns written without spaces
    squeeze   leet, with repeated letters made single

A view like an earlier one is left out, so plain text has three: raw, fold and compact. The raw text is never changed, and
every view knows where in it each of its characters came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.finder import View
from zaphod.safety.guard.views.alphabets import UPSIDE_DOWN, is_upside_down, morse_edits, nato_edits, pig_edits
from zaphod.safety.guard.views.ciphers import exchanged, likely_ways
from zaphod.safety.guard.views.escapes import escape_edits, html_edits, punycode_edits, quoted_edits, url_edits
from zaphod.safety.guard.views.fold import character_map, folded_characters
from zaphod.safety.guard.views.hidden import HiddenText, hidden_text
from zaphod.safety.guard.views.hints import hints
from zaphod.safety.guard.views.homoglyphs import homoglyph_edits
from zaphod.safety.guard.views.leet import drawn_edits, leet_edits
from zaphod.safety.guard.views.radix import base32_edits, base64_edits, bits_edits, codes_edits, hex_edits
from zaphod.safety.guard.views.spacing import compact, compact_map, has_repetitions, joined_edits, squeezed_edits
from zaphod.safety.guard.views.view import (
    Composed,
    DerivedView,
    Edit,
    Identity,
    Pieces,
    RawView,
    Reversed,
    SpanMap,
    edited,
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
_WORD = re.compile(r"\S+")
_MAX_WORD_ORDER = 500
"""Characters up to which a text is also read with its words in the opposite order, which nothing hints at."""

AnyView = RawView | DerivedView


@dataclass(frozen=True, kw_only=True)
class ViewLimits:
    """How much is made of one text.

    Args:
        max_depth: decoded how often after one another.
        max_views: how many views, the raw one included.
        max_growth: characters of all views together, for each character of the raw text.
        max_small_characters: characters of all views together that are allowed however short the text is.
    """

    max_depth: int = 3
    max_views: int = 64
    max_growth: int = 16
    max_small_characters: int = 65536

    def __post_init__(self) -> None:
        for name, least in (("max_depth", 0), ("max_views", 1), ("max_growth", 1), ("max_small_characters", 0)):
            if getattr(self, name) < least:
                raise ConfigError(
                    f"ViewLimits.{name} is {getattr(self, name)}.", f"It must be at least {least}.", "Raise it."
                )


class Views(tuple[View, ...]):
    """Views of one text.

    Attributes:
        is_complete: whether all were made; False where a limit stopped it.
    """

    is_complete: bool = True


def views_of(text: str, limits: ViewLimits = ViewLimits()) -> Views:  # noqa: B008 - frozen
    """All views of a text, the raw one first. Any string will do, halves of surrogate pairs, too.

    Args:
        text: as it came.
        limits: what stops texts made to be decoded for ever.
    """
    builder = _Builder(text, limits)
    builder.build()
    views = Views(builder.views)
    views.is_complete = builder.is_complete
    return views


def canonical(text: str) -> View:
    """The one view for classifiers: fold, join and leet, as far as the text has them."""
    reading = _Reading(RawView(text), 0)
    return (reading.leet() or reading.base()).lower()


class _Source:
    """A text with its case, and the same in lower case, that share the way back."""

    def __init__(self, text: str, parent: AnyView, steps: tuple[str, ...], trace: Callable[[], SpanMap]) -> None:
        self.cased = DerivedView(text, parent, steps, trace)
        self._arguments = (parent, steps, trace)

    def lower(self) -> DerivedView:
        """In lower case; `fold.py` sees to it that no letter is two letters then."""
        return DerivedView(self.cased.text.casefold(), *self._arguments)


class _Reading:
    """One way to read the text, with its plain forms."""

    def __init__(self, view: AnyView, depth: int, *, is_exchanged: bool = False) -> None:
        self.view = view
        self.depth = depth
        self.is_exchanged = is_exchanged
        text = view.text
        characters = folded_characters(text)
        letters = homoglyph_edits(characters)
        plain = edited(characters, letters) if letters else characters
        self.fold = _Source(plain, view, ("fold",), lambda: _fold_map(text, characters, letters))
        self.hints = hints(plain)
        self._join = self._joined() if "join" in self.hints else None

    def base(self) -> _Source:
        """Join, or fold where there is nothing to join."""
        return self._join or self.fold

    def _joined(self) -> _Source | None:
        text = self.fold.cased.text
        edits = joined_edits(text)
        return _Source(*_changed(text, edits), self.fold.cased, ("join",), _tracer(text, edits)) if edits else None

    def leet(self) -> _Source | None:
        """Leet, where there is any."""
        if "leet" not in self.hints:
            return None
        parent = self.base().lower()
        drawn = drawn_edits(parent.text)
        text = edited(parent.text, drawn)
        edits = leet_edits(text)
        if not drawn and not edits:
            return None
        trace = _tracer(parent.text, drawn), _tracer(text, edits)
        return _Source(edited(text, edits), parent, ("leet",), lambda: Composed(trace[0](), trace[1]()))


def _changed(text: str, edits: list[Edit]) -> tuple[str]:
    return (edited(text, edits),)


def _tracer(text: str, edits: list[Edit]) -> Callable[[], SpanMap]:
    return lambda: pieces_of(len(text), edits)


def _fold_map(text: str, characters: str, letters: list[Edit]) -> SpanMap:
    first = character_map(text)
    return Composed(first, pieces_of(len(characters), letters)) if letters else first


class _Builder:
    """Makes the views of one text, breadth first, until nothing is left or a limit is met."""

    def __init__(self, text: str, limits: ViewLimits) -> None:
        self.views: list[View] = []
        self.is_complete = True
        self._raw = RawView(text)
        self._limits = limits
        self._left = max(limits.max_growth * len(text), limits.max_small_characters)
        self._seen: set[str] = set()
        self._read: set[str] = set()

    def build(self) -> None:
        self.views.append(self._raw)
        self._seen.add(self._raw.text)
        pending = [_Reading(self._raw, 0)]
        pending += self._readings(_hidden_views(self._raw), 1)
        for reading in pending:  # grows while it is read
            self._add_forms(reading)
            if reading.depth < self._limits.max_depth and self.is_complete:
                pending += self._readings(_decoded(reading), reading.depth + 1)
                if not reading.is_exchanged:
                    pending += self._readings(_exchanged(reading), reading.depth + 1, is_exchanged=True)

    def _readings(self, views: Iterable[DerivedView], depth: int, *, is_exchanged: bool = False) -> Iterator[_Reading]:
        """New readings of views not met before."""
        for view in views:
            if view.text not in self._read and depth <= self._limits.max_depth and self.is_complete:
                self._read.add(view.text)
                self._add(view)
                yield _Reading(view, depth, is_exchanged=is_exchanged)

    def _add(self, view: AnyView) -> None:
        if not view.text or view.text in self._seen:
            return
        if len(self.views) >= self._limits.max_views or len(view.text) > self._left:
            self.is_complete = False
            return
        self._seen.add(view.text)
        self._left -= len(view.text)
        self.views.append(view)

    def _add_forms(self, reading: _Reading) -> None:
        """Fold, join, leet, squeeze and compact of a reading."""
        best = reading.fold.lower()
        self._add(best)
        for form in (reading.base(), reading.leet()):
            if form is not None and form is not reading.fold:
                best = form.lower()
                self._add(best)
        self._add_compact(best)
        for view in _squeezed(best):
            self._add(view)
            self._add_compact(view)
        if reading.depth == 0 and len(best.text) <= _MAX_WORD_ORDER:
            self._add(_turned_words(best))

    def _add_compact(self, view: DerivedView) -> None:
        text = view.text
        self._add(DerivedView(compact(text), view, ("compact",), lambda: compact_map(text)))


def _squeezed(view: DerivedView) -> Iterator[DerivedView]:
    """With repeated letters once, and twice."""
    text = view.text
    if has_repetitions(text):
        for num_kept in (1, 2):
            edits = squeezed_edits(text, num_kept=num_kept)
            yield DerivedView(edited(text, edits), view, ("squeeze",), _tracer(text, edits))


def _turned_words(view: DerivedView) -> DerivedView:
    """The last word first."""
    words = list(_WORD.finditer(view.text))[::-1]

    def trace() -> SpanMap:
        pieces = Pieces()
        for index, word in enumerate(words):
            if index:
                pieces.put(1, word.end(), words[index - 1].start())
            pieces.copy(*word.span())
        return pieces

    return DerivedView(" ".join(word[0] for word in words), view, ("word-order",), trace)


def _hidden_views(raw: RawView) -> Iterator[DerivedView]:
    """What hidden channels say, each channel as one text."""
    channels: dict[str, list[HiddenText]] = {}
    for found in hidden_text(raw.text):
        channels.setdefault(found.channel, []).append(found)
    for channel, pieces in channels.items():
        said = "".join(piece.text for piece in pieces)
        if said:
            yield DerivedView(said, raw, (f"hidden.{channel}",), lambda pieces=pieces: _unit_map(pieces))  # type: ignore[misc]


def _unit_map(hidden: list[HiddenText]) -> SpanMap:
    pieces = Pieces()
    for found in hidden:
        for start, end in found.units:
            pieces.put(1, start, end)
    return pieces


def _decoded(reading: _Reading) -> Iterator[DerivedView]:
    """The reading with everything decoded that is encoded in it; with its letters joined if nothing is found else."""
    if is_upside_down(reading.view.text):
        yield from _turned_over(reading.view)
    for source in dict.fromkeys((reading.fold, reading.base())):
        text = source.cased.text
        kept: list[Edit] = []
        steps: list[str] = []
        for name, decode in _DECODERS.items():
            if name in reading.hints:
                new = list(outside(decode(text), [(edit.start, edit.end) for edit in kept]))
                steps += [name] if new else []
                kept = sorted([*kept, *new], key=lambda edit: edit.start) if new else kept
        if kept:
            parent = reading.view if text == reading.view.text else source.cased
            yield DerivedView(edited(text, kept), parent, tuple(steps), _tracer(text, kept))
            return


def _turned_over(view: AnyView) -> Iterator[DerivedView]:
    """Letters turned upside down, read from either end."""
    text = view.text.translate(UPSIDE_DOWN)
    yield DerivedView(text[::-1], view, ("upside-down",), lambda: Reversed(len(text)))
    yield DerivedView(text, view, ("upside-down",), Identity)


def _exchanged(reading: _Reading) -> Iterator[DerivedView]:
    """The reading with letters exchanged or turned round, where that makes it look like English."""
    source = reading.base()
    for steps in likely_ways(source.lower().text):
        view = source.cased if source.cased.text != reading.view.text else reading.view
        for step in steps:
            if step == "reverse":
                yield _backward_words(view)
                view = DerivedView(view.text[::-1], view, (step,), _reverser(len(view.text)))
            else:
                view = DerivedView(exchanged(view.text, step), view, (step,), Identity)
        yield view


def _reverser(length: int) -> Callable[[], SpanMap]:
    return lambda: Reversed(length)


def _backward_words(view: AnyView) -> DerivedView:
    """Every word backwards, in its place."""
    text = view.text

    def trace() -> SpanMap:
        pieces = Pieces()
        done = 0
        for word in _WORD.finditer(text):
            pieces.copy(done, word.start())
            pieces.copy(*word.span(), direction=-1)
            done = word.end()
        pieces.copy(done, len(text))
        return pieces

    return DerivedView(_WORD.sub(lambda word: word[0][::-1], text), view, ("reverse-words",), trace)
