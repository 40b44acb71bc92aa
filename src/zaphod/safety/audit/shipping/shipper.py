"""Passes the log on to one sink, in a thread of its own or in the caller's; knows no protocol and no file format.

The log itself is the spool: what is in it and not yet behind the cursor is still to be sent.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zaphod.core.errors import AuditError, UnavailableError
from zaphod.core.progress import SILENT, Advance, Progress
from zaphod.safety.audit.files import LOCK_FILE, locked, make_private_folder
from zaphod.safety.audit.segments import num_records, segments_of, tenant_in
from zaphod.safety.audit.shipping.cursor import SHIPPING_FOLDER
from zaphod.safety.audit.shipping.lane import Lane, LaneOptions
from zaphod.safety.audit.shipping.sink import Sink

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ShipperOptions(LaneOptions):
    """How records are passed on.

    Args:
        poll_s: how often to look for new ones.
        rest_s: how long a log that cannot be read, or a cursor that cannot be written, is left alone.
    """

    poll_s: float = 1.0
    rest_s: float = 30.0


@dataclass(frozen=True, kw_only=True)
class SinkStatus:
    """How a sink is doing.

    Args:
        name: its name.
        num_sent, num_refused: records since the start; those that it will never take are listed beside its cursor.
        positions: the last record done with, by the tenant's folder.
        problems: what is wrong now, by the tenant's folder.
    """

    name: str
    num_sent: int
    num_refused: int
    positions: dict[str, int]
    problems: dict[str, str]


class Shipper:
    """Sends all tenants' records to one sink.

    Args:
        folder: the audit folder.
        sink: where to. Two shippers must not send to sinks of one name.
        options: how.
    """

    def __init__(self, folder: Path, sink: Sink, options: ShipperOptions | None = None) -> None:
        self._folder, self._sink, self._options = folder, sink, options or ShipperOptions()
        self._lanes: dict[str, Lane] = {}
        self._resting_until_s: dict[str, float] = {}
        self._faults: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Pass on what is there and what comes, until `close`."""
        self._thread = threading.Thread(target=self._run, name=f"audit-ship-{self._sink.name}", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop. What was not delivered is sent after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def status(self) -> SinkStatus:
        """How it is doing."""
        lanes = dict(self._lanes)
        problems = {name: lane.problem for name, lane in lanes.items() if lane.problem is not None}
        return SinkStatus(
            name=self._sink.name,
            num_sent=sum(lane.num_sent for lane in lanes.values()),
            num_refused=sum(lane.num_refused for lane in lanes.values()),
            positions={name: lane.seq for name, lane in lanes.items()},
            problems=problems | dict(self._faults),
        )

    def catch_up(self, give_up_after_s: float, progress: Progress = SILENT) -> None:
        """Send all that is there now, in the caller's thread.

        Raises:
            UnavailableError: for so long nothing could be sent.
            AuditError: a log cannot be passed on, or another process ships to this sink.
        """
        total = sum(num_records(self._folder / name) for name in self._names())
        with self._alone(), progress.step(f"shipping to {self._sink.name}", total, "records") as advance:
            self._find_lanes()
            advance(sum(lane.seq for lane in self._lanes.values()))
            self._send_all(give_up_after_s, advance)

    def _send_all(self, give_up_after_s: float, advance: Advance) -> None:
        last_s, num_done = time.monotonic(), 0
        while not self._stopping.is_set():
            has_sent, is_waiting = self._round()
            done = sum(lane.num_sent + lane.num_refused for lane in self._lanes.values())
            if done > num_done:
                advance(done - num_done)
                last_s, num_done = time.monotonic(), done
            if self._faults:
                raise AuditError("; ".join(self._faults.values()), "", "Find out more: zaphod audit verify")
            if not has_sent and not is_waiting:
                return
            if time.monotonic() - last_s > give_up_after_s:
                raise _unavailable(self._sink.name, self.status())
            if not has_sent:
                self._stopping.wait(min(self._options.poll_s, self._shortest_wait_s()))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._alone():
                    self._go_on()
            except AuditError as error:
                self._rest("", str(error))
            except Exception:
                # Whatever a sink does, the others and the log go on; a fault of ours is told, and tried again later.
                _log.exception("shipping to %s met an error that nobody foresaw", self._sink.name)
                self._lanes = {}  # where each stands is not known any more: begin again at the cursors
            self._stopping.wait(self._options.rest_s)

    def _go_on(self) -> None:
        self._faults = {}
        while not self._stopping.is_set():
            has_sent, _ = self._round()
            if not has_sent:
                self._stopping.wait(min(self._options.poll_s, self._shortest_wait_s()))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process ships to this sink: the two would move one cursor."""
        folder = self._folder / SHIPPING_FOLDER / self._sink.name
        try:
            make_private_folder(folder)
            with locked(folder / LOCK_FILE, 0.0):
                yield
        except TimeoutError as error:
            found = f"Another process ships to the sink {self._sink.name}."
            raise AuditError(found, "One at a time moves its cursor.", "Wait for it, or end it.") from error

    def _round(self) -> tuple[bool, bool]:
        """One batch of each tenant: whether any was sent, and whether any must wait."""
        self._find_lanes()
        has_sent = is_waiting = False
        for name, lane in self._lanes.items():
            if self._stopping.is_set():
                break
            if max(lane.not_before_s, self._resting_until_s.get(name, 0.0)) > time.monotonic():
                is_waiting = True
                continue
            has_sent |= self._step(name, lane)
            is_waiting |= lane.problem is not None
        return has_sent, is_waiting

    def _step(self, name: str, lane: Lane) -> bool:
        try:
            has_sent = lane.step(self._pause)
        except (AuditError, OSError) as error:
            self._rest(name, str(error))
            # Where it stands is not known any more: begin again at the cursor.
            self._lanes = {other: kept for other, kept in self._lanes.items() if other != name}
            return False
        self._faults.pop(name, None)
        return has_sent

    def _find_lanes(self) -> None:
        for name in self._names():
            if name in self._lanes or self._resting_until_s.get(name, 0.0) > time.monotonic():
                continue
            try:
                tenant = tenant_in(self._folder / name)
                if tenant is not None:
                    lane = Lane(self._folder, name, tenant, self._sink, self._options)
                    self._lanes = {**self._lanes, name: lane}
            except (AuditError, OSError) as error:
                self._rest(name, str(error))

    def _names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.is_dir() and segments_of(path))

    def _rest(self, name: str, problem: str) -> None:
        if self._faults.get(name) != problem:
            _log.error("audit records in %s cannot be shipped to %s: %s", name, self._sink.name, problem)
        self._faults = {**self._faults, name: problem}
        self._resting_until_s[name] = time.monotonic() + self._options.rest_s

    def _shortest_wait_s(self) -> float:
        now_s = time.monotonic()
        waits = [lane.not_before_s - now_s for lane in self._lanes.values() if lane.not_before_s > now_s]
        return min(waits, default=self._options.poll_s)

    def _pause(self, wait_s: float) -> bool:
        return not self._stopping.wait(wait_s)


def _unavailable(name: str, status: SinkStatus) -> UnavailableError:
    reasons = sorted(set(status.problems.values()))
    return UnavailableError(
        f"The sink {name} takes nothing: {'; '.join(reasons) or 'it is too slow'}.",
        "",
        "Try again: it goes on where it stopped.",
    )
