"""What subjects agreed to and took back, every time; knows no purpose by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, select

from zaphod.records.collection import Collection
from zaphod.records.ids import require_id
from zaphod.records.tables import consents


@dataclass(frozen=True, kw_only=True)
class Consent:
    """One time that a subject agreed, or took it back.

    Args:
        id: made by `new_id`.
        subject: who.
        purpose: to what, as one word.
        is_given: False where it was taken back.
        created_s: seconds since 1970.
        sealed: how it was asked for, in which words; only the vault can open it.
    """

    id: str
    subject: str
    purpose: str
    is_given: bool
    created_s: int
    sealed: bytes


class Consents(Collection[Consent]):
    """The consents of one tenant's subjects. Nothing is overwritten: what was agreed to before stays provable."""

    table = consents

    def add(self, consent: Consent) -> None:
        """Write down that a subject agreed, or took it back.

        Raises:
            ValueError: its id could be guessed.
            ConfigError: the database cannot be used, or the tenant has one of that id.
        """
        require_id(consent.id)
        self._insert({**asdict(consent), "is_given": int(consent.is_given)})

    def is_given(self, subject: str, purpose: str) -> bool:
        """Whether the last word was yes; no where there is none. Of two in one second, a no counts."""
        columns = self.table.c
        query = select(columns.is_given).where(self._own(), columns.subject == subject, columns.purpose == purpose)
        rows = self._rows(query.order_by(columns.created_s.desc(), columns.is_given).limit(1))
        return bool(rows) and bool(rows[0].is_given)

    def change(self, consent_id: str, *, sealed: bytes) -> bool:
        """Put the same words under another key; False if there is none. Who agreed to what cannot be changed."""
        return self._change(consent_id, sealed=sealed)

    def _record(self, row: Row[Any]) -> Consent:
        return Consent(
            id=row.id,
            subject=row.subject,
            purpose=row.purpose,
            is_given=bool(row.is_given),
            created_s=row.created_s,
            sealed=bytes(row.sealed),
        )
