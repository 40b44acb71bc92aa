"""One tenant's records on their way to one sink: in order, at least once; knows no thread.

A batch is sent until each of its records is stored or refused. Then the cursor moves. What stops before that is sent
again, and the dedupe id tells the receiver so.
"""

from __future__ import annotations

import itertools
import logging
import random
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zaphod.core.errors import AuditError, ConfigError
from zaphod.safety.audit.record import Record, read_record
from zaphod.safety.audit.segments import LogReader
from zaphod.safety.audit.shipping.cursor import Cursor
from zaphod.safety.audit.shipping.sink import Fate, Pause, Sink

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LaneOptions:
    """How records are sent.

    Args:
        batch_records, batch_bytes: a batch has no more than that, but at least one record.
        backoff_s: about how long to wait after the first failure; twice as long after each further one,
        max_backoff_s: but no longer. The wait itself is drawn between 0 and that, so that many senders spread out.
    """

    batch_records: int = 500
    batch_bytes: int = 1 << 20
    backoff_s: float = 0.5
    max_backoff_s: float = 60.0

    def __post_init__(self) -> None:
        if self.batch_records < 1 or self.batch_bytes < 1 or not 0 <= self.backoff_s <= self.max_backoff_s:
            raise ConfigError("A batch is empty, or a wait is none.", "Both must be positive.", "Correct them.")


class Lane:
    """Sends one batch at a time.

    Args:
        folder: the audit folder.
        name: of the tenant's folder.
        tenant: whose records.
        sink: where to.
        options: how.

    Raises:
        AuditError: the cursor is damaged.
        OSError: it cannot be read.
    """

    def __init__(self, folder: Path, name: str, tenant: str, sink: Sink, options: LaneOptions) -> None:
        self.not_before_s = 0.0
        self.num_sent = self.num_refused = 0
        self.problem: str | None = None
        self._sink, self._options = sink, options
        self._cursor = Cursor(folder, sink.name, name)
        self._reader = LogReader(folder, tenant, self._cursor.seq)
        self._read_hash = self._cursor.hash
        self._lines: deque[bytes] = deque()
        self._batch: Sequence[Record] = ()
        self._parts: deque[Sequence[Record]] = deque()
        self._num_failures = 0

    @property
    def seq(self) -> int:
        """The last record that is done with."""
        return self._cursor.seq

    def step(self, pause: Pause) -> bool:
        """Send once; False if there is nothing to send now.

        Raises:
            AuditError: the log is not what was sent before.
            OSError: the cursor cannot be written, or the log not read.
        """
        if not self._parts:
            batch = self._next_batch()
            if not batch:
                return False
            self._parts.append(batch)
            self._batch = batch
        part = self._parts[0]
        fates = self._sink.send(part, pause)
        self._parts.popleft()
        self._settle(part, fates)
        self._move()
        return True

    def _move(self) -> None:
        """Move the cursor up to the first record that is still to be sent."""
        waiting = {record.seq for part in self._parts for record in part}
        done = list(itertools.takewhile(lambda record: record.seq not in waiting, self._batch))
        if done and done[-1].seq > self._cursor.seq:
            self._cursor.move(done[-1])

    def _settle(self, part: Sequence[Record], fates: Sequence[Fate]) -> None:
        again, unclear = [], []
        for record, fate in zip(part, fates, strict=True):
            if fate.kind == "postponed":
                again.append((record, fate))
            elif fate.kind == "refused" or (fate.kind == "unclear" and len(part) == 1):
                self._set_aside(record, fate.reason)
            elif fate.kind == "unclear":
                unclear.append(record)
            else:
                self.num_sent += 1
        # One half after the other, until the refused record stands alone.
        halves = (unclear[len(unclear) // 2 :], unclear[: len(unclear) // 2])
        self._parts.extendleft(half for half in halves if half)
        if again:
            self._parts.appendleft([record for record, _ in again])
            self._wait(fate for _, fate in again)
        else:
            self._num_failures, self.not_before_s, self.problem = 0, 0.0, None

    def _wait(self, fates: Iterable[Fate]) -> None:
        fates = list(fates)
        asked_s = max((fate.after_s for fate in fates if fate.after_s is not None), default=0.0)
        longest_s = min(self._options.max_backoff_s, self._options.backoff_s * 2.0 ** min(self._num_failures, 60))
        self._num_failures += 1
        self.not_before_s = time.monotonic() + max(asked_s, random.uniform(0.0, longest_s))
        if self.problem is None:
            _log.warning("the sink %s takes no audit records now: %s", self._sink.name, fates[0].reason)
        self.problem = fates[0].reason

    def _set_aside(self, record: Record, reason: str) -> None:
        self._cursor.set_aside(record, reason)
        self.num_refused += 1
        _log.error(
            "the sink %s refused audit record %s, which is listed in %s: %s",
            self._sink.name, record.dedupe_id, self._cursor.refused_path, reason,
        )  # fmt: skip

    def _next_batch(self) -> list[Record]:
        if not self._lines:
            self._lines.extend(self._reader.lines(self._options.batch_records))
        batch: list[Record] = []
        size_bytes = 0
        while self._lines and (not batch or size_bytes + len(self._lines[0]) <= self._options.batch_bytes):
            line = self._lines.popleft()
            batch.append(self._successor(line))
            size_bytes += len(line)
        return batch

    def _successor(self, line: bytes) -> Record:
        """The record of a line, if it follows the one before: no false history is passed on."""
        try:
            record = read_record(line)
        except ValueError as error:
            raise _broken(self._cursor.seq, str(error)) from error
        if record.prev != self._read_hash:
            raise _broken(record.seq, "it does not hang on the record that was sent before it")
        self._read_hash = record.hash
        return record


def _broken(seq: int, reason: str) -> AuditError:
    return AuditError(
        f"Records from about number {seq} on are not shipped: {reason}.", "", "Find out more: zaphod audit verify"
    )
