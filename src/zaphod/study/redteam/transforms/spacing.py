"""Gaps inside words; knows no meaning."""

from __future__ import annotations

import random
import re

from zaphod.study.redteam.transforms.transform import Transform


class Spaces(Transform, name="spaces", split="development", kind="spacing"):
    """A space behind each letter, three behind each word."""

    def apply(self, text: str, rng: random.Random) -> str:
        return "   ".join(" ".join(word) for word in text.split())

    def undo(self, text: str) -> str:
        return " ".join(word.replace(" ", "") for word in text.split("   "))


class Separators(Transform, name="separators", split="development", kind="spacing"):
    """Dots, dashes or other signs between letters; words stay apart."""

    def apply(self, text: str, rng: random.Random) -> str:
        sign = rng.choice(".-_*|~·")
        return " ".join(sign.join(word) for word in text.split())


class WideSpaces(Transform, name="wide_spaces", split="held_out", kind="spacing"):
    """Thin, em and ideographic spaces between letters, nothing wider between words."""

    def apply(self, text: str, rng: random.Random) -> str:
        return "".join(letter + rng.choice("\u2009\u2003\u3000\u00a0\u202f") for letter in text if letter != " ")


class OneLetterALine(Transform, name="one_letter_a_line", split="held_out", kind="spacing"):
    """Written from top to bottom, an empty line between words."""

    def apply(self, text: str, rng: random.Random) -> str:
        return "\n\n".join("\n".join(word) for word in text.split())

    def undo(self, text: str) -> str:
        return " ".join(word.replace("\n", "") for word in text.split("\n\n"))


class WordsOverLines(Transform, name="words_over_lines", split="held_out", kind="spacing"):
    """Long words broken over two lines, with or without a hyphen."""

    def apply(self, text: str, rng: random.Random) -> str:
        end = rng.choice(("\n", "-\n", " \n  "))
        return re.sub(r"[^\W\d_]{5,}", lambda word: self._broken(word[0], end, rng), text)

    @staticmethod
    def _broken(word: str, end: str, rng: random.Random) -> str:
        place = rng.randrange(2, len(word) - 1)
        return word[:place] + end + word[place:]


class NoSpaces(Transform, name="no_spaces", split="development", kind="spacing"):
    """All words in one, or in camel case."""

    def apply(self, text: str, rng: random.Random) -> str:
        words = text.split()
        return "".join(words if rng.random() < 0.5 else [word[:1].upper() + word[1:] for word in words])
