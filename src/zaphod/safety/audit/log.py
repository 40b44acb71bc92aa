"""The audit log that everybody writes to: a queue, and one thread that writes batches; knows no file format.

An event is acknowledged when it is on disk. What is handed in while the disk is busy goes there together, in one batch
(group commit).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from zaphod.core.errors import AuditError, ConfigError
from zaphod.core.places import tenant_folder_name
from zaphod.safety.audit.checkpoint import CHECKPOINTS_FILE
from zaphod.safety.audit.record import Event
from zaphod.safety.audit.signing import PRIVATE_KEY_FILE, Signer
from zaphod.safety.audit.tenant_log import Receipt, TenantLog, TenantLogOptions, Waiting
from zaphod.safety.audit.witness import Witness, require_agreement

_log = logging.getLogger(__name__)
_REFUSED_FOR_S = 2.0
_CLOSE_TIMEOUT_S = 10.0
_LINGER_SHARE = 0.5
_MAX_LINGER_S = 0.004


@dataclass(frozen=True, kw_only=True)
class AuditOptions(TenantLogOptions):
    """How an audit log is kept.

    Args:
        witness: where checkpoints are copied to; without one, beside the log, which shows less than another machine.
        key_file: the private key that signs them; without one, in the log's folder.
        max_queue: so many events may wait,
        queue_timeout_s: and whoever hands in one more waits so long for room, and is then refused.
        max_batch: events that are written at one time.
        max_open_tenants: logs whose place is remembered.
    """

    witness: Path | None = None
    key_file: Path | None = None
    max_queue: int = 10_000
    queue_timeout_s: float = 5.0
    max_batch: int = 1024
    max_open_tenants: int = 1024

    def __post_init__(self) -> None:
        for name in ("max_queue", "max_batch", "max_open_tenants", "checkpoint_records", "max_segment_bytes"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.", "Correct it.")
        for name in ("queue_timeout_s", "checkpoint_interval_s", "lock_timeout_s"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 0 or more.", "Correct it.")


@dataclass(frozen=True, kw_only=True)
class AuditStatus:
    """How the log is doing.

    Args:
        num_waiting: events that are not on disk yet.
        num_written, num_failed: since it was opened.
        problem: why the last batch or checkpoint could not be written, if so.
        witness_problem: why checkpoints do not reach the witness, if so.
    """

    num_waiting: int
    num_written: int
    num_failed: int
    problem: str | None
    witness_problem: str | None


class _Entry(NamedTuple):
    waiting: Waiting
    future: Future[Receipt]


class _Refusal(NamedTuple):
    until_s: float
    error: AuditError


def witness_of(folder: Path, chosen: Path | None = None) -> Path:
    """Where the checkpoints of an audit folder are copied to unless something else was chosen."""
    return chosen or folder.with_name(f"{folder.name}-witness")


class AuditLog:
    """Writes events of all tenants. Thread-safe; not to be used in a forked child.

    Args:
        folder: one folder in it for each tenant.
        options: how.

    Raises:
        ConfigError: the signing key cannot be used.
        AuditError: the folder cannot be made.
    """

    def __init__(self, folder: Path, options: AuditOptions | None = None) -> None:
        self._folder, self._options = folder, options or AuditOptions()
        try:
            self._signer = Signer.load_or_create(self._options.key_file or folder / PRIVATE_KEY_FILE)
        except OSError as error:
            raise _unwritable(folder, error) from error
        self._witness = Witness(folder, witness_of(folder, self._options.witness), self._signer.public_key)
        self._tenants: OrderedDict[str, TenantLog] = OrderedDict()
        self._refusals: dict[str, _Refusal] = {}
        self._queue: list[_Entry] = []
        self._num_written = self._num_failed = self._num_in_hand = 0
        self._problem: str | None = None
        self._is_closing = False
        self._crowd, self._last_batches, self._last_write_s = 0, (1, 1), 0.0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    def append(self, event: Event) -> Future[Receipt]:
        """Hand in an event. The future is done when it is on disk; it cannot be cancelled.

        It fails with AuditError if the event could not be written, the queue stayed full, or the log is closed. This
        returns at once unless the queue is full.
        """
        future: Future[Receipt] = Future()
        # Whoever waits may go away; what was done is written down all the same.
        future.set_running_or_notify_cancel()
        with self._changed:
            refusal = self._refusal_of_new()
            if refusal is None:
                # The time is taken under the lock, so that it does not run backwards within a tenant's log.
                self._queue.append(_Entry(Waiting(event, time.time_ns()), future))
                if len(self._queue) in (1, self._crowd):
                    self._changed.notify_all()
        if refusal is not None:
            future.set_exception(refusal)
        return future

    def status(self) -> AuditStatus:
        """How it is doing."""
        with self._changed:
            return AuditStatus(
                num_waiting=len(self._queue) + self._num_in_hand,
                num_written=self._num_written,
                num_failed=self._num_failed,
                problem=self._problem,
                witness_problem=self._witness.problem,
            )

    def close(self) -> None:
        """Write what waits, sign it, and stop. Later events are refused. May be called again."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
            self._witness.close(_CLOSE_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refusal_of_new(self) -> AuditError | None:
        """Wait for room; why there is none, or None."""
        has_room = self._changed.wait_for(
            lambda: self._is_closing or len(self._queue) < self._options.max_queue, self._options.queue_timeout_s
        )
        if self._is_closing:
            return AuditError("The audit log is closed.", "Nothing is done that cannot be written down.", "Open it.")
        if has_room:
            return None
        return AuditError(
            f"{len(self._queue)} audit events wait for the disk.",
            f"There is room for {self._options.max_queue}.",
            "Try again; if it stays so, the disk is too slow or full.",
        )

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._is_closing, self._wait_s())
                self._linger()
                entries, self._queue = self._queue, []
                self._num_in_hand = len(entries)
                is_last = self._is_closing
                self._changed.notify_all()
            start_s = time.monotonic()
            self._write_all(entries)
            self._last_batches = (self._last_batches[1], len(entries))
            self._last_write_s = time.monotonic() - start_s
            self._sign(float("inf") if is_last else time.monotonic())
            if is_last:
                return

    def _linger(self) -> None:
        """Wait a moment for those who waited for the last batches: the first of them comes back before the others.

        Without this, batches of one and of all the others take turns, and everybody waits twice as long.
        """
        crowd = max(self._last_batches)
        if len(self._queue) < crowd and not self._is_closing and self._queue:
            self._crowd = crowd
            self._changed.wait_for(
                lambda: len(self._queue) >= crowd or self._is_closing,
                min(_LINGER_SHARE * self._last_write_s, _MAX_LINGER_S),
            )
            self._crowd = 0

    def _wait_s(self) -> float | None:
        due_s = min((log.due_s for log in self._tenants.values()), default=float("inf"))
        return None if due_s == float("inf") else max(0.0, due_s - time.monotonic())

    def _write_all(self, entries: Sequence[_Entry]) -> None:
        by_tenant: dict[str, list[_Entry]] = {}
        for entry in entries:
            by_tenant.setdefault(entry.waiting.event.tenant, []).append(entry)
        for tenant, theirs in by_tenant.items():
            for start in range(0, len(theirs), self._options.max_batch):
                self._write(tenant, theirs[start : start + self._options.max_batch])

    def _write(self, tenant: str, batch: Sequence[_Entry]) -> None:
        try:
            receipts = self._log_of(tenant).write([entry.waiting for entry in batch])
        except Exception as error:
            self._fail(tenant, batch, self._named(tenant, error))
            return
        with self._changed:
            self._num_in_hand -= len(batch)
            self._num_written += len(batch)
            self._problem = None
        for entry, receipt in zip(batch, receipts, strict=True):
            entry.future.set_result(receipt)

    def _fail(self, tenant: str, batch: Sequence[_Entry], error: AuditError) -> None:
        with self._changed:
            self._num_in_hand -= len(batch)
            self._num_failed += len(batch)
            self._problem = str(error)
        _log.error("%d audit events of tenant %r could not be written: %s", len(batch), tenant, error)
        for entry in batch:
            entry.future.set_exception(error)

    def _named(self, tenant: str, error: Exception) -> AuditError:
        """What whoever waits is told. A log that cannot be used is left alone for a while: looking costs time."""
        if isinstance(error, TimeoutError):
            named = _locked_out(self._folder)
        elif isinstance(error, AuditError):
            named = error
        elif isinstance(error, OSError):
            return _unwritable(self._folder, error)  # once there is room, it goes on at once
        else:
            _log.exception("the audit writer met an error that nobody foresaw")
            named = AuditError(f"The audit log met an unforeseen {type(error).__name__}.", "", "See the program's log.")
        if tenant not in self._refusals:
            self._refusals[tenant] = _Refusal(time.monotonic() + _REFUSED_FOR_S, named)
        self._tenants.pop(tenant, None)
        named.__cause__ = None if named is error else error
        return named

    def _log_of(self, tenant: str) -> TenantLog:
        refusal = self._refusals.get(tenant)
        if refusal is not None:
            if time.monotonic() < refusal.until_s:
                raise refusal.error
            del self._refusals[tenant]
        if tenant not in self._tenants:
            self._tenants[tenant] = self._opened(tenant)
            self._forget_one()
        self._tenants.move_to_end(tenant)
        return self._tenants[tenant]

    def _opened(self, tenant: str) -> TenantLog:
        name = tenant_folder_name(tenant)
        own = self._folder / name / CHECKPOINTS_FILE
        try:
            require_agreement(own, self._witness.path_of(name))
        except OSError as error:
            _log.warning("the witness cannot be asked about tenant %r: %s", tenant, error)
        if own.exists():
            self._witness.announce(name)
        return TenantLog(self._folder / name, tenant, self._signer, self._options)

    def _forget_one(self) -> None:
        while len(self._tenants) > self._options.max_open_tenants:
            tenant, log = next(iter(self._tenants.items()))
            self._checkpoint(tenant, log)
            self._tenants.pop(tenant, None)

    def _sign(self, now_s: float) -> None:
        for tenant, log in list(self._tenants.items()):
            if log.due_s <= now_s and log.due_s < float("inf"):
                self._checkpoint(tenant, log)

    def _checkpoint(self, tenant: str, log: TenantLog) -> None:
        try:
            if log.checkpoint():
                self._witness.announce(tenant_folder_name(tenant))
        except Exception as error:
            named = self._named(tenant, error)
            with self._changed:
                self._problem = str(named)
            _log.error("the audit log of tenant %r could not be signed: %s", tenant, named)


def _unwritable(folder: Path, error: OSError) -> AuditError:
    named = AuditError(
        f"The audit log in {folder} cannot be written: {error.strerror or error}.",
        "Nothing is done that cannot be written down.",
        "Make room on that disk, or repair it.",
    )
    named.__cause__ = error
    return named


def _locked_out(folder: Path) -> AuditError:
    return AuditError(
        f"Another process holds the lock of an audit log in {folder}.",
        "One process at a time writes a tenant's log.",
        "Wait for it, or end it if it hangs.",
    )
