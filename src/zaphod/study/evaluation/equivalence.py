"""Whether two answers of MATH say the same; knows LaTeX as far as such answers use it, and no problem.

First both are brought to one spelling and compared as texts. Then, where both read as an expression of numbers and
letters, sympy says whether their difference is zero. What is read is bounded in length and in the size of exponents, so
that an answer cannot keep the judge busy. Text is only ever parsed by the small grammar below, never evaluated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sympy import Expr

_MAX_LETTERS = 200
_MAX_EXPONENT = 50
_MAX_DIGITS = 30
_TOLERANCE = 1e-9

_REMOVED = (
    r"\\left(?![a-z])",
    r"\\right(?![a-z])",
    r"\\[!,;: ]",
    r"\\quad",
    r"\\displaystyle",
    r"\^\s*\{?\\circ\}?",
    r"\\degree",
    r"(?<=[\d})])\s*\\(?:text|mbox)\s*\{[^{}]*\}$",  # a unit
    r"\\?%",
    r"\\?\$",
)
_TEXT = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox)\s*\{([^{}]*)\}")
_TOKEN = re.compile(r"\s*(\\frac|\\sqrt|\\pi|\\cdot|\\times|\\div|\d+\.?\d*|\.\d+|[a-zA-Z]|[-+*/^(){}\[\]])")
_VALUE_STARTS = re.compile(r"\\frac|\\sqrt|\\pi|\d|\.\d|[a-zA-Z]|\(|\{")


def are_equal(first: str, second: str) -> bool:
    """Whether two answers are the same number, expression, list of such, or text."""
    one, other = normal(first), normal(second)
    if one == other:
        return True
    if len(one) > _MAX_LETTERS or len(other) > _MAX_LETTERS:
        return False
    parts, others = _parts(one), _parts(other)
    if len(parts) > 1 or len(others) > 1:
        same_brackets = (one[:1] in "([") == (other[:1] in "([") and (one[:1] not in "([" or one[:1] == other[:1])
        ends_alike = one[-1:] == other[-1:] or one[-1:] not in ")]"
        return len(parts) == len(others) and same_brackets and ends_alike and all(map(are_equal, parts, others))
    return _same_value(one, other)


def normal(answer: str) -> str:
    """One spelling for what is written in several ways."""
    text = answer.strip().replace("\n", " ").rstrip(".").replace("\\\\", "\\")
    text = text.replace("dfrac", "frac").replace("tfrac", "frac").replace("\\neq", "\\ne")
    text = re.sub(r"^[a-zA-Z]\s*(?:=|\\in)\s*(?=\S)", "", text)
    for pattern in _REMOVED:
        text = re.sub(pattern, "", text.strip())
    text = _TEXT.sub(r"\1", text)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"\\sqrt\s*([0-9a-zA-Z])", r"\\sqrt{\1}", text)
    text = re.sub(r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", text)
    text = re.sub(r"\\frac\s*(\d)\s*\{", r"\\frac{\1}{", text)
    text = re.sub(r"(?<![\d.])\.(?=\d)", "0.", text)
    text = re.sub(r"(\d)\.0+(?!\d)", r"\1", text)
    return re.sub(r"\s+", "", text)


def _parts(text: str) -> list[str]:
    """What commas outside brackets part, without the brackets around all."""
    if text[:1] in ("(", "[") and text[-1:] in (")", "]"):
        text = text[1:-1]
    elif text.startswith("\\{") and text.endswith("\\}"):
        text = text[2:-2]
    parts, depth, begin = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append(text[begin:place])
            begin = place + 1
    return [*parts, text[begin:]]


def _same_value(one: str, other: str) -> bool:
    try:
        import sympy
    except ImportError:  # it comes with torch; without it spelling alone decides
        return False
    first, second = _read(one), _read(other)
    if first is None or second is None:
        return False
    difference: Any = first - second
    if difference.free_symbols:
        return bool(sympy.expand(difference) == 0)
    value = complex(difference.evalf(30))
    return abs(value) <= _TOLERANCE * max(1.0, abs(complex(first.evalf())))


def _read(text: str) -> Expr | None:
    """An expression; None where it is none."""
    try:
        reader = _Reader(text)
        value = reader.sum()
        return value if reader.is_done else None
    except (_UnreadableError, ZeroDivisionError, RecursionError, OverflowError, ValueError, TypeError):
        return None


class _UnreadableError(Exception):
    """The text is no expression that the grammar knows."""


class _Reader:
    """Sum of products of powers, as mathematics writes them: factors may stand side by side."""

    def __init__(self, text: str) -> None:
        import sympy

        self._sympy: Any = sympy
        self._tokens: list[str] = []
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise _UnreadableError
            self._tokens.append(found[1])
            place = found.end()
        self._next = 0

    @property
    def is_done(self) -> bool:
        return self._next == len(self._tokens)

    def sum(self) -> Any:
        value = self._product()
        while self._peek() in ("+", "-"):
            value = value + self._product() if self._take() == "+" else value - self._product()
        return value

    def _product(self) -> Any:
        value = self._signed()
        while True:
            token = self._peek()
            if token in ("*", "\\cdot", "\\times"):
                self._take()
                value = value * self._signed()
            elif token in ("/", "\\div"):
                self._take()
                value = self._over(value, self._signed())
            elif token and _VALUE_STARTS.match(token):
                value = value * self._power()
            else:
                return value

    def _signed(self) -> Any:
        if self._peek() in ("-", "+"):
            return -self._signed() if self._take() == "-" else self._signed()
        return self._power()

    def _power(self) -> Any:
        base = self._atom()
        if self._peek() != "^":
            return base
        self._take()
        exponent = self._signed()
        if exponent.free_symbols or abs(complex(exponent.evalf())) > _MAX_EXPONENT or (base == 0 and exponent <= 0):
            raise _UnreadableError
        return base**exponent

    def _atom(self) -> Any:
        token = self._take()
        if token in ("(", "{"):
            value = self.sum()
            self._expect({"(": ")", "{": "}"}[token])
            return value
        if token == "\\frac":
            above = self._braced()
            return self._over(above, self._braced())
        if token == "\\sqrt":
            return self._root()
        if token == "\\pi":
            return self._sympy.pi
        if token.isalpha():
            return self._sympy.Symbol(token)
        if token[:1].isdigit() or token[:1] == ".":
            if len(token) > _MAX_DIGITS:
                raise _UnreadableError
            return self._sympy.Rational(token)
        raise _UnreadableError

    def _root(self) -> Any:
        degree = self._sympy.Integer(2)
        if self._peek() == "[":
            self._take()
            degree = self.sum()
            self._expect("]")
        value = self._braced()
        if degree.free_symbols or not 1 <= degree <= _MAX_EXPONENT:
            raise _UnreadableError
        return self._sympy.root(value, degree)

    def _over(self, above: Any, below: Any) -> Any:
        if below == 0:
            raise _UnreadableError
        return above / below

    def _braced(self) -> Any:
        self._expect("{")
        value = self.sum()
        self._expect("}")
        return value

    def _expect(self, wanted: str) -> None:
        if self._take() != wanted:
            raise _UnreadableError

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise _UnreadableError
        self._next += 1
        return token
