"""The file that names sinks (TOML); knows the options of each kind, not what they do."""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.safety.audit.shipping.elasticsearch import ElasticsearchOptions, ElasticsearchSink
from zaphod.safety.audit.shipping.otlp import OtlpOptions, OtlpSink
from zaphod.safety.audit.shipping.sink import Sink
from zaphod.safety.audit.shipping.splunk import SplunkOptions, SplunkSink
from zaphod.safety.audit.shipping.syslog import SyslogOptions, SyslogSink

_KINDS: dict[str, tuple[Any, Any]] = {
    "splunk": (SplunkSink, SplunkOptions),
    "elasticsearch": (ElasticsearchSink, ElasticsearchOptions),
    "otlp": (OtlpSink, OtlpOptions),
    "syslog": (SyslogSink, SyslogOptions),
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def load_sinks(path: Path) -> list[Sink]:
    """All sinks of a file.

    Raises:
        ConfigError: it cannot be read, or something in it is not understood.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "", "Check the path.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.", "", "Correct that line.") from error
    tables = document.pop("sink", None)
    if document or not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        found = f"{path} holds {', '.join(document) or 'no sinks'}."
        raise ConfigError(found, "It must hold [[sink]] tables and nothing else.", "See docs/audit.md.")
    sinks = [_sink(table, path) for table in tables]
    names = [sink.name for sink in sinks]
    if len(set(names)) < len(names):
        raise ConfigError(f"{path} names a sink twice.", "Each keeps its place under its name.", "Rename one.")
    return sinks


def _sink(table: dict[str, Any], path: Path) -> Sink:
    options = dict(table)
    kind, name = options.pop("kind", None), options.pop("name", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ConfigError(f"{path} has a sink of kind {kind!r}.", f"Kinds are {', '.join(_KINDS)}.", "Correct it.")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        wanted = "It must be of small letters, digits, hyphens and underscores."
        raise ConfigError(f"{path} has a sink with the name {name!r}.", wanted, "Correct it.")
    make, options_class = _KINDS[kind]
    place = f"{path}, sink {name!r},"
    hints = typing.get_type_hints(options_class)
    given = {key: _value(value, _hint(key, hints, place), f"{place} {key}") for key, value in options.items()}
    missing = [field.name for field in dataclasses.fields(options_class) if _is_required(field, given)]
    if missing:
        raise ConfigError(f"{place} lacks {', '.join(missing)}.", "", "Add it.")
    sink: Sink = make(name, options_class(**given))
    return sink


def _is_required(field: dataclasses.Field[Any], given: Mapping[str, Any]) -> bool:
    has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    return not has_default and field.name not in given


def _hint(key: str, hints: Mapping[str, Any], place: str) -> Any:
    if key in hints:
        return hints[key]
    nearest = difflib.get_close_matches(key, hints, n=1)
    remedy = f"Did you mean {nearest[0]}?" if nearest else "Remove it."
    raise ConfigError(f"{place} has {key}.", f"It may have {', '.join(hints)}.", remedy)


def _value(value: Any, hint: Any, place: str) -> Any:
    """The value as the option's type wants it."""
    if typing.get_origin(hint) is UnionType:
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if hint is Path and isinstance(value, str) and value:
        return Path(value).expanduser()
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint in (str, int, bool) and type(value) is hint:
        return value
    if typing.get_origin(hint) is typing.Literal and value in typing.get_args(hint):
        return value
    if typing.get_origin(hint) is Mapping and _is_words(value):
        return value
    raise ConfigError(f"{place} is {value!r}.", f"It must be {_words(hint)}.", "Correct it.")


def _is_words(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())


def _words(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return f"one of {', '.join(typing.get_args(hint))}"
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}
    return names.get(hint, "a table of texts")
