"""Sweeps as CSV files, one setting a row; knows no devices.

Columns: `power_limit_w` or `clock_mhz`, `time_s`, `energy_j`, and, if it was measured, `itl_p99_s`. Others are ignored.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from zaphod.capacity.operation.selectors import Measured
from zaphod.core.errors import ConfigError

_COLUMNS = {"power_limit_w": "W", "clock_mhz": "MHz"}


def read_trace(file: Path) -> tuple[Measured, ...]:
    """The rows of a sweep.

    Raises:
        ConfigError: the file cannot be read, lacks a column, or a field is no number; names the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}", "A sweep is a CSV file.", "Check its name.") from error
    rows = csv.DictReader(text.splitlines())
    fields = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = fields
    chosen = [name for name in _COLUMNS if name in fields]
    missing = [name for name in ("time_s", "energy_j") if name not in fields]
    if len(chosen) != 1 or missing:
        raise ConfigError(
            f"{file} has the columns {', '.join(fields) or 'none'}.",
            "It must have power_limit_w or clock_mhz (one of them), time_s and energy_j.",
            "Rename its columns.",
        )
    found = tuple(_row(file, rows.line_num, row, chosen[0]) for row in rows)
    if not found:
        raise ConfigError(f"{file} has no rows.", "There is nothing to choose from.", "Sweep again.")
    return found


def _row(file: Path, line: int, row: dict[str, str | None], column: str) -> Measured:
    try:
        itl = (row.get("itl_p99_s") or "").strip()
        return Measured(
            setting=float(row[column] or ""),
            unit=_COLUMNS[column],
            time_s=float(row["time_s"] or ""),
            energy_j=float(row["energy_j"] or ""),
            itl_p99_s=float(itl) if itl else None,
        )
    except ValueError as error:
        raise ConfigError(f"{file}, line {line}: {error}.", "Each field is a number.", "Mend the line.") from error
    except ConfigError as error:
        raise ConfigError(f"{file}, line {line}: {error.found}", error.wanted, error.remedy) from error


def write_trace(file: Path, measured: Sequence[Measured]) -> None:
    """A sweep that `read_trace` reads."""
    assert measured
    column = next(name for name, unit in _COLUMNS.items() if unit == measured[0].unit)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([column, "time_s", "energy_j", "itl_p99_s"])
        for each in measured:
            itl = "" if each.itl_p99_s is None else repr(each.itl_p99_s)
            writer.writerow([repr(each.setting), repr(each.time_s), repr(each.energy_j), itl])
