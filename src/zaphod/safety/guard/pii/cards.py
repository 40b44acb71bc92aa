"""Payment cards: issuer ranges, lengths and the Luhn digit; knows no other numbers, and no bank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from zaphod.safety.guard.pii.checksums import luhn
from zaphod.safety.guard.pii.recogniser import MANY_DIGITS, Recogniser, compact, expanded, whole
from zaphod.safety.guard.pii.surroundings import NUMBER_REFUSAL

_RANGES: Final[tuple[tuple[str, str, Sequence[int]], ...]] = (
    ("2200", "2204", (16, 17, 18, 19)),  # Mir
    ("2221", "2720", (16,)),  # Mastercard since 2017
    ("300", "305", (14, 16, 17, 18, 19)),  # Diners Club
    ("3095", "3095", (14, 16, 17, 18, 19)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("3528", "3589", (16, 17, 18, 19)),  # JCB
    ("36", "36", (14, 15, 16, 17, 18, 19)),  # Diners Club
    ("38", "39", (14, 16, 17, 18, 19)),
    ("4", "4", (13, 16, 19)),  # Visa
    ("5018", "5018", range(12, 20)),  # Maestro
    ("5020", "5020", range(12, 20)),
    ("5038", "5038", range(12, 20)),
    ("506099", "506198", (16, 18, 19)),  # Verve
    ("5067", "5067", (16,)),  # Elo
    ("508500", "508999", (16,)),  # RuPay
    ("509", "509", (16,)),  # Elo
    ("51", "55", (16,)),  # Mastercard
    ("5893", "5893", range(12, 20)),  # Maestro
    ("6011", "6011", (16, 17, 18, 19)),  # Discover
    ("606985", "607984", (16,)),  # RuPay
    ("608001", "608500", (16,)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("6304", "6304", range(12, 20)),  # Maestro
    ("636297", "636368", (16,)),  # Elo
    ("644", "649", (16, 17, 18, 19)),  # Discover
    ("65", "65", (16, 17, 18, 19)),  # Discover, RuPay, Troy, Elo
    ("6759", "6759", range(12, 20)),  # Maestro
    ("6761", "6763", range(12, 20)),
    ("817200", "820199", (16,)),  # RuPay and UnionPay
    ("9792", "9792", (16,)),  # Troy
)
"""First digits from and to, and how long such a number is. Source: the networks' published BIN tables (2024)."""
_CONTEXT: Final = (
    r"card(?: ?number| ?no\.?)?|credit|debit|visa|mastercard|amex|american express|maestro|discover|diners|jcb|"
    r"unionpay|"
    r"kreditkarte\w*|kartennummer|karte|carte(?: bancaire| bleue)?|tarjeta|carta di credito|cartão|cartao|kaart\w*|"
    r"karty|kort(?:nummer|et)?|pan|cc|卡号|信用卡|カード番号|카드번호"
)
_TITLE: Final = "payment card number"


def is_card(text: str) -> bool:
    """Whether a compact number lies in an issuer's range, has its length, and the Luhn digit holds."""
    return any(
        len(text) in lengths and first <= text[: len(first)] <= last for first, last, lengths in _RANGES
    ) and luhn(text)


def _is_written_card(text: str) -> bool:
    separators = {letter for letter in text if not letter.isdigit()}
    number = compact(text)
    return len(separators) <= 1 and len(set(number)) > 1 and is_card(number)


def card_rows() -> list[Recogniser]:
    """Grouped as printed on cards, and unbroken. What has three groups of four is no card of today."""
    forms = (
        (r"\d{4}<sep>\d{4}", r"\d{4}(?:<sep>\d{4}){3}", 0.95),
        (r"\d{4}<sep>\d{4}", r"\d{4}(?:<sep>\d{4}){3}<sep>\d{1,3}", 0.95),
        (r"\d{4}<sep>\d{6}", r"3\d{3}<sep>\d{6}<sep>\d{4,5}", 0.95),
        (r"\d{8}", r"\d{12,19}", 0.8),
    )
    return [
        Recogniser(
            rule="pii.card",
            title=_TITLE,
            pattern=pattern,
            check=whole(_is_written_card),
            context=_CONTEXT,
            score=score,
            refusal=NUMBER_REFUSAL,
            needs=(MANY_DIGITS, expanded(needs)),
            glue=".-",
        )
        for needs, pattern, score in forms
    ]
