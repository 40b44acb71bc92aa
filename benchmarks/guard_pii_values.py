"""Made-up personal values with right check digits, and near misses with wrong ones; belongs to nobody, knows no finder.

Check digits are found by trying: numbers are drawn until the rule holds. The rules are those of the package, so that these
texts say nothing about them; the tests compare the rules with published numbers and with an independent library.
"""

# ruff: noqa: E501 (a table of sentences)
from __future__ import annotations

import random
import string
from collections.abc import Callable

from zaphod.safety.guard.pii import iban, national_checks
from zaphod.safety.guard.pii.cards import is_card
from zaphod.safety.guard.pii.checksums import luhn


def digits(draw: random.Random, count: int) -> str:
    """So many digits."""
    return "".join(draw.choice(string.digits) for _ in range(count))


def letters(draw: random.Random, count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """So many of an alphabet."""
    return "".join(draw.choice(alphabet) for _ in range(count))


def until(draw: random.Random, make: Callable[[random.Random], str], holds: Callable[[str], bool]) -> str:
    """The first drawn value for which a rule holds."""
    while not holds(value := make(draw)):
        pass
    return value


def date(draw: random.Random, form: str = "{d:02d}{m:02d}{y:02d}") -> str:
    """A day between 1940 and 2009."""
    year = draw.randint(1940, 2009)
    return form.format(d=draw.randint(1, 28), m=draw.randint(1, 12), y=year % 100, year=year)


def grouped(text: str, sizes: tuple[int, ...], separator: str = " ") -> str:
    """Cut into groups."""
    pieces, place = [], 0
    for size in sizes:
        pieces.append(text[place : place + size])
        place += size
    return separator.join(pieces)


_CARDS = (
    ("4", 16),
    ("51", 16),
    ("2720", 16),
    ("34", 15),
    ("6011", 16),
    ("3530", 16),
    ("36", 14),
    ("6200", 16),
    ("6759", 16),
)


def card(draw: random.Random) -> str:
    """A card number, grouped, hyphened or unbroken."""
    prefix, length = draw.choice(_CARDS)
    number = until(draw, lambda d: prefix + digits(d, length - len(prefix)), is_card)
    sizes = (4, 6, 5) if length == 15 else (4, 6, 4) if length == 14 else (4, 4, 4, 4)
    return draw.choice((number, grouped(number, sizes), grouped(number, sizes, "-")))


def broken_card(draw: random.Random) -> str:
    """An issuer's range and a wrong last digit."""
    return grouped(until(draw, lambda d: "4" + digits(d, 15), lambda number: not luhn(number)), (4, 4, 4, 4))


_BANKS = {"DE": "18n", "FR": "10n11c2n", "GB": "4a14n", "NL": "4a10n", "ES": "20n", "IT": "1a10n12c", "CH": "5n12c", "PL": "24n",
          "SE": "20n", "NO": "11n", "PT": "21n", "AT": "16n", "BE": "12n"}  # fmt: skip


def account(draw: random.Random) -> str:
    """An IBAN, in groups of four or unbroken."""
    country = draw.choice(sorted(_BANKS))
    kinds = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits + string.ascii_uppercase}
    body, count = "", ""
    for letter in _BANKS[country]:
        if letter.isdigit():
            count += letter
        else:
            body, count = body + letters(draw, int(count), kinds[letter]), ""
    rest = int("".join(str(int(letter, 36)) for letter in f"{body}{country}00"))
    number = f"{country}{98 - rest % 97:02d}{body}"
    return number if draw.random() < 0.3 else " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def broken_account(draw: random.Random) -> str:
    """An IBAN with one digit changed."""
    number = account(draw)
    changed = number[:-1] + ("1" if number[-1] != "1" else "2")
    return changed if not iban.iban_length(changed) else broken_account(draw)


def _national(
    make: Callable[[random.Random], str], rule: str, sizes: tuple[int, ...] = (), separator: str = ""
) -> Callable[[random.Random], str]:
    check = national_checks.CHECKS[rule]

    def made(draw: random.Random) -> str:
        number = until(draw, make, check)
        return grouped(number, sizes, separator) if sizes else number

    return made


