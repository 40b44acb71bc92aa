"""Words that must never come out, and whether they did; knows neither prompts nor policies.

A canary stands in a prompt for no other reason than to be noticed when it leaves. It depends on the tenant's key, so
that it is the same for all requests of a tenant (prompts stay equal, and their keys and values cached) and nobody can
guess it. Of system prompts whole stretches are noticed, because there is no canary in what a client wrote itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence

from zaphod.safety.guard.authority.taint import folded
from zaphod.safety.guard.finder import View
from zaphod.safety.guard.verdict import Hit, Stage

_WORDS_IN_A_ROW = 12
"""Shorter stretches of a system prompt are said by chance: names, rules that answers quote."""


def canary_of(key: bytes, purpose: str = "system prompt") -> str:
    """A word that occurs nowhere else: 80 bits in letters and digits of one case, so that no case fold changes it."""
    digest = hmac.new(key, f"zaphod canary: {purpose}".encode(), hashlib.sha256).digest()
    return "zc" + base64.b32encode(digest[:10]).decode().lower()


class CanaryFinder:
    """Finds words that must not come out, however they are spelt.

    Args:
        words: canaries and secrets, at least 8 characters each.
    """

    name = "canary"

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(dict.fromkeys(folded(word) for word in words))
        short = [word for word in self._words if len(word) < 8]
        if short:
            raise ValueError(f"a canary of {len(short[0])} characters would be said by chance; it needs 8")

    def find(self, views: Sequence[View], stage: Stage) -> Iterator[Hit]:
        """Every place in every view."""
        for view in views:
            text = view.text.casefold()
            for word in self._words:
                start = text.find(word)
                while start >= 0:
                    first, last = view.raw_span(start, start + len(word))
                    title = "a canary of the prompt"
                    yield Hit(rule="canary.word", title=title, start=first, end=last, views=view.chain)
                    start = text.find(word, start + len(word))

    def pending(self, text: str) -> int | None:
        """Where a canary may have begun."""
        tail = text.casefold()
        longest = max(map(len, self._words), default=0)
        for start in range(max(0, len(tail) - longest + 1), len(tail)):
            if any(word.startswith(tail[start:]) for word in self._words):
                return start
        return None


class PromptLeakFinder:
    """Finds stretches of a system prompt in an answer.

    Args:
        prompts: system prompts, as the model reads them.
    """

    name = "leak.system_prompt"

    def __init__(self, prompts: Iterable[str]) -> None:
        self._rows = {row for prompt in prompts for _, _, row in _rows(prompt)}

    def find(self, views: Sequence[View], stage: Stage) -> Iterator[Hit]:
        """Stretches of at least 12 words in a row, in the raw text; neighbouring ones are one hit."""
        if not self._rows:
            return
        begun: tuple[int, int] | None = None
        for start, end, row in _rows(views[0].text):
            if row not in self._rows:
                continue
            if begun is not None and start <= begun[1]:
                begun = (begun[0], end)
                continue
            if begun is not None:
                yield _leak(*begun)
            begun = (start, end)
        if begun is not None:
            yield _leak(*begun)


def _leak(start: int, end: int) -> Hit:
    return Hit(rule="leak.system_prompt", title="words of the system prompt", start=start, end=end)


def _rows(text: str) -> Iterator[tuple[int, int, int]]:
    """Every row of 12 words, as its place and a number that says which words they are."""
    places: list[tuple[int, int]] = []
    words: list[str] = []
    for start, end in _words(text):
        places.append((start, end))
        words.append(text[start:end].casefold())
        if len(words) >= _WORDS_IN_A_ROW:
            yield places[-_WORDS_IN_A_ROW][0], end, hash(tuple(words[-_WORDS_IN_A_ROW:]))


def _words(text: str) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for place, letter in enumerate(text):
        if letter.isalnum():
            start = place if start is None else start
        elif start is not None:
            yield start, place
            start = None
    if start is not None:
        yield start, len(text)
