"""How an installation stands now: keys, audit, records, times; reads everything and changes nothing.

What cannot be read is told as such, and does not keep the rest from being told.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zaphod import __version__
from zaphod.core.errors import AuditError, ZaphodError
from zaphod.core.progress import SILENT, Progress
from zaphod.records.keeping import KeepingOptions, kek_address
from zaphod.records.store import Store
from zaphod.records.tenant_store import TenantStore
from zaphod.safety.audit.segments import lines_of, record_of, segments_of
from zaphod.safety.audit.verify import verify
from zaphod.safety.vault.kek_address import open_kek
from zaphod.safety.vault.wrapped_key import KeyTable

_MAX_LINES_READ = 20_000


@dataclass(frozen=True, kw_only=True)
class KekFacts:
    """The key above all keys.

    Args:
        kind: `file`, `env`, `pkcs11`, `transit`.
        key_id: which one; empty if it does not answer, or there is none yet.
        problem: why not.
    """

    kind: str
    key_id: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class AuditFacts:
    """One tenant's log, verified.

    Args:
        tenant: whose; None if nothing in it says so.
        folder: its name in the audit folder.
        last_verified_seq: up to here it is sound.
        last_signed_seq: up to here it is signed.
        problems: what is wrong, in words.
        policy: the guard's, that the last event with one names; empty if none does.
    """

    tenant: str | None
    folder: str
    last_verified_seq: int
    last_signed_seq: int
    problems: tuple[str, ...]
    policy: str


@dataclass(frozen=True, kw_only=True)
class TenantFacts:
    """What is kept for one tenant.

    Args:
        tenant: its name.
        num_people: with records or a restriction.
        num_restricted: of these.
        num_records: by kind.
        num_keys_in_use, num_keys_retired: of its people.
        is_under_kek: whether all its own keys are wrapped by the KEK at hand.
        kept_for_s: by kind; kinds that are kept without end are not in it.
    """

    tenant: str
    num_people: int
    num_restricted: int
    num_records: Mapping[str, int]
    num_keys_in_use: int
    num_keys_retired: int
    is_under_kek: bool
    kept_for_s: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Installation:
    """All of it.

    Args:
        version: of the program.
        made_s: when it was looked at, in seconds since 1970.
        state_dir: where it lies.
        is_postgres: whether records lie in PostgreSQL.
        kek: the key above all keys.
        num_api_keys: that can be used now.
        num_endless_api_keys: of these, without an end.
        audits: one for each log; empty where there is none.
        audit_problem: why the audit could not be verified, if so.
        tenants: one for each.
    """

    version: str
    made_s: int
    state_dir: str
    is_postgres: bool
    kek: KekFacts
    num_api_keys: int
    num_endless_api_keys: int
    audits: tuple[AuditFacts, ...]
    audit_problem: str
    tenants: tuple[TenantFacts, ...]


def survey(options: KeepingOptions, *, now_s: float | None = None, progress: Progress = SILENT) -> Installation:
    """Look at all of it.

    Raises:
        ConfigError: the database cannot be used.
    """
    moment_s = int(time.time() if now_s is None else now_s)
    kek = _kek(options)
    audits, problem = _audits(options, progress)
    with Store.open(options.store) as store:
        usable = [
            key
            for key in store.api_keys.all()
            if key.revoked_s is None and (key.expires_s is None or key.expires_s > moment_s)
        ]
        tenants = [_tenant(store.tenant(name), store.wrapped_keys, kek.key_id) for name in store.tenants()]
    return Installation(
        version=__version__,
        made_s=moment_s,
        state_dir=str(options.folder),
        is_postgres=options.database is not None,
        kek=kek,
        num_api_keys=len(usable),
        num_endless_api_keys=sum(key.expires_s is None for key in usable),
        audits=audits,
        audit_problem=problem,
        tenants=tuple(tenants),
    )


def _kek(options: KeepingOptions) -> KekFacts:
    address = kek_address(options.kek, options.folder)
    kind = address.partition(":")[0]
    if options.kek is None and not (options.folder / "kek").exists():
        return KekFacts(kind=kind, key_id="", problem="there is none yet")
    try:
        kek = open_kek(address)
    except ZaphodError as error:
        return KekFacts(kind=kind, key_id="", problem=error.found)
    try:
        return KekFacts(kind=kind, key_id=kek.key_id, problem="")
    finally:
        kek.close()


def _audits(options: KeepingOptions, progress: Progress) -> tuple[tuple[AuditFacts, ...], str]:
    witness = options.witness if options.witness.is_dir() else None
    try:
        report = verify(options.audit_folder, witness, progress=progress)
    except ZaphodError as error:
        return (), error.found
    found = [
        AuditFacts(
            tenant=one.tenant,
            folder=one.name,
            last_verified_seq=one.num_records,
            last_signed_seq=one.num_signed,
            problems=tuple(problem.explanation for problem in one.problems),
            policy=_last_policy(options.audit_folder / one.name),
        )
        for one in report.tenants
    ]
    return tuple(found), ""


def _last_policy(folder: Path) -> str:
    """What the newest of the last records that names a policy says; empty if none does, or they cannot be read."""
    segments = segments_of(folder) if folder.is_dir() else []
    lines = deque(lines_of(segments[-1]) if segments else (), maxlen=_MAX_LINES_READ)
    try:
        records = (record_of(line, folder) for line in reversed(lines) if b'"policy_hash":""' not in line)
        return next((record.policy_hash for record in records), "")
    except AuditError:
        return ""  # `verify` has told of it


def _tenant(own: TenantStore, keys: KeyTable, kek_id: str) -> TenantFacts:
    rows = list(keys.of_tenant(own.tenant))
    of_people = [row for row in rows if row.subject]
    return TenantFacts(
        tenant=own.tenant,
        num_people=len(own.subjects()),
        num_restricted=len(own.restrictions.all()),
        num_records={kind: records.count() for kind, records in own.collections.items()},
        num_keys_in_use=sum(row.retired_s is None for row in of_people),
        num_keys_retired=sum(row.retired_s is not None for row in of_people),
        is_under_kek=all(row.wrapping_key_id == kek_id for row in rows if not row.subject),
        kept_for_s=own.retention.all(),
    )


def audit_name(facts: AuditFacts) -> str:
    """Whose log it is, for people."""
    return tenant_name(facts.tenant) if facts.tenant is not None else facts.folder


def tenant_name(tenant: str) -> str:
    """A tenant for people."""
    return tenant or "(local)"
