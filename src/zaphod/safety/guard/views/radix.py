"""Bytes written as text: base64, base32, base16, binary, octal and decimal codes; the way back to each character.

A span counts as encoded when it decodes to text: UTF-8 (or UTF-16, as PowerShell has it) of which more than nine
tenths can be printed. Nothing here grows: a decoded text is shorter than what it was decoded from.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from zaphod.safety.guard.views.view import Edit, outside

_MIN_PRINTABLE = 0.9
_FEW_BYTES = 18
_MIN_REVERSED = 16
"""Digits from which on a span is tried backwards, too."""
_MIN_LETTERS = 3
"""One character of a list of codes in so many must be a letter or a digit."""
_STROKES = frozenset(".-/|_ ")
_WORD_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \0"
Interval = tuple[int, int]

_BASE64 = re.compile(r"={0,2}(?:[A-Za-z0-9+/_-]{56,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*|[A-Za-z0-9+/_-]{8,})={0,2}")
_BASE64_SHORT = re.compile(r"(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2,3}={1,2})(?![A-Za-z0-9+/_=-])")
"""Single words such as `YWxs`, which count where longer ones are."""
_BASE64_PART = re.compile(r"[A-Za-z0-9]{8,}={0,2}")
_BASE32 = re.compile(r"={0,6}[A-Z2-7]{8,}(?:\r?\n[A-Z2-7]{4,})*={0,6}|(?<![a-z0-9])[a-z2-7]{16,}={0,6}")
_HEX = re.compile(
    r"(?<![0-9A-Za-z])(?:0[xX])?[0-9a-fA-F]{2}(?:(?:[\s:,;-]{1,2}(?:0[xX])?|0[xX]|\\x)?[0-9a-fA-F]{2}){4,}"
)
_BITS = re.compile(r"(?<!\d)[01]{7,8}(?:[\s,;-]{0,2}[01]{7,8}){2,}(?!\d)")
_CODES = re.compile(r"(?<!\d)\d{1,3}(?:[\s,;:/|-]{1,2}\d{1,3}){3,}(?!\d)")


def printable(data: bytes) -> tuple[str, str] | None:
    """Text and its encoding, if bytes are text. A few bytes must be plain words: chance makes other text of them."""
    if len(data) < _FEW_BYTES and not _is_wordlike(data):
        return None
    for encoding in ("utf-8", "utf-16-le"):
        if encoding == "utf-16-le" and (len(data) % 2 or b"\0" not in data):
            continue
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if is_printable(text):
            return text, encoding
    return None


def _is_wordlike(data: bytes) -> bool:
    """Whether bytes are ASCII, and three quarters of them letters, digits and spaces; every other one may be 0."""
    return data.isascii() and len(data.translate(None, _WORD_BYTES)) * 4 < len(data)


def is_printable(text: str) -> bool:
    """Whether more than nine tenths of it can be printed, or are characters without width, which may say more."""
    if text.isprintable():
        return bool(text)
    num_printable = sum(c.isprintable() or c in "\t\n\r" or unicodedata.category(c) in ("Cf", "Zs") for c in text)
    return num_printable > _MIN_PRINTABLE * len(text)


def origins(text: str, encoding: str, units: Sequence[Interval], bits: int) -> Iterator[Interval]:
    """For each character of a decoded text, the interval of the digits that carry it.

    Args:
        text: as decoded.
        encoding: of its bytes.
        units: where each digit stands.
        bits: how many one digit carries.
    """
    byte = 0
    for character in text:
        after = byte + len(character.encode(encoding, "surrogatepass"))
        used = units[byte * 8 // bits : -(-after * 8 // bits)]
        yield min(unit[0] for unit in used), max(unit[1] for unit in used)
        byte = after


def _edit(span: re.Match[str], data: bytes, units: Callable[[], Sequence[Interval]], bits: int) -> Edit | None:
    """The edit of a span that decodes to these bytes."""
    found = printable(data)
    if found is None:
        return None
    text, encoding = found
    return Edit(start=span.start(), end=span.end(), text=text, origins=lambda: origins(text, encoding, units(), bits))


def _positions(span: re.Match[str], is_digit: Callable[[str], bool], step: int) -> list[Interval]:
    """Where the digits of a span stand, backwards with step -1."""
    found = [(span.start() + i, span.start() + i + 1) for i, character in enumerate(span[0]) if is_digit(character)]
    return found[::step]


def _either_way(span: re.Match[str], decode: Callable[[str], bytes | None], bits: int, digits: str) -> Edit | None:
    """A span decoded, or turned round and decoded."""
    for step in (1, -1) if len(span[0]) >= _MIN_REVERSED else (1,):
        data = decode(span[0][::step])
        if data:
            units = partial(_positions, span, lambda c: c.isalnum() or c in digits, step)
            if (edit := _edit(span, data, units, bits)) is not None:
                return edit
    return None


_BASE64_DIGITS = str.maketrans("-_", "+/", "\r\n=")


def _decode_base64(encoded: str) -> bytes | None:
    if encoded[0] == "=":
        return None
    digits = encoded.translate(_BASE64_DIGITS)
    if len(digits) % 4 == 1:
        digits = digits[:-1]  # a last letter that is none of it, such as a cut text has
    try:
        return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))
    except binascii.Error:
        return None


def base64_edits(text: str) -> Iterator[Edit]:
    """Base64 with either alphabet, padded or not, wrapped or not. Words in one case are words."""
    found = list(_base64_words(text, _BASE64))
    short = list(_base64_words(text, _BASE64_SHORT)) if found or text.count("=") > 1 else []
    is_mostly_short = sum(edit.end - edit.start for edit in short) > len(text) / 2
    if short and (found or (len(short) > 2 and is_mostly_short)):
        found = sorted([*found, *outside(short, [(edit.start, edit.end) for edit in found])], key=_start)
    yield from found


def _start(edit: Edit) -> int:
    return edit.start


def _base64_words(text: str, pattern: re.Pattern[str]) -> Iterator[Edit]:
    for span in pattern.finditer(text):
        edit = _base64_edit(span)
        if edit is not None:
            yield edit
        elif not span[0].isalnum():  # a path with something encoded in it
            parts = (_base64_edit(part) for part in _BASE64_PART.finditer(text, *span.span()))
            yield from (part for part in parts if part is not None)


_BASE64_MARKS = str.maketrans("", "", "+/-_=")


def _base64_edit(span: re.Match[str]) -> Edit | None:
    digits = span[0].translate(_BASE64_MARKS)
    if digits.isalpha() and (digits.islower() or digits.isupper() or digits.istitle()):
        return None
    return _either_way(span, _decode_base64, 6, "+/-_")


def _decode_base32(encoded: str) -> bytes | None:
    digits = "".join(encoded.split()).rstrip("=").upper()
    if len(digits) % 8 in (1, 3, 6) or digits.startswith("="):
        return None
    try:
        return base64.b32decode(digits + "=" * (-len(digits) % 8))
    except binascii.Error:
        return None


def base32_edits(text: str) -> Iterator[Edit]:
    """Base32."""
    for span in _BASE32.finditer(text):
        edit = _either_way(span, _decode_base32, 5, "")
        if edit is not None:
            yield edit


_HEX_DIGITS = re.compile(r"(?:0[xX]|\\x)?([0-9a-fA-F])([0-9a-fA-F])")


def hex_edits(text: str) -> Iterator[Edit]:
    """Pairs of hexadecimal digits, with or without `0x` and separators."""
    for span in _HEX.finditer(text):
        pairs = list(_HEX_DIGITS.finditer(span[0]))
        for step in (1, -1):
            data = bytes(int((pair[1] + pair[2])[::step], 16) for pair in pairs[::step])
            units = [(span.start() + pair.start(), span.start() + pair.end()) for pair in pairs[::step]]
            edit = _edit(span, data, lambda units=units: units, 8)  # type: ignore[misc]
            if edit is not None:
                yield edit
                break


def bits_edits(text: str) -> Iterator[Edit]:
    """Binary digits by seven or eight."""
    for span in _BITS.finditer(text):
        groups = list(re.finditer(r"[01]+", span[0]))
        if len({len(group[0]) for group in groups}) == 1 and len(groups) > 1:
            width = len(groups[0][0])
        else:
            width = 8
        digits = _positions(span, str.isdigit, 1)
        bits = "".join(group[0] for group in groups)
        cut = [(i, i + width) for i in range(0, len(bits) - width + 1, width)]
        data = bytes(int(bits[a:b], 2) for a, b in cut if width <= 8)
        units = [(digits[a][0], digits[b - 1][1]) for a, b in cut]
        edit = _edit(span, data, lambda units=units: units, 8)  # type: ignore[misc]
        if edit is not None:
            yield edit


def codes_edits(text: str) -> Iterator[Edit]:
    """Lists of character codes, decimal or octal, or of places in the alphabet."""
    for span in _CODES.finditer(text):
        numbers = list(re.finditer(r"\d+", span[0]))
        read = _read_codes([number[0] for number in numbers])
        if read is not None:
            units = [(span.start() + number.start(), span.start() + number.end()) for number in numbers]
            yield Edit(start=span.start(), end=span.end(), text=read, origins=lambda units=units: units)  # type: ignore[misc]
        elif (data := _bytes_of([number[0] for number in numbers])) is not None:
            units = [(span.start() + number.start(), span.start() + number.end()) for number in numbers]
            edit = _edit(span, data, lambda units=units: units, 8)  # type: ignore[misc]
            if edit is not None:
                yield edit


def _read_codes(numbers: Sequence[str]) -> str | None:
    """Numbers as characters, one for each; of several readings the one with most letters."""
    decimal = [int(number) for number in numbers]
    is_octal = not set("".join(numbers)) & set("89")
    readings = [_characters([int(number, 8) for number in numbers])] if is_octal else []
    if not is_octal or not any(number[0] == "0" for number in numbers):
        readings.append(_characters(decimal))
    if len(decimal) > 4 and all(1 <= code <= 26 for code in decimal):
        readings.append("".join(chr(ord("a") + code - 1) for code in decimal))
    text = max(readings, key=_num_letters, default="")
    is_text = _num_letters(text) * _MIN_LETTERS > len(text) or set(text) <= _STROKES
    return text if text and is_text else None


def _bytes_of(numbers: Sequence[str]) -> bytes | None:
    """Numbers as bytes, where some are no ASCII."""
    codes = [int(number) for number in numbers]
    return bytes(codes) if 126 < max(codes) < 256 else None


def _characters(codes: list[int]) -> str:
    """Codes as characters of ASCII; empty if they are none."""
    if all(9 <= code <= 126 for code in codes) and any(code > 26 for code in codes):
        text = "".join(map(chr, codes))
        return text if is_printable(text) else ""
    return ""


def _num_letters(text: str) -> int:
    return sum(map(str.isalnum, text))
