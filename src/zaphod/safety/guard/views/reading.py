"""One way to read a text, and its plain forms: fold, join, leet, squeeze, compact, turned words; decodes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from zaphod.safety.guard.views.fold import character_map, folded_characters
from zaphod.safety.guard.views.hints import hints
from zaphod.safety.guard.views.homoglyphs import homoglyph_edits
from zaphod.safety.guard.views.leet import drawn_edits, leet_edits
from zaphod.safety.guard.views.spacing import compact, compact_map, has_repetitions, joined_edits, squeezed_edits
from zaphod.safety.guard.views.view import (
    AnyView,
    Composed,
    DerivedView,
    Edit,
    Identity,
    Pieces,
    SpanMap,
    edited,
    edited_view,
    pieces_of,
)

_WORD = re.compile(r"\S+")
_LETTERS = re.compile(r"\w+")


class Reading:
    """A view with the forms that are needed to go on from it.

    Args:
        view: the reading.
        depth: how much was decoded before.
        is_exchanged: whether its letters were exchanged for others; once is enough.
    """

    def __init__(self, view: AnyView, depth: int = 0, *, is_exchanged: bool = False) -> None:
        self.view = view
        self.depth = depth
        self.is_exchanged = is_exchanged
        self.cased = _folded(view)
        self.hints = hints(self.cased.text)
        self.joined = self._join()
        self.joined_hints = self.hints if self.joined is self.cased else hints(self.joined.text)

    def _join(self) -> AnyView:
        """With letters put together, in their case; the fold itself where there is nothing to put together."""
        if not self.hints & {"singles", "inside"}:
            return self.cased
        edits = joined_edits(self.cased.text, has_singles="singles" in self.hints)
        return edited_view(self.cased, edits, ("join",)) if edits else self.cased

    def forms(self) -> list[DerivedView]:
        """Fold, join and leet in lower case, those of them that differ from the one before."""
        forms = [_lower(self.cased, self.view)]
        if self.joined is not self.cased:
            forms.append(_lower(self.joined, self.view))
        if "leet" in self.joined_hints and (leet := _leet(forms[-1])) is not None:
            forms.append(leet)
        return forms


def _folded(view: AnyView) -> AnyView:
    """Every character as the plain one it stands for, case kept; the view itself where that changes nothing."""
    text = view.text
    characters = folded_characters(text)
    letters = homoglyph_edits(characters)
    plain = edited(characters, letters) if letters else characters
    if plain == text:
        return view
    return DerivedView(plain, view, ("fold",), lambda: _fold_map(text, characters, letters))


def _fold_map(text: str, characters: str, letters: list[Edit]) -> SpanMap:
    first = character_map(text)
    return Composed(first, pieces_of(len(characters), letters)) if letters else first


def _lower(cased: AnyView, reading: AnyView) -> DerivedView:
    """In lower case, which is part of the fold; `fold.py` sees to it that no letter becomes two."""
    steps = () if len(cased.chain) > len(reading.chain) else ("fold",)
    return DerivedView(cased.text.casefold(), cased, steps, Identity)


def _leet(view: DerivedView) -> DerivedView | None:
    """With digits and marks read as letters; None where there are none."""
    drawn = edited_view(view, drawn_edits(view.text), ())
    edits = leet_edits(drawn.text)
    if not edits and drawn.text == view.text:
        return None
    return edited_view(drawn, edits, ("leet",))


def squeezed(view: DerivedView) -> Iterator[DerivedView]:
    """With repeated letters once, and twice; nothing where there are none."""
    if has_repetitions(view.text):
        for num_kept in (1, 2):
            edits = squeezed_edits(view.text, num_kept=num_kept)
            if edits:
                yield edited_view(view, edits, ("squeeze",))


def compacted(view: DerivedView) -> DerivedView:
    """Letters and digits alone."""
    text = view.text
    return DerivedView(compact(text), view, ("compact",), lambda: compact_map(text))


def last_word_first(view: DerivedView) -> DerivedView:
    """The words in the opposite order."""
    words = list(_WORD.finditer(view.text))[::-1]

    def trace() -> SpanMap:
        pieces = Pieces()
        for index, word in enumerate(words):
            if index:
                pieces.put(1, word.end(), words[index - 1].start())
            pieces.copy(*word.span())
        return pieces

    return DerivedView(" ".join(word[0] for word in words), view, ("word-order",), trace)


def words_backwards(view: AnyView) -> DerivedView:
    """Every word backwards, in its place."""
    text = view.text

    def trace() -> SpanMap:
        pieces = Pieces()
        done = 0
        for word in _LETTERS.finditer(text):
            pieces.copy(done, word.start())
            pieces.copy(*word.span(), direction=-1)
            done = word.end()
        pieces.copy(done, len(text))
        return pieces

    return DerivedView(_LETTERS.sub(lambda word: word[0][::-1], text), view, ("reverse-words",), trace)
