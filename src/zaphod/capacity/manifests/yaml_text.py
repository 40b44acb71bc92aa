"""YAML with comments, in which a user's text can never become anything but a text; knows no manifests.

Only block style is written. A string stands bare if it can be read in one way only, whatever the reader's version of
YAML; every other one is quoted, with all but printable ASCII escaped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from zaphod.core.errors import ConfigError

# Letters first, so that it is no number, date or indicator; a colon is followed by neither a space nor the end.
_BARE = re.compile(r"(?:--)?[A-Za-z/][A-Za-z0-9_./=@$()+-]*(?::[A-Za-z0-9_./=@$()+-]+)*")
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


@dataclass(frozen=True)
class Noted:
    """A value and where it comes from; the note becomes the comment behind it."""

    value: Any
    note: str


@dataclass(frozen=True)
class Verbatim:
    """A document inside of a document: lines written by `text_of`, kept as they are."""

    text: str


def text_of(*documents: Any, heading: Sequence[str] = ()) -> str:
    """One YAML file.

    Args:
        documents: mappings and sequences of mappings, sequences, strings, numbers, truths and None; any of them, and
            any value in them, may be `Noted`.
        heading: lines of comment before all.

    Raises:
        ConfigError: a string holds half of a surrogate pair, which no encoding can write.
    """
    head = "".join(f"# {one_line(line)}".rstrip() + "\n" for line in heading)
    return head + "---\n".join("".join(line + "\n" for line in _lines(document, 0)) for document in documents)


def one_line(text: str) -> str:
    """The text without any letter that could end a line or hide one."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def scalar(value: str | float | bool | None) -> str:
    """One value as YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if _BARE.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    if all(" " <= letter <= "~" and letter != "'" for letter in value) and '"' in value:
        return f"'{value}'"
    return '"' + "".join(_escaped(letter) for letter in value) + '"'


def _number(value: float) -> str:
    """With a point and without an exponent: YAML 1.1 takes `1e-05` for a string."""
    assert math.isfinite(value), value
    text = format(Decimal(repr(value)), "f")
    return text if "." in text else text + ".0"


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if " " <= letter <= "~":
        return letter
    code = ord(letter)
    if 0xD800 <= code <= 0xDFFF:
        raise ConfigError(
            f"A text holds the code point U+{code:04X}.", "It is half of a letter.", "Write the text again."
        )
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _lines(value: Any, depth: int) -> Iterator[str]:
    value, _ = _unwrapped(value)
    if not _is_block(value):
        yield "  " * depth + _flat(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{'  ' * depth}{scalar(str(key))}:", item, depth)
    else:
        for item in value:
            yield from _item(item, depth)


def _entry(start: str, item: Any, depth: int) -> Iterator[str]:
    """`key: value`, or the key and its block below it."""
    item, comment = _unwrapped(item)
    if isinstance(item, Verbatim):
        yield f"{start} |{comment}"
        yield from ("  " * (depth + 1) + line if line else "" for line in item.text.splitlines())
    elif _is_block(item):
        yield start + comment
        yield from _lines(item, depth + 1)
    else:
        yield f"{start} {_flat(item)}{comment}"


def _item(item: Any, depth: int) -> Iterator[str]:
    """`- value`; a mapping begins behind the dash."""
    item, comment = _unwrapped(item)
    pad = "  " * depth
    if not _is_block(item):
        yield f"{pad}- {_flat(item)}{comment}"
        return
    if comment:
        yield f"{pad}{comment.strip()}"
    first, *rest = _lines(item, depth + 1)
    yield f"{pad}- {first[len(pad) + 2 :]}"
    yield from rest


def _unwrapped(item: Any) -> tuple[Any, str]:
    return (item.value, f"  # {one_line(item.note)}") if isinstance(item, Noted) else (item, "")


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_block(value: Any) -> bool:
    return (isinstance(value, Mapping) or _is_list(value)) and len(value) > 0


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if _is_list(value) else scalar(value)
