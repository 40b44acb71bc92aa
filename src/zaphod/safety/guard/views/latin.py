"""Which Latin letters a character is a variant of, by its name in Unicode; knows no look-alikes of other scripts."""

from __future__ import annotations

import re
import unicodedata

_STYLED = re.compile(
    r"(?:NEGATIVE |CROSSED |PARENTHESIZED |TORTOISE SHELL BRACKETED )?(?:CIRCLED |SQUARED )?(?:ITALIC )?LATIN "
    r"(?:(CAPITAL|SMALL) LETTER|LETTER) (?:SMALL CAPITAL )?"
    r"(?:SIDEWAYS |TURNED |REVERSED |INVERTED |SCRIPT |INSULAR |BLACKLETTER "
    r"|DOTLESS |OPEN |CLOSED |HALF |LONG |SHORT |MIDDLE |TOP |BOTTOM |BARRED |STRETCHED |CLOSED |FINAL |LENIS )*"
    r"([A-Z]{1,2})(?: (?:WITH .*|ROTUNDA|BAR))?"
)
_LIGATURES = {"AA", "AE", "AO", "AU", "AV", "AY", "OE", "OO", "DZ", "LJ", "NJ", "IJ", "TS", "VY", "TH", "CT", "ST"}
_SPELLED = {  # letters with names of their own
    "ALPHA": "a", "ESH": "s", "ETH": "d", "THORN": "p", "GAMMA": "y", "IOTA": "i", "UPSILON": "u", "ENG": "n",
    "EZH": "z", "SCHWA": "e", "KRA": "k", "CHI": "x", "BETA": "b", "OMEGA": "w", "PHI": "o", "YOGH": "z",
    "SHARP S": "ss", "OPEN O": "c", "EPSILON": "e",
}  # fmt: skip
_OWN_NAME = re.compile(
    r"LATIN (CAPITAL|SMALL) LETTER (?:TURNED |REVERSED |SMALL )*(" + "|".join(_SPELLED) + r")(?: WITH .*)?"
)
_SYMBOLS = dict(zip("₳฿₵₫€₣₲₭ℓ₥₦₱₹₴₮₩¥£¢ƒ∂℘⨍∑∏√∆∩⊂♭", "abcdefgklmnprstwylcfdpfenvancb", strict=True)) | {"µ": "u"}


def latin_base(character: str) -> str | None:
    """`A` of `Ⱥ`, `e` of `ǝ`, `r` of `ʀ`, `H` of `🅷`, `ae` of `æ`; None for what is no variant of a Latin letter."""
    if character in _SYMBOLS:
        return _SYMBOLS[character]
    name = unicodedata.name(character, "")
    if name.startswith("REGIONAL INDICATOR SYMBOL LETTER "):
        return name[-1].lower()
    if match := _OWN_NAME.fullmatch(name):
        return _cased(_SPELLED[match[2]], match[1])
    match = _STYLED.fullmatch(name)
    if match is None or (len(match[2]) == 2 and match[2] not in _LIGATURES):
        return None
    return _cased(match[2].lower(), match[1])


def _cased(letters: str, case: str | None) -> str:
    return letters.upper() if case == "CAPITAL" else letters
