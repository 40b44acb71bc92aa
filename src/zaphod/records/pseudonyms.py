"""Which sealed word stands behind a pseudonym; knows no word and makes no pseudonym."""

from __future__ import annotations

from collections.abc import Callable
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


class Pseudonyms(Collection[Pseudonym]):
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


class PseudonymsByTenant:
    """What `zaphod.safety.guard.pii` keeps pseudonyms in: every call names its tenant, and meets no other.

    Args:
        of_tenant: the pseudonyms of a tenant.
        clock: seconds since 1970.
    """

    def __init__(self, of_tenant: Callable[[str], Pseudonyms], clock: Callable[[], float]) -> None:
        self._of_tenant, self._clock = of_tenant, clock

    def put(self, *, tenant: str, subject: str, pseudonym: str, sealed: bytes) -> bytes:
        """Keep a sealed word unless there is one already; what stands there then."""
        own = self._of_tenant(tenant)
        made = Pseudonym(subject=subject, pseudonym=pseudonym, created_s=int(self._clock()), sealed=sealed)
        while not own.add(made):
            standing = own.get(subject, pseudonym)
            if standing is not None:  # otherwise it was deleted just now
                return standing.sealed
        return sealed

    def get(self, *, tenant: str, subject: str, pseudonym: str) -> bytes | None:
        """What stands there, None if nothing does."""
        standing = self._of_tenant(tenant).get(subject, pseudonym)
        return None if standing is None else standing.sealed
