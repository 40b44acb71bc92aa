"""What waits for a person's word; knows no HTTP and not who may give it.

A confirmation is bound to one tenant and to one thing by its digest. It is used once, and it ends by itself. Waiting
ones lie in memory: a server that restarts has forgotten them, and nothing was done.
"""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from zaphod.core.errors import RequestError
from zaphod.safety.guard.verdict import Finding

Kind = Literal["input", "tool_call"]
Decision = Literal["approved", "denied"]


@dataclass(frozen=True, kw_only=True)
class Held:
    """Something that waits.

    Args:
        id: names it, and cannot be guessed.
        tenant: whose it is; others do not see it.
        actor: whose request it came from.
        kind: a text that would go to the model, or a call that the model asks for.
        name: the tool; empty for a text.
        content: the arguments of a call, for the person who decides; empty for a text, which its sender has.
        digest: SHA-256 of what would be let through, so that nothing else is.
        findings: why it is held.
        expires_s: when nobody can decide any more, in seconds since 1970.
        decision: what was decided, if it was.
    """

    id: str
    tenant: str
    actor: str
    kind: Kind
    name: str
    content: str
    digest: str
    findings: tuple[Finding, ...]
    expires_s: float
    decision: Decision | None = None


def digest_of(*parts: str) -> str:
    """SHA-256 over parts that cannot run into each other."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


class Confirmations:
    """Everything that waits, of all tenants. Thread-safe.

    Args:
        time_limit_s: how long a person may think.
        max_held: how many may wait in one tenant; the oldest gives way.
        clock: seconds since 1970.
    """

    def __init__(
        self, *, time_limit_s: float = 900.0, max_held: int = 256, clock: Callable[[], float] = time.time
    ) -> None:
        self._time_limit_s, self._max_held, self._clock = time_limit_s, max_held, clock
        self._held: dict[str, dict[str, Held]] = {}
        self._lock = threading.Lock()

    def hold(
        self, *, tenant: str, actor: str, kind: Kind, name: str, content: str, digest: str, findings: Sequence[Finding]
    ) -> Held:
        """Let something wait."""
        held = Held(
            id="hold_" + secrets.token_urlsafe(18),
            tenant=tenant,
            actor=actor,
            kind=kind,
            name=name,
            content=content,
            digest=digest,
            findings=tuple(findings),
            expires_s=self._clock() + self._time_limit_s,
        )
        with self._lock:
            own = self._of(tenant)
            while len(own) >= self._max_held:
                del own[next(iter(own))]
            own[held.id] = held
        return held

    def waiting(self, tenant: str) -> list[Held]:
        """What nobody has decided yet, oldest first."""
        with self._lock:
            return [held for held in self._of(tenant).values() if held.decision is None]

    def decide(self, tenant: str, held_id: str, decision: Decision) -> Held:
        """A person's word; what was denied is gone, and so is a call that was approved: its caller has it now.

        Raises:
            RequestError: nothing of that tenant waits under this name.
        """
        with self._lock:
            held = self._of(tenant).pop(held_id, None)
            if held is None or held.decision is not None:
                raise RequestError(
                    f"Nothing waits under {held_id[:64]!r}.",
                    "It may have been decided, or its time may have passed.",
                    "Send the request anew.",
                )
            decided = dataclasses.replace(held, decision=decision)
            if decision == "approved" and held.kind == "input":
                self._of(tenant)[held_id] = decided
            return decided

    def use(self, tenant: str, held_id: str, digest: str) -> bool:
        """Whether a text was approved under this name; the first time only."""
        with self._lock:
            held = self._of(tenant).get(held_id)
            if held is None or held.decision != "approved" or not secrets.compare_digest(held.digest, digest):
                return False
            del self._of(tenant)[held_id]
            return True

    def _of(self, tenant: str) -> dict[str, Held]:
        """What a tenant has waiting, without what has expired."""
        own = self._held.setdefault(tenant, {})
        now_s = self._clock()
        for held_id in [held_id for held_id, held in own.items() if held.expires_s <= now_s]:
            del own[held_id]
        return own
