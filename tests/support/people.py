"""An installation with people in it, of whom everything is kept that can be."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.records import a_conversation, a_pseudonym, a_response, an_item

from zaphod.records.ids import new_id
from zaphod.records.keeping import Keeping, KeepingOptions
from zaphod.records.privacy import consent
from zaphod.records.privacy.office import Office
from zaphod.records.sealing import (
    Sealing,
    conversation_record,
    item_record,
    pseudonym_record,
    response_record,
)
from zaphod.safety.audit.search import Query, search

TENANT = "clinic"
ALL_KINDS = {"conversations": 1, "responses": 1, "consents": 1, "pseudonyms": 1}
"""What `admit` keeps of a person."""


@contextlib.contextmanager
def opened(options: KeepingOptions, **given: Any) -> Iterator[Office]:
    """An office on a place that may be in use elsewhere, too."""
    with Keeping(options) as keeping:
        yield Office(keeping, **{"tenant": TENANT, "actor": "cli:ada", **given})


def admit(office: Office, subject: str, secret: str = "secret", created_s: int = 1) -> dict[str, str]:
    """Keep one record of each kind of a person, all of which say the secret; their ids."""
    own, sealing = office.own, Sealing(office.keeping.vault, office.own)
    ids = {kind: new_id(kind) for kind in ("conv", "msg", "resp")}

    def sealed(record: str) -> bytes:
        return sealing.seal(f'{{"said": "{secret}"}}'.encode(), subject=subject, record=record)

    times = {"created_s": created_s, "updated_s": created_s}
    about = {"id": ids["conv"], "subject": subject, "sealed": sealed(conversation_record(ids["conv"]))}
    own.conversations.add(a_conversation(**about, **times))
    item = an_item(id=ids["msg"], created_s=created_s, sealed=sealed(item_record(ids["conv"], ids["msg"])))
    own.conversations.append(ids["conv"], [item], updated_s=created_s)
    parts = {
        "sealed_body": sealed(response_record(ids["resp"], "body")),
        "sealed_input": sealed(response_record(ids["resp"], "input")),
    }
    own.responses.add(a_response(id=ids["resp"], subject=subject, created_s=created_s, **parts))
    word = pseudonym_record("NAME_abcdefgh")
    own.pseudonyms.add(
        a_pseudonym(subject=subject, pseudonym="NAME_abcdefgh", sealed=sealed(word), created_s=created_s)
    )
    consent.record(office, subject, "training", consent.digest_of(b"May we?"))
    return ids


def events(office: Office, action: str = "", name: str = "") -> list[tuple[str, str]]:
    """Actions and decisions that the audit tells, in order."""
    folder = office.keeping.options.audit_folder
    found = search(folder, office.tenant, Query(action=action, object=name))
    return [(record.action, record.decision) for record in found]


def as_words(place: KeepingOptions) -> str:
    """A place as one word of a command line; `place_of` reads it."""
    return json.dumps({"state_dir": str(place.state_dir), "database": place.database})


def place_of(words: str) -> KeepingOptions:
    given = json.loads(words)
    return KeepingOptions(state_dir=Path(given["state_dir"]), database=given["database"])
