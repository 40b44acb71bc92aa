"""Telephone numbers: E.164 by calling code and length, national forms by country; knows no subscriber and no operator.

A bare run of digits is a telephone number only behind a word that says so. What has the points of a version, the
hyphens of a date or of an ISBN is not one: forms that such things share count only in context.
"""

from __future__ import annotations

import functools
import re
import tomllib
from importlib.resources import files
from typing import Any, Final

from zaphod.safety.guard.pii.recogniser import MANY_DIGITS, Check, Recogniser, whole
from zaphod.safety.guard.pii.surroundings import NUMBER_REFUSAL

_CONTEXT: Final = (
    r"tel|phone|phones|telephone|mobile|cell|fax|call|calls|called|calling|ring|dial|text|sms|whatsapp|signal|"
    r"number is|"
    r"reach (?:me|us|him|her) (?:at|on)|contact(?: number)?|ph|mob|telefon\w*|handy\w*|mobil\w*|rückruf|anruf\w*|"
    r"rufnummer|"
    r"erreichbar unter|téléphone|telephone|tél|portable|appele[rz]|joindre au|teléfono|telefono|tfno|móvil|movil|"
    r"llam\w+|"
    r"cellulare|cell\.|chiama\w*|telefone|celular|ligue|telefoon\w*|gsm|bel|puhelin\w*|telefonnummer|tlf|nummer|"
    r"komórka|"
    r"телефон\w*|тел|моб|звоните|звони|τηλ|τηλέφωνο|tlf\.|电话|手机|致电|電話|携帯|전화|휴대폰|연락처|هاتف|फ़ोन"
)
_TITLE: Final = "telephone number"
_SEPARATED: Final = r"[ .\-/()\x{A0}\x{2009}\x{202F}\x{2010}\x{2011}\x{2013}]{0,3}"
_GROUP: Final = re.compile(r"[0-9]+")
_DIGIT: Final = re.compile(r"[0-9]")


@functools.cache
def _plans() -> tuple[dict[str, range], list[dict[str, Any]]]:
    """National lengths by calling code, and the national forms."""
    table = tomllib.loads(files(__package__).joinpath("phones.toml").read_text(encoding="utf-8"))
    lengths = {
        str(code): range(row["digits"][0], row["digits"][1] + 1) for row in table["lengths"] for code in row["codes"]
    }
    return lengths, table["national"]


def international_length(text: str) -> int:
    """How many characters are a number in international form: `+` or `00`, a calling code, as many digits as it has.

    A `(0)` that people write behind the calling code counts no digit. Whole groups are taken, as many as fit, so that a
    number that follows is not swallowed.
    """
    lengths, _ = _plans()
    best = 0
    for group in _GROUP.finditer(text):
        digits = "".join(_DIGIT.findall(text[: group.end()].replace("(0)", "")))
        digits = digits if text.startswith("+") else digits[2:]
        code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in lengths), None)
        if code and len(digits) - len(code) in lengths[code] and len(set(digits[len(code) :])) > 1:
            best = group.end()
    return best


def phone_rows() -> list[Recogniser]:
    """International forms anywhere, national ones as the table says."""
    rows = [
        _row(rf"\+[1-9](?:{_SEPARATED}\d){{6,14}}", international_length, 0.9, r"\+\d|\+[ (]"),
        _row(rf"00[ ]?[1-9](?:{_SEPARATED}\d){{8,14}}", international_length, 0.4, "00"),
    ]
    for form in _plans()[1]:
        limits = form.get("digits", (7, 15))
        rows.append(_row(form["pattern"], _with_digits(*limits), form["alone"], form.get("needs", "")))
    return rows


def _row(pattern: str, check: Check, alone: float, needs: str) -> Recogniser:
    return Recogniser(
        rule="pii.phone",
        title=_TITLE,
        pattern=pattern,
        check=check,
        context=_CONTEXT,
        score=alone,
        score_in_context=0.95 if alone else 0.85,
        refusal=NUMBER_REFUSAL,
        needs=(MANY_DIGITS, needs) if needs else (MANY_DIGITS,),
        glue=".-/:,=",
    )


def _with_digits(least: int, most: int) -> Check:
    def is_long_enough(text: str) -> bool:
        digits = [letter for letter in text if letter.isdigit()]
        return least <= len(digits) <= most and len(set(digits)) > 2

    return whole(is_long_enough)
