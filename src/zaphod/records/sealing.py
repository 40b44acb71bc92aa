"""The name that each sealed column is bound to, and who may open it now; knows no record's meaning.

Whoever writes records and whoever exports, corrects or erases them must mean the same name: it is made here alone.
"""

from __future__ import annotations

from typing import Literal

from zaphod.core.errors import RequestError
from zaphod.records.tenant_store import TenantStore
from zaphod.safety.vault.vault import Vault

ResponsePart = Literal["body", "input"]


def conversation_record(conversation_id: str) -> str:
    """Of a conversation's own bytes."""
    return f"conversations/{conversation_id}"


def item_record(conversation_id: str, item_id: str) -> str:
    """Of an item; it opens in no other conversation."""
    return f"conversations/{conversation_id}/items/{item_id}"


def response_record(response_id: str, part: ResponsePart) -> str:
    """Of a stored answer, or of what it answers."""
    return f"responses/{response_id}/{part}"


def consent_record(consent_id: str) -> str:
    """Of how somebody agreed."""
    return f"consents/{consent_id}"


def pseudonym_record(pseudonym: str) -> str:
    """Of the word behind a pseudonym."""
    return f"pseudonyms/{pseudonym}"


class Sealing:
    """Seals and opens one tenant's records.

    Args:
        vault: has the keys.
        own: the tenant's records.
    """

    def __init__(self, vault: Vault, own: TenantStore) -> None:
        self._vault, self._own = vault, own

    def seal(self, plaintext: bytes, *, subject: str, record: str) -> bytes:
        """What may be kept. Raises as `Vault.encrypt`."""
        return self._vault.encrypt(plaintext, tenant=self._own.tenant, subject=subject, record=record)

    def open(self, sealed: bytes, *, subject: str, record: str) -> bytes:
        """The plaintext, to be used. Asks the database each time: a restriction counts at once.

        Raises:
            RequestError: the subject's records may be kept and not used.
            IntegrityError: as `Vault.decrypt`.
        """
        if self._own.restrictions.is_restricted(subject):
            raise RequestError(
                f"{record} belongs to somebody whose records are restricted.",
                "They are kept and not used until the restriction is lifted.",
                "Whoever answers for it can lift it: zaphod privacy unrestrict",
            )
        return self.open_for_subject(sealed, subject=subject, record=record)

    def open_for_subject(self, sealed: bytes, *, subject: str, record: str) -> bytes:
        """The plaintext, for what is owed to the person alone: a copy, a correction. Raises as `Vault.decrypt`."""
        return self._vault.decrypt(sealed, tenant=self._own.tenant, subject=subject, record=record)
