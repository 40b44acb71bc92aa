r"""How patterns are written; knows what they mean as a tree, neither what they find nor which rule they belong to.

The syntax is that of regular expressions, less what cannot run in time linear in the text, and less what has no end:

    abc          these characters           a|b|c         any of these
    (…) (?:…)    a group; nothing is kept   (?&name)      the words of that name, put in before (words.py)
    x? x{n} x{m,n}  with `?` behind: as few as can be      .    any character but a line's end
    [a-z] [^a-z] a set                      \d \w \s \D \W \S \p{Han} \pL \PL   sets by name
    \b           edge of a word             ^ $           edge of a line      \A \z   of the text
    a space      what parts words: 1 to 6 characters of white space or punctuation; `\x20` is a space itself
    \n \t \r \x41 \x{1F600}, and \ before punctuation: one character

Edges stand only where a pattern, or one of its outermost alternatives, begins or ends. `*`, `+` and `{n,}` have no end,
so that a stream could be held up for ever: they are refused, and `{0,80}` says what is meant.
"""

from __future__ import annotations

import functools
import string
from typing import NoReturn

import re2

from zaphod.safety.guard.rules.nodes import (
    LINE,
    TEXT,
    WORD,
    Characters,
    Choice,
    Edge,
    Gap,
    Node,
    Repeat,
    Sequence,
    choice,
    sequence,
    size,
    width,
)

MAX_PATTERN_CHARACTERS = 20_000
MAX_REPEATS = 1000
MAX_MATCH_CHARACTERS = 2000
MAX_SIZE = 60_000
MAX_DEPTH = 40

_NAMED = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32)),
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_EDGES = {"b": WORD, "A": TEXT, "z": TEXT}
_LOOKS = {
    "&": "words that nobody named",
    "=": "a look-ahead",
    "!": "a look-ahead",
    "<": "a look-behind or a named group",
    ">": "an atomic group",
}
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


class PatternError(ValueError):
    """A pattern cannot be used: `found` says what stands in it, `wanted` what would be right, `remedy` what to do."""

    def __init__(self, found: str, wanted: str, remedy: str) -> None:
        super().__init__(found, wanted, remedy)
        self.found, self.wanted, self.remedy = found, wanted, remedy


@functools.lru_cache(maxsize=4096)
def parse(pattern: str, *, is_part: bool = False) -> Node:
    """The tree of a pattern.

    Args:
        pattern: as above.
        is_part: it is put into others, so it may match nothing, and has no edges.

    Raises:
        PatternError: it cannot be read, has no end, matches nothing at all, or is too large.
    """
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        found, wanted = f"has {len(pattern):,} characters", f"A pattern has at most {MAX_PATTERN_CHARACTERS:,}."
        raise PatternError(found, wanted, "Make several patterns of it.")
    node = _Parser(pattern).tree()
    if is_part:
        _check_no_edge(node)
    else:
        _check_edges(node)
        _check_width(node)
    return node


