"""Who calls: what the gate found out from a key; knows no key itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["generate", "embed", "tokenize", "confirm", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one key may use; None means no limit of its own."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    """Prompt and answer together."""
    tokens_per_day: int | None = None
    max_concurrent: int | None = None
    """Requests waiting or running at one time."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whoever holds a key, or, where none is needed, a program on this machine."""

    key_id: str
    """Names the key and is no secret; `local` without a key."""
    name: str
    scopes: frozenset[Scope]
    tenant: str
    """Whose data it may meet: cached prefixes are shared inside a tenant only."""
    limits: Limits = Limits()


LOCAL = Caller(key_id="local", name="this machine", scopes=frozenset(SCOPES), tenant="")
"""Without any key, programs on this machine may do everything."""
