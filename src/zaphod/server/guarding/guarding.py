"""The server's guard, with what all requests share: policies, verdicts of late, what waits. Knows no request."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable

from zaphod.safety.guard.authority.authority import Authority
from zaphod.safety.guard.authority.capabilities import AuthorityOptions
from zaphod.safety.guard.authority.confirmation import Confirmations
from zaphod.safety.guard.guard import Guard
from zaphod.safety.guard.verdict import Stage, Verdict
from zaphod.server.caller import Caller
from zaphod.server.guarding.conversation import Conversation

_KEPT_VERDICTS = 4096
"""A conversation is sent anew with every turn: what was checked once is not checked again."""
_SHORT = 16_384
"""Characters that are checked without letting others have a turn."""


class Guarding:
    """Judges what all requests say.

    Args:
        guard: policies and finders.
        key_of: a tenant's secret key, for canaries.
        confirmations: what waits for people.
    """

    def __init__(
        self, guard: Guard, key_of: Callable[[str], bytes], confirmations: Confirmations | None = None
    ) -> None:
        self.guard = guard
        self.key_of = key_of
        self.confirmations = confirmations or Confirmations()
        self._verdicts: OrderedDict[tuple[str, str, bytes], Verdict] = OrderedDict()
        self._authority = functools.lru_cache(maxsize=256)(self._parsed_authority)

    def begin(self, caller: Caller, approved: str | None = None) -> Conversation:
        """A request.

        Args:
            caller: who asks.
            approved: the confirmation that the client names, if any.
        """
        return Conversation(self, caller, approved)

    def policy_name(self, tenant: str) -> str:
        """Which policy decides for a tenant, as `name@version#digest`."""
        return self.guard.policy_of(tenant).label

    def authority_of(self, tenant: str) -> Authority:
        """What tools may do for a tenant."""
        return self._authority(tenant)

    async def verdict(self, text: str, stage: Stage, tenant: str) -> Verdict:
        """What follows for a text; long ones are checked in steps, so that other requests have their turn."""
        place = (self.policy_name(tenant), stage, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
        known = self._verdicts.get(place)
        if known is not None:
            self._verdicts.move_to_end(place)
            return known
        verdict = await self._checked(text, stage, tenant)
        if not verdict.errors:
            self._verdicts[place] = verdict
            if len(self._verdicts) > _KEPT_VERDICTS:
                self._verdicts.popitem(last=False)
        return verdict

    async def _checked(self, text: str, stage: Stage, tenant: str) -> Verdict:
        if len(text) <= _SHORT:
            return self.guard.check(text, stage, tenant=tenant)
        return await asyncio.to_thread(self.guard.check, text, stage, tenant=tenant)

    def _parsed_authority(self, tenant: str) -> Authority:
        return Authority(AuthorityOptions.parse(self.guard.policy_of(tenant).authority))
