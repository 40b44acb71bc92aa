"""Erasing a person: the keys are destroyed, the rows removed, and what was done stays provable. Knows no plaintext.

    begin (on disk)  ->  keys destroyed  ->  rows removed, in batches  ->  logs of the database emptied  ->  done

It can be stopped anywhere and run again: each step finds what the one before has left. From the second step on no copy
of a record opens, wherever it lies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from zaphod.core.errors import RequestError, UnavailableError, ZaphodError
from zaphod.core.progress import SILENT, Advance, Progress
from zaphod.records.collection import BATCH
from zaphod.records.privacy.office import Office
from zaphod.records.privacy.remains import Remain, remains_of
from zaphod.safety.audit.record import Record
from zaphod.safety.audit.search import Query, search

ACTION = "privacy.erase"
_MAX_ROUNDS = 3
_NUM_OTHER_STEPS = 4


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is kept of a person.

    Args:
        num_records: by kind.
        has_key: whether a key seals for the person.
    """

    num_records: Mapping[str, int]
    has_key: bool

    @property
    def is_nothing(self) -> bool:
        return not self.has_key and not any(self.num_records.values())


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What was done, and what is left.

    Args:
        object: how events name the person.
        num_keys: that were destroyed now.
        num_records: that were removed now, by kind.
        begun_seq: the event before the deed; of the first run where one was stopped.
        done_seq: the event behind it, the tombstone.
        is_resumed: an earlier run was stopped.
        was_nothing: nothing was kept, so that nothing was done.
        remains: what is left, and why.
    """

    object: str
    num_keys: int
    num_records: Mapping[str, int]
    begun_seq: int
    done_seq: int
    is_resumed: bool
    was_nothing: bool
    remains: tuple[Remain, ...]


@dataclass
class _Reached:
    """How far one run has come."""

    num_keys: int = 0
    num_records: Counter[str] = field(default_factory=Counter)

    def details(self) -> dict[str, int]:
        return {"num_keys": self.num_keys, **{f"num_{kind}": n for kind, n in self.num_records.items()}}


def held(office: Office, subject: str) -> Held:
    """What is kept of a person now; changes nothing."""
    return Held(
        num_records=office.own.count_of_subject(subject),
        has_key=office.keeping.store.wrapped_keys.in_use(office.tenant, subject) is not None,
    )


def erase(office: Office, subject: str, *, progress: Progress = SILENT, batch: int = BATCH) -> Erased:
    """Erase a person. Run again after a crash, it goes on; run again afterwards, it finds nothing.

    Args:
        office: where.
        subject: whom.
        progress: told how far it is.
        batch: rows that one transaction removes.

    Raises:
        RequestError: no subject can be called so, or the person's records are restricted.
        AuditError: it cannot be written down; the message says what was done before.
        ZaphodError: likewise, where the database fails.
    """
    name = office.object_of(subject)
    _require_unrestricted(office, subject)
    found, stopped = held(office, subject), _stopped(office, name, progress)
    remains = remains_of(
        is_postgres=office.keeping.options.database is not None,
        api_key=_api_key(office, subject),
    )
    if found.is_nothing and stopped is None:
        seq = office.write(ACTION, name, "nothing_held").seq
        return Erased(
            object=name, num_keys=0, num_records=found.num_records, begun_seq=seq, done_seq=seq, is_resumed=False,
            was_nothing=True, remains=remains,
        )  # fmt: skip
    reached = _Reached(num_records=Counter(dict.fromkeys(found.num_records, 0)))
    with progress.step("erasing", sum(found.num_records.values()) + _NUM_OTHER_STEPS, "steps") as advance:
        begun = office.write(ACTION, name, "begin", _announced(found, stopped)).seq
        advance(1)
        first = begun if stopped is None else stopped.seq
        try:
            _do(office, subject, reached, advance, batch)
            done = office.write(ACTION, name, "done", {"begun_seq": first, **reached.details()}).seq
        except ZaphodError as error:
            raise _told(error, begun, reached) from error
        advance(1)
    return Erased(
        object=name, num_keys=reached.num_keys, num_records=dict(reached.num_records), begun_seq=first, done_seq=done,
        is_resumed=stopped is not None, was_nothing=False, remains=remains,
    )  # fmt: skip


def _api_key(office: Office, subject: str) -> str | None:
    key = office.keeping.store.api_keys.get(subject)
    return None if key is None or key.tenant != office.tenant else key.id


def _require_unrestricted(office: Office, subject: str) -> None:
    if office.own.restrictions.is_restricted(subject):
        raise RequestError(
            "This person's records are restricted.",
            "They must be kept: somebody may need them to prove something.",
            "If they may go, lift it first: zaphod privacy unrestrict",
        )


def _stopped(office: Office, name: str, progress: Progress) -> Record | None:
    """The beginning of an erasure that has no end."""
    first: Record | None = None
    folder = office.keeping.options.audit_folder
    for record in search(folder, office.tenant, Query(action=ACTION, object=name), progress):
        if record.decision == "done":
            first = None
        elif record.decision == "begin":
            first = first or record
    return first


def _announced(found: Held, stopped: Record | None) -> dict[str, int]:
    counts = {f"num_{kind}": number for kind, number in found.num_records.items()}
    return counts if stopped is None else {**counts, "goes_on_from_seq": stopped.seq}


def _do(office: Office, subject: str, reached: _Reached, advance: Advance, batch: int) -> None:
    """Again where a server wrote meanwhile, until nothing is left."""
    for _ in range(_MAX_ROUNDS):
        reached.num_keys += office.keeping.vault.shred(tenant=office.tenant, subject=subject)
        advance(1)
        for kind, records in office.own.collections.items():
            while num_rows := records.delete_of_subject(subject, batch):
                reached.num_records[kind] += num_rows
                advance(num_rows)
        office.keeping.store.scrub(office.tenant)
        advance(1)
        if held(office, subject).is_nothing:
            return
    raise UnavailableError(
        "Records of this person are still being written.", "Whoever writes them must stop.", "Stop that, then go on."
    )


def _told(error: ZaphodError, begun: int, reached: _Reached) -> ZaphodError:
    """The same error, with how far it came."""
    num_rows = reached.num_records.total()
    far = f"Before that, {reached.num_keys} keys were destroyed and {num_rows} rows removed (audit record {begun})."
    return type(error)(f"{error.found} {far}", error.wanted, f"{error.remedy} Then erase again: it goes on.".strip())
