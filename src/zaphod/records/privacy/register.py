"""The register of what is done with people's data, as far as the software knows it (GDPR, Article 30)."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

OPERATORS_PART = (
    "name and contact of the controller, of its representative and of the data protection officer",
    "the lawful basis of each activity",
    "recipients outside of this installation: whoever gets exports, audit sinks, upstream servers, hosts of back-ups",
    "transfers to third countries and their safeguards",
    "organisational measures",
)
MEASURES = (
    "records sealed with AES-256-GCM under a key for each person, under a key outside of the database",
    "tenants parted: a file each in SQLite, row-level security in PostgreSQL",
    "an audit with a hash chain, signed trees and a witness; no content in it",
    "access with keys that have scopes, limits and an end; open without a key to this machine alone",
    "erasure by destroying the person's key",
)


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One thing that is done with people's data.

    Args:
        kind: of record.
        purpose: why it is kept.
        data: what it holds.
        people: whom it is about.
    """

    kind: str
    purpose: str
    data: str
    people: str


@functools.cache
def activities() -> tuple[Activity, ...]:
    """All of them."""
    table: dict[str, Any] = tomllib.loads((files(__package__) / "register.toml").read_text(encoding="utf-8"))
    return tuple(Activity(**row) for row in table["activity"])
