"""Reads files of wordings and writes them out as texts; knows what families there are, not what they are for.

A wording is a sentence with choices: `{a|b}` is one of those, `{name}` a filler of that slot, and both may stand inside
a choice. `{open}` and `{close}` are the braces themselves.

A file is TOML: `language`; `[slots]`, whose fillers are dealt out to train, validation and test like wordings;
`[shared]`, whose fillers all three use; `[groups]`, the names of groups of people as noun and adjective, for `{group}`
and `{group_adj}`; `extends`, a file beside it whose slots, shared fillers and groups it has too; `[harmful.FAMILY]` and
`[benign.FAMILY]` with `templates`, and `groups = true` where each wording is written out for each group.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from zaphod.core.errors import ConfigError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
_WORDING_SHARES: Mapping[Split, float] = {"train": 0.62, "validation": 0.14, "test": 0.24}
_FILLER_SHARES: Mapping[Split, float] = {"train": 0.74, "validation": 0.1, "test": 0.16}

_CHOICE = re.compile(r"\{([^{}]*)\}")
_BRACES = {"open": "\x01", "close": "\x02"}
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiouAEIO])")
_KEYS = {"language", "extends", "slots", "shared", "groups", "harmful", "benign"}


@dataclass(frozen=True, kw_only=True)
class Family:
    """Wordings of one kind in one language."""

    name: str
    is_harmful: bool
    has_groups: bool
    templates: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Wordings:
    """One file."""

    language: str
    slots: Mapping[str, tuple[str, ...]]
    shared: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, str]]
    families: tuple[Family, ...]

    def fillers(self, slot: str, split: Split, seed: int) -> tuple[str, ...]:
        """What may stand in a slot."""
        if slot in self.shared:
            return self.shared[slot]
        return dealt(self.slots[slot], split, f"{seed}/{self.language}/{slot}", _FILLER_SHARES)


def read_wordings(path: Path) -> Wordings:
    """Read a file.

    Raises:
        ConfigError: it has keys that nobody reads, or wordings with slots that it does not fill.
    """
    raw = tomllib.loads(path.read_text("utf-8"))
    _refuse(sorted(raw.keys() - _KEYS), path, "knows no key", f"The keys are {', '.join(sorted(_KEYS))}.")
    base = read_wordings(path.with_name(raw["extends"])) if "extends" in raw else None
    wordings = Wordings(
        language=raw["language"],
        slots=_fillers(raw, "slots") | dict(base.slots if base else {}),
        shared=_fillers(raw, "shared") | dict(base.shared if base else {}),
        groups={name: (plural, adjective) for name, (plural, adjective) in raw.get("groups", {}).items()}
        | dict(base.groups if base else {}),
        families=tuple(_families(raw)),
    )
    for family in wordings.families:
        for template in family.templates:
            _refuse(_unknown_slots(template, wordings, family), path, f"has no fillers ({template!r})", "Add the slot.")
    return wordings


def _fillers(raw: Mapping[str, Any], kind: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(fillers) for name, fillers in raw.get(kind, {}).items()}


def _families(raw: Mapping[str, Any]) -> list[Family]:
    return [
        Family(
            name=name,
            is_harmful=kind == "harmful",
            has_groups=table.get("groups", False),
            templates=tuple(table["templates"]),
        )
        for kind in ("harmful", "benign")
        for name, table in raw.get(kind, {}).items()
    ]


def _unknown_slots(template: str, wordings: Wordings, family: Family) -> list[str]:
    known = {*wordings.slots, *wordings.shared, *_BRACES}
    if family.has_groups:
        known |= {"group", "group_adj"}
    unknown: list[str] = []

    def note(name: str) -> str:
        if name not in known:
            unknown.append(name)
        return ""

    written(template, note, lambda count: 0)
    for slots in re.findall(r"\{([a-z_]+)\}", template):
        note(slots)
    return unknown


def _refuse(names: Sequence[str], path: Path, what: str, remedy: str) -> None:
    if names:
        raise ConfigError(f"{path.name} has {', '.join(names)}.", f"The generator {what} of that name.", remedy)


def dealt(
    things: Sequence[str], split: Split, salt: str, shares: Mapping[Split, float] = _WORDING_SHARES
) -> tuple[str, ...]:
    """The share of `things` that a split gets: by their hashes, so that a new one moves few others."""
    return _dealt(tuple(things), split, salt, shares["train"], shares["validation"])


@lru_cache(maxsize=4096)
def _dealt(
    things: tuple[str, ...], split: Split, salt: str, train_share: float, validation_share: float
) -> tuple[str, ...]:
    ordered = sorted(things, key=lambda thing: hashlib.sha256(f"{salt}/{thing}".encode()).digest())
    num_train = max(round(len(ordered) * train_share), 1)
    num_validation = max(round(len(ordered) * validation_share), 1)
    # One for each, however few there are; a single one is for training.
    num_train = max(min(num_train, len(ordered) - num_validation - 1), 1)
    test = num_train + num_validation
    bounds: dict[Split, tuple[int, int]] = {
        "train": (0, num_train),
        "validation": (num_train, test),
        "test": (test, len(ordered)),
    }
    start, end = bounds[split]
    return tuple(ordered[start:end])


def written(template: str, fill: Callable[[str], str], draw: Callable[[int], int]) -> str:
    """One text of a wording.

    Args:
        template: the wording.
        fill: what stands in a slot.
        draw: a number below the one given, for each choice.
    """

    def choose(match: re.Match[str]) -> str:
        options = match[1].split("|")
        if len(options) > 1:
            return options[draw(len(options))]
        return _BRACES[match[1]] if match[1] in _BRACES else fill(match[1])

    text = template
    while _CHOICE.search(text):
        text = _CHOICE.sub(choose, text)
    return _ARTICLE.sub(r"\1n ", text).replace(_BRACES["open"], "{").replace(_BRACES["close"], "}")
