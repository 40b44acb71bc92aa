"""One tenant's log, open for writing: batches, torn ends, checkpoints; knows no threads and no queue.

Nothing is held between two calls but numbers: other processes may write the same log meanwhile. Each call takes the
lock and reads on from where it stood.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from zaphod.core.errors import AuditError
from zaphod.safety.audit.checkpoint import (
    CHECKPOINTS_FILE,
    NO_CHECKPOINT,
    Checkpoint,
    last_checkpoint_lines,
    read_checkpoint,
)
from zaphod.safety.audit.files import (
    LOCK_FILE,
    append_durably,
    create_durably,
    locked,
    make_private_folder,
    open_private,
    replace_durably,
    sync_folder,
    write_all,
)
from zaphod.safety.audit.position import RESUME_FILE, Position, Tail, read_on, read_position
from zaphod.safety.audit.record import Event, moment, write_record
from zaphod.safety.audit.segments import segment_path
from zaphod.safety.audit.signing import Signer

_RETRY_S = 10.0


class Receipt(NamedTuple):
    """Where an event stands, now that it is on disk."""

    tenant: str
    seq: int
    hash: str


class Waiting(NamedTuple):
    """An event that is not written yet, and when it was handed in."""

    event: Event
    time_ns: int


@dataclass(frozen=True, kw_only=True)
class TenantLogOptions:
    """How one tenant's log is kept.

    Args:
        checkpoint_records: a checkpoint is due after so many records,
        checkpoint_interval_s: and when the first record after the last one is so old.
        max_segment_bytes: a file that is longer is followed by a new one.
        lock_timeout_s: how long to wait for another process that writes.
    """

    checkpoint_records: int = 10_000
    checkpoint_interval_s: float = 60.0
    max_segment_bytes: int = 64 << 20
    lock_timeout_s: float = 5.0


class TenantLog:
    """Writes. Not thread-safe.

    Args:
        folder: the tenant's own.
        tenant: whose log.
        signer: signs checkpoints.
        options: how.
    """

    def __init__(self, folder: Path, tenant: str, signer: Signer, options: TenantLogOptions) -> None:
        self._folder, self._tenant, self._signer, self._options = folder, tenant, signer, options
        self._position = Position()
        self._last: Checkpoint | None = None
        self._checkpoints_bytes = -1
        self._doubtful_bytes = 0
        self._recovery: Event | None = None
        self._due_s = float("inf")

    @property
    def due_s(self) -> float:
        """When the next checkpoint is due, on the monotonic clock."""
        return self._due_s

    def write(self, batch: Sequence[Waiting]) -> list[Receipt]:
        """Write events, all or none; they are on disk when this returns.

        Raises:
            AuditError: another process holds the lock, or the log is not as it was left.
            OSError: the disk is full, or fails.
        """
        if self._checkpoints_bytes < 0:
            make_private_folder(self._folder)
        with self._lock():
            self._catch_up()
            recovered = [Waiting(self._recovery, time.time_ns())] if self._recovery else []
            receipts = self._append([*recovered, *batch])
            self._recovery = None
        self._plan_checkpoint(time.monotonic())
        return receipts[len(recovered) :]

    def checkpoint(self) -> bool:
        """Sign all records so far; False if nothing is new.

        Raises:
            AuditError: another process holds the lock, or the log is not as it was left.
            OSError: the disk is full, or fails.
        """
        self._due_s = time.monotonic() + _RETRY_S  # if it fails
        with self._lock():
            self._catch_up()
            is_new = self._num_unsigned() > 0
            if is_new:
                self._sign()
        self._due_s = float("inf")
        return is_new

    @property
    def _checkpoints(self) -> Path:
        return self._folder / CHECKPOINTS_FILE

    def _lock(self) -> AbstractContextManager[None]:
        return locked(self._folder / LOCK_FILE, self._options.lock_timeout_s)

    def _num_unsigned(self) -> int:
        return self._position.frontier.size - (self._last.tree_size if self._last else 0)

    def _plan_checkpoint(self, now_s: float) -> None:
        if self._num_unsigned() >= self._options.checkpoint_records:
            self._due_s = now_s
        self._due_s = min(self._due_s, now_s + self._options.checkpoint_interval_s)

    def _sign(self) -> None:
        checkpoint = self._statement()
        append_durably(self._checkpoints, checkpoint.line)
        self._last, self._checkpoints_bytes = checkpoint, self._checkpoints.stat().st_size
        replace_durably(self._folder / RESUME_FILE, self._position.as_json())

    def _statement(self) -> Checkpoint:
        return Checkpoint(
            tenant=self._tenant,
            tree_size=self._position.frontier.size,
            root=self._position.frontier.root().hex(),
            head=self._position.head.hex(),
            previous=self._last.hash if self._last else NO_CHECKPOINT,
            ts_utc=moment(time.time_ns()),
            public_key=self._signer.public_key,
        ).signed(self._signer)

    def _append(self, batch: Sequence[Waiting]) -> list[Receipt]:
        position = self._position.copy()
        lines, receipts = [], []
        for event, time_ns in batch:
            line, value = write_record(event, seq=position.next_seq, time_ns=time_ns, previous=position.head)
            lines.append(line)
            receipts.append(Receipt(self._tenant, position.next_seq, value.hex()))
            position.head = value
            position.frontier.append(value)
        self._write_lines(position, b"".join(lines))
        self._position = position
        return receipts

    def _write_lines(self, position: Position, data: bytes) -> None:
        if position.segment is None or position.offset_bytes >= self._options.max_segment_bytes:
            position.segment, position.offset_bytes = segment_path(self._folder, self._position.next_seq), 0
        descriptor = open_private(position.segment, os.O_WRONLY | os.O_APPEND)
        try:
            self._doubtful_bytes = len(data)
            try:
                write_all(descriptor, data)
                os.fdatasync(descriptor)
            except OSError:
                os.ftruncate(descriptor, position.offset_bytes)
                self._doubtful_bytes = 0
                raise
            self._doubtful_bytes = 0
        finally:
            os.close(descriptor)
        if position.offset_bytes == 0:
            sync_folder(self._folder)
        position.offset_bytes += len(data)

    def _catch_up(self) -> None:
        """Stand at the end of the log, whoever wrote it."""
        if self._checkpoints_bytes < 0:
            self._open()
        elif not self._is_current():
            self._read_checkpoints()
            self._read_records()

    def _is_current(self) -> bool:
        """Whether nobody has written since."""
        self._take_back()
        segment, offset_bytes = self._position.segment, self._position.offset_bytes
        if segment is None or segment_path(self._folder, self._position.next_seq).exists():
            return False
        return segment.stat().st_size == offset_bytes and _size_of(self._checkpoints) == self._checkpoints_bytes

    def _take_back(self) -> None:
        """Once more cut off what reached the file, but perhaps not the disk, unless somebody has gone on from there."""
        segment, offset_bytes = self._position.segment, self._position.offset_bytes
        if self._doubtful_bytes and segment is not None:
            if segment.stat().st_size <= offset_bytes + self._doubtful_bytes:
                _cut(segment, offset_bytes)
            self._doubtful_bytes = 0

    def _open(self) -> None:
        """Begin where the last checkpoint was made, if that can be trusted; else at the first record."""
        recent = self._read_checkpoints()
        kept = read_position(self._folder)
        try:
            if kept is None or not self._is_read_from(kept, recent):
                self._position = Position()
                self._read_records()
        except AuditError:
            self._checkpoints_bytes = -1
            raise
        if self._num_unsigned():
            self._plan_checkpoint(time.monotonic())

    def _is_read_from(self, kept: Position, recent: Sequence[Checkpoint]) -> bool:
        if not any(_speaks_of(checkpoint, kept) for checkpoint in recent):
            return False
        self._position = kept
        try:
            self._read_records()
        except AuditError:
            return False  # what was kept may be wrong: the log itself decides
        return True

    def _read_checkpoints(self) -> list[Checkpoint]:
        """The last few; cuts off a last line that was never finished."""
        recent: list[Checkpoint] = []
        lines, end_bytes = last_checkpoint_lines(self._checkpoints)
        for line in lines:
            try:
                recent.append(read_checkpoint(line))
            except ValueError as error:
                raise _changed(self._checkpoints, f"one of the last checkpoints: {error}") from error
        if _size_of(self._checkpoints) > end_bytes:
            _cut(self._checkpoints, end_bytes)
        self._last, self._checkpoints_bytes = recent[-1] if recent else None, end_bytes
        return recent

    def _read_records(self) -> None:
        position, segment, last = self._position.copy(), self._position.segment, self._last
        if segment is not None and _size_of(segment) < position.offset_bytes:
            raise _changed(segment, "its end is missing")

        def compare(reached: Position) -> None:
            if last is not None and reached.frontier.size == last.tree_size and not _speaks_of(last, reached):
                raise _changed(self._folder, f"what was signed at record {last.tree_size} is not there")

        tail = read_on(self._folder, position, compare)
        if last is not None and position.frontier.size < last.tree_size:
            found = f"{last.tree_size} records were signed, {position.frontier.size} are there"
            raise _changed(self._folder, found)
        if position.segment is not None and position.frontier.size > self._position.frontier.size:
            _sync(position.segment)  # whoever wrote it may have been stopped before it was on disk
        self._position = position
        if tail.data:
            self._cut_off(tail)

    def _cut_off(self, tail: Tail) -> None:
        """Keep a torn end aside, and remember to write down that there was one."""
        segment = self._position.segment
        assert segment is not None
        if not tail.is_torn:
            raise _changed(segment, f"record {self._position.next_seq}: {tail.reason}")
        name = f"{self._position.next_seq:020}-{time.time_ns()}.torn"
        create_durably(self._folder / name, tail.data)
        _cut(segment, self._position.offset_bytes)
        self._recovery = Event(
            tenant=self._tenant,
            actor="zaphod",
            action="audit.recover",
            object=name,
            decision="cut",
            details={"size_bytes": len(tail.data), "sha256": hashlib.sha256(tail.data).hexdigest()},
        )


def _speaks_of(checkpoint: Checkpoint, position: Position) -> bool:
    signed = (checkpoint.tree_size, checkpoint.root, checkpoint.head)
    return signed == (position.frontier.size, position.frontier.root().hex(), position.head.hex())


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sync(path: Path) -> None:
    descriptor = open_private(path, os.O_RDONLY)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _cut(path: Path, size_bytes: int) -> None:
    descriptor = open_private(path, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, size_bytes)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _changed(path: Path, reason: str) -> AuditError:
    return AuditError(
        f"{path} is not as it was left: {reason}.",
        "Nothing is added to a log that somebody has changed.",
        "Find out more: zaphod audit verify. Bring back a copy, or begin a new log and a new witness in empty folders.",
    )
