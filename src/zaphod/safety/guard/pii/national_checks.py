"""The check rules of national identity numbers, by name; knows how they are built, not how they are found.

Each takes a compact string (letters and digits, upper case) whose length the table's pattern has made right. Sources
are the issuers' own descriptions; `national_ids.toml` names the document of each.
"""

from __future__ import annotations

import calendar
import re
import string
from collections.abc import Callable
from typing import Final

from zaphod.safety.guard.pii.checksums import ean13, is_digits, luhn, mod11_2, mod11_10, verhoeff, weighted

_CONTROL_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU_LETTERS: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CURP_LETTERS: Final = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
_CODICE_ODD: Final = dict(
    zip(string.digits + string.ascii_uppercase, (1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 2, strict=False)
) | dict(zip(string.ascii_uppercase[10:], (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23), strict=True))
_TAIWAN_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
_FAKE_SSNS: Final = frozenset({"078051120", "219099999"})
"""Of a wallet's advertisement of 1938 and of a leaflet; never anybody's."""
_ITIN_GROUPS: Final = frozenset([*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)])
_CHINA_REGION: Final = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")


def is_date(day: int, month: int, year: int = 2000) -> bool:
    """Whether there is such a day; 2000 stands for years unknown, since it was a leap year."""
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(max(1, year), month)[1]


def _day_first(text: str) -> bool:
    return is_date(int(text[:2]), int(text[2:4]))


def _year_first(text: str) -> bool:
    return is_date(int(text[4:6]), int(text[2:4]))


def _differs(text: str) -> bool:
    return len(set(text)) > 1


