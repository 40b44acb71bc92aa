"""Which sealed word stands behind a pseudonym; knows no word and makes no pseudonym."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row

from zaphod.records.collection import Collection
from zaphod.records.tables import pseudonyms
from zaphod.records.upsert import insert_if_absent


@dataclass(frozen=True, kw_only=True)
class Pseudonym:
    """A word's stand-in.

    Args:
        subject: in whose records it stands.
        pseudonym: what is shown instead.
        created_s: seconds since 1970.
        sealed: the word; only the vault can open it.
    """

    subject: str
    pseudonym: str
    created_s: int
    sealed: bytes


class PseudonymTable(Collection[Pseudonym]):
    """The pseudonyms of one tenant's subjects."""

    table = pseudonyms
    id_columns = ("subject", "pseudonym")

    def add(self, pseudonym: Pseudonym) -> bool:
        """Keep one; False, and nothing is changed, where the subject has it already."""
        values = {"tenant": self._room.tenant, **asdict(pseudonym)}
        with self._room.writing() as connection:
            return insert_if_absent(connection, self.table, values, ("tenant", "subject", "pseudonym"))

    def get(self, subject: str, pseudonym: str) -> Pseudonym | None:
        """What a subject's pseudonym stands for."""
        return self._one(subject, pseudonym)

    def change(self, subject: str, pseudonym: str, *, sealed: bytes) -> bool:
        """Put other sealed bytes in its place; False if there is none."""
        return self._change(subject, pseudonym, sealed=sealed)

    def _record(self, row: Row[Any]) -> Pseudonym:
        return Pseudonym(
            subject=row.subject, pseudonym=row.pseudonym, created_s=row.created_s, sealed=bytes(row.sealed)
        )
