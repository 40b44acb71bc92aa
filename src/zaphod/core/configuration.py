"""Every setting of the program, where each value came from, and nothing of what the settings do.

A value comes from the first of: a flag, an environment variable (`ZAPHOD_MAX_TOKENS`), the configuration file (YAML or
TOML, the flag names as keys: `max-tokens`), the default. Each is parsed to its type; a malformed one is refused with
the place it stood in.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from zaphod.core.errors import ConfigError
from zaphod.core.logging import LOG_LEVELS, LogLevel
from zaphod.core.units import parse_bytes

DType = Literal["auto", "float32", "bfloat16"]
RunnerName = Literal["auto", "native", "torch"]
ENVIRONMENT_PREFIX = "ZAPHOD_"

_Parser = Callable[[object], Any]


class _RejectedError(Exception):
    """A raw value does not parse; the message says what was wanted."""


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw:
        raise _RejectedError("a text that is not empty")
    return raw


def _choice(*options: str) -> _Parser:
    def parse(raw: object) -> str:
        if raw not in options:
            raise _RejectedError(f"one of {', '.join(options)}")
        return str(raw)

    return parse


def _whole(at_least: int) -> _Parser:
    wanted = f"a whole number, {at_least} or more"

    def parse(raw: object) -> int:
        try:
            number = int(raw) if isinstance(raw, str) else raw
        except ValueError as error:
            raise _RejectedError(wanted) from error
        if isinstance(number, bool) or not isinstance(number, int) or number < at_least:
            raise _RejectedError(wanted)
        return number

    return parse


def _not_negative_number(raw: object) -> float:
    wanted = "a number, 0 or more"
    try:
        number = float(raw) if isinstance(raw, str | int | float) and not isinstance(raw, bool) else math.nan
    except ValueError as error:
        raise _RejectedError(wanted) from error
    if not math.isfinite(number) or number < 0:
        raise _RejectedError(wanted)
    return number


def _bytes(raw: object) -> int:
    wanted = "a number of bytes, like 4 GB"
    try:
        num_bytes = parse_bytes(raw) if isinstance(raw, str) else raw
    except ValueError as error:
        raise _RejectedError(wanted) from error
    if isinstance(num_bytes, bool) or not isinstance(num_bytes, int) or num_bytes < 1:
        raise _RejectedError(wanted)
    return num_bytes


def _folder(raw: object) -> Path:
    if not isinstance(raw, str | Path) or not str(raw):
        raise _RejectedError("the path of a folder")
    return Path(raw).expanduser()


def _key_address(raw: object) -> str:
    if isinstance(raw, str) and re.match(r"[a-z0-9]+:.", raw):
        return raw
    # Not quoted: whoever takes the address for the key itself would find it in logs.
    raise ConfigError(
        "The setting kek is no address.",
        "It says where the key lies, like file:PATH or env:NAME, and is never the key itself.",
        "See docs/vault.md.",
    )


def _about(parse: _Parser, meaning: str) -> Mapping[str, Any]:
    return {"parse": parse, "meaning": meaning}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a user can set once for every command. `None` means that the program chooses."""

    model: str = field(default="builtin", metadata=_about(_text, "model used when a command names none"))
    dtype: DType = field(
        default="auto", metadata=_about(_choice(*get_args(DType)), "number format the model computes in")
    )
    runner: RunnerName = field(
        default="auto",
        metadata=_about(_choice(*get_args(RunnerName)), "what computes: our own kernels (native) or PyTorch (torch)"),
    )
    threads: int | None = field(
        default=None, metadata=_about(_whole(1), "CPU threads; unset: the cores this process may use")
    )
    context: int | None = field(
        default=None, metadata=_about(_whole(1), "longest sequence in tokens; unset: what the model was made for")
    )
    expert_cache: int | None = field(
        default=None,
        metadata=_about(_bytes, "memory for experts read from disk, like 4 GB; unset: none where the model fits"),
    )
    max_tokens: int = field(default=512, metadata=_about(_whole(1), "longest answer in tokens"))
    temperature: float = field(default=0.0, metadata=_about(_not_negative_number, "0 always takes the likeliest token"))
    seed: int | None = field(
        default=None, metadata=_about(_whole(0), "makes sampling repeatable; unset: different each time")
    )
    cache_dir: Path | None = field(
        default=None, metadata=_about(_folder, "where pulled models lie; unset: the Hugging Face cache")
    )
    state_dir: Path | None = field(
        default=None, metadata=_about(_folder, "where keys, records, vault and audit lie; unset: XDG_DATA_HOME/zaphod")
    )
    database: str | None = field(
        default=None, metadata=_about(_text, "PostgreSQL's URL for keys and records; unset: SQLite files in state-dir")
    )
    kek: str | None = field(
        default=None,
        metadata=_about(_key_address, "where the key above all keys lies, like env:NAME; unset: a file in state-dir"),
    )
    log_level: LogLevel = field(
        default="warning", metadata=_about(_choice(*LOG_LEVELS), f"one of {', '.join(LOG_LEVELS)}")
    )


_FIELDS = {f.name: f for f in dataclasses.fields(Settings)}


