"""Consent: who agreed to what, in which words, when, and who wrote it down (GDPR, Article 7). Knows no purpose by name.

Nothing is overwritten. The words themselves are the operator's to keep; their digest shows which ones they were.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from zaphod.core.errors import RequestError
from zaphod.records.consents import Consent
from zaphod.records.ids import new_id
from zaphod.records.privacy.office import Office
from zaphod.records.sealing import consent_record

_PURPOSE = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Word:
    """One time that somebody agreed, or took it back.

    Args:
        id: of the record.
        purpose: to what.
        is_given: False where it was taken back.
        created_s: seconds since 1970.
        wording_sha256: of the words that were shown; empty where none were.
        actor: who wrote it down.
    """

    id: str
    purpose: str
    is_given: bool
    created_s: int
    wording_sha256: str
    actor: str


def digest_of(wording: bytes) -> str:
    """How the words that somebody agreed to are named."""
    return hashlib.sha256(wording).hexdigest()


def record(office: Office, subject: str, purpose: str, wording_sha256: str) -> Word:
    """Somebody agreed.

    Raises:
        RequestError: the purpose or the digest is none, or no subject can be called so.
        AuditError: it cannot be written down; nothing was done.
    """
    if not _SHA256.fullmatch(wording_sha256):
        raise RequestError(
            f"The digest of the wording is {wording_sha256[:80]!r}.", "It must be 64 hexadecimal digits.", "sha256sum"
        )
    return _add(office, subject, purpose, wording_sha256, is_given=True)


def withdraw(office: Office, subject: str, purpose: str) -> Word:
    """Somebody takes it back, which is as easy as to give it (Article 7(3)). Raises as `record`."""
    return _add(office, subject, purpose, "", is_given=False)


def words_of(office: Office, subject: str) -> list[Word]:
    """Everything that a person agreed to or took back, the earliest first. Raises as `record`, and IntegrityError."""
    office.write("privacy.consent.show", office.object_of(subject), "allow")
    found = sorted(office.own.consents.of_subject(subject), key=lambda one: one.created_s)
    return [_opened(office, consent) for consent in found]


def _add(office: Office, subject: str, purpose: str, wording_sha256: str, *, is_given: bool) -> Word:
    if not _PURPOSE.fullmatch(purpose):
        wanted = "It must be one word of small letters, digits, dots, hyphens and underscores."
        raise RequestError(f"The purpose is {purpose[:80]!r}.", wanted, "Like training, or newsletter.")
    name, consent_id = office.object_of(subject), new_id("consent")
    action = f"privacy.consent.{'record' if is_given else 'withdraw'}"
    details = {"purpose": purpose, "consent": consent_id, "wording_sha256": wording_sha256}
    with office.recorded(action, name, details):
        how = {"wording_sha256": wording_sha256, "actor": office.actor}
        sealed = office.sealing.seal(json.dumps(how).encode(), subject=subject, record=consent_record(consent_id))
        consent = Consent(
            id=consent_id,
            subject=subject,
            purpose=purpose,
            is_given=is_given,
            created_s=_next_moment(office, subject),
            sealed=sealed,
        )
        office.own.consents.add(consent)
    return _opened(office, consent)


def _next_moment(office: Office, subject: str) -> int:
    """Now, and later than the word before: a clock that was put back must not make an older word the last one."""
    moments = [consent.created_s + 1 for consent in office.own.consents.of_subject(subject)]
    return max([int(office.now_s()), *moments])


def _opened(office: Office, consent: Consent) -> Word:
    record_name = consent_record(consent.id)
    how = json.loads(office.sealing.open_for_subject(consent.sealed, subject=consent.subject, record=record_name))
    return Word(
        id=consent.id,
        purpose=consent.purpose,
        is_given=consent.is_given,
        created_s=consent.created_s,
        wording_sha256=how["wording_sha256"],
        actor=how["actor"],
    )
