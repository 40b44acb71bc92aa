"""Answers that a client may ask for again, as the Responses API keeps them, sealed; knows no text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row

from zaphod.records.collection import Collection
from zaphod.records.ids import require_id
from zaphod.records.tables import responses


@dataclass(frozen=True, kw_only=True)
class StoredResponse:
    """An answer and what it answers.

    Args:
        id: made by `new_id`.
        subject: the person whose it is; empty if nobody's in particular.
        created_s: seconds since 1970.
        sealed_body: the answer as it was sent.
        sealed_input: the items it answers.
        previous_id: the answer that it goes on from.
        conversation_id: the conversation that it belongs to.
    """

    id: str
    subject: str
    created_s: int
    sealed_body: bytes
    sealed_input: bytes
    previous_id: str | None = None
    conversation_id: str | None = None


class Responses(Collection[StoredResponse]):
    """The stored answers of one tenant."""

    table = responses

    def add(self, response: StoredResponse) -> None:
        """Keep a new one.

        Raises:
            ValueError: its id could be guessed.
            ConfigError: the database cannot be used, or the tenant has one of that id.
        """
        require_id(response.id)
        self._insert(asdict(response))

    def get(self, response_id: str) -> StoredResponse | None:
        """One."""
        return self._one(response_id)

    def chain(self, response_id: str, max_length: int = 100) -> list[StoredResponse]:
        """The one with that id and those that it goes on from, the earliest first; ends where one is missing.

        Args:
            response_id: of the latest.
            max_length: the earlier ones beyond are left out.
        """
        found: dict[str, StoredResponse] = {}
        wanted: str | None = response_id
        while wanted is not None and wanted not in found and len(found) < max_length:
            response = self._one(wanted)
            if response is None:
                break
            found[wanted] = response
            wanted = response.previous_id
        return list(found.values())[::-1]

    def change(self, response_id: str, *, sealed_body: bytes, sealed_input: bytes) -> bool:
        """Put other sealed bytes in its place; False if there is none."""
        return self._change(response_id, sealed_body=sealed_body, sealed_input=sealed_input)

    def delete(self, response_id: str) -> bool:
        """Remove it; False if there is none."""
        return self._remove(response_id)

    def _record(self, row: Row[Any]) -> StoredResponse:
        return StoredResponse(
            id=row.id,
            subject=row.subject,
            created_s=row.created_s,
            sealed_body=bytes(row.sealed_body),
            sealed_input=bytes(row.sealed_input),
            previous_id=row.previous_id,
            conversation_id=row.conversation_id,
        )
