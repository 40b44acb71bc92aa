"""Frozen dataclasses from TOML, checked key by key; knows types, not what the settings mean.

Every wrong key or value is an error that names its place (`balance.weight`) and, for a key, the nearest known one.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from zaphod.core.errors import ConfigError

Config = TypeVar("Config")

_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def read_toml(file: Path) -> dict[str, Any]:
    """A file's tables. Raises `ConfigError` if it cannot be read."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error}.", "A TOML file is wanted.", "Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is no TOML: {error}.", "See docs/training.md for an example.", "Mend it.") from error


def build(kind: type[Config], values: object, place: str = "") -> Config:
    """A configuration from plain data; a field that is itself a configuration is a table.

    Raises:
        ConfigError: a key is unknown or missing, or a value has the wrong type.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{place} is {values!r}.", "It must be a table.", f"Write [{place}] and its keys below it.")
    hints = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in values:
        require_known(key, list(fields), place)
    for name, field in fields.items():
        is_needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if is_needed and name not in values:
            raise ConfigError(f"{_path(place, name)} is missing.", "It has no default.", "Set it.")
    return kind(**{name: _value(hints[name], value, _path(place, name)) for name, value in values.items()})


def require_known(key: str, known: list[str], place: str) -> None:
    """Raise `ConfigError` with the nearest known key if there is no such one."""
    if key not in known:
        nearest = difflib.get_close_matches(key, known, n=1)
        raise ConfigError(
            f"There is no setting {_path(place, key)}.",
            f"{'[' + place + '] has' if place else 'The sections are'} {', '.join(known)}.",
            f"Did you mean {_path(place, nearest[0])}?" if nearest else "Remove it.",
        )


def _path(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _value(kind: Any, value: object, place: str) -> Any:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if isinstance(value, kind):
            return value
        return build(kind, value, place)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None  # TOML has no such value; it comes from presets
        return _value(next(a for a in arguments if a is not type(None)), value, place)
    if origin is Literal:
        return _require(value in arguments, value, place, f"one of {', '.join(map(str, arguments))}")
    if origin is tuple:
        return _tuple(arguments, value, place)
    if origin in (dict, Mapping):
        _require(isinstance(value, Mapping), value, place, "a table")
        assert isinstance(value, Mapping)
        return {key: _value(arguments[1], item, f"{place}.{key}") for key, item in value.items()}
    if kind is Any:
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    is_right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    is_right = is_right and not (isinstance(value, float) and not math.isfinite(value))
    return _require(is_right, value, place, _WORDS[kind])


def _tuple(arguments: tuple[Any, ...], value: object, place: str) -> tuple[Any, ...]:
    is_open = len(arguments) == 2 and arguments[1] is Ellipsis
    length = "a list" if is_open else f"a list of {len(arguments)}"
    is_right = isinstance(value, list | tuple) and (is_open or len(value) == len(arguments))
    _require(is_right, value, place, length)
    assert isinstance(value, list | tuple)
    kinds = [arguments[0]] * len(value) if is_open else list(arguments)
    return tuple(_value(kind, item, f"{place}[{n}]") for n, (kind, item) in enumerate(zip(kinds, value, strict=True)))


def _require(is_right: bool, value: object, place: str, wanted: str) -> object:
    if not is_right:
        raise ConfigError(f"{place} is {value!r}.", f"It must be {wanted}.", "Mend it.")
    return value
