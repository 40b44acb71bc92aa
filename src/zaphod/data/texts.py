"""Texts from the files that a user names on the command line; knows plain text and JSON lines, no source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from zaphod.core.errors import ConfigError
from zaphod.data.json_lines import JsonLinesSource

_PLAIN = (".txt", ".md", ".rst", ".text")
_CHUNK_CHARACTERS = 1 << 16


def text_files(places: Sequence[Path]) -> list[Path]:
    """The files themselves, and in folders every text and JSON-lines file, by name.

    Raises:
        ConfigError: there is none.
    """
    files: list[Path] = []
    for place in places:
        inside = sorted(file for file in place.rglob("*") if file.is_file()) if place.is_dir() else [place]
        files += [file for file in inside if not place.is_dir() or file.suffix in (*_PLAIN, ".jsonl")]
    if not files or not all(file.is_file() for file in files):
        raise ConfigError(
            f"There are no texts in {', '.join(map(str, places))}.",
            f"They are files, or folders with files in {', '.join(_PLAIN)} or .jsonl.",
            "Name others.",
        )
    return files


def read_texts(files: Sequence[Path]) -> Iterator[str]:
    """Each JSON line's text, and plain files in pieces that end at a line's end; malformed UTF-8 is replaced."""
    for file in files:
        if file.name.endswith((".jsonl", ".jsonl.gz")):
            yield from (document.text for document in JsonLinesSource(name="texts", path=str(file)).documents())
        else:
            yield from _pieces(file)


def _pieces(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8", errors="replace", newline="") as opened:
        while lines := opened.readlines(_CHUNK_CHARACTERS):
            yield "".join(lines)
