"""Characters written with escapes: URLs, HTML, source code, quoted-printable, host names; the way back to each one."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence

from zaphod.safety.guard.views.radix import Interval, origins
from zaphod.safety.guard.views.view import Edit

_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_PERCENT_U = re.compile(r"(?:%u[0-9A-Fa-f]{4})+")
_QUOTED = re.compile(r"(?:=[0-9A-F]{2}|=[ \t]*\r?\n)+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_ESCAPES = re.compile(
    r"(?:(?<!\\)\\++(?:u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|x\{[0-9a-fA-F]{1,6}\}|[0-3][0-7]{2})"
    r"|U\+[0-9a-fA-F]{4,6}(?:[ ,]{1,2}(?=U\+))?)+"
)
_ESCAPE = re.compile(r"((?<!\\)\\++[uUx]\{?|U\+|\\+)([0-9a-fA-F]+)\}?")
_PUNYCODE = re.compile(r"(?i)\bxn--[a-z0-9-]+")
_MAX_PUNYCODE = 63
"""Characters of a label in a host name; longer ones are none, and decoding them takes quadratic time."""


def url_edits(text: str) -> Iterator[Edit]:
    """`%69%67` and `%u0069`."""
    for span in _PERCENT.finditer(text):
        yield _bytes_edit(span, bytes.fromhex(span[0].replace("%", "")), _blocks(span, 3))
    for span in _PERCENT_U.finditer(text):
        data = "".join(chr(int(code, 16)) for code in span[0].split("%u")[1:])
        yield _characters_edit(span, data, _blocks(span, 6)())


def _blocks(span: re.Match[str], width: int) -> Callable[[], Sequence[Interval]]:
    return lambda: [(i, i + width) for i in range(span.start(), span.end(), width)]


def _bytes_edit(span: re.Match[str], data: bytes, units: Callable[[], Sequence[Interval]]) -> Edit:
    """Bytes as text, those that are no UTF-8 as what they are in Latin-1."""
    encoding = "utf-8"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        encoding = "latin-1"
        text = data.decode(encoding)
    return Edit(start=span.start(), end=span.end(), text=text, origins=lambda: origins(text, encoding, units(), 8))


def _characters_edit(span: re.Match[str], text: str, units: Sequence[Interval]) -> Edit:
    """Code units as text: halves of pairs become one character."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if _has_halves(text) else text
    if len(joined) != len(units):
        return Edit(start=span.start(), end=span.end(), text=joined)
    return Edit(start=span.start(), end=span.end(), text=joined, origins=lambda: units)


def _has_halves(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def quoted_edits(text: str) -> Iterator[Edit]:
    """Quoted-printable, where there are at least three of its escapes."""
    spans = list(_QUOTED.finditer(text))
    if sum(span[0].count("=") for span in spans) < 3:
        return
    for span in spans:
        codes = list(re.finditer(r"=(?:([0-9A-F]{2})|[ \t]*\r?\n)", span[0]))
        units = [(span.start() + code.start(), span.start() + code.end()) for code in codes if code[1]]
        yield _bytes_edit(span, bytes(int(code[1], 16) for code in codes if code[1]), lambda units=units: units)  # type: ignore[misc]


def html_edits(text: str) -> Iterator[Edit]:
    """`&lt;`, `&#105;`, `&#x69;`."""
    for span in _ENTITY.finditer(text):
        character = html.unescape(span[0])
        if character != span[0]:
            yield Edit(start=span.start(), end=span.end(), text=character)


def escape_edits(text: str) -> Iterator[Edit]:
    r"""`\u0069`, `\x69`, `\151`, `\U0001F600`, `\u{69}`, `U+0069`."""
    for span in _ESCAPES.finditer(text):
        found = list(_ESCAPE.finditer(span[0]))
        codes = [int(code[2], 8 if code[1].rstrip("\\") == "" else 16) for code in found]
        units = [(span.start() + code.start(), span.start() + code.end()) for code in found]
        if all(code < 256 for code in codes):
            yield _bytes_edit(span, bytes(codes), lambda units=units: units)  # type: ignore[misc]
        elif all(code < 0x110000 for code in codes):
            yield _characters_edit(span, "".join(map(chr, codes)), units)


def punycode_edits(text: str) -> Iterator[Edit]:
    """Labels of international host names."""
    for span in _PUNYCODE.finditer(text):
        if len(span[0]) <= _MAX_PUNYCODE:
            try:
                label = span[0][4:].encode("ascii").decode("punycode")
            except (UnicodeError, ValueError, OverflowError):
                continue  # no host name, whatever it begins with
            yield Edit(start=span.start(), end=span.end(), text=label)
