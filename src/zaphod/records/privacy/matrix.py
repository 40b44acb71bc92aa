"""The control matrix: duties of law beside what the software does about each; knows no installation."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Control:
    """One duty.

    Args:
        law, article, title: where it stands, and what it is called.
        nature: whether it is required.
        does: what the software does about it.
        live: names of facts of an installation that show how it stands there.
        commands: that show it or do it.
        operator: what no software does.
    """

    law: str
    article: str
    title: str
    nature: str
    does: str
    live: tuple[str, ...]
    commands: tuple[str, ...]
    operator: str


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """All duties, and a note on each law."""

    notes: Mapping[str, str]
    controls: tuple[Control, ...]


@functools.cache
def matrix() -> Matrix:
    """The one that comes with the program."""
    table: dict[str, Any] = tomllib.loads((files(__package__) / "matrix.toml").read_text(encoding="utf-8"))
    rows = (row | {name: tuple(row[name]) for name in ("live", "commands")} for row in table["control"])
    return Matrix(notes=table["notes"], controls=tuple(Control(**row) for row in rows))
