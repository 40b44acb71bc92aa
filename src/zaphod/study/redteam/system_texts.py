"""Harmless texts that lie on this machine: manual pages, docstrings, message catalogues; absent ones are left out.

They are read when asked for and kept nowhere. How many there are depends on what is installed.
"""

from __future__ import annotations

import ast
import gzip
import random
import re
import struct
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from zaphod.study.redteam.benign import Benign, split_of

MAN_FOLDERS = (Path("/usr/share/man"),)
LOCALE_FOLDERS = (Path("/usr/share/locale"),)
LIBRARY_FOLDER = Path(sysconfig.get_paths()["stdlib"])
_MIN_CHARACTERS, _MAX_CHARACTERS = 20, 2000
_ROFF_MACRO = re.compile(r"^[.'].*$", re.MULTILINE)
_ROFF_ESCAPE = re.compile(r"\\f(?:\[[^]]*\]|\(..|.)|\\[&|^%]|\\s[-+]?[0-9]")


def system_texts(num_each: int, seed: int) -> list[Benign]:
    """Up to `num_each` texts of each source, the same for the same seed and machine."""
    found: list[Benign] = []
    for source, texts in _sources().items():
        usable = sorted({text for text in texts if _MIN_CHARACTERS <= len(text) <= _MAX_CHARACTERS})
        chosen = random.Random(f"{source}/{seed}").sample(usable, min(num_each, len(usable)))
        found += (Benign(source=source, split=split_of(text), text=text) for text in chosen)
    return found


def _sources() -> Mapping[str, Iterator[str]]:
    sources = {
        "git manual pages": manual_paragraphs("git*"),
        "other manual pages": manual_paragraphs("[!g]*"),
        "Python docstrings": docstrings(LIBRARY_FOLDER),
    }
    return sources | {f"messages in {language}": messages(paths) for language, paths in _catalogues().items()}


def manual_paragraphs(pattern: str) -> Iterator[str]:
    """Paragraphs of installed manual pages in English, without their typesetting."""
    for folder in MAN_FOLDERS:
        for path in sorted(folder.glob(f"man[1-8]/{pattern}")):
            content = path.read_bytes()
            source = gzip.decompress(content) if path.suffix == ".gz" else content
            yield from roff_paragraphs(source.decode(errors="replace"))


def roff_paragraphs(source: str) -> Iterator[str]:
    """What a manual page says, a paragraph at a time."""
    for paragraph in re.split(r"^\.(?:PP|sp|SH|SS|TP|IP|RE|RS|P)\b.*$", source, flags=re.MULTILINE):
        text = _ROFF_ESCAPE.sub("", _ROFF_MACRO.sub("", paragraph))
        text = re.sub(r"\s+", " ", text.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")).strip()
        if text:
            yield text


def docstrings(folder: Path) -> Iterator[str]:
    """Documentation of the modules, classes and functions in a folder, without its subfolders."""
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    yield text


def messages(paths: list[Path]) -> Iterator[str]:
    """Translated messages of programs."""
    for path in paths:
        yield from catalogue_messages(path.read_bytes())


def catalogue_messages(content: bytes) -> Iterator[str]:
    """The translations of one catalogue of GNU gettext; none where it is no such file.

    Two tables of lengths and offsets, of keys and of translations, stand behind the magic number (GNU gettext manual,
    "The Format of GNU MO Files"). The header is the translation of the empty key.
    """
    order = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}.get(content[:4])
    if order is None or len(content) < 20:
        return
    count, keys, translations = struct.unpack(f"{order}3I", content[8:20])
    for index in range(min(count, len(content) // 8)):
        key_length, _ = _entry(content, order, keys + 8 * index)
        length, offset = _entry(content, order, translations + 8 * index)
        if key_length:
            yield from filter(None, content[offset : offset + length].decode(errors="replace").split("\0"))


def _entry(content: bytes, order: str, offset: int) -> tuple[int, int]:
    if offset + 8 > len(content):
        return 0, 0
    length, place = struct.unpack_from(f"{order}2I", content, offset)
    return length, place


def _catalogues() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for folder in LOCALE_FOLDERS:
        for path in sorted(folder.glob("*/LC_MESSAGES/*.mo")):
            found.setdefault(path.parts[-3], []).append(path)
    return found
