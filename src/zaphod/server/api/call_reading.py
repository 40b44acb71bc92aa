"""Reads one call, a JSON object with a name and arguments, letter by letter; knows nothing of what is around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from enum import Enum, auto

from zaphod.server.api.tool_formats import ToolFormat

SPACE = " \t\n\r"
Found = tuple[str | None, str]
"""The name of a call that begins, or None; and more of the arguments."""

_SCALAR = frozenset("+-.0123456789Eaeflnrstu")


class Verdict(Enum):
    """Where a reader is."""

    OPEN = auto()
    """More is needed."""
    WHOLE = auto()
    """The object is complete."""
    BROKEN = auto()
    """The last letter cannot be part of it; it was not consumed."""


class _Nesting:
    """Follows brackets and quotes of one value until it ends."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_quoted = self._is_escaped = False

    def ends_with(self, letter: str) -> bool:
        """Whether the value ends with this letter. Kinds of brackets are not told apart."""
        if self._is_escaped:
            self._is_escaped = False
        elif letter == "\\":
            self._is_escaped = self._is_quoted
        elif letter == '"':
            self._is_quoted = not self._is_quoted
        elif not self._is_quoted:
            self._depth += (letter in "{[") - (letter in "}]")
        return self._depth == 0 and not self._is_quoted


class CallReader:
    """Begins with the letter `{`.

    Args:
        format: names the fields.
        names: that a call may have; any if None.
    """

    def __init__(self, format: ToolFormat, names: Collection[str] | None) -> None:
        self._raw: list[str] = []
        self.verdict = Verdict.OPEN
        self.has_called = False
        self._format, self._names = format, names
        self._known_keys = {*format.name_keys, *format.arguments_keys, "id", "type"}
        self._next: Callable[[str], None] = self._brace
        self._found: list[Found] = []
        self._text: list[str] = []
        """Of a key, or of a value that must be known whole."""
        self._key = ""
        self._nesting = _Nesting()
        self._streams = False
        """Whether the value goes out letter by letter."""
        self._has_given = False
        self._waiting: str | None = None
        """Arguments that came before the name."""

    @property
    def raw(self) -> str:
        """All letters, as long as no call has begun."""
        return "".join(self._raw)

    def read(self, letter: str) -> list[Found]:
        """What the letter shows."""
        self._found = []
        self._next(letter)
        if not self.has_called and self.verdict is not Verdict.BROKEN:
            self._raw.append(letter)
        return self._found

    def finish(self) -> list[Found]:
        """What is left where the text ends inside the object."""
        is_cut = self._next == self._value and self._key in self._format.arguments_keys
        return [(None, "{}")] if self.has_called and not self._has_given and not is_cut else []

    def _brace(self, letter: str) -> None:
        self._next = self._key_or_end

    def _key_or_end(self, letter: str) -> None:
        if letter == '"':
            self._text, self._nesting = [], _Nesting()
            self._next = self._inside_key
            self._next(letter)
        elif letter == "}":
            self._end()
        elif letter not in SPACE:
            self._break_off()

    def _inside_key(self, letter: str) -> None:
        self._text.append(letter)
        if self._nesting.ends_with(letter):
            self._key = str(_loaded("".join(self._text)))
            self._next = self._colon
            if not self.has_called and self._key not in self._known_keys:
                self.verdict = Verdict.BROKEN  # some other object: no need to hold it back any longer

    def _colon(self, letter: str) -> None:
        if letter == ":":
            self._next = self._value_start
        elif letter not in SPACE:
            self._break_off()

    def _value_start(self, letter: str) -> None:
        if letter in SPACE:
            return
        if letter not in '"{[' and letter not in _SCALAR:
            self._break_off()
            return
        self._text, self._nesting = [], _Nesting()
        self._streams = letter in "{[" and self._takes_arguments and self.has_called
        self._next = self._value if letter in '"{[' else self._scalar
        self._next(letter)

    def _value(self, letter: str) -> None:
        if self._streams:
            self._give(letter)
        else:
            self._text.append(letter)
        if self._nesting.ends_with(letter):
            self._next = self._comma_or_end
            if not self._streams:
                self._value_end()

    def _scalar(self, letter: str) -> None:
        if letter in _SCALAR:
            self._text.append(letter)
            return
        self._value_end()
        if self.verdict is Verdict.OPEN:
            self._next = self._comma_or_end
            self._next(letter)

    def _value_end(self) -> None:
        if self._key in self._format.name_keys and not self.has_called:
            self._call(_loaded("".join(self._text)))
        elif self._takes_arguments:
            arguments = _as_object("".join(self._text))
            if self.has_called:
                self._give(arguments)
            else:
                self._waiting = arguments

    def _call(self, name: object) -> None:
        if not isinstance(name, str) or not name or (self._names is not None and name not in self._names):
            self.verdict = Verdict.BROKEN
            return
        self.has_called = True
        self._found.append((name, ""))
        if self._waiting is not None:
            self._give(self._waiting)

    def _comma_or_end(self, letter: str) -> None:
        if letter == ",":
            self._next = self._key_or_end
        elif letter == "}":
            self._end()
        elif letter not in SPACE:
            self._break_off()

    def _end(self) -> None:
        if not self.has_called:
            self.verdict = Verdict.BROKEN
            return
        if not self._has_given:
            self._give("{}")
        self.verdict = Verdict.WHOLE

    def _break_off(self) -> None:
        self.verdict = Verdict.BROKEN
        if self.has_called and not self._has_given:
            self._give("{}")

    @property
    def _takes_arguments(self) -> bool:
        """Whether the field is the first one with arguments."""
        is_first = not self._has_given and self._waiting is None
        return self._key in self._format.arguments_keys and is_first

    def _give(self, text: str) -> None:
        self._has_given = True
        self._found.append((None, text))


def _as_object(text: str) -> str:
    """Arguments as they should be: some models write their JSON as a text, or null where there are none."""
    if text.startswith('"'):
        return str(_loaded(text)).strip() or "{}"
    return "{}" if text == "null" else text


def _loaded(text: str) -> object:
    try:
        value: object = json.loads(text, strict=False)
    except ValueError:
        return None
    return value
