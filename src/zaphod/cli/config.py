"""`zaphod config`: the merged settings and their origins; knows nothing of what they do, but shows no password."""

from __future__ import annotations

import dataclasses
from typing import Any

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_table
from zaphod.core.configuration import MergedSettings, flag_name, setting_meanings
from zaphod.core.errors import ConfigError


def command(
    context: typer.Context,
    as_json: JsonFlag = False,
) -> None:
    """Print every setting, its value and where the value comes from.

    A flag beats an environment variable (ZAPHOD_MAX_TOKENS), which beats the configuration file
    (~/.config/zaphod/config.toml or .yaml), which beats the default.

    \b
    Examples:
      zaphod config
      ZAPHOD_THREADS=4 zaphod --config lab.yaml config --json
    """
    settings: MergedSettings = context.obj
    values = {name: _plain(value) for name, value in dataclasses.asdict(settings.values).items()}
    if settings.values.database is not None:
        values["database"] = _without_password(settings.values.database)
    if as_json:
        print_json({name: {"value": values[name], "origin": settings.origins[name]} for name in values})
        return
    meanings = setting_meanings()
    rows = [
        (flag_name(name)[2:], "unset" if value is None else str(value), settings.origins[name], meanings[name])
        for name, value in values.items()
    ]
    print_table(rows, header=("setting", "value", "origin", "meaning"), styles=("bold", "", "", "dim"))


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _without_password(url: str) -> str:
    """Where it leads, and as whom. What is no URL may still be a password, so nothing of it is shown."""
    from zaphod.records.postgres import parse_url, place_of  # here, because most have no database of their own

    try:
        return place_of(parse_url(url))
    except ConfigError:
        return "not a URL of a PostgreSQL database"
