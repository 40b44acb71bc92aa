"""The server's guard, with what all requests share: policies, verdicts of late, what waits. Knows no request."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from zaphod.safety.guard.authority.authority import Authority
from zaphod.safety.guard.authority.capabilities import AuthorityOptions
from zaphod.safety.guard.authority.confirmation import Confirmations
from zaphod.safety.guard.verdict import Stage, Verdict
from zaphod.server.caller import Caller
from zaphod.server.guarding.conversation import Conversation
from zaphod.server.guarding.journal import Journal
from zaphod.server.guarding.refusals import Refusals

if TYPE_CHECKING:
    from zaphod.safety.guard.guard import Guard

_KEPT_VERDICTS = 4096
"""A conversation is sent anew with every turn: what was checked once is not checked again."""
_MOST_FINDINGS = 64
"""Verdicts with more are not kept: texts can be made that hold thousands."""
_SHORT = 16_384
"""Characters that are checked without letting others have a turn."""

_Place = tuple[str, str, Stage, bytes]
"""Tenant, policy, stage, digest of a text. The tenant, because a fast answer would tell one what another has said."""


class Guarding:
    """Judges what all requests say.

    Args:
        guard: policies and finders; None checks nothing.
        key_of: a tenant's secret key, for canaries and digests; may ask another machine.
        journal: where it is written down; None writes nothing.
        model: what answers, for the journal.
    """

    def __init__(
        self, guard: Guard | None, key_of: Callable[[str], bytes], journal: Journal | None = None, model: str = ""
    ) -> None:
        self.guard, self.journal, self.model = guard, journal, model
        self._key_of = key_of
        self._keys: dict[str, bytes] = {}
        self.confirmations = Confirmations()
        self.findings: Counter[tuple[str, str, str]] = Counter()
        """How often, by stage, category and action, since the start."""
        self._verdicts: OrderedDict[_Place, Verdict] = OrderedDict()
        self._checks: dict[_Place, asyncio.Task[Verdict]] = {}
        """Of long texts, while they run."""
        self._authority = functools.lru_cache(maxsize=256)(self._parsed_authority)
        self._refusals: Refusals | None = None
        self._telling: asyncio.Task[None] | None = None

    def watch_gate(self, refusals: Mapping[str, int]) -> None:
        """Have written down what the gate refuses.

        Args:
            refusals: how many since the start, by the error's code.
        """
        if self.journal is not None:
            self._refusals = Refusals(refusals, self.journal)

    async def start(self) -> None:
        """Make ready what the first request would wait for."""
        if self._refusals is not None:
            self._telling = asyncio.create_task(self._refusals.tell_often(), name="gate-refusals")
        if self.guard is not None:
            await asyncio.to_thread(self.guard.prepare)

    async def close(self) -> None:
        """Write down what is not yet. The journal stays open."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        if self._refusals is not None:
            await self._refusals.tell()

    def begin(self, caller: Caller, route: str, request_id: str, approved: str | None = None) -> Conversation:
        """A request.

        Args:
            caller: who asks.
            route: the path template.
            request_id: names it in the journal.
            approved: the confirmation that the client names, if any.
        """
        return Conversation(self, caller, route, request_id, approved)

    async def key(self, tenant: str) -> bytes:
        """A tenant's secret key; it stays the same, so it is asked for once."""
        if tenant not in self._keys:
            self._keys[tenant] = await asyncio.to_thread(self._key_of, tenant)
        return self._keys[tenant]

    def policy_name(self, tenant: str) -> str:
        """Which policy decides for a tenant, as `name@version#digest`; `off` where nothing is checked."""
        return "off" if self.guard is None else self.guard.policy_of(tenant).label

    def authority_of(self, tenant: str) -> Authority:
        """What tools may do for a tenant."""
        return self._authority(tenant)

    async def verdict(self, text: str, stage: Stage, tenant: str) -> Verdict:
        """What follows for a text; long ones are checked on a thread, so that other requests have their turn."""
        if self.guard is None:
            return Verdict()
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        place = (tenant, self.policy_name(tenant), stage, digest)
        known = self._verdicts.get(place)
        if known is not None:
            self._verdicts.move_to_end(place)
            return known
        if len(text) <= _SHORT:
            verdict = self.guard.check(text, stage, tenant=tenant)
        else:
            verdict = await self._checked_beside(place, functools.partial(self.guard.check, text, stage, tenant=tenant))
        if not verdict.errors and len(verdict.findings) <= _MOST_FINDINGS:
            self._verdicts[place] = verdict
            if len(self._verdicts) > _KEPT_VERDICTS:
                self._verdicts.popitem(last=False)
        return verdict

    async def _checked_beside(self, place: _Place, check: Callable[[], Verdict]) -> Verdict:
        """On a thread; who asks for the same meanwhile waits for the same."""
        if place not in self._checks:
            self._checks[place] = asyncio.create_task(asyncio.to_thread(check))
            self._checks[place].add_done_callback(lambda _: self._checks.pop(place))
        # A thread cannot be stopped: who goes away must not take the verdict from others.
        return await asyncio.shield(self._checks[place])

    def _parsed_authority(self, tenant: str) -> Authority:
        table = {} if self.guard is None else self.guard.policy_of(tenant).authority
        return Authority(AuthorityOptions.parse(table))