def us_ssn(text: str) -> bool:
    """Never issued: areas 000, 666 and 900 up, group 00, serial 0000, and those that became examples."""
    area, group, serial = text[:3], text[3:5], text[5:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000" and text not in _FAKE_SSNS


def us_itin(text: str) -> bool:
    """Begins with 9; the group is one that the IRS assigns."""
    return text[0] == "9" and int(text[3:5]) in _ITIN_GROUPS


def us_npi(text: str) -> bool:
    """Luhn behind the prefix 80840."""
    return luhn("80840" + text)


def gb_nino(text: str) -> bool:
    """Prefixes that were never issued."""
    return text[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def gb_nhs(text: str) -> bool:
    """Weights 10 to 1, modulo 11."""
    return _differs(text) and weighted(text, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def de_tax(text: str) -> bool:
    """One digit of the first ten comes twice or thrice, the others at most once."""
    counts = sorted((text[:10].count(digit) for digit in set(text[:10])), reverse=True)
    return text[0] != "0" and counts[0] in (2, 3) and counts[1] == 1 and mod11_10(text)


def de_pension(text: str) -> bool:
    """Area, date, letter as two digits, serial; sums of digits, modulo 10."""
    digits = text[:8] + f"{string.ascii_uppercase.index(text[8]) + 1:02d}" + text[9:11]
    values = (int(digit) * weight for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    day = int(text[2:4]) - 50 * (text[2:4] > "50")
    return is_date(day, int(text[4:6])) and sum(sum(divmod(value, 10)) for value in values) % 10 == int(text[11])


def fr_nir(text: str) -> bool:
    """97 less the rest by 97; Corsica's letters count as 19 and 18."""
    month = int(text[3:5])
    number = int(text[:13].replace("2A", "19").replace("2B", "18") if text[5] == "2" else text[:13])
    return (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) and 97 - number % 97 == int(text[13:])


def es_dni(text: str) -> bool:
    """The letter at the rest by 23."""
    return _CONTROL_LETTERS[int(text[:8]) % 23] == text[8]


def es_nie(text: str) -> bool:
    """Like a DNI, with X, Y, Z as 0, 1, 2."""
    return es_dni(f"{'XYZ'.index(text[0])}{text[1:]}")


def it_codice(text: str) -> bool:
    """Tables of 1976 for odd places, plain values for even ones, modulo 26."""
    even = sum(int(letter) if letter.isdigit() else ord(letter) - 65 for letter in text[1:15:2])
    return chr(65 + (even + sum(_CODICE_ODD[letter] for letter in text[0:15:2])) % 26) == text[15]


def nl_bsn(text: str) -> bool:
    """Weights 9 to 2 and -1, modulo 11."""
    return _differs(text) and (weighted(text, (9, 8, 7, 6, 5, 4, 3, 2)) - int(text[8])) % 11 == 0


def be_rrn(text: str) -> bool:
    """97 less the rest by 97; with a 2 before it for those born from 2000 on."""
    check = int(text[9:])
    is_right = check in (97 - int(text[:9]) % 97, 97 - int("2" + text[:9]) % 97)
    return is_right and int(text[2:4]) % 20 <= 12 and int(text[4:6]) <= 31


def se_personnummer(text: str) -> bool:
    """Luhn over ten digits, and a date; days of coordination numbers are 60 higher."""
    ten = text[-10:]
    return luhn(ten) and is_date(int(ten[4:6]) - 60 * (ten[4:6] > "60"), int(ten[2:4]))


def no_fodselsnummer(text: str) -> bool:
    """Two digits modulo 11, and a date; D-numbers and synthetic ones are 40 higher."""
    first = weighted(text, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1))
    second = weighted(text, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    return is_date(int(text[:2]) % 40, int(text[2:4]) % 40) and first % 11 == 0 and second % 11 == 0


def dk_cpr(text: str) -> bool:
    """A date and four digits; since 2007 the old check digit holds only for some."""
    return _day_first(text)


def fi_hetu(text: str) -> bool:
    """A date, and the letter at the rest by 31."""
    digits = text[:6] + text[-4:-1]
    return is_digits(digits) and _day_first(digits) and _HETU_LETTERS[int(digits) % 31] == text[-1]


def is_kennitala(text: str) -> bool:
    """Weights 3 2 7 6 5 4 3 2, modulo 11, and a date; companies' days are 40 higher."""
    day = int(text[:2])
    return is_date(day - 40 * (day > 40), int(text[2:4])) and weighted(text, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def pl_pesel(text: str) -> bool:
    """Weights 1 3 7 9, modulo 10, and a date; the century is in the month."""
    month = int(text[2:4]) % 20
    return is_date(int(text[4:6]), month) and weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def pt_nif(text: str) -> bool:
    """Weights 9 to 2, modulo 11."""
    check = -weighted(text, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return text[0] != "0" and (0 if check == 10 else check) == int(text[8])


def ch_ahv(text: str) -> bool:
    """GS1's check digit."""
    return ean13(text)


def at_svnr(text: str) -> bool:
    """Weights 3 7 9 5 8 4 2 1 6, modulo 11; the month may be up to 15."""
    check = weighted(text, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11
    return text[0] != "0" and check == int(text[3]) and int(text[6:8]) <= 15 and 1 <= int(text[4:6]) <= 31


def cz_rodne_cislo(text: str) -> bool:
    """The first nine modulo 11, and a date; months of women are 50 higher."""
    month = int(text[2:4]) % 50
    return is_date(int(text[4:6]), month - 20 * (month > 20)) and int(text[:9]) % 11 % 10 == int(text[9])


def ro_cnp(text: str) -> bool:
    """Weights 279146358279, modulo 11, and a date."""
    check = weighted(text, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return text[0] != "0" and _year_first(text[1:]) and (1 if check == 10 else check) == int(text[12])


def bg_egn(text: str) -> bool:
    """Weights 2 4 8 5 10 9 7 3 6, modulo 11, and a date; the century is in the month."""
    check = weighted(text, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10
    return is_date(int(text[4:6]), int(text[2:4]) % 20) and check == int(text[9])


def hr_oib(text: str) -> bool:
    """ISO 7064 MOD 11,10."""
    return mod11_10(text)


def gr_amka(text: str) -> bool:
    """Luhn, and a date."""
    return _day_first(text) and luhn(text)


def ie_pps(text: str) -> bool:
    """Weights 8 to 2, the second letter counts 9 times; modulo 23."""
    total = weighted(text, (8, 7, 6, 5, 4, 3, 2)) + (
        9 * (ord(text[8]) - 64) if len(text) == 9 and text[8] != "W" else 0
    )
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == text[7]


def baltic_code(text: str) -> bool:
    """Of Estonia and Lithuania."""
    check = weighted(text, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weighted(text, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return text[0] in "12345678" and _year_first(text[1:]) and check == int(text[10])


def ru_snils(text: str) -> bool:
    """Weights 9 to 1, modulo 101."""
    return weighted(text, (9, 8, 7, 6, 5, 4, 3, 2, 1)) % 101 % 100 == int(text[9:])


def tr_tckn(text: str) -> bool:
    """Two digits over sums of odd and even places."""
    odd, even = sum(map(int, text[0:9:2])), sum(map(int, text[1:8:2]))
    return text[0] != "0" and (7 * odd - even) % 10 == int(text[9]) and sum(map(int, text[:10])) % 10 == int(text[10])


def br_cpf(text: str) -> bool:
    """Two digits modulo 11."""
    first = weighted(text, range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(text, range(11, 1, -1)) * 10 % 11 % 10
    return _differs(text) and text[9:] == f"{first}{second}"


def br_cnpj(text: str) -> bool:
    """Letters count as their place in ASCII minus 48, so that the numbers of 2026 on are covered as well."""
    values, weights = [ord(letter) - 48 for letter in text], (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    sums = (sum(map(int.__mul__, values, weights[1:])), sum(map(int.__mul__, values, weights)))
    return _differs(text) and [-total % 11 % 10 for total in sums] == values[12:]


def ar_cuit(text: str) -> bool:
    """Weights 5432765432, modulo 11; 10 is written 9."""
    return "09987654321"[weighted(text, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11] == text[10]


def cl_rut(text: str) -> bool:
    """Weights 2 to 7 from the right, modulo 11; 10 is written K."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(text[:-1])))
    return "0K987654321"[total % 11] == text[-1]


def mx_curp(text: str) -> bool:
    """Weights 18 to 2 over 37 letters, modulo 10, and a date."""
    total = sum(_CURP_LETTERS.index(letter) * (18 - place) for place, letter in enumerate(text[:17]))
    return is_date(int(text[8:10]), int(text[6:8])) and str(-total % 10) == text[17]


def au_tfn(text: str) -> bool:
    """Weights 1 4 3 7 5 8 6 9 10, modulo 11."""
    return _differs(text) and weighted(text, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def au_medicare(text: str) -> bool:
    """Weights 1 3 7 9, modulo 10."""
    return weighted(text, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(text[8])


def in_aadhaar(text: str) -> bool:
    """Verhoeff; no palindromes, no 0 or 1 first."""
    return text[0] not in "01" and text != text[::-1] and verhoeff(text)


def cn_ric(text: str) -> bool:
    """ISO 7064 MOD 11-2, a region and a date."""
    is_region = _CHINA_REGION.fullmatch(text[:2]) is not None
    return is_region and is_date(int(text[12:14]), int(text[10:12]), int(text[6:10])) and mod11_2(text)


def hk_hkid(text: str) -> bool:
    """Letters from 10, a missing one as 36; weights 9 to 1, modulo 11."""
    letters = text[:-7].rjust(2)
    values = [36 if letter == " " else int(letter, 36) for letter in letters + text[-7:]]
    return sum(value * (9 - place) for place, value in enumerate(values)) % 11 == 0


def tw_id(text: str) -> bool:
    """The letter as two digits; weights 1 9 8 7 6 5 4 3 2 1 1, modulo 10."""
    number = str(_TAIWAN_LETTERS.index(text[0]) + 10)
    return weighted(number + text[1:], (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)) % 10 == 0


def sg_nric(text: str) -> bool:
    """Weights 2 7 6 5 4 3 2 and an offset by series, modulo 11."""
    total = weighted(text[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "KLJNPQRTUWX"}
    return letters[text[0]][10 - total % 11 if text[0] == "M" else total % 11] == text[8]


def jp_my_number(text: str) -> bool:
    """Weights 6 5 4 3 2 7 6 5 4 3 2, modulo 11."""
    rest = weighted(text, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return _differs(text) and (0 if rest <= 1 else 11 - rest) == int(text[11])


def kr_rrn(text: str) -> bool:
    """A date of birth; the check digit is no longer computed for numbers issued since October 2020."""
    return _year_first(text)


def th_id(text: str) -> bool:
    """Weights 13 to 2, modulo 11."""
    return (11 - weighted(text, range(13, 1, -1)) % 11) % 10 == int(text[12])


def my_nric(text: str) -> bool:
    """A date and a place of birth that is used."""
    return _year_first(text) and text[6:8] not in (
        "00",
        "17",
        "18",
        "19",
        "20",
        "69",
        "70",
        "73",
        "80",
        "81",
        "94",
        "95",
    )


def za_id(text: str) -> bool:
    """Luhn, a date, and a citizenship of 0 to 2."""
    return _year_first(text) and text[10] in "012" and luhn(text)


def il_id(text: str) -> bool:
    """Luhn over nine digits."""
    return _differs(text) and luhn(text)


def ae_id(text: str) -> bool:
    """Luhn, and a year."""
    return "1900" <= text[3:7] <= "2099" and luhn(text)


def structure(text: str) -> bool:
    """No check character: the pattern is all there is."""
    return True


CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    function.__name__: function
    for function in (
        us_ssn, us_itin, us_npi, gb_nino, gb_nhs, de_tax, de_pension, fr_nir, es_dni, es_nie, it_codice, nl_bsn, be_rrn,
        se_personnummer, no_fodselsnummer, dk_cpr, fi_hetu, is_kennitala, pl_pesel, pt_nif, ch_ahv, at_svnr,
        cz_rodne_cislo, ro_cnp, bg_egn, hr_oib, gr_amka, ie_pps, baltic_code, ru_snils, tr_tckn, br_cpf, br_cnpj,
        ar_cuit, cl_rut, mx_curp, au_tfn, au_medicare, in_aadhaar, cn_ric, hk_hkid, tw_id, sg_nric, jp_my_number,
        kr_rrn, th_id, my_nric, za_id, il_id, ae_id, luhn, structure,
    )
}  # fmt: skip
"""What the column `check` of `national_ids.toml` may name."""