_CURP = "BCDFGHJKLMNPQRSTVWXYZ"
NATIONAL: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "us": ("My SSN is {}.", _national(lambda d: digits(d, 9), "us_ssn", (3, 2, 4), "-")),
    "gb": ("National Insurance number {}", _national(lambda d: "AB" + digits(d, 6) + "C", "gb_nino", (2, 2, 2, 2, 1), " ")),
    "de": ("Meine Steuer-ID lautet {}.", _national(lambda d: d.choice("123456789") + digits(d, 10), "de_tax")),
    "fr": ("Numéro de sécurité sociale : {}", _national(lambda d: f"{d.choice('12')}{d.randint(40, 99)}{d.randint(1, 12):02d}75{digits(d, 8)}", "fr_nir", (1, 2, 2, 2, 3, 3, 2), " ")),
    "es": ("Mi DNI es {}", _national(lambda d: digits(d, 8) + d.choice("TRWAGMYFPDXBNJZSQVHLCKE"), "es_dni")),
    "it": ("Codice fiscale {}", _national(lambda d: f"{letters(d, 6, _CURP)}{d.randint(40, 99)}{d.choice('ABCDEHLMPRST')}{d.randint(1, 31):02d}H501{letters(d, 1, string.ascii_uppercase)}", "it_codice")),
    "nl": ("Mijn burgerservicenummer is {}", _national(lambda d: digits(d, 9), "nl_bsn")),
    "be": ("Rijksregisternummer {}", _national(lambda d: date(d, "{y:02d}{m:02d}{d:02d}") + digits(d, 5), "be_rrn")),
    "se": ("Personnummer: {}", _national(lambda d: date(d, "{y:02d}{m:02d}{d:02d}") + digits(d, 4), "se_personnummer", (6, 4), "-")),
    "no": ("Fødselsnummeret mitt er {}", _national(lambda d: date(d) + digits(d, 5), "no_fodselsnummer")),
    "dk": ("CPR-nummer {}", _national(lambda d: date(d) + digits(d, 4), "dk_cpr", (6, 4), "-")),
    "fi": ("Henkilötunnus on {}", lambda d: _hetu(d)),
    "pl": ("PESEL: {}", _national(lambda d: date(d, "{y:02d}{m:02d}{d:02d}") + digits(d, 5), "pl_pesel")),
    "pt": ("O meu NIF é {}", _national(lambda d: "2" + digits(d, 8), "pt_nif")),
    "ch": ("AHV-Nummer {}", _national(lambda d: "756" + digits(d, 10), "ch_ahv", (3, 4, 4, 2), ".")),
    "at": ("SVNR {}", _national(lambda d: d.choice("123456789") + digits(d, 3) + date(d), "at_svnr", (4, 6), " ")),
    "cz": ("Rodné číslo {}", _national(lambda d: date(d, "{y:02d}{m:02d}{d:02d}") + digits(d, 4), "cz_rodne_cislo", (6, 4), "/")),
    "br": ("Meu CPF é {}", lambda d: _cpf(d)),
    "ca": ("My SIN is {}", _national(lambda d: digits(d, 9), "luhn", (3, 3, 3), " ")),
    "au": ("Tax file number {}", _national(lambda d: digits(d, 9), "au_tfn", (3, 3, 3), " ")),
    "in": ("Aadhaar: {}", _national(lambda d: d.choice("23456789") + digits(d, 11), "in_aadhaar", (4, 4, 4), " ")),
    "cn": ("身份证号是{}。", _national(lambda d: "110105" + date(d, "{year}{m:02d}{d:02d}") + digits(d, 3) + d.choice("0123456789X"), "cn_ric")),
    "tr": ("TC kimlik no {}", _national(lambda d: d.choice("123456789") + digits(d, 10), "tr_tckn")),
    "kr": ("주민등록번호 {}", _national(lambda d: date(d, "{y:02d}{m:02d}{d:02d}") + d.choice("12") + digits(d, 6), "kr_rrn", (6, 7), "-")),
    "jp": ("マイナンバーは{}です", _national(lambda d: digits(d, 12), "jp_my_number")),
    "mx": ("CURP {}", _national(lambda d: f"{letters(d, 1, _CURP)}A{letters(d, 2, _CURP)}{date(d, '{y:02d}{m:02d}{d:02d}')}HDF{letters(d, 3, _CURP)}0{digits(d, 1)}", "mx_curp")),
    "sg": ("NRIC {}", _national(lambda d: "S" + digits(d, 7) + letters(d, 1, string.ascii_uppercase[:10] + "Z"), "sg_nric")),
    "ar": ("CUIT {}", _national(lambda d: "20" + digits(d, 9), "ar_cuit", (2, 8, 1), "-")),
    "cl": ("RUT {}", lambda d: _rut(d)),
}  # fmt: skip
"""By country: a sentence, and what makes a number for it."""


def broken_national(draw: random.Random, country: str) -> str:
    """The same form with a digit changed until nothing is right: only for rules with a check digit."""
    _, make = NATIONAL[country]
    number = make(draw)
    place = max(place for place, letter in enumerate(number) if letter.isdigit())
    return number[:place] + str((int(number[place]) + draw.randint(1, 9)) % 10) + number[place + 1 :]


def _hetu(draw: random.Random) -> str:
    day, number = date(draw), digits(draw, 3)
    return f"{day}-{number}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(day + number) % 31]}"


def _cpf(draw: random.Random) -> str:
    number = until(draw, lambda d: digits(d, 11), national_checks.br_cpf)
    return f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"


def _rut(draw: random.Random) -> str:
    number = until(draw, lambda d: d.choice("123") + digits(d, 7) + d.choice("0123456789K"), national_checks.cl_rut)
    return f"{number[:2]}.{number[2:5]}.{number[5:8]}-{number[8]}"
