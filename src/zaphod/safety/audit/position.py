"""Where a tenant's log has come to, and how it is read on from there; knows nothing of writing and signing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from zaphod.safety.audit.canonical import canonical
from zaphod.safety.audit.merkle import Frontier
from zaphod.safety.audit.record import GENESIS, Record, read_record
from zaphod.safety.audit.segments import is_segment, lines_of, segment_path, segments_of

RESUME_FILE = "resume.json"


@dataclass(kw_only=True)
class Position:
    """Everything before it has been read or written.

    Args:
        segment: the file that the last record lies in; None before the first.
        offset_bytes: where that record ends.
        head: its hash.
        frontier: the tree of all records.
    """

    segment: Path | None = None
    offset_bytes: int = 0
    head: bytes = GENESIS
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def next_seq(self) -> int:
        return self.frontier.size + 1

    def copy(self) -> Position:
        return Position(
            segment=self.segment, offset_bytes=self.offset_bytes, head=self.head, frontier=self.frontier.copy()
        )

    def as_json(self) -> bytes:
        """To read on from here in another process."""
        return canonical(
            {
                "segment": self.segment.name if self.segment else "",
                "offset_bytes": self.offset_bytes,
                "head": self.head.hex(),
                "size": self.frontier.size,
                "peaks": [peak.hex() for peak in self.frontier.peaks],
            }
        )


def read_position(folder: Path) -> Position | None:
    """The one that was kept; None if there is none that makes sense. Whoever uses it checks it against a checkpoint."""
    try:
        kept = json.loads((folder / RESUME_FILE).read_bytes())
        if not is_segment(kept["segment"]):
            return None
        return Position(
            segment=folder / kept["segment"],
            offset_bytes=int(kept["offset_bytes"]),
            head=bytes.fromhex(kept["head"]),
            frontier=Frontier(int(kept["size"]), map(bytes.fromhex, kept["peaks"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it only saves reading: without it the log is read from its beginning


@dataclass(frozen=True, kw_only=True)
class Tail:
    """What follows the last record that can be read.

    Args:
        data: the bytes; empty where the log ends as it should.
        reason: why they are no record.
    """

    data: bytes = b""
    reason: str = ""

    @property
    def is_torn(self) -> bool:
        """Whether a power cut explains it: a line without an end, or blocks that never reached the disk.

        Whole lines that do not fit are not explained so: a file grows before its blocks are written, and what was
        never written reads as zeros.
        """
        first, end, _ = self.data.partition(b"\n")
        return not end or b"\x00" in first


def read_on(folder: Path, position: Position, on_record: Callable[[Position], None] = lambda position: None) -> Tail:
    """Move `position` behind the last record that follows it without a break, and tell what is behind that.

    Args:
        folder: the tenant's.
        position: where to begin.
        on_record: called behind every record.

    Raises:
        OSError: a segment cannot be read.
    """
    if position.segment is None:
        position.segment = next(iter(segments_of(folder)), None)
    while position.segment is not None:
        tail = _read_segment(position.segment, position, on_record)
        if tail.data:
            return tail
        following = segment_path(folder, position.next_seq)
        if following == position.segment or not following.exists():
            break
        position.segment, position.offset_bytes = following, 0
    return Tail()


def _read_segment(segment: Path, position: Position, on_record: Callable[[Position], None]) -> Tail:
    for line in lines_of(segment, position.offset_bytes):
        try:
            record = _successor(line, position)
        except ValueError as error:
            with segment.open("rb") as file:
                file.seek(position.offset_bytes)
                return Tail(data=file.read(), reason=str(error))
        position.head = bytes.fromhex(record.hash)
        position.frontier.append(position.head)
        position.offset_bytes += len(line)
        on_record(position)
    return Tail()


def _successor(line: bytes, position: Position) -> Record:
    if not line.endswith(b"\n"):
        raise ValueError("it has no end")
    record = read_record(line)
    if record.seq != position.next_seq:
        raise ValueError(f"its number is {record.seq}, not {position.next_seq}")
    if record.prev != position.head.hex():
        raise ValueError("it does not hang on the record before it")
    return record
