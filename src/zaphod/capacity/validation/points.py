"""Measured points in a CSV file: what each cell says, and what could not be read; knows no predictions."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zaphod.core.errors import ConfigError

_NEEDED = ("id", "category", "model", "hardware", "metric", "measured_value")
_NUMBERS = (
    *("total_params_b", "active_params_b", "batch_or_concurrency", "isl", "osl", "seq_len", "tokens_total"),
    *("n_gpus", "tp", "pp", "cp", "ep", "dp", "vpp", "measured_value"),
)
_RANGE = re.compile(r"([0-9.]+(?:e[+-]?\d+)?)\s*(?:-|–|to)\s*([0-9.]+(?:e[+-]?\d+)?)", re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?[0-9]*\.?[0-9]+(?:e[+-]?\d+)?)\s*([kmbt]?)(?![0-9a-z])", re.IGNORECASE)
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_ABSENT = {"", "-", "–", "na", "n/a", "nan", "none", "null", "?", "unknown"}


@dataclass(frozen=True, kw_only=True)
class Point:
    """One measured figure. None stands for an empty cell, or one that is no number (then `problems` says so)."""

    id: str
    category: str
    model: str
    hardware: str
    metric: str
    measured: float | None
    unit: str = ""
    total_params_b: float | None = None
    """Billions."""
    active_params_b: float | None = None
    n_gpus: int | None = None
    precision: str = ""
    kv_dtype: str = ""
    tp: int | None = None
    pp: int | None = None
    cp: int | None = None
    ep: int | None = None
    dp: int | None = None
    vpp: int | None = None
    batch: int | None = None
    """Sequences of a batch, or requests in flight."""
    isl: float | None = None
    """Tokens of a prompt."""
    osl: float | None = None
    """Tokens of an answer."""
    seq_len: int | None = None
    tokens_total: float | None = None
    grade: str = ""
    framework: str = ""
    date: str = ""
    source_url: str = ""
    notes: str = ""
    problems: tuple[str, ...] = ()


def read_points(file: Path) -> tuple[Point, ...]:
    """The rows of a file with the columns of docs/planning.md; cells that cannot be read are named in `problems`.

    Raises:
        ConfigError: the file is missing, is no text, is empty or lacks a column that every row needs.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror}.", "It must be a CSV file.", "Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text.", "It must be a CSV file.", "Save it as UTF-8.") from error
    if "\0" in text:
        raise ConfigError(f"{file} holds zero bytes.", "It must be a CSV file.", "Export it as CSV.")
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), skipinitialspace=True))
    except csv.Error as error:
        raise ConfigError(f"{file} is not CSV: {error}.", "Cells are parted by commas.", "Mend the file.") from error
    return _points(file, [row for row in rows if any(cell.strip() for cell in row)])


def _points(file: Path, rows: list[list[str]]) -> tuple[Point, ...]:
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise ConfigError(
            f"{file} has no column {', '.join(missing)}.",
            f"The first line names the columns; needed are {', '.join(_NEEDED)}.",
            "Compare it with the columns listed in docs/planning.md.",
        )
    repeated = {name for name in header if name and header.count(name) > 1}
    if repeated:
        raise ConfigError(f"{file} has the column {', '.join(sorted(repeated))} twice.", "", "Remove one of them.")
    return tuple(
        _point(dict(zip(header, row, strict=False)), len(row) - len(header), n) for n, row in enumerate(rows[1:], 2)
    )


def _point(row: Mapping[str, str], num_extra: int, line: int) -> Point:
    cells = {name: cell.strip() for name, cell in row.items()}
    problems: list[str] = []
    if num_extra > 0:
        problems.append(f"Line {line} has {num_extra} cells more than there are columns.")
    numbers: dict[str, float | None] = {}
    for name in _NUMBERS:
        numbers[name] = _number(cells.get(name, ""))
        if numbers[name] is None and cells.get(name, "").lower() not in _ABSENT:
            problems.append(f"{name} is {cells[name]!r}, not a number.")

    def count(name: str) -> int | None:
        value = numbers[name]
        if value is None:
            return None
        if value < 0 or value != int(value):
            problems.append(f"{name} is {cells[name]!r}, not a count.")
            return None
        return int(value)

    def positive(name: str) -> float | None:
        value = numbers[name]
        if value is not None and value < 0:
            problems.append(f"{name} is {cells[name]!r}, below 0.")
            return None
        return value

    return Point(
        id=cells.get("id", "") or f"line {line}",
        category=cells.get("category", "").lower(),
        model=cells.get("model", ""),
        hardware=cells.get("hardware", ""),
        metric=cells.get("metric", "").lower(),
        measured=numbers["measured_value"],
        unit=cells.get("unit", ""),
        total_params_b=positive("total_params_b"),
        active_params_b=positive("active_params_b"),
        n_gpus=count("n_gpus"),
        precision=cells.get("precision", ""),
        kv_dtype=cells.get("kv_dtype", ""),
        tp=count("tp"),
        pp=count("pp"),
        cp=count("cp"),
        ep=count("ep"),
        dp=count("dp"),
        vpp=count("vpp"),
        batch=count("batch_or_concurrency"),
        isl=positive("isl"),
        osl=positive("osl"),
        seq_len=count("seq_len"),
        tokens_total=positive("tokens_total"),
        grade=cells.get("grade", ""),
        framework=cells.get("framework", ""),
        date=cells.get("date", ""),
        source_url=cells.get("source_url", ""),
        notes=cells.get("notes", ""),
        problems=tuple(problems),
    )


def _number(cell: str) -> float | None:
    """`1,024`, `~0.5`, `128k`, `1.5e13`, and the middle of `20-22`."""
    text = cell.replace(",", "").replace("_", "").strip().lstrip("~≈<>=± ")
    between = _RANGE.fullmatch(text)
    if between:
        try:
            return (float(between[1]) + float(between[2])) / 2
        except ValueError:
            return None
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    value = float(found[1]) * _FACTORS[found[2].lower()]
    return value if math.isfinite(value) else None
