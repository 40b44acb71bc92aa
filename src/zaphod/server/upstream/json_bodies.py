"""JSON of other servers, which may be anything; knows no shape."""

from __future__ import annotations

from typing import Any

import msgspec


def json_value(data: bytes) -> Any:
    """What is written there; None for what is no JSON, or nested more deeply than anybody means."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def json_object(data: bytes) -> dict[str, Any] | None:
    """The object that is written there; None for everything else."""
    value = json_value(data)
    return value if isinstance(value, dict) else None
