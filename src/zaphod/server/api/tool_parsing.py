"""Finds calls of functions in an answer as it is written; knows formats, not tokens, requests or events of an API.

Read letter by letter, so that it makes no difference how the text is cut into pieces. What may become a call is held
back until that is known; what turns out to be none is said after all. A call's arguments go out as they come.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from zaphod.server.api.call_reading import SPACE, CallReader, Found, Verdict
from zaphod.server.api.tool_formats import ToolFormat


@dataclass(frozen=True, slots=True)
class Said:
    """More of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A call begins."""

    name: str


@dataclass(frozen=True, slots=True)
class Given:
    """More of the arguments of the last call, as JSON text."""

    text: str


Part = Said | Called | Given


class ToolParser:
    """Reads one answer.

    Args:
        format: how calls are written.
        names: of the tools; a call without an opening must name one of them.
        is_open: the opening was written already.
        keeps_one: nothing counts after the first call.
    """

    def __init__(
        self, format: ToolFormat, names: Collection[str], *, is_open: bool = False, keeps_one: bool = False
    ) -> None:
        self.num_calls = 0
        self._format, self._keeps_one = format, keeps_one
        self._names = None if format.opening else frozenset(names)
        self._parts: list[Part] = []
        self._held = ""
        """Not said yet: spaces, what may be an opening, and what stands between an opening and a call."""
        self._is_line_start = True
        self._object: CallReader | None = None
        self._is_inside = is_open
        self._is_in_list = False
        self._num_calls_here = 0
        """Since the opening."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing that could follow counts."""
        return self._keeps_one and self.num_calls > 0 and self._object is None

    def push(self, text: str) -> list[Part]:
        """What more of the text says."""
        for letter in text:
            if not self.is_complete:
                self._read(letter)
        return self._taken()

    def finish(self) -> list[Part]:
        """What is left at the end of the text."""
        if self._object is not None:
            self._take(self._object.finish())
            if not self._object.has_called:
                self._say(self._held + self._object.raw)
        elif not self._num_calls_here or not self._is_inside:
            # Spaces after the last call are no part of an answer.
            self._say(self._held if self._held.strip(SPACE) or not self.num_calls else "")
        self._held = ""
        return self._taken()

    def _read(self, letter: str) -> None:
        if self._object is not None:
            self._read_object(self._object, letter)
        elif self._is_inside:
            self._read_inside(letter)
        elif self._format.opening:
            self._look_for_opening(letter)
        else:
            self._look_for_object(letter)

    def _look_for_opening(self, letter: str) -> None:
        """Hold spaces, and letters that may be the beginning of an opening; say the rest."""
        opening, text = self._format.opening, self._held + letter
        length = next(n for n in range(min(len(opening), len(text)), -1, -1) if text.endswith(opening[:n]))
        before = text[: len(text) - length]
        said = before.rstrip(SPACE)
        self._say(said)
        self._held = text[len(said) :]
        if length == len(opening):
            self._enter()

    def _look_for_object(self, letter: str) -> None:
        if letter in SPACE:
            self._held += letter
            self._is_line_start = self._is_line_start or letter == "\n"
        elif letter in "{[" and self._is_line_start:
            self._enter()
            self._read_inside(letter)
        else:
            self._say(self._held + letter)
            self._held = ""

    def _enter(self) -> None:
        self._is_inside, self._is_in_list, self._num_calls_here = True, False, 0

    def _read_inside(self, letter: str) -> None:
        """Between an opening and a call, or between calls."""
        closing, near_end = self._format.closing, self._held.lstrip(SPACE) + letter
        if letter == "{":
            self._object = CallReader(self._format, self._names)
            self._read_object(self._object, letter)
        elif letter == "[" and not self._is_in_list and not self._num_calls_here:
            self._is_in_list = True
            self._held += letter
        elif self._num_calls_here and (letter in ",;" or (letter == "]" and self._is_in_list)):
            self._held = ""
            self._is_in_list = self._is_in_list and letter != "]"
        elif letter in SPACE or (self._num_calls_here and closing.startswith(near_end)):
            self._held += letter
            if near_end == closing and closing:
                self._held = ""
                self._leave()
        else:
            self._leave()
            self._read(letter)

    def _read_object(self, reader: CallReader, letter: str) -> None:
        self._take(reader.read(letter))
        if reader.verdict is Verdict.OPEN:
            return
        self._object = None
        if reader.has_called:
            self._num_calls_here += 1
            self._held = ""
        else:
            self._held += reader.raw
            self._leave()
        if reader.verdict is Verdict.BROKEN and not self.is_complete:
            self._read(letter)

    def _leave(self) -> None:
        """Back to plain text. What was held is text, too, unless it followed a call."""
        if not self._num_calls_here:
            self._say(self._held)
            self._held = ""
        self._is_inside = False

    def _take(self, found: Sequence[Found]) -> None:
        for name, arguments in found:
            if name is not None:
                self._emit(Called(name))
                self.num_calls += 1
                self._is_line_start = True
            if arguments:
                self._emit(Given(arguments))

    def _say(self, text: str) -> None:
        if text:
            self._is_line_start = text.rstrip(" \t\r").endswith("\n")
            self._emit(Said(text))

    def _emit(self, part: Part) -> None:
        last = self._parts[-1] if self._parts else None
        if isinstance(part, Said) and isinstance(last, Said):
            self._parts[-1] = Said(last.text + part.text)
        elif isinstance(part, Given) and isinstance(last, Given):
            self._parts[-1] = Given(last.text + part.text)
        else:
            self._parts.append(part)

    def _taken(self) -> list[Part]:
        parts, self._parts = self._parts, []
        return parts
