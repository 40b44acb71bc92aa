"""What every duty to a person needs: the tenant's records, keys and log, and who acts. Read this file first.

    with Keeping(options) as keeping:
        office = Office(keeping, "clinic", actor="cli:ada")
        erase(office, "patient-17")

Nothing is done that cannot be written down: an event is on disk before the deed. What can be undone by nobody, or
takes long, has two: `begin` before it and `done` behind it. A subject's name stands in no event, only its keyed digest.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from zaphod.core.errors import AuditError, ConfigError
from zaphod.records.keeping import Keeping
from zaphod.records.sealing import Sealing
from zaphod.records.store import Store
from zaphod.safety.audit.digests import keyed_digest
from zaphod.safety.audit.log import AuditLog
from zaphod.safety.audit.record import Detail, Event
from zaphod.safety.audit.tenant_log import Receipt
from zaphod.safety.vault.place import require_subject
from zaphod.safety.vault.vault import Vault

_DIGEST_PURPOSE = "privacy subject"


class Office:
    """One tenant's records, keys and log, for one actor.

    Args:
        keeping: what the installation keeps.
        tenant: whose people it is about.
        actor: who acts, as it is written down.
        now_s: seconds since 1970.

    Raises:
        ConfigError: no tenant can be called so.
        AuditError: the audit is switched off.
    """

    def __init__(self, keeping: Keeping, tenant: str, *, actor: str, now_s: Callable[[], float] = time.time) -> None:
        self.keeping, self.tenant, self.actor, self.now_s = keeping, tenant, actor, now_s
        self.own = keeping.store.tenant(tenant)
        self.sealing = Sealing(keeping.vault, self.own)
        self._log = _required(keeping.audit)

    def object_of(self, subject: str) -> str:
        """How events name a subject."""
        return subject_object(self.keeping.vault, self.tenant, subject)

    def write(self, action: str, name: str, decision: str, details: Mapping[str, Detail] | None = None) -> Receipt:
        """Wait until an event is on disk.

        Args:
            action: like `privacy.erase`.
            name: the event's object, such as `object_of(subject)`.
            decision: what follows.
            details: numbers, ids and digests.

        Raises:
            AuditError: it cannot be written.
        """
        event = Event(
            tenant=self.tenant, actor=self.actor, action=action, object=name, decision=decision, details=details or {}
        )
        return self._log.append(event).result()

    @contextmanager
    def recorded(self, action: str, name: str, details: Mapping[str, Detail] | None = None) -> Iterator[Receipt]:
        """Write down what is about to be done in the block, and afterwards if it was not."""
        receipt = self.write(action, name, "allow", details)
        try:
            yield receipt
        except BaseException as error:
            self.write(action, name, "fail", {"of_seq": receipt.seq, "error": type(error).__name__})
            raise


def subject_object(vault: Vault, tenant: str, subject: str) -> str:
    """`subject:` and a digest that only the tenant's key can make: how events name a person.

    Raises:
        RequestError: no subject can be called so.
    """
    require_subject(subject)
    return f"subject:{keyed_digest(vault.digest_key(tenant, _DIGEST_PURPOSE), subject)}"


def require_known_tenant(store: Store, tenant: str) -> None:
    """Raises `ConfigError` for a tenant of which nothing is kept: a misspelt name must not look like a duty done."""
    known = store.tenants()
    if tenant in known:
        return
    nearest = difflib.get_close_matches(tenant, known, n=1)
    raise ConfigError(
        f"Nothing is kept of tenant {tenant!r}.",
        f"There are {len(known)} tenants with records.",
        f"Did you mean {nearest[0]!r}?" if nearest else "Name one with --tenant; see `zaphod privacy report`.",
    )


def _required(log: AuditLog | None) -> AuditLog:
    if log is None:
        raise AuditError("The audit is switched off.", "What is done to people's records is written down.", "Keep one.")
    return log
