"""Everything that is kept for one tenant; there is no way from here to another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from zaphod.records.audit_index import AuditIndex
from zaphod.records.collection import BATCH, Collection
from zaphod.records.consents import Consents
from zaphod.records.conversations import Conversations
from zaphod.records.pseudonyms import Pseudonyms
from zaphod.records.responses import Responses
from zaphod.records.restrictions import Restrictions
from zaphod.records.retention import Retention
from zaphod.records.room import Room


class TenantStore:
    """What is kept for a tenant, by kind.

    Args:
        room: the tenant's.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self.conversations = Conversations(room)
        self.responses = Responses(room)
        self.consents = Consents(room)
        self.pseudonyms = Pseudonyms(room)
        self.restrictions = Restrictions(room)
        self.retention = Retention(room)
        self.audit_index = AuditIndex(room)

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return self._room.tenant

    @property
    def collections(self) -> Mapping[str, Collection[Any]]:
        """Kind to what belongs to subjects: the kinds that are exported, erased and grow old."""
        return {
            "conversations": self.conversations,
            "responses": self.responses,
            "consents": self.consents,
            "pseudonyms": self.pseudonyms,
        }

    def subjects(self) -> list[str]:
        """Whoever has a record of any kind, or is restricted, sorted."""
        found = {subject for kind in self.collections.values() for subject in kind.subjects()}
        return sorted(found | set(self.restrictions.all()))

    def count_of_subject(self, subject: str) -> Mapping[str, int]:
        """Kind to how many records a subject has."""
        return {kind: records.count(subject) for kind, records in self.collections.items()}

    def delete_of_subject(self, subject: str, batch: int = BATCH) -> Mapping[str, int]:
        """Remove all records of a subject; kind to how many. What was done stays done if it is interrupted.

        The restriction stays: it says that nothing new may be used either. The audit index holds no subject.
        """
        return {
            kind: _until_none(partial(records.delete_of_subject, subject, batch))
            for kind, records in self.collections.items()
        }

    def delete_expired(self, now_s: int, batch: int = BATCH) -> Mapping[str, int]:
        """Remove what is older than `retention` allows; kind to how many, without kinds that are kept without end.

        Args:
            now_s: seconds since 1970.
            batch: rows that one transaction removes.
        """
        aged: dict[str, Collection[Any] | AuditIndex] = {**self.collections, "audit_index": self.audit_index}
        return {
            kind: _until_none(partial(aged[kind].delete_before, now_s - keep_s, batch))
            for kind, keep_s in self.retention.all().items()
        }


def _until_none(delete_some: Callable[[], int]) -> int:
    num_deleted = 0
    while num_some := delete_some():
        num_deleted += num_some
    return num_deleted
