"""The arguments of a call, as the text that a model wrote; knows no tool."""

from __future__ import annotations

import json


def is_complete(arguments: str) -> bool:
    """Whether they are JSON; those of an answer that was cut off may not be, and nobody can make such a call."""
    try:
        json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return False
    return True
