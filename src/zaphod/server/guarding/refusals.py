"""What the gate refused, as one event of the audit a minute: how often and why. Knows no request.

An event for each would let whoever is refused fill the disk.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError
from zaphod.server.guarding.journal import Journal

PERIOD_S = 60.0
_MOST_REASONS = 24
_GATE = Caller(key_id="gate", name="the gate", scopes=frozenset(), tenant="")
"""Who was refused is nobody's tenant yet."""


class Refusals:
    """Writes down what is new.

    Args:
        counts: how many were refused since the start, by the error's code.
        journal: where it is written down.
    """

    def __init__(self, counts: Mapping[str, int], journal: Journal) -> None:
        self._counts, self._journal = counts, journal
        self._told: Counter[str] = Counter()

    async def tell_often(self, period_s: float = PERIOD_S) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(period_s)
            await self.tell()

    async def tell(self) -> None:
        """Write down what was refused since the last time, if anything was. What cannot be written is told later."""
        new = Counter(self._counts) - self._told
        if not new:
            return
        self._told.update(new)
        try:
            await self._journal.write(_GATE, "gate.refusals", "", "refuse", details=_details(new))
        except ApiError:  # the journal has logged it
            self._told.subtract(new)


def _details(new: Counter[str]) -> dict[str, int]:
    """The commonest reasons by name, the rest together: an event has room for few."""
    listed = dict(new.most_common(_MOST_REASONS))
    others = new.total() - sum(listed.values())
    return listed | ({"other": others} if others else {})
