"""The configuration of a build, as TOML or in code: sources, stages, tokenizer; knows none of them by heart.

    tokenizer = "tokenizer.json"      # or a folder with one, or "bytes"
    seed = 0

    [[sources]]
    kind = "json-lines"
    name = "notes"
    path = "notes.jsonl"
    licence = "MIT"

    [[stages]]
    kind = "relevance"
    model = "topic.npz"
    min_probability = 0.5

`kind` is a row of `components`; the other keys are the settings of the class that stands there. A source may carry
`domain`, the domain of its documents that bring none.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError

_PATH_KEYS = ("path", "paths", "tokenizer", "model", "embedder", "folder", "references")
"""Settings that name a place; a relative one starts at the configuration's folder."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """One source or stage as the configuration names it."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BuildConfig:
    """All settings of a build."""

    sources: tuple[Component, ...]
    tokenizer: str
    stages: tuple[Component, ...] = ()
    seed: int = 0
    """Written into the manifest for whoever draws from the shards; the build itself draws nothing."""
    slice_documents: int = 256
    """Documents of a slice: what is worked on, and written down as done, at once."""
    slice_characters: int = 4_000_000
    """A slice is closed once it has so many."""
    max_shard_tokens: int = 1 << 28
    allow_copyleft: bool = False
    allow_restricted: bool = False
    allow_unknown_licences: bool = False

    def __post_init__(self) -> None:
        if not self.sources:
            raise ConfigError("The configuration names no source.", "A build has at least one.", "Add [[sources]].")
        for name in ("slice_documents", "slice_characters", "max_shard_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It is at least 1.", "Mend the configuration.")
        names = [component.settings.get("name") for component in self.sources]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(
                f"Two sources are called {', '.join(twice)}.", "Names tell sources apart.", "Rename one of them."
            )

    def recipe(self) -> dict[str, Any]:
        """The same as plain values."""
        return dataclasses.asdict(self)


def read_build_config(file: Path, **overrides: Any) -> BuildConfig:
    """The configuration in a TOML file.

    Args:
        file: relative paths in it start at its folder.
        overrides: fields of `BuildConfig` that a flag sets; None leaves the file's value.

    Raises:
        ConfigError: it is missing or malformed, or a key is unknown.
    """
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(
            f"{file} cannot be read: {error}.",
            "It is a TOML file with [[sources]], [[stages]] and a tokenizer.",
            "See docs/data.md for an example.",
        ) from error
    table |= {name: value for name, value in overrides.items() if value is not None}
    return build_config(table, file.parent)


def build_config(table: Mapping[str, Any], base: Path) -> BuildConfig:
    """The configuration in a table, whose relative paths start at `base`."""
    known = {entry.name: entry for entry in dataclasses.fields(BuildConfig)}
    require_known(table, known, "the configuration")
    missing = [name for name in ("sources", "tokenizer") if name not in table]
    if missing:
        raise ConfigError(
            f"The configuration lacks {' and '.join(missing)}.", "A build needs both.", "See docs/data.md."
        )
    plain = {name: value for name, value in table.items() if name not in ("sources", "stages", "tokenizer")}
    for name, value in plain.items():
        wanted = type(known[name].default)
        if type(value) is not wanted:
            raise ConfigError(f"{name} is {value!r}.", f"It is of the type {wanted.__name__}.", "Mend the value.")
    return BuildConfig(
        sources=_components(table["sources"], "sources", base),
        stages=_components(table.get("stages", []), "stages", base),
        tokenizer=_tokenizer(table["tokenizer"], base),
        **plain,
    )


def require_known(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse a key that nobody reads, naming the nearest that somebody does.

    Raises:
        ConfigError: there is such a key.
    """
    known = list(known)
    for key in given:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            raise ConfigError(
                f"{where[0].upper()}{where[1:]} has no setting {key!r}.",
                f"It has {', '.join(known)}." if known else "It has none.",
                f"Did you mean {nearest[0]!r}?" if nearest else "Remove it.",
            )


def _components(rows: Any, where: str, base: Path) -> tuple[Component, ...]:
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("kind"), str) for row in rows
    ):
        raise ConfigError(
            f"{where} is {rows!r:.80}.", f"It is a list of tables [[{where}]], each with a `kind`.", "See docs/data.md."
        )
    return tuple(
        Component(
            kind=row["kind"], settings={key: _placed(key, value, base) for key, value in row.items() if key != "kind"}
        )
        for row in rows
    )


def _tokenizer(value: Any, base: Path) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"tokenizer is {value!r}.", 'It is a path or "bytes".', "Name one.")
    return value if value == "bytes" else str(_placed("tokenizer", value, base))


def _placed(key: str, value: Any, base: Path) -> Any:
    if key in _PATH_KEYS and isinstance(value, list):
        return [_placed(key, entry, base) for entry in value]
    if key not in _PATH_KEYS or not isinstance(value, str) or "://" in value:
        return value
    return str(base / Path(value).expanduser())
