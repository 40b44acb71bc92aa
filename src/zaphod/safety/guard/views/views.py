"""All the ways a text may be meant, the raw text first. Read this file first; it knows no rules and judges nothing.

    reading   the raw text, something hidden in it, or either with its encodings decoded, to `max_depth`
    fold      the reading with every character as the plain lower-case letter it stands for
    join      fold, with letters put together that were pulled apart
    leet      join, with digits and marks that stand for letters
    compact   leet, letters and digits alone: for patterns written without spaces
    squeeze   leet, with repeated letters made single

A view like an earlier one of its kind (reading, plain form, compact) is left out, so plain text has three: raw,
fold and compact. The raw text is never changed, and every view knows where in it each of its characters came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.finder import View
from zaphod.safety.guard.views.ciphers import exchanged, likely_ways
from zaphod.safety.guard.views.decoding import decoded, revealed, turned_over, turned_round, undisguised
from zaphod.safety.guard.views.reading import Reading, compacted, last_word_first, squeezed, words_backwards
from zaphod.safety.guard.views.view import AnyView, DerivedView, Identity, RawView

_MAX_WORD_ORDER = 500
"""Characters up to which a text is also read with its words in the opposite order, which nothing hints at."""
_MOSTLY = 0.9
"""The share of a text from which on there is nothing else to decode in it."""


@dataclass(frozen=True, kw_only=True)
class ViewLimits:
    """How much is made of one text.

    Args:
        max_depth: decoded how often after one another.
        max_views: how many views, the raw one included.
        max_growth: characters of all views together, for each character of the raw text.
        max_readings_growth: characters of all readings together, for each of the raw text: they are what takes time.
        max_small_characters: characters of views, and of readings, that are allowed however short the text is.
    """

    max_depth: int = 3
    max_views: int = 64
    max_growth: int = 16
    max_readings_growth: int = 4
    max_small_characters: int = 65536

    def __post_init__(self) -> None:
        for name in ("max_depth", "max_views", "max_growth", "max_readings_growth", "max_small_characters"):
            least = int(name not in ("max_depth", "max_small_characters"))
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


_DEFAULT = ViewLimits()
Kind = Literal["reading", "folded", "compact"]


def views_of(text: str, limits: ViewLimits = _DEFAULT) -> Views:
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
    return Reading(RawView(text)).forms()[-1]


class _Builder:
    """Makes the views of one text, breadth first, until nothing is left or a limit is met."""

    def __init__(self, text: str, limits: ViewLimits) -> None:
        self.views: list[View] = []
        self.is_complete = True
        self._raw = RawView(text)
        self._limits = limits
        self._left = max(limits.max_growth * len(text), limits.max_small_characters)
        self._left_to_read = max(limits.max_readings_growth * len(text), limits.max_small_characters) - len(text)
        self._seen: set[tuple[Kind, str]] = set()
        self._read: set[str] = set()

    def build(self) -> None:
        self.views.append(self._raw)
        self._seen.add(("reading", self._raw.text))
        pending = [Reading(self._raw)]
        for reading in pending:  # grows while it is read
            best = self._add_forms(reading)
            if reading.depth < self._limits.max_depth and self.is_complete:
                pending += self._readings(_decoded(reading), reading.depth + 1)
                if not reading.is_exchanged:
                    pending += self._readings(_exchanged(reading, best), reading.depth + 1, is_exchanged=True)

    def _readings(self, views: Iterable[DerivedView], depth: int, *, is_exchanged: bool = False) -> Iterator[Reading]:
        """New readings of views not met before."""
        for view in views:
            if view.text not in self._read and self.is_complete:
                self._left_to_read -= len(view.text)
                if self._left_to_read < 0:
                    self.is_complete = False
                    return
                self._read.add(view.text)
                self._add(view, "reading")
                yield Reading(view, depth, is_exchanged=is_exchanged)

    def _add(self, view: AnyView, kind: Kind) -> None:
        """Keep a view unless there is one like it of its kind: each kind has patterns of its own."""
        if not view.text or (kind, view.text) in self._seen:
            return
        if len(self.views) >= self._limits.max_views or len(view.text) > self._left:
            self.is_complete = False
            return
        self._seen.add((kind, view.text))
        self._left -= len(view.text)
        self.views.append(view)

    def _add_forms(self, reading: Reading) -> list[DerivedView]:
        """All plain forms of a reading; the last ones of them, from which other readings start."""
        forms = reading.forms()
        ends = [forms[-1], *squeezed(forms[-1])]
        for form in (*forms, *ends[1:]):
            self._add(form, "folded")
        for end in ends:
            self._add(compacted(end), "compact")
        if reading.depth == 0 and len(ends[0].text) <= _MAX_WORD_ORDER:
            self._add(last_word_first(ends[0]), "folded")
        return [*forms[-2:-1], *ends[:2]] if forms[-1].chain[-1] == "leet" else ends[:2]


def _decoded(reading: Reading) -> Iterator[DerivedView]:
    """What the reading hides, and what it says with its encodings decoded."""
    yield from revealed(reading.view)
    yield from turned_over(reading.view)
    found = [decoded(reading.cased, reading.hints)]
    if {"hex", "codes"} <= reading.hints:
        found.append(decoded(reading.cased, reading.hints - {"hex"}))  # pairs of digits may be either
    if "singles" in reading.hints and reading.joined is not reading.cased:
        found.append(decoded(reading.joined, reading.joined_hints))
    yield from (view for view, _ in found if view is not None)
    if not any(view is not None and share > _MOSTLY and view.text.isascii() for view, share in found):
        yield from undisguised(reading.cased)


def _exchanged(reading: Reading, plain: list[DerivedView]) -> Iterator[DerivedView]:
    """The reading with letters exchanged or turned round, where that makes it look like English."""
    for form in plain:
        for steps in likely_ways(form.text):
            view: AnyView = reading.joined if len(form.text) == len(reading.joined.text) else form
            for step in steps:
                if step == "reverse":
                    yield words_backwards(view)
                    view = turned_round(view)
                else:
                    view = DerivedView(exchanged(view.text, step), view, (step,), Identity)
            if isinstance(view, DerivedView):
                yield view
