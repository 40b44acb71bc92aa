"""Records for tests, with everything filled in that does not matter to them."""

from __future__ import annotations

from typing import Any

from zaphod.records.audit_index import AuditEntry
from zaphod.records.consents import Consent
from zaphod.records.conversations import Conversation, Item
from zaphod.records.ids import new_id
from zaphod.records.pseudonyms import Pseudonym
from zaphod.records.responses import StoredResponse
from zaphod.safety.vault.wrapped_key import WrappedKey


def a_conversation(**given: Any) -> Conversation:
    made = {"id": new_id("conv"), "subject": "s", "created_s": 1, "updated_s": 1, "sealed": b"sealed"}
    return Conversation(**{**made, **given})


def an_item(**given: Any) -> Item:
    return Item(**{"id": new_id("msg"), "created_s": 1, "sealed": b"sealed", **given})


def a_response(**given: Any) -> StoredResponse:
    made = {"id": new_id("resp"), "subject": "s", "created_s": 1, "sealed_body": b"body", "sealed_input": b"input"}
    return StoredResponse(**{**made, **given})


def a_consent(**given: Any) -> Consent:
    made = {"id": new_id("consent"), "subject": "s", "purpose": "training", "is_given": True, "created_s": 1}
    return Consent(**{**made, "sealed": b"sealed", **given})


def a_pseudonym(**given: Any) -> Pseudonym:
    return Pseudonym(**{"subject": "s", "pseudonym": "PERSON_1", "created_s": 1, "sealed": b"sealed", **given})


def an_entry(seq: int, **given: Any) -> AuditEntry:
    made = {"seq": seq, "created_s": 1, "actor": "key_1", "action": "chat", "object": "o", "decision": "allow"}
    return AuditEntry(**{**made, "segment": "0001", "offset_bytes": 0, **given})


def a_wrapped_key(tenant: str = "a", key_id: str = "k1", subject: str = "", **given: Any) -> WrappedKey:
    made = {"wrapping_key_id": "kek", "wrapped": b"envelope", "created_s": 1}
    return WrappedKey(key_id=key_id, tenant=tenant, subject=subject, **{**made, **given})
