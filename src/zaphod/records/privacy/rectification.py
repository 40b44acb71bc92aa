"""Putting a wrong record right (GDPR, Article 16): new content in the place of the old. Knows no meaning of either."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from zaphod.core.errors import RequestError
from zaphod.records.privacy.office import Office

_ID = "[a-z]{1,12}_[0-9a-f]{32}"
_CONVERSATION = re.compile(f"conversations/({_ID})")
_ITEM = re.compile(f"conversations/({_ID})/items/({_ID})")
_RESPONSE = re.compile(f"responses/({_ID})/(body|input)")


@dataclass(frozen=True, kw_only=True)
class Rectified:
    """What was put right.

    Args:
        object: how events name the person.
        record: which one, as exports name it.
        seq: the event.
    """

    object: str
    record: str
    seq: int


def rectify(office: Office, subject: str, record: str, content: bytes) -> Rectified:
    """Put other content in the place of a record's. The old one is overwritten; back-ups have it until they expire.

    Args:
        office: where.
        subject: whose it must be.
        record: its name, as exports give it.
        content: what is right.

    Raises:
        RequestError: that person has no such record, or it cannot be changed.
        AuditError: it cannot be written down; nothing was done.
    """
    name = office.object_of(subject)
    change = _change_of(office, subject, record)
    sealed = office.sealing.seal(content, subject=subject, record=record)
    with office.recorded("privacy.rectify", name, {"record": record}) as receipt:
        if not change(sealed):
            raise _missing(record)
    office.keeping.store.scrub(office.tenant)
    return Rectified(object=name, record=record, seq=receipt.seq)


def _change_of(office: Office, subject: str, record: str) -> Callable[[bytes], bool]:
    """What puts sealed bytes in the record's place."""
    if found := _CONVERSATION.fullmatch(record):
        return _conversation(office, subject, record, found[1])
    if found := _ITEM.fullmatch(record):
        return _item(office, subject, record, found[1], found[2])
    if found := _RESPONSE.fullmatch(record):
        return _response(office, subject, record, found[1], is_body=found[2] == "body")
    raise RequestError(
        f"{record[:200]!r} is no record that can be put right.",
        "Conversations, their items and answers can. Consents stay as they are; a pseudonym follows from its value.",
        "Take the name from `zaphod privacy export`, like responses/resp_…/body.",
    )


def _conversation(office: Office, subject: str, record: str, conversation_id: str) -> Callable[[bytes], bool]:
    conversations = office.own.conversations
    found = conversations.get(conversation_id)
    if found is None or found.subject != subject:
        raise _missing(record)
    return lambda sealed: conversations.change(conversation_id, sealed=sealed, updated_s=int(office.now_s()))


def _item(office: Office, subject: str, record: str, conversation_id: str, item_id: str) -> Callable[[bytes], bool]:
    conversations = office.own.conversations
    found = conversations.get(conversation_id)
    if found is None or found.subject != subject or conversations.item(conversation_id, item_id) is None:
        raise _missing(record)
    return lambda sealed: conversations.change_item(conversation_id, item_id, sealed)


def _response(office: Office, subject: str, record: str, response_id: str, *, is_body: bool) -> Callable[[bytes], bool]:
    responses = office.own.responses
    found = responses.get(response_id)
    if found is None or found.subject != subject:
        raise _missing(record)
    if is_body:
        return lambda sealed: responses.change(response_id, sealed_body=sealed, sealed_input=found.sealed_input)
    return lambda sealed: responses.change(response_id, sealed_body=found.sealed_body, sealed_input=sealed)


def _missing(record: str) -> RequestError:
    return RequestError(
        f"This person has no {record}.", "It must be one of the person's own.", "See `zaphod privacy export`."
    )
