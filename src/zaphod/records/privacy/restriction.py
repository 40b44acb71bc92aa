"""Restricting a person's records: they are kept and not used (GDPR, Article 18). Knows no record.

A restriction is obeyed by `records/sealing.py`, which opens nothing for use, by `retention apply` and by `erase`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from zaphod.core.errors import ConfigError
from zaphod.records.privacy.office import Office

Ground = Literal["accuracy", "unlawful", "claims", "objection"]
"""Article 18(1)(a) to (d): it is contested; nobody may have it; it is needed as proof; somebody objects."""
GROUNDS: tuple[str, ...] = get_args(Ground)


@dataclass(frozen=True, kw_only=True)
class Restricted:
    """How it is now.

    Args:
        object: how events name the person.
        is_restricted: whether the person's records are restricted now.
        was_changed: False if it was so before.
        since_s: since when they are, in seconds since 1970; None if they are not.
        seq: the event.
    """

    object: str
    is_restricted: bool
    was_changed: bool
    since_s: int | None
    seq: int


def restrict(office: Office, subject: str, ground: str) -> Restricted:
    """From now on the person's records are kept and not used.

    Raises:
        ConfigError: there is no such ground.
        RequestError: no subject can be called so.
        AuditError: it cannot be written down; nothing was done.
    """
    if ground not in GROUNDS:
        raise ConfigError(f"The ground is {ground!r}.", f"It is one of {', '.join(GROUNDS)}.", "Name one.")
    name = office.object_of(subject)
    with office.recorded("privacy.restrict", name, {"ground": ground}) as receipt:
        is_new = office.own.restrictions.add(subject, int(office.now_s()))
    since_s = office.own.restrictions.all().get(subject)
    return Restricted(object=name, is_restricted=True, was_changed=is_new, since_s=since_s, seq=receipt.seq)


def unrestrict(office: Office, subject: str) -> Restricted:
    """The person's records may be used again. The person must have been told before (Article 18(3)).

    Raises:
        RequestError: no subject can be called so.
        AuditError: it cannot be written down; nothing was done.
    """
    name = office.object_of(subject)
    with office.recorded("privacy.unrestrict", name) as receipt:
        was_restricted = office.own.restrictions.lift(subject)
    return Restricted(object=name, is_restricted=False, was_changed=was_restricted, since_s=None, seq=receipt.seq)
