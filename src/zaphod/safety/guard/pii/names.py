"""Names of people where the words around them say so; knows no list of names and no model of language.

High precision is the point: capitals alone are no name. What is found stands behind "my name is", a title, a label such
as "patient:", a salutation, or above nothing but the end of a letter.
"""

from __future__ import annotations

import functools
import re
import tomllib
from importlib.resources import files
from typing import Any, Final

from zaphod.safety.guard.pii.labelled import START
from zaphod.safety.guard.pii.recogniser import Check, Recogniser

_WORD: Final = r"<Upper>(?:<letter>|['’\-]<letter>){1,24}"
_PARTICLE: Final = (
    r"(?:(?:van|von|de|der|den|del|della|di|da|dos|das|du|la|le|al|el|bin|ibn|ter|ten|zu|zur|y|e|af|av)[ ]){0,3}"
)
_NAME: Final = rf"{_WORD}(?:[ ]{_PARTICLE}(?:<Upper>\.|{_WORD})){{0,3}}"
_INITIALS: Final = rf"(?:<Upper>\.[ ]?){{0,3}}{_NAME}"


def name_rows() -> list[Recogniser]:
    """From the surest words to the least sure."""
    return [_row(form) for form in _table()["form"]]


def name_length(text: str, least_words: int) -> int:
    """How many characters of capitalised words are a name: those before a word that never is part of one."""
    end = num_words = 0
    for word in re.finditer(r"[^ ]+", text):
        if word.group().strip(".,'’-").lower() in _no_names():
            break
        if word.group()[0].isupper():
            end, num_words = word.end(), num_words + 1
    return end if num_words >= least_words else 0


def _row(form: dict[str, Any]) -> Recogniser:
    pattern = form["pattern"]
    for name, meaning in (("start", START), ("words", form["words"]), ("initials", _INITIALS), ("name", _NAME)):
        pattern = pattern.replace(f"<{name}>", meaning)
    least_words = form["least_words"]
    check: Check = functools.partial(name_length, least_words=least_words) if least_words else len
    return Recogniser(
        rule="pii.name",
        title="name of a person",
        pattern=pattern,
        check=check,
        score=form["score"],
        stands_alone=False,
        lead=form["words"],
    )


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("names.toml").read_text(encoding="utf-8"))


@functools.cache
def _no_names() -> frozenset[str]:
    return frozenset(_table()["no_names"].split())
