"""Names of records that nobody can guess; knows no database."""

from __future__ import annotations

import re
import secrets

_ID = re.compile(r"[a-z]{1,12}_[0-9a-f]{32}")


def new_id(kind: str) -> str:
    """A name with 128 random bits, like `conv_0123…`. The name comes first: what is sealed is bound to it."""
    return require_id(f"{kind}_{secrets.token_hex(16)}")


def require_id(record_id: str) -> str:
    """The same name, if `new_id` could have made it.

    Raises:
        ValueError: it could be guessed.
    """
    if not _ID.fullmatch(record_id):
        raise ValueError(f"{record_id!r} was not made by new_id, so it might be guessed")
    return record_id
