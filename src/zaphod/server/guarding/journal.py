"""What requests did, as events of the audit; knows no request's text, only digests of it.

An answer begins when the record of its request is on disk, and ends when the record of its end is: what nobody can
prove afterwards did not happen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from zaphod.core.errors import ZaphodError
from zaphod.safety.audit.record import Event
from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError

if TYPE_CHECKING:
    from zaphod.safety.audit.log import AuditLog

_log = logging.getLogger(__name__)

Details = Mapping[str, str | int | float | bool]
"""Numbers, codes and digests; never content."""


class Journal:
    """Writes events for the server.

    Args:
        log: the audit.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    async def write(
        self,
        caller: Caller,
        action: str,
        object: str,
        decision: str,
        *,
        policy: str = "",
        model: str = "",
        details: Details | None = None,
    ) -> None:
        """Wait until an event is on disk.

        Raises:
            ApiError: 503, it cannot be written, so that nothing may be done either.
        """
        event = _event(caller, action, object, decision, policy, model, details)
        try:
            await asyncio.wrap_future(self._log.append(event))
        except ZaphodError as error:
            _log.error("the audit cannot be written: %s", error)
            message = "The audit cannot be written, and nothing is done without it. Try again, or tell the operator."
            raise ApiError(503, "audit_unavailable", message, headers={"Retry-After": "10"}) from error

    def note(
        self,
        caller: Caller,
        action: str,
        object: str,
        decision: str,
        *,
        policy: str = "",
        model: str = "",
        details: Details | None = None,
    ) -> None:
        """An event that nobody can wait for: the client has gone. That it could not be written is logged."""
        future = self._log.append(_event(caller, action, object, decision, policy, model, details))
        future.add_done_callback(lambda done: _tell_failure(done.exception()))


def _event(
    caller: Caller, action: str, object: str, decision: str, policy: str, model: str, details: Details | None
) -> Event:
    return Event(
        tenant=caller.tenant,
        actor=caller.key_id,
        action=action,
        object=object,
        decision=decision,
        policy_hash=policy,
        model_id=model,
        details=dict(details or {}),
    )


def _tell_failure(error: BaseException | None) -> None:
    if error is not None:
        _log.error("an event is missing in the audit: %s", type(error).__name__)
