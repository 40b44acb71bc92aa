"""GBNF, llama.cpp's grammar notation, rewritten for the llguidance library; knows characters, not tokens.

The library's lexer takes the longest piece it can, GBNF never commits to one. So that both describe the same texts, a
grammar without recursion becomes one regular expression, and in any other each piece is a single character.
Syntax: llama.cpp, grammars/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zaphod.core.errors import RequestError

MAX_RULES = 1000
"""Rules of a grammar."""
MAX_REPETITION = 10_000
"""Largest number in `{m,n}`."""
MAX_SYMBOLS = 20_000
"""Characters, classes, names and groups of a grammar."""

_HIGHEST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", "\\": "\\", '"': '"', "[": "[", "]": "]"}
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|\#[^\n]*)
      | (?P<name>[A-Za-z0-9_-]+)
      | (?P<define>::=)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<set>\[(?:[^\]\\]|\\.)*\])
      | (?P<count>\{\s*[0-9]+\s*(?:,\s*[0-9]*\s*)?\})
      | (?P<sign>[|()*+?.])""",
    re.VERBOSE | re.DOTALL,
)

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Characters:
    """One character out of some ranges, both ends included."""

    ranges: Ranges


@dataclass(frozen=True)
class Name:
    """Whatever a rule describes."""

    name: str


@dataclass(frozen=True)
class Sequence:
    """One part after another."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of several."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """A part from `least` to `most` times; None is without end."""

    part: Node
    least: int
    most: int | None


Node = Characters | Name | Sequence | Choice | Repeat


def to_lark(text: str) -> str:
    """The grammar in the library's notation, describing the same texts.

    Raises:
        RequestError: it is malformed, names a rule that it lacks, has no rule `root`, or is too large.
    """
    rules = parse(text)
    writer = _Writer(rules)
    return writer.as_regex() if _is_regular(rules) else writer.as_rules()


def parse(text: str) -> dict[str, Node]:
    """The rules by name. Raises as `to_lark`."""
    rules = _Parser(text).rules()
    if "root" not in rules:
        raise _malformed("there is no rule 'root'")
    for node in list(rules.values()):
        for name in _names(node):
            if name not in rules:
                raise _malformed(f"there is no rule {name!r}")
    return rules


class _Parser:
    """Recursive descent; the caller has bounded the nesting."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_split(text))
        self._place = 0
        self._num_symbols = 0

    def rules(self) -> dict[str, Node]:
        rules: dict[str, Node] = {}
        while self._kind() != "end":
            name = self._take("name", "a rule's name")
            self._take("define", "'::='")
            if name in rules:
                raise _malformed(f"the rule {name!r} is defined twice")
            rules[name] = self._choice()
            if len(rules) > MAX_RULES:
                raise _too_large(f"more than {MAX_RULES} rules", f"{MAX_RULES} rules")
        return rules

    def _choice(self) -> Node:
        parts = [self._sequence()]
        while self._kind() == "|":
            self._place += 1
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while (part := self._atom()) is not None:
            parts.append(self._repeated(part))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _atom(self) -> Node | None:
        kind, value = self._kind(), self._value()
        if kind not in ("name", "text", "set", ".", "(") or self._begins_rule():
            return None
        self._place += 1
        self._count(len(value) if kind == "text" else 1)
        if kind == "name":
            return Name(value)
        if kind == "text":
            return Sequence(tuple(Characters(((code, code),)) for code in _characters(value[1:-1])))
        if kind == "set":
            return _set(value[1:-1])
        if kind == ".":
            return Characters(_without_surrogates(((0, _HIGHEST),)))
        inner = self._choice()
        self._take(")", "')'")
        return inner

    def _repeated(self, part: Node) -> Node:
        while (kind := self._kind()) in ("*", "+", "?", "count"):
            least, most = _bounds(kind, self._value())
            self._place += 1
            self._count(1)
            part = Repeat(part, least, most)
        return part

    def _begins_rule(self) -> bool:
        return self._kind() == "name" and self._tokens[self._place + 1][0] == "define"

    def _count(self, number: int) -> None:
        self._num_symbols += number
        if self._num_symbols > MAX_SYMBOLS:
            raise _too_large(f"more than {MAX_SYMBOLS} symbols", f"{MAX_SYMBOLS} symbols")

    def _kind(self) -> str:
        return self._tokens[self._place][0]

    def _value(self) -> str:
        return self._tokens[self._place][1]

    def _take(self, kind: str, wanted: str) -> str:
        if self._kind() != kind:
            raise _malformed(f"{self._value()[:40] or 'its end'!r} stands where {wanted} was expected")
        self._place += 1
        return self._tokens[self._place - 1][1]


class _Writer:
    """Writes rules as Lark; names become numbers, since GBNF's may collide with the notation's own."""

    def __init__(self, rules: Mapping[str, Node]) -> None:
        self._rules = rules
        self._numbers = {name: number for number, name in enumerate(rules)}
        self._character_names: dict[Ranges, str] = {}

    def as_regex(self) -> str:
        names = {name: f"R{number}" for name, number in self._numbers.items()}
        lines = [f"{names[name]}: {_written(self._rules[name], names, _regex)}" for name in self._rules]
        return "\n".join([f"start: {names['root']}", *lines])

    def as_rules(self) -> str:
        names = {name: f"r{number}" for name, number in self._numbers.items()}
        lines = [f"{names[name]}: {_written(self._rules[name], names, self._character)}" for name in self._rules]
        characters = [f"{name}: {_regex(ranges)}" for ranges, name in self._character_names.items()]
        return "\n".join([f"start: {names['root']}", *lines, *characters])

    def _character(self, ranges: Ranges) -> str:
        return self._character_names.setdefault(ranges, f"C{len(self._character_names)}")


