"""Codes that turn any text into other characters and back; knows no meaning."""

from __future__ import annotations

import base64
import html
import quopri
import random
import re
import unicodedata
import urllib.parse

from zaphod.study.redteam.transforms.transform import Transform


class Base64(Transform, name="base64", split="development", kind="encoding", is_exact=True):
    """RFC 4648, section 4."""

    def apply(self, text: str, rng: random.Random) -> str:
        return base64.b64encode(text.encode()).decode()

    def undo(self, text: str) -> str:
        return base64.b64decode(text).decode()


class Hex(Transform, name="hex", split="development", kind="encoding", is_exact=True):
    """Bytes of UTF-8 as pairs of digits, with or without gaps."""

    def apply(self, text: str, rng: random.Random) -> str:
        return text.encode().hex(*rng.choice(((), (" ",))))

    def undo(self, text: str) -> str:
        return bytes.fromhex(text).decode()


class UrlEscapes(Transform, name="url", split="development", kind="encoding", is_exact=True):
    """Every byte as %41, or all but the unreserved ones."""

    def apply(self, text: str, rng: random.Random) -> str:
        if rng.random() < 0.5:
            return urllib.parse.quote(text, safe="")
        return "".join(f"%{byte:02X}" for byte in text.encode())

    def undo(self, text: str) -> str:
        return urllib.parse.unquote(text)


class HtmlEntities(Transform, name="html_entities", split="development", kind="encoding", is_exact=True):
    """Every character as &#65; or &#x41;."""

    def apply(self, text: str, rng: random.Random) -> str:
        form = rng.choice(("&#{:d};", "&#x{:x};"))
        return "".join(form.format(ord(letter)) for letter in text)

    def undo(self, text: str) -> str:
        numbers = re.findall(r"&#(x?)([0-9a-f]+);", text)
        return "".join(chr(int(digits, 16 if is_hex else 10)) for is_hex, digits in numbers)


class NamedEntities(Transform, name="named_entities", split="held_out", kind="encoding", is_exact=True):
    """Entities for what is neither letter nor digit, by name where there is one; every third letter by number."""

    def apply(self, text: str, rng: random.Random) -> str:
        names = {" ": "&#32;", "&": "&amp;", "<": "&lt;", ".": "&period;", ",": "&comma;", ":": "&colon;"}
        return "".join(
            names.get(letter) or (f"&#{ord(letter)};" if place % 3 == 1 and letter.isalnum() else letter)
            for place, letter in enumerate(text)
        )

    def undo(self, text: str) -> str:
        return html.unescape(text)


class Base32(Transform, name="base32", split="held_out", kind="encoding", is_exact=True):
    """RFC 4648, section 6."""

    def apply(self, text: str, rng: random.Random) -> str:
        return base64.b32encode(text.encode()).decode()

    def undo(self, text: str) -> str:
        return base64.b32decode(text).decode()


class Ascii85(Transform, name="ascii85", split="held_out", kind="encoding", is_exact=True):
    """As in PostScript, between <~ and ~>."""

    def apply(self, text: str, rng: random.Random) -> str:
        return base64.a85encode(text.encode(), adobe=True).decode()

    def undo(self, text: str) -> str:
        return base64.a85decode(text, adobe=True).decode()


class UnicodeEscapes(Transform, name="unicode_escapes", split="development", kind="encoding", is_exact=True):
    r"""Every character as \u0041 or \U0001F600."""

    def apply(self, text: str, rng: random.Random) -> str:
        return "".join(f"\\u{ord(letter):04x}" if ord(letter) < 1 << 16 else f"\\U{ord(letter):08x}" for letter in text)

    def undo(self, text: str) -> str:
        return text.encode("ascii").decode("unicode_escape")


class OctalEscapes(Transform, name="octal_escapes", split="held_out", kind="encoding", is_exact=True):
    r"""Every byte of UTF-8 as \101."""

    def apply(self, text: str, rng: random.Random) -> str:
        return "".join(f"\\{byte:03o}" for byte in text.encode())

    def undo(self, text: str) -> str:
        return bytes(int(digits, 8) for digits in text.split("\\")[1:]).decode()


class QuotedPrintable(Transform, name="quoted_printable", split="held_out", kind="encoding", is_exact=True):
    """RFC 2045, section 6.7, with every letter that chance picks as =41."""

    def apply(self, text: str, rng: random.Random) -> str:
        written = (
            f"={byte:02X}" if rng.random() < 0.5 or not chr(byte).isalpha() or byte > 126 else chr(byte)
            for byte in text.encode()
        )
        return "".join(written)

    def undo(self, text: str) -> str:
        return quopri.decodestring(text).decode()


class Punycode(Transform, name="punycode", split="development", kind="encoding"):
    """RFC 3492: each word as a label of a host name, with one letter accented where it would need no code."""

    def apply(self, text: str, rng: random.Random) -> str:
        return " ".join(self._label(word, rng) for word in text.split(" "))

    def undo(self, text: str) -> str:
        words = (word.removeprefix("xn--").encode("ascii").decode("punycode") for word in text.split(" "))
        letters = unicodedata.normalize("NFD", " ".join(words))
        return "".join(letter for letter in letters if not unicodedata.combining(letter))

    @staticmethod
    def _label(word: str, rng: random.Random) -> str:
        places = [place for place, letter in enumerate(word) if letter in "aeiouycnsz"]
        if word.isascii() and places:
            place = rng.choice(places)
            word = word[:place] + unicodedata.normalize("NFC", word[place] + "\u0301") + word[place + 1 :]
        return "xn--" + word.encode("punycode").decode("ascii")


class CharacterCodes(Transform, name="character_codes", split="held_out", kind="encoding", is_exact=True):
    """A list of code points as decimal numbers."""

    def apply(self, text: str, rng: random.Random) -> str:
        return rng.choice((" ", ", ", "-")).join(str(ord(letter)) for letter in text)

    def undo(self, text: str) -> str:
        return "".join(chr(int(number)) for number in re.findall(r"[0-9]+", text))


class Binary(Transform, name="binary", split="held_out", kind="encoding", is_exact=True):
    """Bytes of UTF-8 as eight digits each."""

    def apply(self, text: str, rng: random.Random) -> str:
        return " ".join(f"{byte:08b}" for byte in text.encode())

    def undo(self, text: str) -> str:
        return bytes(int(digits, 2) for digits in text.split()).decode()


_MORSE_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_MORSE_CODES = re.findall(
    r"\S+",
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.",
)
_MORSE = dict(zip(_MORSE_LETTERS, _MORSE_CODES, strict=True))
_FROM_MORSE = {code: letter for letter, code in _MORSE.items()}


class Morse(Transform, name="morse", split="held_out", kind="encoding"):
    """Letters and digits of Latin script; all else is lost, as on a telegraph."""

    def apply(self, text: str, rng: random.Random) -> str:
        words = ([_MORSE[letter] for letter in word if letter in _MORSE] for word in text.lower().split())
        return " / ".join(" ".join(word) for word in words if word)

    def undo(self, text: str) -> str:
        return " ".join("".join(_FROM_MORSE[code] for code in word.split()) for word in text.split(" / "))
