"""Bank accounts as IBAN, and BICs beside them; knows structures and check digits, not banks.

A BIC alone is eight capital letters like many others, and names a bank and no person: it counts only behind its label
or behind an IBAN.
"""

from __future__ import annotations

import functools
import re
import tomllib
from importlib.resources import files
from typing import Any, Final

from zaphod.safety.guard.pii.checksums import mod97
from zaphod.safety.guard.pii.recogniser import Recogniser, compact, whole

_PART: Final = re.compile(r"(\d+)([nac])")
_CLASSES: Final = {"n": "[0-9]", "a": "[A-Z]", "c": "[0-9A-Z]"}


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("iban.toml").read_text(encoding="utf-8"))


@functools.cache
def _structures() -> dict[str, re.Pattern[str]]:
    """The whole compact IBAN of each country."""
    table = _table()
    return {
        country: re.compile(
            country + "[0-9]{2}" + "".join(f"{_CLASSES[kind]}{{{num}}}" for num, kind in _PART.findall(structure))
        )
        for country, structure in table["structure"].items()
    }


def iban_length(text: str) -> int:
    """How many characters at the start of a text are an IBAN with whatever separates its groups; 0 if none are.

    An IBAN's length follows from its country, so that a word behind it is not taken for one more group.
    """
    number = compact(text)
    structure = _structures().get(number[:2])
    match = structure.match(number) if structure else None
    if match is None or not mod97(match.group()[4:] + match.group()[:4]):
        return 0
    left = match.end()
    for place, letter in enumerate(text):
        left -= letter.isalnum()
        if not left:
            return place + 1
    return 0


@functools.cache
def _countries() -> frozenset[str]:
    return frozenset(_table()["countries"].split())


def _is_bic(text: str) -> bool:
    return text[4:6] in _countries()


def iban_rows() -> list[Recogniser]:
    """IBANs anywhere, BICs in their company."""
    return [
        Recogniser(
            rule="pii.iban",
            title="bank account (IBAN)",
            pattern=r"(?i:[A-Z]{2}\d{2}(?:[ \-\x{A0}\x{202F}]?[A-Z0-9]{4}){2,7}(?:[ \-\x{A0}\x{202F}]?[A-Z0-9]{1,3})?)",
            check=iban_length,
            glue="-",
            needs=(r"(?i:[A-Z]{2}\d{2})",),
        ),
        Recogniser(
            rule="pii.bic",
            title="bank identifier (BIC) with an account",
            pattern=r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?",
            check=whole(_is_bic),
            needs=("[A-Z]{6}[A-Z0-9]{2}",),
            context=r"bic|swift(?:[ -]code)?|[A-Z]{2}\d{2}[ ]?(?:[A-Z0-9]{4}[ ]?){3,7}[A-Z0-9]{1,4}",
            score=0.0,
            score_in_context=0.8,
        ),
    ]