def _written(node: Node, names: Mapping[str, str], character: object) -> str:
    assert callable(character)
    match node:
        case Characters(ranges):
            return str(character(ranges))
        case Name(name):
            return names[name]
        case Sequence(parts):
            return "(" + " ".join(_written(part, names, character) for part in parts) + ")" if parts else '""'
        case Choice(parts):
            return "(" + " | ".join(_written(part, names, character) for part in parts) + ")"
        case Repeat(part, least, most):
            return f"({_written(part, names, character)}){{{least},{'' if most is None else most}}}"


def _regex(ranges: Ranges) -> str:
    return "/[" + "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in ranges) + "]/"


def _is_regular(rules: Mapping[str, Node]) -> bool:
    """Whether no rule contains itself, so that all of them can be written out as one expression."""
    open_names: dict[str, Iterator[str]] = {}
    done: set[str] = set()
    for start in rules:
        if start not in done:
            open_names[start] = iter(set(_names(rules[start])))
        while open_names:
            name = next(reversed(open_names))
            inner = next(open_names[name], None)
            if inner is None:
                done.add(name)
                del open_names[name]
            elif inner in open_names:
                return False
            elif inner not in done:
                open_names[inner] = iter(set(_names(rules[inner])))
    return True


def _names(node: Node) -> Iterator[str]:
    match node:
        case Name(name):
            yield name
        case Sequence(parts) | Choice(parts):
            for part in parts:
                yield from _names(part)
        case Repeat(part, _, _):
            yield from _names(part)
        case _:
            return


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token; a sign is its own kind."""
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _malformed(f"{text[place : place + 20]!r} cannot be read")
        place = match.end()
        if match.lastgroup != "space":
            yield (match.group() if match.lastgroup == "sign" else str(match.lastgroup)), match.group()
    yield "end", ""


def _characters(text: str) -> list[int]:
    return [code for code, _ in _unescaped(text)]


def _set(text: str) -> Characters:
    """A class such as `[^a-z_]`; a hyphen at either end stands for itself."""
    negated = text.startswith("^")
    codes = list(_unescaped(text[1:] if negated else text))
    ranges: list[tuple[int, int]] = []
    place = 0
    while place < len(codes):
        is_range = place + 2 < len(codes) and codes[place + 1] == (ord("-"), False)
        low, high = codes[place][0], codes[place + 2][0] if is_range else codes[place][0]
        if high < low:
            raise _malformed(f"the range in [{text[:40]}] runs backwards")
        ranges.append((low, high))
        place += 3 if is_range else 1
    merged = _without_surrogates(_complement(ranges) if negated else _merged(ranges))
    if not merged:
        raise _malformed(f"[{text[:40]}] holds no character")
    return Characters(merged)


def _unescaped(text: str) -> Iterator[tuple[int, bool]]:
    """Each character's code, and whether it was written with a backslash."""
    place = 0
    while place < len(text):
        if text[place] != "\\":
            yield ord(text[place]), False
            place += 1
            continue
        letter = text[place + 1]
        num_digits = _HEX_DIGITS.get(letter, 0)
        digits = text[place + 2 : place + 2 + num_digits]
        if num_digits:
            yield _code(letter, digits), True
        elif letter in _ESCAPES:
            yield ord(_ESCAPES[letter]), True
        else:
            raise _malformed(f"the escape \\{letter} is unknown")
        place += 2 + num_digits


def _code(letter: str, digits: str) -> int:
    if re.fullmatch(f"[0-9A-Fa-f]{{{_HEX_DIGITS[letter]}}}", digits) is None:
        raise _malformed(f"\\{letter} is followed by {digits!r}, not by {_HEX_DIGITS[letter]} hexadecimal digits")
    code = int(digits, 16)
    if code > _HIGHEST or _SURROGATES[0] <= code <= _SURROGATES[1]:
        raise _malformed(f"\\{letter}{digits} is no character")
    return code


def _merged(ranges: list[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _complement(ranges: list[tuple[int, int]]) -> Ranges:
    gaps, start = [], 0
    for low, high in _merged(ranges):
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    return tuple(gaps + ([(start, _HIGHEST)] if start <= _HIGHEST else []))


def _without_surrogates(ranges: Ranges) -> Ranges:
    first, last = _SURROGATES
    halves = [(low, min(high, first - 1)) for low, high in ranges] + [
        (max(low, last + 1), high) for low, high in ranges
    ]
    return _merged([(low, high) for low, high in halves if low <= high])


def _bounds(kind: str, value: str) -> tuple[int, int | None]:
    if kind != "count":
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[kind]
    first, comma, second = value[1:-1].partition(",")
    if len(value) > 40:
        raise _malformed(f"{value[:40]!r} is no number of repetitions")
    least = int(first)
    most = (int(second) if second.strip() else None) if comma else least
    if max(least, most or 0) > MAX_REPETITION:
        raise _too_large(f"{value} repetitions", f"{MAX_REPETITION}")
    if most is not None and most < least:
        raise _malformed(f"{value} asks for at least {least} and at most {most}")
    return least, most


def _malformed(reason: str) -> RequestError:
    return RequestError(
        f"The GBNF grammar cannot be read: {reason}.",
        'Rules look like: root ::= "yes" | [0-9]+; one is called root.',
        "Correct the grammar.",
    )


def _too_large(found: str, limit: str) -> RequestError:
    return RequestError(f"The GBNF grammar has {found}.", f"At most {limit} are allowed.", "Make the grammar smaller.")
