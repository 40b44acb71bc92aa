"""Why a chain breaks at a line: changed, missing, inserted or moved; knows lines, not files and not signatures.

The line after a record is the one that names the record's hash. So if the record that must come next stands further
down, lines were put before it, or it was moved; if it stands nowhere, it was changed or taken out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from zaphod.safety.audit.record import Record, read_record

Kind = Literal[
    "changed",
    "missing",
    "inserted",
    "moved",
    "truncated",
    "rolled_back",
    "forked",
    "checkpoint_changed",
    "checkpoint_missing",
    "foreign_signature",
    "misplaced",
]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that must not be.

    Args:
        kind: what was done to the log.
        seq: the first record that is not the one that was written; where only a range is known, its first one.
        explanation: in a sentence.
        checkpoint: which one is concerned, from 1.
    """

    kind: Kind
    seq: int
    explanation: str
    checkpoint: int | None = None


@dataclass(frozen=True, kw_only=True)
class Link:
    """A record's place in the chain."""

    seq: int
    prev: str
    hash: str

    @classmethod
    def of(cls, record: Record) -> Link:
        return cls(seq=record.seq, prev=record.prev, hash=record.hash)


@dataclass(frozen=True, kw_only=True)
class Break:
    """A line that does not follow.

    Args:
        last: the last record that does.
        line: the line.
        rest: all lines after it.
    """

    last: Link
    line: bytes
    rest: Iterable[bytes]


def diagnose(found: Break) -> Problem:
    """What was done to the log before that line or in it."""
    expected = found.last.seq + 1
    here, reason = _link(found.line)
    rest = _look_through(found.rest, expected, found.last.hash, here)
    if here is not None and here.prev == found.last.hash:
        return _changed(expected, f"its number is {here.seq}")
    if rest.has_expected:
        return _pushed_away(expected, here, rest)
    if here is None:
        return _changed(expected, reason)
    if here.prev == found.last.prev and here.seq == found.last.seq:
        explanation = f"Two lines claim to be record {here.seq}; the rest of the log follows the second one."
        return Problem(kind="inserted", seq=here.seq, explanation=explanation)
    if here.seq > expected:
        return Problem(kind="missing", seq=expected, explanation=_missing(expected, here.seq - 1))
    if here.seq < expected:
        return _changed(expected, f"in its place stands record {here.seq}")
    if expected == 1 or not rest.goes_on:
        return _changed(expected, "it does not belong to the record before it")
    return _changed(found.last.seq, f"record {expected} was written after another one")


@dataclass(frozen=True, kw_only=True)
class _Rest:
    """What the lines after a break tell.

    Args:
        has_expected: the record that must stand at the break is among them.
        has_twin: so is the one that stands there.
        goes_on: the first of them follows the one that stands there, or there is none.
    """

    has_expected: bool
    has_twin: bool
    goes_on: bool


def _look_through(lines: Iterable[bytes], expected: int, head: str, here: Link | None) -> _Rest:
    has_expected = has_twin = False
    goes_on = True
    for index, line in enumerate(lines):
        link, _ = _link(line)
        if here is not None and index == 0:
            goes_on = link is None or link.prev == here.hash
        if link is not None:
            has_expected |= link.seq == expected and link.prev == head
            has_twin |= here is not None and link.hash == here.hash
    return _Rest(has_expected=has_expected, has_twin=has_twin, goes_on=goes_on)


def _pushed_away(expected: int, here: Link | None, rest: _Rest) -> Problem:
    """The record that must stand here stands further down."""
    if here is not None and here.seq > expected and not rest.has_twin:
        explanation = f"Record {here.seq} stands in the place of record {expected}, which comes later."
        return Problem(kind="moved", seq=expected, explanation=explanation)
    explanation = f"A line that does not belong there stands before record {expected}."
    return Problem(kind="inserted", seq=expected, explanation=explanation)


def _changed(seq: int, reason: str) -> Problem:
    return Problem(kind="changed", seq=seq, explanation=f"Record {seq} is not the one that was written: {reason}.")


def _missing(first: int, last: int) -> str:
    return f"Record {first} is missing." if first == last else f"Records {first} to {last} are missing."


def _link(line: bytes) -> tuple[Link | None, str]:
    try:
        return Link.of(read_record(line)), ""
    except ValueError as error:
        return None, str(error)
