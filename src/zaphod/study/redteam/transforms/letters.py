"""Other letters for the same letters, and other orders of them; knows Latin script, little of others."""

from __future__ import annotations

import codecs
import random
import re
import string
from typing import ClassVar

from zaphod.study.redteam.transforms.transform import Transform

_SMALL, _LARGE = string.ascii_lowercase, string.ascii_uppercase
_WORD = re.compile(r"[^\W\d_]+")


def _mapped(text: str, table: dict[str, str], rng: random.Random, share: float = 1.0) -> str:
    return "".join(table[letter] if letter in table and rng.random() < share else letter for letter in text)


class Rot13(Transform, name="rot13", split="development", kind="letters", is_exact=True):
    """Letters of Latin script moved by thirteen."""

    def apply(self, text: str, rng: random.Random) -> str:
        return codecs.encode(text, "rot13")

    def undo(self, text: str) -> str:
        return codecs.decode(text, "rot13")


class Reverse(Transform, name="reverse", split="development", kind="letters", is_exact=True):
    """Last letter first."""

    def apply(self, text: str, rng: random.Random) -> str:
        return text[::-1]

    def undo(self, text: str) -> str:
        return text[::-1]


class ReversedWords(Transform, name="reversed_words", split="held_out", kind="letters", is_exact=True):
    """Each word with its last letter first; the words stay where they are."""

    def apply(self, text: str, rng: random.Random) -> str:
        return re.sub(r"\S+", lambda word: word[0][::-1], text)

    def undo(self, text: str) -> str:
        return re.sub(r"\S+", lambda word: word[0][::-1], text)


class Atbash(Transform, name="atbash", split="held_out", kind="letters", is_exact=True):
    """A becomes Z, B becomes Y."""

    _TABLE = str.maketrans(_SMALL + _LARGE, _SMALL[::-1] + _LARGE[::-1])

    def apply(self, text: str, rng: random.Random) -> str:
        return text.translate(self._TABLE)

    def undo(self, text: str) -> str:
        return text.translate(self._TABLE)


class Leet(Transform, name="leet", split="development", kind="letters"):
    """Digits and signs that look like letters, for most of them."""

    _TABLE: ClassVar[dict[str, str]] = dict(zip("aeiostlbgz", "4310571892", strict=True)) | dict(
        zip("AEIOSTLBGZ", "4310571892", strict=True)
    )

    def apply(self, text: str, rng: random.Random) -> str:
        return _mapped(text, self._TABLE, rng, share=rng.choice((0.6, 1.0)))


class LeetSigns(Transform, name="leet_signs", split="held_out", kind="letters"):
    """Signs of several characters for letters, as |-| for h."""

    _TABLE: ClassVar[dict[str, str]] = {
        "a": "@",
        "c": "(",
        "e": "€",
        "h": "|-|",
        "i": "!",
        "k": "|<",
        "n": "|\\|",
        "o": "()",
        "s": "$",
        "t": "+",
    }

    def apply(self, text: str, rng: random.Random) -> str:
        return _mapped(text.lower(), self._TABLE, rng, share=0.7)


class Homoglyphs(Transform, name="homoglyphs", split="development", kind="letters"):
    """Letters of Cyrillic and Greek that look like Latin ones."""

    _TABLE: ClassVar[dict[str, str]] = dict(zip("aceopxyijsh", "асеорхуіјѕһ", strict=True)) | dict(
        zip("ABCEHIKMOPTX", "АВСЕНІКМОРТХ", strict=True)
    )
    _BACK: ClassVar[dict[int, str]] = {ord(other): letter for letter, other in _TABLE.items()}

    def apply(self, text: str, rng: random.Random) -> str:
        return _mapped(text, self._TABLE, rng, share=rng.choice((0.5, 1.0)))

    def undo(self, text: str) -> str:
        return text.translate(self._BACK)


class RareHomoglyphs(Transform, name="rare_homoglyphs", split="held_out", kind="letters"):
    """Letters of Armenian, Cherokee, Lisu and of phonetic writing that look like Latin ones."""

    _TABLE: ClassVar[dict[str, str]] = dict(zip("ghnoqudaevr", "ɡհոօզսԁɑеνг", strict=True)) | dict(
        zip("DEHJKLRSTVWZ", "ᎠᎬᎻᎫᏦᏞᎡᏚᎢᏙᎳᏃ", strict=True)
    )
    _BACK: ClassVar[dict[int, str]] = {ord(other): letter for letter, other in _TABLE.items()}

    def apply(self, text: str, rng: random.Random) -> str:
        return _mapped(text, self._TABLE, rng, share=rng.choice((0.6, 1.0)))

    def undo(self, text: str) -> str:
        return text.translate(self._BACK)


class Fullwidth(Transform, name="fullwidth", split="development", kind="letters"):
    """ASCII as it is written among Chinese characters."""

    def apply(self, text: str, rng: random.Random) -> str:
        return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)

    def undo(self, text: str) -> str:
        return "".join(chr(ord(letter) - 0xFEE0) if "！" <= letter <= "～" else letter for letter in text)


