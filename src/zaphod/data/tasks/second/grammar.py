"""A small grammar of phrasings: nested alternatives, optional parts, named rules, open slots; knows no intent.

A frame is a line such as `(take|get) {object} {from}[ and (put|set) it {put}]<tail>`. Round brackets choose one of
their parts, square brackets are left out half of the time, `<name>` is a rule, and `{slot}` stays open until
the sentence is made. Brackets nest. What begins with a mark is not an imperative: `=` a whole sentence, `np:` a thing
asked for, `eq:` an indirect question; `manner.carried` makes sentences of all of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import product
from typing import NamedTuple

from zaphod.data.tasks.wording import invented_word

_TOKEN = re.compile(r"[()\[\]|]|<\w+>|[^()\[\]|<]+|<")
_INVENTED_VERBS = 0.05
"""How often a rule named `v_…`, a list of verbs, gives a word that means nothing: then the rest must tell."""


class _Choice(NamedTuple):
    """One of several sequences."""

    options: tuple[tuple[_Part, ...], ...]
    is_optional: bool


_Part = str | _Choice


@cache
def parsed(frame: str) -> tuple[_Part, ...]:
    """The frame as a tree. Raises `ValueError` where brackets do not match."""
    tokens = _TOKEN.findall(frame)
    options, position = _parsed_options(tokens, 0, "")
    if position != len(tokens) or len(options) != 1:
        raise ValueError(f"brackets or bars do not match in {frame!r}")
    return options[0]


def _parsed_options(tokens: Sequence[str], position: int, closing: str) -> tuple[tuple[tuple[_Part, ...], ...], int]:
    options: list[tuple[_Part, ...]] = []
    parts: list[_Part] = []
    while position < len(tokens) and tokens[position] not in (")", "]"):
        token = tokens[position]
        position += 1
        if token in ("(", "["):
            end = ")" if token == "(" else "]"
            inner, position = _parsed_options(tokens, position, end)
            if position >= len(tokens) or tokens[position] != end:
                raise ValueError(f"a {token!r} is never closed in {''.join(tokens)!r}")
            position += 1
            parts.append(_Choice(inner, token == "["))
        elif token == "|" and closing:
            options.append(tuple(parts))
            parts = []
        else:
            parts.append(token)
    return (*options, tuple(parts)), position


@dataclass(frozen=True)
class Grammar:
    """Rules by name. A name that no frame can find raises `KeyError` when it is met."""

    rules: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def said(self, frame: str, rng: random.Random) -> str:
        """The frame with all choices made; slots stay open."""
        text = "".join(self._said(part, rng) for part in parsed(frame))
        text = re.sub(r" +([,.;:?!])", r"\1", " ".join(text.split()))
        return re.sub(r"([?:;,.!])[,.;]+", r"\1", text)

    def _said(self, part: _Part, rng: random.Random) -> str:
        if isinstance(part, str):
            return self._rule(part[1:-1], rng) if part.startswith("<") and part.endswith(">") else part
        if part.is_optional and rng.random() < 0.5:
            return ""
        return "".join(self._said(inner, rng) for inner in rng.choice(part.options))

    def _rule(self, name: str, rng: random.Random) -> str:
        if name.startswith("v_") and rng.random() < _INVENTED_VERBS:
            return invented_word(rng)
        return "".join(self._said(part, rng) for part in parsed(rng.choice(self.rules[name])))


def all_phrasings(frame: str) -> list[str]:
    """Every way through a frame without rules, without its mark."""
    return [" ".join("".join(parts).split()) for parts in _ways(parsed(frame.removeprefix("=")))]


def _ways(parts: tuple[_Part, ...]) -> list[list[str]]:
    choices: list[list[str]] = []
    for part in parts:
        if isinstance(part, str):
            choices.append([part])
        else:
            inner = ["".join(way) for option in part.options for way in _ways(option)]
            choices.append([*inner, ""] if part.is_optional else inner)
    return [list(way) for way in product(*choices)]


class HeldOut:
    """Phrasings that training must never use; finds them inside a sentence whose slots are open.

    Args:
        frames: of the held-out wordings. Case and punctuation do not count.
    """

    def __init__(self, frames: Iterable[str]) -> None:
        self._frames = tuple(frames)

    @cached_property
    def _phrases(self) -> frozenset[str]:
        return frozenset(_plain(way) for frame in self._frames for way in all_phrasings(frame))

    @cached_property
    def _by_first_word(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for phrase in self._phrases:
            found.setdefault(phrase.split()[0], []).append(phrase)
        return found

    def __len__(self) -> int:
        return len(self._phrases)

    def is_in(self, sentence: str) -> bool:
        """Whether the sentence is, or contains as whole words, a held-out phrasing."""
        plain = f" {_plain(sentence)} "
        words = set(plain.split())
        return any(f" {phrase} " in plain for word in words for phrase in self._by_first_word.get(word, ()))


def _plain(text: str) -> str:
    """Without case and punctuation; what is said of a second thing is like what is said of the first."""
    text = re.sub(r"\{second(?:_(\w+))?\}", lambda match: "{" + (match[1] or "object") + "}", text)
    return " ".join(re.sub(r"[^\w{}'*+/-]+", " ", text.lower()).split())