@dataclass(frozen=True)
class MergedSettings:
    """Settings and, for each, the place its value came from."""

    values: Settings
    origins: Mapping[str, str]

    def with_flags(self, **flags: Any) -> MergedSettings:
        """The same with a command's flags on top; a flag that is None was not given.

        Raises:
            ConfigError: a flag's value does not parse.
        """
        given = {name: value for name, value in flags.items() if value is not None}
        parsed = {name: _parse(name, raw, f"the flag {flag_name(name)}") for name, raw in given.items()}
        origins = {**self.origins, **{name: f"flag {flag_name(name)}" for name in given}}
        return MergedSettings(dataclasses.replace(self.values, **parsed), origins)


def load_settings(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> MergedSettings:
    """Merge all sources.

    Args:
        file: a `.toml`, `.yaml` or `.yml` file; None for the user's own file, if there is one.
        environment: `os.environ` unless given.
        flags: by setting name; those that are None were not given.

    Raises:
        ConfigError: a file cannot be read, a key or variable is unknown, or a value is malformed.
    """
    environment = os.environ if environment is None else environment
    file = _users_file(environment) if file is None else file
    values: dict[str, Any] = {}
    origins = dict.fromkeys(_FIELDS, "default")
    if file is not None:
        for name, raw in _read_file(file).items():
            values[name] = _parse(name, raw, f"{file}, key {_key(name)!r},")
            origins[name] = f"file {file}"
    for name, variable in _variables(environment).items():
        values[name] = _parse(name, environment[variable], f"the environment variable {variable}")
        origins[name] = f"environment variable {variable}"
    return MergedSettings(Settings(**values), origins).with_flags(**(flags or {}))


def setting_meanings() -> Mapping[str, str]:
    """Setting name to one line of explanation, in the order of `Settings`."""
    return {name: f.metadata["meaning"] for name, f in _FIELDS.items()}


def flag_name(name: str) -> str:
    """`max_tokens` -> `--max-tokens`."""
    return f"--{_key(name)}"


def _key(name: str) -> str:
    return name.replace("_", "-")


def _parse(name: str, raw: object, place: str) -> Any:
    try:
        return _FIELDS[name].metadata["parse"](raw)
    except _RejectedError as wanted:
        raise ConfigError(
            f"In {place} {_key(name)} is {raw!r}.", f"It must be {wanted}.", "Correct it, or remove it."
        ) from wanted


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Setting name -> the variable that sets it. A near miss of a known variable is refused, not ignored."""
    known = {ENVIRONMENT_PREFIX + name.upper(): name for name in _FIELDS}
    for variable in environment:
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in known:
            stem = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            nearest = difflib.get_close_matches(stem, _FIELDS, n=1, cutoff=0.8)
            if nearest:
                raise ConfigError(
                    f"The environment variable {variable} sets nothing.",
                    f"The nearest one is {ENVIRONMENT_PREFIX}{nearest[0].upper()}.",
                    f"Rename it, or remove it: unset {variable}",
                )
    return {name: variable for variable, name in known.items() if variable in environment}


def _users_file(environment: Mapping[str, str]) -> Path | None:
    base = environment.get("XDG_CONFIG_HOME") or "~/.config"
    folder = Path(base).expanduser() / "zaphod"
    found = [file for suffix in ("toml", "yaml", "yml") if (file := folder / f"config.{suffix}").is_file()]
    if len(found) > 1:
        raise ConfigError(
            f"{folder} holds {' and '.join(file.name for file in found)}.",
            "There must be one configuration file.",
            "Keep one of them, or name one with --config.",
        )
    return found[0] if found else None


def _read_file(file: Path) -> dict[str, Any]:
    """The file's entries by setting name, unparsed."""
    entries = _load(file)
    if entries is None:
        return {}
    if not isinstance(entries, dict):
        raise ConfigError(
            f"{file} holds a {type(entries).__name__}.",
            "It must hold keys and values.",
            "Write lines like `threads: 8`.",
        )
    return {_known_name(str(key), file): raw for key, raw in entries.items()}


def _known_name(key: str, file: Path) -> str:
    name = key.replace("-", "_")
    if name not in _FIELDS:
        nearest = difflib.get_close_matches(name, _FIELDS, n=1)
        raise ConfigError(
            f"{file} sets {key!r}, which is not a setting.",
            f"The settings are {', '.join(map(_key, _FIELDS))}.",
            f"Did you mean {_key(nearest[0])!r}?" if nearest else "Remove it.",
        )
    return name


def _load(file: Path) -> Any:
    suffix = file.suffix.lower()
    if suffix not in (".toml", ".yaml", ".yml"):
        raise ConfigError(
            f"The configuration file is {file}.", "It must end in .toml, .yaml or .yml.", "Rename it to what it holds."
        )
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.", "", "Check the path after --config.") from error
    return _load_toml(text, file) if suffix == ".toml" else _load_yaml(text, file)


def _load_toml(text: str, file: Path) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}.", "", "Correct that line.") from error


def _load_yaml(text: str, file: Path) -> Any:
    import yaml  # here, because most runs read no YAML

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{file} is not YAML: {reason}.", "", "Correct that line.") from error
