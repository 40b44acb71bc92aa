"""Rows of facts in TOML files: each names its source and its date, or it is no row; knows no kinds of facts."""

from __future__ import annotations

import datetime
import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar

from zaphod.core.errors import ConfigError

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a fact was found, and when."""

    text: str
    """An address, or the name of a document; several are parted by `;`."""
    date: datetime.date


def read_rows(name: str, kind: Callable[..., _T], package: str = __package__) -> Mapping[str, _T]:
    """The rows of a file of that package, by their names, in its order.

    Raises:
        ConfigError: a row lacks its source or its date, repeats a name, or does not fit `kind`.
    """
    data = tomllib.loads(files(package).joinpath(name).read_text(encoding="utf-8"))
    rows: dict[str, _T] = {}
    for row in data["row"]:
        label = row.get("name", "?")
        if label in rows:
            raise ConfigError(f"{name}: there are two rows {label!r}.", "Names are unique.", "Rename one.")
        rows[label] = _read(name, label, dict(row), kind)
    return rows


def _read(name: str, label: str, row: dict[str, Any], kind: Callable[..., _T]) -> _T:
    source, date = row.pop("source", ""), row.pop("date", None)
    if not isinstance(source, str) or not source.strip() or not isinstance(date, datetime.date):
        raise ConfigError(
            f"{name}: row {label!r} has source {source!r} and date {date!r}.",
            "Each row says where its figures come from, and when they were read.",
            "Add `source` and `date`.",
        )
    try:
        return kind(**row, source=Source(text=source, date=date))
    except TypeError as error:
        raise ConfigError(
            f"{name}: row {label!r} does not fit: {error}.", "", "Compare it with its neighbours."
        ) from error


def find(rows: Mapping[str, _T], name: str, what: str) -> _T:
    """The row of that name, whatever its letters' case.

    Raises:
        ConfigError: there is none; names the nearest.
    """
    by_lower = {key.lower(): row for key, row in rows.items()}
    if name.lower() in by_lower:
        return by_lower[name.lower()]
    nearest = difflib.get_close_matches(name.lower(), by_lower, n=1)
    raise ConfigError(
        f"There is no {what} {name!r}.",
        f"Known are {', '.join(rows)}.",
        f"Did you mean {nearest[0]!r}?" if nearest else "Choose one of them.",
    )
