"""Manifests as they lie in deploy/, and every way to misspell one of their fields."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SCHEMAS = ROOT / "tests" / "deploy" / "schemas"

_FREE = ("labels", "matchLabels", "annotations", "data", "requests", "limits", "environment", "args")
"""Maps whose keys are the user's own words."""


def documents(pattern: str) -> list[tuple[str, dict[str, Any]]]:
    """(where, document) of all YAML files under deploy/ that match."""
    found = []
    for path in sorted(DEPLOY.glob(pattern)):
        for document in yaml.safe_load_all(path.read_text()):
            name = document.get("metadata", {}).get("name", "")
            found.append((f"{path.name}:{document.get('kind', '')}/{name}", document))
    return found


def schema(name: str) -> dict[str, Any]:
    """One of our own schemas."""
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return loaded


def misspelt(document: Mapping[str, Any], own_names: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """(which field, the document with that field misspelt), for every field that is not a user's own word.

    Args:
        document: stays as it is.
        own_names: further maps whose keys are the user's own words; what is inside them is misspelt all the same.
    """
    for path in _fields(document, (), own_names):
        changed = copy.deepcopy(dict(document))
        parent: Any = changed
        for part in path[:-1]:
            parent = parent[part]
        parent[f"{path[-1]}x"] = parent.pop(path[-1])
        yield ".".join(map(str, path)), changed


def _fields(value: Any, path: tuple[Any, ...], own_names: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            # A name with a slash is a label: it stands in maps that are the user's, like a service's selector.
            if "/" not in name and not (path and path[-1] in own_names):
                yield (*path, name)
            if name not in _FREE:
                yield from _fields(inner, (*path, name), own_names)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _fields(inner, (*path, index), own_names)
