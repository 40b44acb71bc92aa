"""Check digits and check characters as their publishers define them; knows digits, and no document that carries them.

Each function takes a compact string (no separators) and says whether its check holds. A string with other characters
than the scheme's own does not hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_BASE58 = {letter: value for value, letter in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32 = {letter: value for value, letter in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CONSTANTS = (1, 0x2BC830A3)
"""Of BIP-173 and of BIP-350 (bech32m)."""
_VERHOEFF_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def is_digits(text: str) -> bool:
    """Whether it is ASCII digits and nothing else."""
    return text.isascii() and text.isdigit()


def luhn(text: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    if not is_digits(text):
        return False
    odd = sum(map(int, text[-1::-2]))
    even = sum(sum(divmod(2 * int(digit), 10)) for digit in text[-2::-2])
    return (odd + even) % 10 == 0


def mod97(text: str) -> bool:
    """ISO/IEC 7064 MOD 97-10 over digits and letters (A = 10): the remainder is 1."""
    if not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(letter, 36)) for letter in text)) % 97 == 1


def mod11_10(text: str) -> bool:
    """ISO/IEC 7064 MOD 11,10 over digits."""
    if not is_digits(text):
        return False
    product = 10
    for digit in text[:-1]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (product + int(text[-1])) % 10 == 1


def mod11_2(text: str) -> bool:
    """ISO/IEC 7064 MOD 11-2 over digits, whose last may be X for ten."""
    digits = text[:-1] + "0" if text[-1:] == "X" else text
    if not is_digits(digits):
        return False
    values = [int(digit) for digit in text[:-1]] + [10 if text[-1] == "X" else int(text[-1])]
    return sum(value * pow(2, place, 11) for place, value in enumerate(reversed(values))) % 11 == 1


def verhoeff(text: str) -> bool:
    """Verhoeff's scheme over the dihedral group of order ten."""
    if not is_digits(text):
        return False
    check = 0
    for place, digit in enumerate(reversed(text)):
        value = int(digit)
        for _ in range(place % 8):
            value = _VERHOEFF_PERMUTATION[value]
        check = _dihedral(check, value)
    return check == 0


def _dihedral(left: int, right: int) -> int:
    """The product of two elements: below five rotations, from five on reflections."""
    if left < 5:
        return (left + right) % 5 + 5 * (right >= 5)
    return (left - right) % 5 + 5 * (right < 5)


def weighted(text: str, weights: Sequence[int]) -> int:
    """The weighted sum of the first digits, as many as there are weights."""
    return sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))


def ean13(text: str) -> bool:
    """GS1's check digit of thirteen digits."""
    return len(text) == 13 and is_digits(text) and weighted(text, (1, 3) * 6 + (1,)) % 10 == 0


def base58check(text: str) -> bytes | None:
    """What a base58check string holds, its version byte first; None where its four bytes of SHA-256 do not hold."""
    if not text or len(text) > 128 or any(letter not in _BASE58 for letter in text):
        return None
    number = 0
    for letter in text:
        number = number * 58 + _BASE58[letter]
    zeros = len(text) - len(text.lstrip("1"))
    data = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    payload, check = data[:-4], data[-4:]
    is_right = len(data) > 4 and hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] == check
    return payload if is_right else None


def bech32(text: str) -> bool:
    """BIP-173 or BIP-350: one case, a prefix, 1, and data whose last six letters hold the rest."""
    lowered = text.lower()
    prefix, separator, data = lowered.rpartition("1")
    if text not in (lowered, text.upper()) or not (prefix and separator) or len(data) < 6 or len(text) > 128:
        return False
    if any(letter not in _BECH32 for letter in data) or not prefix.isascii():
        return False
    values = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    return _bech32_remainder([*values, *(_BECH32[letter] for letter in data)]) in _BECH32_CONSTANTS


def _bech32_remainder(values: Sequence[int]) -> int:
    remainder = 1
    for value in values:
        top = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATORS):
            if top >> bit & 1:
                remainder ^= generator
    return remainder
