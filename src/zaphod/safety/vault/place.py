"""What sealed bytes are bound to: whose they are and which record they are; knows no key and no cipher."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zaphod.core.errors import RequestError
from zaphod.core.places import require_tenant

_SUBJECT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,256}")
_MAX_RECORD_LETTERS = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where sealed bytes belong. In any other place they do not open.

    Args:
        tenant: 0 to 64 printable letters; empty for the local user without keys.
        subject: the person whom they are about, 1 to 256 printable letters; one key for each.
        record: which record of that person, 0 to 1024 letters; unique within what keeps the records.
    """

    tenant: str
    subject: str
    record: str

    def __post_init__(self) -> None:
        require_tenant(self.tenant)
        require_subject(self.subject)
        if len(self.record) > _MAX_RECORD_LETTERS:
            raise RequestError(
                f"A record's name has {len(self.record)} letters.",
                f"It must have at most {_MAX_RECORD_LETTERS}.",
                "Name it by its hash.",
            )

    @property
    def bound_bytes(self) -> bytes:
        """All of it, so that no two places have the same bytes."""
        return joined(self.tenant, self.subject, self.record)


def require_subject(subject: str) -> None:
    """Raises `RequestError` for what can be no subject. An empty one would name the tenant's own key."""
    if not _SUBJECT.fullmatch(subject):
        wanted = "It must have 1 to 256 printable letters."
        raise RequestError(f"The subject is {subject[:80]!r}.", wanted, "Name the person by an id.")


def joined(*parts: str) -> bytes:
    """Each part behind its length, so that `("ab", "c")` and `("a", "bc")` differ. Any text has bytes, broken too."""
    pieces: list[bytes] = []
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        pieces += (len(encoded).to_bytes(4, "big"), encoded)
    return b"".join(pieces)
