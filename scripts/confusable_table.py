"""Writes src/zaphod/safety/guard/views/confusables.txt: which characters look like which Latin letters.

    pip install confusable-homoglyphs
    .venv/bin/python scripts/confusable_table.py

The facts are those of Unicode Technical Standard 39 (confusables.txt), read from that package. Left out is what the
guard knows without a table: variants of Latin letters by their names, compatibility characters by their
decompositions, and digits of all scripts by their values.
"""

from __future__ import annotations

import importlib.metadata
import json
import unicodedata
from collections import defaultdict
from pathlib import Path

from zaphod.safety.guard.views.latin import latin_base

PACKAGE = "confusable-homoglyphs"
TARGET = Path(__file__).parent.parent / "src/zaphod/safety/guard/views/confusables.txt"
SCRIPTS_OF_SYMBOLS = {"IDEOGRAPHIC"}  # the Chinese zero is a numeral


def look_alikes() -> dict[str, str]:
    """Each confusable character and its letter, with the case that it looks like."""
    table = json.loads(
        importlib.metadata.distribution(PACKAGE).locate_file("confusable_homoglyphs/confusables.json").read_text()
    )
    found: dict[str, str] = {}
    for exemplars in (
        str.isascii,
        latin_base,
    ):  # what looks like a plain letter first, what looks like a styled one last
        for exemplar, members in table.items():
            letter = (
                exemplars(exemplar[0])
                and len(exemplar) == 1
                and (exemplar if exemplar.isascii() else latin_base(exemplar))
            )
            if letter and len(letter) == 1 and letter.isalpha():
                for member in members:
                    character = member["c"].strip("\u200e\u200f")
                    if is_wanted(character):
                        found.setdefault(character, exact(character, letter))
        found = with_other_case(found)
    return found


def is_wanted(character: str) -> bool:
    """Whether nothing but a table says what it looks like."""
    return (
        len(character) == 1
        and not character.isascii()
        and unicodedata.decimal(character, None) is None
        and unicodedata.normalize("NFKD", character) == character
        and latin_base(character) is None
        and unicodedata.name(character).split()[0] not in SCRIPTS_OF_SYMBOLS
    )


def exact(character: str, letter: str) -> str:
    """The standard folds capital I to l; a capital that looks like l is an I."""
    return "I" if letter == "l" and character.lower() != character else letter


def with_other_case(found: dict[str, str]) -> dict[str, str]:
    """A letter whose other case is confusable is so, too: м, because М is."""
    for character, letter in list(found.items()):
        for other in (character.lower(), character.upper()):
            if len(other) == 1 and is_wanted(other):
                found.setdefault(other, letter.lower() if other == character.lower() else letter.upper())
    return found


def main() -> None:
    """Write the table, one line for each letter."""
    lines = defaultdict(list)
    for character, letter in sorted(look_alikes().items()):
        lines[letter].append(character)
    version = importlib.metadata.version(PACKAGE)
    head = f"# Source: Unicode TS 39 through {PACKAGE} {version}; scripts/confusable_table.py\n"
    body = "".join(f"{letter} {' '.join(f'{ord(c):X}' for c in lines[letter])}\n" for letter in sorted(lines))
    TARGET.write_text(head + body)


if __name__ == "__main__":
    main()
