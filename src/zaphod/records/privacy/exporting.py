"""Everything that is kept of a person, as JSON (GDPR, Articles 15 and 20); knows no file.

What cannot be opened is named with the reason, and counted: an export that left it out would look whole. Other
people's records in which the person is mentioned are not in it.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from zaphod.core.errors import IntegrityError
from zaphod.core.places import tenant_folder_name
from zaphod.core.progress import SILENT, Progress
from zaphod.records.api_keys import ApiKey
from zaphod.records.privacy.document import Document, readable
from zaphod.records.privacy.office import Office
from zaphod.records.privacy.register import activities
from zaphod.records.sealing import (
    consent_record,
    conversation_record,
    item_record,
    pseudonym_record,
    response_record,
)
from zaphod.safety.audit.record import Record
from zaphod.safety.audit.segments import num_records, read

FORMAT = "zaphod privacy export"
VERSION = 1
RIGHTS = (
    "rectification: zaphod privacy rectify",
    "erasure: zaphod privacy erase",
    "restriction: zaphod privacy restrict",
    "withdrawal of consent: zaphod privacy consent withdraw",
    "a complaint to a supervisory authority",
)
OPERATORS_PART = "who is responsible and how to reach them, recipients, transfers abroad, the source of the data"


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Args:
        object: how events name the person.
        num_records: by kind; audit events, too.
        num_unreadable: sealed bytes that did not open.
        seq: the event.
    """

    object: str
    num_records: Mapping[str, int]
    num_unreadable: int
    seq: int


def export(office: Office, subject: str, target: BinaryIO, progress: Progress = SILENT) -> Exported:
    """Write everything that is kept of a person. Restricted records, too: a copy is owed all the same.

    Raises:
        RequestError: no subject can be called so.
        AuditError: it cannot be written down, and nothing was written; or the audit was changed.
    """
    name = office.object_of(subject)
    counts = office.own.count_of_subject(subject)
    seq = office.write("privacy.export", name, "allow", {f"num_{kind}": number for kind, number in counts.items()}).seq
    with progress.step("exporting", sum(counts.values()), "records") as advance:
        copy = _Copy(office, subject)
        document = Document(target)
        for member, value in copy.head(name, seq).items():
            document.member(member, value)
        written = {kind: document.array(kind, _counted(rows, advance)) for kind, rows in copy.kinds().items()}
    document.member("api_key", copy.api_key())
    written["audit_events"] = document.array("audit_events", copy.events(name, progress))
    document.member("unreadable", copy.unreadable)
    document.end()
    return Exported(object=name, num_records=written, num_unreadable=len(copy.unreadable), seq=seq)


class _Copy:
    """What is told of one person."""

    def __init__(self, office: Office, subject: str) -> None:
        self._office, self._own, self._subject = office, office.own, subject
        self._ids: set[str] = {subject}
        self.unreadable: list[dict[str, str]] = []

    def head(self, name: str, seq: int) -> dict[str, Any]:
        kept_for_s = self._own.retention.all()
        since_s = self._own.restrictions.all().get(self._subject)
        return {
            "format": FORMAT,
            "version": VERSION,
            "tenant": self._office.tenant,
            "subject": self._subject,
            "named_in_the_audit": name,
            "exported_at": moment(self._office.now_s()),
            "audit_record": seq,
            "activities": [{**dataclasses.asdict(one), "kept_for_s": kept_for_s.get(one.kind)} for one in activities()],
            "rights": RIGHTS,
            "told_by_the_operator": OPERATORS_PART,
            "restricted_since": None if since_s is None else moment(since_s),
        }

    def kinds(self) -> dict[str, Iterator[dict[str, Any]]]:
        return {
            "conversations": self._conversations(),
            "responses": self._responses(),
            "consents": self._consents(),
            "pseudonyms": self._pseudonyms(),
        }

    def api_key(self) -> dict[str, Any] | None:
        """Where the person is known by the id of a key: what is kept of that."""
        keys = self._office.keeping.store.api_keys
        key = keys.get(self._subject)
        if key is None or key.tenant != self._office.tenant:
            return None
        usage = {moment(day * 86400)[:10]: tokens for day, tokens in keys.usage(key.id).items()}
        return {**_plain(key), "tokens_used": usage}

    def events(self, name: str, progress: Progress) -> Iterator[dict[str, Any]]:
        """All records of the audit that name the person, or what was kept of the person."""
        folder, tenant = self._office.keeping.options.audit_folder, self._office.tenant
        self._ids.add(name)
        with progress.step("reading the audit", num_records(folder / tenant_folder_name(tenant)), "records") as advance:
            for record in read(folder, tenant):
                advance(1)
                if self._concerns(record):
                    yield record.as_dict()

    def _concerns(self, record: Record) -> bool:
        named = (record.object, record.actor, *record.details.values())
        return any(isinstance(word, str) and word in self._ids for word in named)

    def _conversations(self) -> Iterator[dict[str, Any]]:
        for one in self._own.conversations.of_subject(self._subject):
            self._ids.add(one.id)
            items = []
            for item in self._own.conversations.items(one.id):
                self._ids.add(item.id)
                said = self._content(item.sealed, item_record(one.id, item.id))
                items.append({"id": item.id, "created_at": moment(item.created_s), "content": said})
            yield {
                "id": one.id,
                "created_at": moment(one.created_s),
                "updated_at": moment(one.updated_s),
                "content": self._content(one.sealed, conversation_record(one.id)),
                "items": items,
            }

    def _responses(self) -> Iterator[dict[str, Any]]:
        for one in self._own.responses.of_subject(self._subject):
            self._ids.add(one.id)
            yield {
                "id": one.id,
                "created_at": moment(one.created_s),
                "conversation_id": one.conversation_id,
                "previous_id": one.previous_id,
                "body": self._content(one.sealed_body, response_record(one.id, "body")),
                "input": self._content(one.sealed_input, response_record(one.id, "input")),
            }

    def _consents(self) -> Iterator[dict[str, Any]]:
        for one in self._own.consents.of_subject(self._subject):
            self._ids.add(one.id)
            about = {"id": one.id, "purpose": one.purpose, "is_given": one.is_given}
            content = self._content(one.sealed, consent_record(one.id))
            yield {**about, "created_at": moment(one.created_s), "content": content}

    def _pseudonyms(self) -> Iterator[dict[str, Any]]:
        for one in self._own.pseudonyms.of_subject(self._subject):
            content = self._content(one.sealed, pseudonym_record(one.pseudonym))
            yield {"pseudonym": one.pseudonym, "created_at": moment(one.created_s), "content": content}

    def _content(self, sealed: bytes, record: str) -> dict[str, Any]:
        try:
            plaintext = self._office.sealing.open_for_subject(sealed, subject=self._subject, record=record)
        except IntegrityError as error:
            self.unreadable.append({"record": record, "reason": error.found})
            return {"record": record, "sealed_base64": base64.b64encode(sealed).decode()}
        return {"record": record, **readable(plaintext)}


def moment(time_s: float) -> str:
    """Seconds since 1970 as people and programs read them."""
    return datetime.fromtimestamp(int(time_s), UTC).isoformat().replace("+00:00", "Z")


def _counted(rows: Iterator[dict[str, Any]], advance: Any) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield row
        advance(1)


def _plain(key: ApiKey) -> dict[str, Any]:
    """Without the digest: it is no data of the person, and shows nothing."""
    about = {name: value for name, value in vars(key).items() if name != "digest"}
    return {
        name: moment(value) if name.endswith("_s") and value is not None else value for name, value in about.items()
    }
