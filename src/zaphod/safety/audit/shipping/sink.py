"""What a system that takes copies of records must do, and what becomes of each; knows no protocol and no log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from zaphod.safety.audit.record import Record

Pause = Callable[[float], bool]
"""Wait so many seconds; False if there is no time to wait any more."""


class Fate(NamedTuple):
    """What became of one record.

    `stored`: the receiver has it, as far as its protocol can tell. `postponed`: send it again later. `refused`: it will
    never be taken. `unclear`: some of this batch are refused, and the receiver does not say which.
    """

    kind: Literal["stored", "postponed", "refused", "unclear"]
    reason: str = ""
    after_s: float | None = None
    """How long the receiver asks to wait."""


STORED = Fate("stored")


class Sink(Protocol):
    """A system that takes copies of records."""

    @property
    def name(self) -> str:
        """Names it among all sinks; small letters, digits, hyphens and underscores."""

    def send(self, batch: Sequence[Record], pause: Pause) -> list[Fate]:
        """Send records of one tenant, in order.

        Blocks. Whatever the receiver or the network does, this returns one fate for each record.
        """


def all_of(batch: Sequence[Record], fate: Fate) -> list[Fate]:
    """The same fate for every record."""
    return [fate] * len(batch)