class _Parser:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def tree(self) -> Node:
        node = self._choice()
        if self._at < len(self._pattern):
            self._refuse("has a ')' that closes nothing", "Groups are opened by '('.", "Write '\\)' for the character.")
        return node

    def _choice(self) -> Node:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return choice(options)

    def _sequence(self) -> Node:
        items: list[Node] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            items.append(self._repeated())
        return sequence(items)

    def _repeated(self) -> Node:
        item = self._one()
        bounds = self._bounds()
        if bounds is None:
            return item
        if isinstance(item, Edge):
            self._refuse("repeats an edge", "An edge has no length.", "Leave out what stands behind it.")
        low, high = bounds
        if not low <= high <= MAX_REPEATS or high == 0:
            self._refuse(
                f"repeats {{{low},{high}}} times", f"It is {{m,n}} with m <= n <= {MAX_REPEATS}.", "Correct it."
            )
        is_lazy = self._take("?")
        if self._bounds() is not None:
            self._refuse("repeats a repetition", "Each part is repeated once.", "Put the inner one into (?:…).")
        return Repeat(item, low, high, is_lazy)

    def _bounds(self) -> tuple[int, int] | None:
        """How often, if the text goes on with `?` or `{m,n}`."""
        if self._take("?"):
            return 0, 1
        for sign in "*+":
            if self._take(sign):
                self._endless(f"{sign!r}")
        if not self._take("{"):
            return None
        text = self._until("}", "a repetition")
        low, comma, high = text.partition(",")
        if not low.isdecimal() or not (high.isdecimal() or not high) or len(low) > 6 or len(high) > 6:
            self._refuse(f"has {{{text}}}", "A repetition is {n} or {m,n}.", "Write '\\{' for the character.")
        if comma and not high:
            self._endless(f"{{{text}}}")
        return int(low), int(high or low)

    def _endless(self, sign: str) -> NoReturn:
        self._refuse(
            f"repeats without an end ({sign})",
            "Every pattern has a longest match, so that a stream can be let go.",
            "Say how often at most, like {0,80} or {1,20}.",
        )

    def _one(self) -> Node:
        letter = self._pattern[self._at]
        self._at += 1
        match letter:
            case "(":
                return self._group()
            case "[":
                return self._set()
            case "\\":
                return self._escape()
            case ".":
                return Characters(((10, 10),), is_negated=True)
            case " ":
                return Gap()
            case "^" | "$":
                return Edge(LINE)
            case "?" | "*" | "+" | "{":
                self._refuse(f"repeats nothing with {letter!r}", "Something stands before it.", f"Write '\\{letter}'.")
        return _character(letter)

    def _group(self) -> Node:
        if self._take("?"):
            sign = self._pattern[self._at : self._at + 1]
            if sign != ":":
                found = _LOOKS.get(sign, f"(?{sign}")
                wanted = "Groups are (…), (?:…) and (?&name): the others do not run in linear time, or keep something."
                self._refuse(f"has {found}", wanted, "Say it without, or use `exceptions` for what shall not be found.")
            self._at += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(
                "is nested too deeply", f"There are at most {MAX_DEPTH} groups in each other.", "Take some out."
            )
        node = self._choice()
        self._depth -= 1
        if not self._take(")"):
            self._refuse("has a '(' that is never closed", "Groups end with ')'.", "Write '\\(' for the character.")
        return node

    def _escape(self) -> Node:
        letter = self._next("an escape")
        if letter in _EDGES:
            return Edge(_EDGES[letter])
        if letter.lower() in _NAMED:
            return Characters(_NAMED[letter.lower()], is_negated=letter.isupper())
        if letter in "pP":
            return Characters(properties=(self._property(),), is_negated=letter == "P")
        return _character(self._escaped_character(letter))

    def _escaped_character(self, letter: str) -> str:
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter == "x":
            return self._code_point()
        if letter in string.ascii_letters + string.digits:
            wanted = (
                "Escapes are \\n \\t \\r \\f \\v \\xHH \\d \\w \\s \\p{…} \\b \\A \\z; there are no back-references."
            )
            self._refuse(f"has \\{letter}", wanted, "Write the character itself.")
        return letter

    def _code_point(self) -> str:
        if self._take("{"):
            digits = self._until("}", "a code point")
        else:
            digits = self._pattern[self._at : self._at + 2]
            self._at += 2
        if not 2 <= len(digits) <= 6 or not set(digits) <= set(string.hexdigits) or int(digits, 16) > 0x10FFFF:
            self._refuse(f"has \\x{digits}", "A character is \\xHH or \\x{HHHHH}.", "Correct its digits.")
        return chr(int(digits, 16))

    def _property(self) -> str:
        name = self._until("}", "a property") if self._take("{") else self._next("a property")
        try:
            known = name.isidentifier() and re2.compile(f"\\p{{{name}}}", _OPTIONS) is not None
        except re2.error:
            known = False
        if not known:
            self._refuse(
                f"has \\p{{{name}}}", "There are L, N, P, Latin, Han, Cyrillic, ….", "Name one that RE2 knows."
            )
        return name

    def _set(self) -> Node:
        is_negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        properties: list[str] = []
        while not (self._take("]") and (ranges or properties)):
            first = self._member()
            if isinstance(first, Characters):
                ranges += first.ranges
                properties += first.properties
                continue
            last = first
            if self._pattern[self._at : self._at + 1] == "-" and self._pattern[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                last = self._last_of_range()
            if last < first:
                self._refuse(f"has the range {first}-{last}", "A range begins with its first.", "Turn it round.")
            ranges.append((ord(first), ord(last)))
        return Characters(tuple(sorted(set(ranges))), tuple(dict.fromkeys(properties)), is_negated)

    def _member(self) -> str | Characters:
        letter = self._next("a set, which ends with ']'")
        if letter == "[":
            self._refuse("has '[' in a set", "Sets do not nest.", "Write '\\[' for the character.")
        if letter != "\\":
            return letter
        letter = self._next("an escape")
        if letter in _NAMED:
            return Characters(_NAMED[letter])
        if letter == "p":
            return Characters(properties=(self._property(),))
        return self._escaped_character(letter)

    def _last_of_range(self) -> str:
        last = self._member()
        if isinstance(last, Characters):
            self._refuse("has a range that ends with a set", "A range has two characters.", "Write '\\-' for the sign.")
        return last

    def _next(self, what: str) -> str:
        if self._at >= len(self._pattern):
            self._refuse(f"ends inside {what}", "It is whole.", "Complete it.")
        self._at += 1
        return self._pattern[self._at - 1]

    def _until(self, sign: str, what: str) -> str:
        end = self._pattern.find(sign, self._at)
        if end < 0:
            self._refuse(f"ends inside {what}", f"It ends with {sign!r}.", "Complete it.")
        text = self._pattern[self._at : end]
        self._at = end + 1
        return text

    def _take(self, sign: str) -> bool:
        taken = self._pattern.startswith(sign, self._at)
        self._at += taken
        return taken

    def _refuse(self, found: str, wanted: str, remedy: str) -> NoReturn:
        raise PatternError(f"{found}, at character {min(self._at, len(self._pattern))}", wanted, remedy)


@functools.cache
def _character(letter: str) -> Characters:
    return Characters(((ord(letter), ord(letter)),))


def alternatives(node: Node) -> tuple[Node, ...]:
    """The outermost alternatives of a pattern."""
    return node.options if isinstance(node, Choice) else (node,)


def split_edges(node: Node) -> tuple[Edge | None, Node, Edge | None]:
    """What must be before an alternative, itself, and what must be behind it."""
    items = node.items if isinstance(node, Sequence) else (node,)
    before = items[0] if items and isinstance(items[0], Edge) else None
    items = items[1:] if before else items
    behind = items[-1] if items and isinstance(items[-1], Edge) else None
    return before, sequence(items[:-1] if behind else items), behind


def _check_edges(node: Node) -> None:
    if any(_has_edge(split_edges(alternative)[1]) for alternative in alternatives(node)):
        raise PatternError(
            "has an edge (\\b, ^, $, \\A or \\z) in its middle",
            "Edges stand where a pattern, or one of its outermost alternatives, begins or ends.",
            "A space already parts words; or make two patterns.",
        )


def _check_no_edge(node: Node) -> None:
    if _has_edge(node):
        found, wanted = "has an edge (\\b, ^, $, \\A or \\z)", "Under [words], there are none."
        raise PatternError(found, wanted, "Write edges in the pattern itself.")


def _has_edge(node: Node) -> bool:
    match node:
        case Edge():
            return True
        case Sequence(items) | Choice(items):
            return any(_has_edge(item) for item in items)
        case Repeat(item):
            return _has_edge(item)
        case _:
            return False


def _check_width(node: Node) -> None:
    fewest, most = width(node)
    if fewest == 0:
        raise PatternError("matches where there is nothing", "A match has at least one character.", "Ask for more.")
    if most > MAX_MATCH_CHARACTERS:
        wanted = f"The longest has {MAX_MATCH_CHARACTERS:,}."
        raise PatternError(f"has matches of up to {most:,} characters", wanted, "Ask for fewer repetitions.")
    if size(node) > MAX_SIZE:
        raise PatternError(f"unfolds to {size(node):,} parts", f"At most {MAX_SIZE:,}.", "Ask for fewer repetitions.")
