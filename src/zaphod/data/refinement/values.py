"""What a statement says of its subject: a number with its unit, a date, or a name; knows no sentence.

Two spellings of one value are equal: `1,234` and `1234`, `5 km` and `5000 m`, `21 November 2026` and `2026-11-21`. A
date without its day, and a decimal fraction or `about` so many, agree with what they are a rounding of.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_MONTH_NUMBERS = {name[:length].casefold(): n for n, name in enumerate(_MONTHS, 1) for length in (3, len(name))}
_MONTH = "|".join([*_MONTHS, *(name[:3] for name in _MONTHS)])

_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")
_DAY_FIRST = re.compile(rf"(?:(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?)?({_MONTH})\.?,? (\d{{4}})", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", re.IGNORECASE)
_YEAR = re.compile(r"1\d{3}|20\d{2}")
_NUMBER = re.compile(
    r"([-+\u2212]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?:[eE]([-+]?\d{1,3}))?(?:(\s?)([^\W\d]{1,12}|%|°C|µm))?"
)

_ABOUT = re.compile(r"(?:about|approximately|roughly|around|nearly|some|circa|c\.|~)\s*", re.IGNORECASE)

_UNITS = {  # factor to the first of its kind
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("m", "1")),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), ("m", "1000")),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeters"), ("m", "0.01")),
    **dict.fromkeys(("mm", "millimetre", "millimetres", "millimeters"), ("m", "0.001")),
    **dict.fromkeys(("ft", "foot", "feet"), ("m", "0.3048")),
    **dict.fromkeys(("inch", "inches"), ("m", "0.0254")),
    **dict.fromkeys(("mile", "miles"), ("m", "1609.344")),
    **dict.fromkeys(("kg", "kilogram", "kilograms"), ("g", "1000")),
    **dict.fromkeys(("g", "gram", "grams"), ("g", "1")),
    **dict.fromkeys(("lb", "pound", "pounds"), ("g", "453.59237")),
    **dict.fromkeys(("s", "second", "seconds"), ("s", "1")),
    **dict.fromkeys(("min", "minute", "minutes"), ("s", "60")),
    **dict.fromkeys(("h", "hour", "hours"), ("s", "3600")),
    **dict.fromkeys(("day", "days"), ("s", "86400")),
}


@dataclass(frozen=True, slots=True)
class Number:
    """An amount of a unit, the first of its kind."""

    amount: Decimal
    unit: str = ""
    num_digits: int | None = field(default=None, compare=False)
    """Significant ones, where the number may be a rounding: it has a fraction, or is said to be about so much."""


@dataclass(frozen=True, slots=True)
class Date:
    """A day, a month (day 0), or a year (month 0)."""

    year: int
    month: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True)
class Name:
    """Anything else, without article, capitals and repeated spaces."""

    text: str


Value = Number | Date | Name


def parse_value(text: str) -> Value:
    """The value that a text spells."""
    text = " ".join(text.split())
    about = _ABOUT.match(text)
    if about is not None:
        return _number(text[about.end() :], is_rounded=True) or Name(normal_name(text))
    return _date(text) or _number(text) or Name(normal_name(text))


def normal_name(text: str) -> str:
    """A name as names are compared."""
    words = text.casefold().replace("\u2019", "'").split()
    if len(words) > 1 and words[0] in ("the", "a", "an"):
        words = words[1:]
    return " ".join(words)


def agrees(claimed: Value, known: Value) -> bool:
    """Whether a statement of `claimed` is true where `known` is."""
    claimed, known = _alike(claimed, known)
    if isinstance(claimed, Number) and isinstance(known, Number):
        return claimed.unit == known.unit and _rounds_to(known.amount, claimed)
    if isinstance(claimed, Date) and isinstance(known, Date):
        return (
            claimed.year == known.year
            and (not claimed.month or not known.month or claimed.month == known.month)
            and (not claimed.day or not known.day or claimed.day == known.day)
        )
    return claimed == known


def is_comparable(claimed: Value, known: Value) -> bool:
    """Whether one can refute the other: values of one kind, in units of one kind, at the same fineness."""
    claimed, known = _alike(claimed, known)
    if isinstance(claimed, Number) and isinstance(known, Number):
        return claimed.unit == known.unit
    if isinstance(claimed, Date) and isinstance(known, Date):
        return True
    return isinstance(claimed, Name) and isinstance(known, Name)


def _alike(first: Value, second: Value) -> tuple[Value, Value]:
    """What may be a year is a number beside a number."""
    return (_as_number(first) if isinstance(second, Number) else first), (
        _as_number(second) if isinstance(first, Number) else second
    )


def _as_number(value: Value) -> Value:
    is_year = isinstance(value, Date) and not value.month
    return Number(Decimal(value.year)) if isinstance(value, Date) and is_year else value


def restyled(known: str, like: str) -> str:
    """The text of a known value, spelt as the text that it replaces."""
    about = _ABOUT.match(like)
    like = like[about.end() :] if about and _NUMBER.fullmatch(like[about.end() :]) else like
    value, old = _alike(parse_value(known), parse_value(like))
    if isinstance(value, Date) and isinstance(old, Date):
        return _spelt_date(value, old, like) or known
    if isinstance(value, Number) and isinstance(old, Number):
        return _spelt_number(value, known, like)
    if isinstance(value, Name):
        article = re.match(r"(?:the|an?) ", like, re.IGNORECASE)
        bare = re.sub(r"^(?:the|an?) ", "", known, flags=re.IGNORECASE)
        return article[0] + bare if article else known
    return known


def _date(text: str) -> Date | None:
    day, month, year = 0, 0, 0
    if match := _ISO.fullmatch(text):
        year, month, day = int(match[1]), int(match[2]), int(match[3] or 0)
    elif match := _DAY_FIRST.fullmatch(text):
        year, month, day = int(match[3]), _MONTH_NUMBERS[match[2].casefold()], int(match[1] or 0)
    elif match := _MONTH_FIRST.fullmatch(text):
        year, month, day = int(match[3]), _MONTH_NUMBERS[match[1].casefold()], int(match[2])
    elif _YEAR.fullmatch(text):
        year = int(text)
    return Date(year, month, day) if year and month <= 12 and day <= 31 and (match is None or month) else None


def _number(text: str, *, is_rounded: bool = False) -> Number | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction, exponent, _, unit = match.groups(default="")
    digits = whole.replace(",", "") + fraction
    kind, factor = _UNITS.get(unit, (unit, "1"))
    try:
        amount = Decimal(f"{'-' if sign in ('-', chr(0x2212)) else ''}{digits}e{exponent or 0}") * Decimal(factor)
    except InvalidOperation:
        return None
    significant = digits.replace(".", "").lstrip("0")
    if fraction:
        return Number(amount, kind, len(significant))
    return Number(amount, kind, len(significant.rstrip("0")) if is_rounded else None)


def _rounds_to(known: Decimal, claimed: Number) -> bool:
    """Whether the claim is the known number, or may be that number rounded to at least two of its digits."""
    if known == claimed.amount:
        return True
    if claimed.num_digits is None or claimed.num_digits < 2 or not claimed.amount or not known:
        return False
    last = math.floor(claimed.amount.copy_abs().log10()) - claimed.num_digits + 1
    unit = Decimal(1).scaleb(last)
    ways = (ROUND_HALF_EVEN, ROUND_HALF_UP)
    return any((known / unit).quantize(Decimal(1), way) * unit == claimed.amount for way in ways)


def _spelt_date(value: Date, old: Date, like: str) -> str | None:
    """The new date in the old one's form; None where the old form says more than is known."""
    if bool(old.day) > bool(value.day) or bool(old.month) > bool(value.month):
        return None
    if _ISO.fullmatch(like):
        return f"{value.year:04}-{value.month:02}" + (f"-{value.day:02}" if old.day else "")
    if not old.month:
        return str(value.year)
    month = _MONTHS[value.month - 1]
    if not re.search("|".join(_MONTHS), like, re.IGNORECASE):
        month = month[:3]
    if not old.day:
        return f"{month} {value.year}"
    return f"{month} {value.day}, {value.year}" if _MONTH_FIRST.fullmatch(like) else f"{value.day} {month} {value.year}"


def _spelt_number(value: Number, known: str, like: str) -> str:
    """The known digits with the old text's way of grouping; in the old unit where that is exact."""
    match = _NUMBER.fullmatch(" ".join(like.split()))
    assert match is not None  # or it were no number
    unit = match[6] or ""
    known_unit = _NUMBER.fullmatch(known)
    if known_unit is not None and (known_unit[6] or "") == unit and "e" not in known.casefold():
        digits = known_unit[2].replace(",", "") + (known_unit[3] or "")
        if "," not in match[2]:  # leading zeros may be part of a code
            return known_unit[1] + digits + (match[5] or "") + unit
        amount = Decimal(f"{known_unit[1].replace(chr(0x2212), '-')}{digits}")
    elif unit in _UNITS and "e" not in known.casefold():
        amount = (value.amount / Decimal(_UNITS[unit][1])).normalize()
    else:
        return known
    grouped = "," in match[2]
    return f"{amount:{',' if grouped else ''}f}" + (match[5] or "") + unit
