"""When a job emits least, by an hourly forecast of the grid and a deadline; knows no devices.

Exact for the forecast it is given: contiguous windows are all looked at, and hours with pauses are chosen by dynamic
programming. A started hour counts whole.
"""

from __future__ import annotations

import csv
import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Grams of CO2 equivalent a kilowatt hour, step by step."""

    start: datetime.datetime
    step: datetime.timedelta
    g_per_kwh: tuple[float, ...]

    @property
    def step_h(self) -> float:
        return self.step.total_seconds() / 3600

    def time(self, index: int) -> datetime.datetime:
        """When a step begins."""
        return self.start + index * self.step


@dataclass(frozen=True, kw_only=True)
class Window:
    """When to run."""

    steps: tuple[int, ...]
    """Of the forecast, ascending."""
    num_starts: int
    """Times that the job is started, the first included."""
    mean_g_per_kwh: float
    """Over the steps in which it runs, what restarts cost not counted."""
    g_per_kw: float
    """Grams for each kilowatt that the job takes, restarts included."""
    at_once_g_per_kw: float
    """The same, had it been started at once and not paused."""

    @property
    def saved(self) -> float:
        """Share of what starting at once emits."""
        return 1 - self.g_per_kw / self.at_once_g_per_kw if self.at_once_g_per_kw > 0 else 0.0


def best_window(
    forecast: Forecast, hours: float, *, deadline: datetime.datetime | None = None, restart_h: float | None = None
) -> Window:
    """The steps with the least emissions; of equal contiguous windows the earliest.

    Args:
        forecast: from now on.
        hours: that the job runs.
        deadline: it must have ended by then; the forecast's end unless given.
        restart_h: None where the job cannot be paused. Otherwise hours of full power that each further start takes
            beyond the work itself (loading, steps since the last checkpoint), emitted in its first step.

    Raises:
        ConfigError: the job does not fit before the deadline, or a figure is not above 0.
    """
    if not 0 < hours < math.inf:
        raise ConfigError(f"The job takes {hours} hours.", "It must be above 0.", "Like --hours 6")
    if restart_h is not None and not 0 <= restart_h < math.inf:
        raise ConfigError(f"A restart takes {restart_h} hours.", "It must be 0 or more.", "Like --restart 0.1")
    count = math.ceil(hours / forecast.step_h - 1e-9)
    open_steps = _until(forecast, deadline)
    if count > len(open_steps):
        raise ConfigError(
            f"The job takes {count} steps of {forecast.step_h:g} h, and {len(open_steps)} are left.",
            "It must end before the deadline.",
            "Set a later deadline, give a longer forecast, or make the job shorter.",
        )
    chosen = (
        _contiguous(open_steps, count)
        if restart_h is None
        else _with_pauses(open_steps, count, restart_h / forecast.step_h)
    )
    starts = [step for position, step in enumerate(chosen) if position == 0 or chosen[position - 1] != step - 1]
    restart_g = (restart_h or 0.0) * sum(open_steps[step] for step in starts[1:])
    run_g = forecast.step_h * sum(open_steps[step] for step in chosen)
    return Window(
        steps=tuple(chosen),
        num_starts=len(starts),
        mean_g_per_kwh=sum(open_steps[step] for step in chosen) / count,
        g_per_kw=run_g + restart_g,
        at_once_g_per_kw=forecast.step_h * sum(open_steps[:count]),
    )


def _until(forecast: Forecast, deadline: datetime.datetime | None) -> Sequence[float]:
    """The steps that end by then."""
    if deadline is None:
        return forecast.g_per_kwh
    if (deadline.tzinfo is None) != (forecast.start.tzinfo is None):
        raise ConfigError(
            f"The deadline is {deadline.isoformat()}, and the forecast begins {forecast.start.isoformat()}.",
            "Either both have a time zone or neither has.",
            "Write the deadline as the forecast writes its times.",
        )
    return forecast.g_per_kwh[: max(0, (deadline - forecast.start) // forecast.step)]


def _contiguous(values: Sequence[float], count: int) -> list[int]:
    first = min(range(len(values) - count + 1), key=lambda start: math.fsum(values[start : start + count]))
    return list(range(first, first + count))


def _with_pauses(values: Sequence[float], count: int, restart: float) -> list[int]:
    """Least `sum of chosen + restart x value of each further start's step`.

    `idle[k]` and `busy[k]` are the least cost with k steps chosen so far, the last step left out or chosen.
    """
    never = math.inf
    idle, busy = [0.0] + [never] * count, [never] * (count + 1)
    went_on: list[list[bool]] = []
    was_busy: list[list[bool]] = []
    for value in values:
        rested = [min(idle[k], busy[k]) for k in range(count + 1)]
        started = [never] + [idle[k] + value * (1 + (restart if k else 0.0)) for k in range(count)]
        continued = [never] + [busy[k] + value for k in range(count)]
        went_on.append([continued[k] <= started[k] for k in range(count + 1)])
        was_busy.append([busy[k] <= idle[k] for k in range(count + 1)])
        idle, busy = rested, [min(started[k], continued[k]) for k in range(count + 1)]
    is_busy, left, chosen = busy[count] < idle[count], count, []
    for step in range(len(values) - 1, -1, -1):
        if is_busy:
            chosen.append(step)
            is_busy, left = went_on[step][left], left - 1
        else:
            is_busy = was_busy[step][left]
    return chosen[::-1]


def read_forecast(file: Path) -> Forecast:
    """A CSV file with the columns `time` (ISO 8601, evenly spaced) and `g_per_kwh`.

    Raises:
        ConfigError: it cannot be read so; names the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}", "A forecast is a CSV file.", "Check its name.") from error
    rows = csv.DictReader(text.splitlines())
    rows.fieldnames = fields = [name.strip() for name in rows.fieldnames or ()]
    if not {"time", "g_per_kwh"} <= set(fields):
        raise ConfigError(
            f"{file} has the columns {', '.join(fields) or 'none'}.",
            "It must have time and g_per_kwh.",
            "Rename its columns.",
        )
    found = [(rows.line_num, *_parsed(file, rows.line_num, row)) for row in rows]
    if len(found) < 2:
        raise ConfigError(f"{file} has {len(found)} rows.", "A forecast has two or more.", "Give a longer one.")
    step = _difference(file, found[1][0], found[0][1], found[1][1])
    for (_, before, _), (line, now, _) in pairwise(found):
        if _difference(file, line, before, now) != step or step <= datetime.timedelta(0):
            raise ConfigError(
                f"{file}, line {line}: {now.isoformat()} follows {before.isoformat()}.",
                f"Times ascend evenly, here by {step}.",
                "Fill the gap, or sort the rows.",
            )
    return Forecast(start=found[0][1], step=step, g_per_kwh=tuple(value for _, _, value in found))


def _parsed(file: Path, line: int, row: dict[str, str | None]) -> tuple[datetime.datetime, float]:
    try:
        time = datetime.datetime.fromisoformat((row["time"] or "").strip())
        value = float(row["g_per_kwh"] or "")
    except ValueError as error:
        raise ConfigError(
            f"{file}, line {line}: {error}.", "A row has a time and a number.", "Like 2026-03-01T14:00+01:00,312"
        ) from error
    if not 0 <= value < math.inf:
        raise ConfigError(f"{file}, line {line}: {value} g/kWh.", "It must be 0 or more.", "Mend the line.")
    return time, value


def _difference(file: Path, line: int, before: datetime.datetime, now: datetime.datetime) -> datetime.timedelta:
    try:
        return now - before
    except TypeError as error:
        raise ConfigError(
            f"{file}, line {line}: only some of the times have a zone.", "All have one, or none.", "Write all alike."
        ) from error
