"""Ways of saying one thing: phrase frames with alternatives and slots, politeness, slips of the keyboard; no meanings.

A frame is a line such as `(move|carry) {object} {from} {to}`: one of the words in round brackets is chosen, names in
curly brackets are slots. A frame that begins with `=` is a whole sentence and gets a greeting at most.
"""

from __future__ import annotations

import math
import random
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.data.tasks.task import Split

_ALTERNATIVES = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"(\{\w+\})")

_OPENINGS = (
    *("please ", "could you ", "can you ", "would you ", "i want you to ", "i need you to ", "you should "),
    *("hey, ", "ok, ", "now ", "kindly ", "could you please ", "i would like you to ", "just ", "go ahead and "),
    *("can you please ", "will you ", "hello, please ", "next, ", "quickly ", "i'd like you to ", "let's ", "so, "),
    *("zaphod, ", "robot, ", "hey zaphod, please ", "do me a favour and ", "be so kind and ", "listen, ", "try to "),
    *("i was wondering if you could ", "it would be great if you could ", "your task: ", "if possible, ", "you can "),
)
_GREETINGS = ("hello, ", "hey, ", "ok, ", "so, ", "hi, ", "zaphod, ", "robot, ", "quick question: ", "please, ")
_ENDINGS = (
    " please",
    " now",
    ", please",
    ", thanks",
    " for me",
    " right away",
    ", thank you",
    " if you can",
    " when you can",
    *(" asap", " as soon as possible", ", ok", " if possible", ", robot", ", will you", " when you have time", " then"),
)
_STOPS = ("", "", "", ".", ".", "!", "?")


@dataclass(frozen=True)
class Wording:
    """The frames of one intent; those held out appear in the `wordings` split and nowhere else."""

    seen: tuple[str, ...]
    held_out: tuple[str, ...]

    def frames(self, split: Split) -> tuple[str, ...]:
        """The frames that `split` may use."""
        if split == "wordings_2":
            raise ValueError("the first edition's tasks have no split wordings_2")
        return self.held_out if split == "wordings" else self.seen

    def say(self, split: Split, slots: Mapping[str, str], rng: random.Random) -> str:
        """One sentence with the slots filled in."""
        return _say(rng.choice(self.frames(split)), slots, rng)


def num_phrasings(frame: str) -> int:
    """How many different phrases the alternatives of a frame give, politeness and slips not counted."""
    return math.prod(len(match.split("|")) for match in _ALTERNATIVES.findall(frame))


def _say(frame: str, slots: Mapping[str, str], rng: random.Random) -> str:
    whole_sentence = frame.startswith("=")
    text = _ALTERNATIVES.sub(lambda match: rng.choice(match[1].split("|")), frame.removeprefix("="))
    text = " ".join(text.split())
    if not whole_sentence:
        text = _polite(text, rng)
    elif rng.random() < 0.15:
        text = rng.choice(_GREETINGS) + text
    if rng.random() < 0.08:
        text = _with_slip(text, rng)
    text = text.format_map(slots)
    style = rng.random()
    if style < 0.5:
        text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + rng.choice(_STOPS)


def _polite(text: str, rng: random.Random) -> str:
    if rng.random() < 0.4:
        text = rng.choice(_OPENINGS) + text
    # A sentence that ends in a slot of free text must not have its ending mistaken for part of the text.
    if rng.random() < 0.2 and not text.endswith(("text}", "topic}", "title}", "artist}")):
        text += rng.choice(_ENDINGS)
    return text


def _with_slip(text: str, rng: random.Random) -> str:
    """One word of the frame, never a slot, with two letters swapped, one dropped, doubled or replaced."""
    pieces = _SLOT.split(text)
    places = [(n, m) for n in range(0, len(pieces), 2) for m in re.finditer(r"[a-z]{4,}", pieces[n])]
    if not places:
        return text
    piece, word = rng.choice(places)
    pieces[piece] = pieces[piece][: word.start()] + _slip(word[0], rng) + pieces[piece][word.end() :]
    return "".join(pieces)


def _slip(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[: at + 1] + word[at:]
    return word[:at] + rng.choice(string.ascii_lowercase) + word[at + 1 :]


_ONSETS = (
    "b",
    "br",
    "d",
    "dr",
    "f",
    "g",
    "gl",
    "h",
    "j",
    "k",
    "kr",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ee", "ou")
_CODAS = ("", "", "", "n", "r", "l", "s", "t", "m", "x", "nd", "ck")


def invented_word(rng: random.Random) -> str:
    """A pronounceable word that means nothing: it can only be copied, not remembered."""
    num_syllables = rng.choice((1, 2, 2, 2, 3))
    return "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(num_syllables))
