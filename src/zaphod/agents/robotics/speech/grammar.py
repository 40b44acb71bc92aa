"""What can be said to the robot, as a grammar for engines that need one; knows no sound and no plan.

More can be said than the robot can do: a thing that it cannot carry must be heard as what it is, not as the nearest
thing that it can. JSpeech Grammar Format (W3C note, 2000).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from zaphod.data.tasks.robot_world import KINDS, PLACES

THINGS: Final = ("glass", "glass cup", "drinking glass", "wine glass", *KINDS)
HOW: Final = ("carefully", "gently", "slowly", "softly", "quickly", "firmly", "tightly")
RULES: Final = {
    "command": ("[please] <act> [please]",),
    "act": (
        "[<how>] <take> <thing> and [<how>] <put> it [<how>] <where>",
        "[<how>] <move> <thing> [<how>] <where>",
        "<take> <thing> [<how>]",
    ),
    "take": ("pick up", "take", "grab", "lift", "grasp"),
    "put": ("put", "place", "set", "lay"),
    "move": ("move", "carry", "bring", "put", "place"),
    "how": HOW,
    "thing": ("<article> [<described>] <name>",),
    "article": ("the", "a", "my"),
    "described": ("fragile", "delicate", "thin", "empty"),
    "name": THINGS,
    "where": ("<to> the <place>",),
    "to": ("on", "onto", "to", "in", "over the wall to"),
    "place": tuple(PLACES),
}
"""Alternatives of each rule; words in brackets may be left out."""
_PART: Final = re.compile(r"\[<(?P<maybe>\w+)>\]|\[(?P<words>[^\]]+)\]|<(?P<rule>\w+)>|(?P<word>[a-z]+)")


def jsgf() -> str:
    """The grammar as text."""
    lines = ["#JSGF V1.0;", "grammar robot;", f"public <command> = {_told('command')};"]
    lines += [f"<{name}> = {_told(name)};" for name in RULES if name != "command"]
    return "\n".join(lines) + "\n"


def words() -> set[str]:
    """All that occur."""
    return {found["word"] for text in _texts() for found in _PART.finditer(text) if found["word"]} | {
        word for text in _texts() for found in _PART.finditer(text) if found["words"] for word in found["words"].split()
    }


def is_sentence(text: str) -> bool:
    """Whether it is a whole command: an engine may stop in the middle of one."""
    return re.fullmatch(_pattern("command"), text + " ") is not None


def sentence(rng: random.Random) -> str:
    """Something that can be said."""
    return " ".join(_drawn("command", rng))


@cache
def _pattern(rule: str) -> str:
    """Words, each with a blank behind it."""

    def part(found: re.Match[str]) -> str:
        if found["word"]:
            return f"{found['word']} "
        if found["words"]:
            return f"(?:{found['words']} )?"
        return f"(?:{_pattern(found['rule'])})" if found["rule"] else f"(?:{_pattern(found['maybe'])})?"

    return "|".join("".join(map(part, _PART.finditer(alternative))) for alternative in RULES[rule])


def _texts() -> Iterator[str]:
    for alternatives in RULES.values():
        yield from alternatives


def _told(rule: str) -> str:
    return " | ".join(RULES[rule])


def _drawn(rule: str, rng: random.Random) -> Iterator[str]:
    for found in _PART.finditer(rng.choice(RULES[rule])):
        if found["word"]:
            yield found["word"]
        elif found["rule"] or (found["maybe"] and rng.random() < 0.3):
            yield from _drawn(found["rule"] or found["maybe"], rng)
        elif found["words"] and rng.random() < 0.3:
            yield from found["words"].split()
