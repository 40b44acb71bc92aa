"""Whom a request is about, as records, exports and erasures name the person; knows no record.

The store keeps this name as it is, because `zaphod privacy` is told it. Where a person's name is itself a secret,
clients send an id or a keyed digest of it.
"""

from __future__ import annotations

from zaphod.core.errors import RequestError
from zaphod.safety.vault.place import require_subject
from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError


def subject_of(
    caller: Caller, *, safety_identifier: str | None = None, user: str | None = None, past: str | None = None
) -> str:
    """The person whom a request is about: whom it names, else whom what it goes on from is about, else the key's id.

    Args:
        caller: who asks.
        safety_identifier: the request's field.
        user: the older name of that field.
        past: the person whom the conversation so far is about, if there is one.

    Raises:
        ApiError: 400, no subject can be called so, or the conversation so far is about somebody else.
    """
    name = _named(safety_identifier=safety_identifier, user=user)
    if past is not None and name not in (None, past):
        message = (
            "The conversation so far is about somebody else than this request names. What is kept of one person is not "
            "used for another. Name the same person, or begin anew."
        )
        raise ApiError(400, "conflicting_fields", message, param="previous_response_id")
    return name or past or caller.key_id


def _named(*, safety_identifier: str | None = None, user: str | None = None) -> str | None:
    """The person whom a request names: `safety_identifier`, or the older `user`; None where it names nobody.

    Raises:
        ApiError: 400, no subject can be called so.
    """
    name, param = (safety_identifier, "safety_identifier") if safety_identifier else (user, "user")
    if not name:
        return None
    try:
        require_subject(name)
    except RequestError as error:
        message = f"`{param}` names the person whose records are kept. {error.wanted} {error.remedy}"
        raise ApiError(400, "invalid_value", message, param=param) from error
    return name
