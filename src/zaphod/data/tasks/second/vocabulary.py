"""Plain English words by kind, numbers in words, and texts of no meaning; knows no task."""

from __future__ import annotations

import random
import tomllib
from importlib import resources

from zaphod.data.tasks.wording import invented_word

_LISTS = tomllib.loads(resources.files("zaphod.data.tasks.second").joinpath("words.toml").read_text("utf-8"))
VERBS, NOUNS, ADJECTIVES, PARAMETERS = (
    tuple(str(_LISTS[kind]).split()) for kind in ("verbs", "nouns", "adjectives", "parameters")
)

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def in_words(number: int) -> str:
    """A number from 0 to 9999 as it is spoken."""
    if number < 20:
        return _UNITS[number]
    if number < 100:
        return _TENS[number // 10] + ("-" + _UNITS[number % 10] if number % 10 else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = number % size
    joint = " and " if 0 < rest < 100 else " "
    return f"{_UNITS[number // size]} {name}" + (joint + in_words(rest) if rest else "")


def any_word(rng: random.Random) -> str:
    """A word of any kind; one in three means nothing."""
    if rng.random() < 0.35:
        return invented_word(rng)
    return rng.choice(rng.choice((NOUNS, NOUNS, ADJECTIVES, VERBS, PARAMETERS)))


def free_text(rng: random.Random, least: int, most: int) -> str:
    """Words in no order: such text can only be copied."""
    return " ".join(any_word(rng) for _ in range(rng.randint(least, most)))
