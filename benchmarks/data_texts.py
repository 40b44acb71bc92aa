"""Texts that the data benchmarks read: what the machine's packages document, and generated spam with near copies."""

from __future__ import annotations

import random
from collections.abc import Iterator

from zaphod.data.documents import Document
from zaphod.data.extraction.stage import Extraction
from zaphod.data.hashing import hash_text
from zaphod.data.sources.folders import FolderSource
from zaphod.data.sources.packages import PackageSource

_PITCHES = (
    "buy now",
    "best price",
    "click here",
    "limited offer",
    "cheap pills",
    "win money",
    "free casino",
    "act fast",
)
_LINES = (
    "This site uses cookies to improve your experience.",
    "Read our privacy policy and our terms of use before you go on.",
    "Please enable JavaScript to see this page.",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
    "Home | About | Contact | Login | Register",
    "• one more point of the list",
    "- an entry of a menu",
    "and then it goes on like this...",
    "function f(x) { return x + 1; }",
    "[1] [edit] The river was described by several people [citation needed].",
    "# # # # #",
    "A good sentence about the engine, the river and the people that live with it.",
    "It has to be read with care, and to be written down again.",
)


def documentation(
    count: int, seed: int, *, least_characters: int = 1, most_characters: int = 200_000
) -> list[Document]:
    """So many texts of the machine's packages and manuals, extracted, chosen by the hash of their ids."""
    sources = (PackageSource(changelogs=True), FolderSource(folder="/usr/share/man", name="man"))
    raw = [document for source in sources for document in source.documents()]
    raw = [document for document in raw if len(document.text) <= most_characters]
    raw.sort(key=lambda document: hash_text(f"{seed}{document.source}{document.id}"))
    found: list[Document] = []
    for document in Extraction()(raw):
        if least_characters <= len(document.text):
            found.append(document)
            if len(found) == count:
                break
    return found


def spam(count: int, seed: int) -> Iterator[Document]:
    """Pages that no one should learn from, of several kinds, and some that are nearly good."""
    draw = random.Random(seed)
    kinds = (_stuffed, _menu, _mixed, _gibberish, _shouted, _nearly_good)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        yield Document(id=f"{kind.__name__}-{number}", text=kind(draw), source="spam")


def _stuffed(draw: random.Random) -> str:
    words = draw.sample(_PITCHES, 3)
    return " ".join(draw.choice(words) for _ in range(draw.randrange(20, 400)))


def _menu(draw: random.Random) -> str:
    return "\n".join(f"{draw.choice(('Go to', 'Shop', '•', '-'))} item {draw.randrange(99)}" for _ in range(60))


def _mixed(draw: random.Random) -> str:
    return draw.choice(("\n", "\n\n")).join(draw.choices(_LINES, k=draw.randrange(3, 40)))


def _gibberish(draw: random.Random) -> str:
    letters = draw.choice(("abcdefghijklmnopqrstuvwxyz", "0123456789abcdef", "#$%&*()x"))
    return " ".join("".join(draw.choices(letters, k=draw.randrange(2, 14))) for _ in range(draw.randrange(40, 300)))


def _shouted(draw: random.Random) -> str:
    return "".join(f"{draw.choice(_PITCHES).upper()}{draw.choice(('!!!', '...', '…', '?'))} " for _ in range(90))


def _nearly_good(draw: random.Random) -> str:
    subjects, verbs = ("the engine", "a river", "every page", "this library"), ("reads", "keeps", "finds")
    nouns, deeds = ("files", "lines", "words"), ("copy", "sort", "count")
    sentences = [
        f"{draw.choice(subjects).capitalize()} {draw.choice(verbs)} {draw.choice(subjects)} with the "
        f"{draw.randrange(999)} {draw.choice(nouns)} that it has to {draw.choice(deeds)}."
        for _ in range(draw.randrange(4, 40))
    ]
    return draw.choice((" ", "\n")).join(sentences)