# Where the small letters of each style begin; capitals stand 26 before. Script and Fraktur have gaps, so not those.
_MATHEMATICAL = {"bold": 0x1D41A, "sans": 0x1D5BA, "sans bold": 0x1D5EE, "monospace": 0x1D68A, "bold script": 0x1D4EA}


class Mathematical(Transform, name="mathematical", split="held_out", kind="letters"):
    """Letters of formulas: bold, sans-serif, monospace, script."""

    def apply(self, text: str, rng: random.Random) -> str:
        small = rng.choice(list(_MATHEMATICAL.values()))
        table = {letter: chr(small + place) for place, letter in enumerate(_SMALL)}
        table |= {letter: chr(small - 26 + place) for place, letter in enumerate(_LARGE)}
        return _mapped(text, table, rng)

    def undo(self, text: str) -> str:
        back = {small + place: letter for small in _MATHEMATICAL.values() for place, letter in enumerate(_SMALL)}
        back |= {small - 26 + place: letter for small in _MATHEMATICAL.values() for place, letter in enumerate(_LARGE)}
        return text.translate(back)


class Circled(Transform, name="circled", split="development", kind="letters"):
    """Letters in circles, white or black."""

    def apply(self, text: str, rng: random.Random) -> str:
        small, large = rng.choice(((0x24D0, 0x24B6), (0x1F150, 0x1F150)))
        table = {letter: chr(small + place) for place, letter in enumerate(_SMALL)}
        return _mapped(text, table | {letter: chr(large + place) for place, letter in enumerate(_LARGE)}, rng)


class SmallCapitals(Transform, name="small_capitals", split="held_out", kind="letters"):
    """Phonetic letters that look like small capitals."""

    _TABLE: ClassVar[dict[str, str]] = dict(zip("abcdefghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ", strict=True))
    _BACK: ClassVar[dict[int, str]] = {ord(other): letter for letter, other in _TABLE.items()}

    def apply(self, text: str, rng: random.Random) -> str:
        return _mapped(text.lower(), self._TABLE, rng)

    def undo(self, text: str) -> str:
        return text.translate(self._BACK)


class UpsideDown(Transform, name="upside_down", split="held_out", kind="letters"):
    """Turned letters, to be read from the other side of the table."""

    _TABLE: ClassVar[dict[str, str]] = dict(zip("abcdefghijklmnpqrtuvwy", "ɐqɔpǝɟƃɥᴉɾʞןɯudbɹʇnʌʍʎ", strict=True))
    _BACK: ClassVar[dict[int, str]] = {ord(other): letter for letter, other in _TABLE.items()}

    def apply(self, text: str, rng: random.Random) -> str:
        return _mapped(text.lower(), self._TABLE, rng)[::-1]

    def undo(self, text: str) -> str:
        return text[::-1].translate(self._BACK)


class CaseFlips(Transform, name="case_flips", split="development", kind="letters"):
    """Capitals by chance."""

    def apply(self, text: str, rng: random.Random) -> str:
        return "".join(letter.upper() if rng.random() < 0.5 else letter.lower() for letter in text)

    def undo(self, text: str) -> str:
        return text.lower()


class Doubling(Transform, name="doubling", split="development", kind="letters"):
    """Some letters twice or three times."""

    def apply(self, text: str, rng: random.Random) -> str:
        return "".join(letter * rng.choice((1, 1, 2, 3)) if letter.isalpha() else letter for letter in text)


class Scramble(Transform, name="scramble", split="held_out", kind="letters"):
    """The inner letters of longer words in another order: people and large models read on."""

    def apply(self, text: str, rng: random.Random) -> str:
        return _WORD.sub(lambda word: self._mixed(word[0], rng), text)

    @staticmethod
    def _mixed(word: str, rng: random.Random) -> str:
        if len(word) < 4:
            return word
        inner = list(word[1:-1])
        rng.shuffle(inner)
        return word[0] + "".join(inner) + word[-1]


class Typos(Transform, name="typos", split="development", kind="letters"):
    """Neighbours swapped and letters dropped, in one word of four."""

    def apply(self, text: str, rng: random.Random) -> str:
        return _WORD.sub(lambda word: self._mistyped(word[0], rng), text)

    @staticmethod
    def _mistyped(word: str, rng: random.Random) -> str:
        if len(word) < 4 or rng.random() > 0.25:
            return word
        place = rng.randrange(1, len(word) - 2)
        if rng.random() < 0.5:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        return word[:place] + word[place + 1 :]


class PigLatin(Transform, name="pig_latin", split="held_out", kind="letters"):
    """The consonants that begin a word go to its end, and "ay" follows."""

    def apply(self, text: str, rng: random.Random) -> str:
        return re.sub(r"[A-Za-z]+", lambda word: self._moved(word[0]), text)

    @staticmethod
    def _moved(word: str) -> str:
        vowel = re.search("[aeiouAEIOU]", word)
        if vowel is None:
            return word + "ay"
        return word + "way" if vowel.start() == 0 else word[vowel.start() :] + word[: vowel.start()] + "ay"
