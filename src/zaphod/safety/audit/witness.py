"""The second place that checkpoints are copied to, best on another machine; knows no records.

What lies there is the beginning, byte by byte, of the log's own file of checkpoints. So a copy that was stopped
anywhere is completed by the next one, and what is no such beginning shows that the log was rolled back or written anew.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from pathlib import Path

from zaphod.core.errors import AuditError, ZaphodError
from zaphod.safety.audit.checkpoint import CHECKPOINTS_FILE
from zaphod.safety.audit.files import LOCK_FILE, locked, make_private_folder, open_private, write_all
from zaphod.safety.audit.signing import PUBLIC_KEY_FILE, publish

_log = logging.getLogger(__name__)
_CHUNK_BYTES = 1 << 20
_LOCK_TIMEOUT_S = 5.0


def require_agreement(own: Path, copy: Path) -> int:
    """How many bytes of a file of checkpoints lie at the witness already.

    Raises:
        AuditError: the witness holds what the log does not.
        OSError: one of them cannot be read.
    """
    if not copy.exists():
        return 0
    with copy.open("rb") as theirs:
        size_bytes = 0
        while chunk := theirs.read(_CHUNK_BYTES):
            if _read_at(own, size_bytes, len(chunk)) != chunk:
                raise _disagreement(own, copy)
            size_bytes += len(chunk)
    return size_bytes


def copy_checkpoints(own: Path, copy: Path, known_bytes: int = 0) -> int:
    """Add to the witness's copy what it lacks; how many bytes it has then.

    Args:
        own: the log's file.
        copy: the witness's.
        known_bytes: so many were the same before.

    Raises:
        AuditError: the witness holds what the log does not, or lost what it had.
        OSError: the witness cannot be reached, or is full; or the log is locked.
    """
    make_private_folder(copy.parent)
    descriptor = open_private(copy, os.O_RDWR | os.O_APPEND)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes < known_bytes:
            raise _disagreement(own, copy)
        new = _settled(own, known_bytes)
        theirs = os.pread(descriptor, size_bytes - known_bytes, known_bytes)
        if not new.startswith(theirs):
            raise _disagreement(own, copy)
        missing = new[len(theirs) :]
        write_all(descriptor, missing)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return size_bytes + len(missing)


class Witness:
    """Copies checkpoints in a thread of its own, so that a witness that cannot be reached holds up nobody.

    Args:
        folder: the audit folder.
        witness: the second place.
        public_key: of the signer.
        retry_s: how long to wait after a failure.
    """

    def __init__(self, folder: Path, witness: Path, public_key: str, retry_s: float = 10.0) -> None:
        self.problem: str | None = None
        self._folder, self._witness, self._public_key, self._retry_s = folder, witness, public_key, retry_s
        self._known_bytes: dict[str, int] = {}
        self._waiting: set[str] = set()
        self._changed = threading.Condition()
        self._closing_until_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="audit-witness", daemon=True)
        self._thread.start()

    def path_of(self, name: str) -> Path:
        """Where the checkpoints of a tenant's folder are copied to."""
        return self._witness / name / CHECKPOINTS_FILE

    def announce(self, name: str) -> None:
        """A tenant's folder has a new checkpoint."""
        with self._changed:
            self._waiting.add(name)
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Copy what waits, and stop; what cannot be copied in time is copied when the log is opened again."""
        with self._changed:
            self._closing_until_s = time.monotonic() + timeout_s
            self._changed.notify()
        self._thread.join(timeout_s)
        if self._waiting or self._thread.is_alive():
            _log.warning("checkpoints did not reach the witness %s: %s", self._witness, self.problem or "it hangs")

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and self._closing_until_s is None:
                    self._changed.wait()
                names = sorted(self._waiting)
            are_copied = [self._copied(name) for name in names]
            if all(are_copied):
                self.problem = None
                if self._closing_until_s is not None and not self._waiting:
                    return
            elif not self._may_retry():
                return

    def _may_retry(self) -> bool:
        with self._changed:
            if self._closing_until_s is None:
                self._changed.wait(self._retry_s)
                return True
        return False

    def _copied(self, name: str) -> bool:
        with self._changed:
            self._waiting.discard(name)  # before it is read: one that comes meanwhile is copied once more
        try:
            make_private_folder(self._witness)
            publish(self._witness / PUBLIC_KEY_FILE, self._public_key)
            known = self._known_bytes.get(name, 0)
            self._known_bytes[name] = copy_checkpoints(
                self._folder / name / CHECKPOINTS_FILE, self.path_of(name), known
            )
        except (OSError, ZaphodError) as error:
            if self.problem != str(error):
                _log.warning("a checkpoint could not be copied to the witness: %s", error)
            self.problem = str(error)
            with self._changed:
                self._waiting.add(name)
            return False
        return True


def _read_at(path: Path, offset_bytes: int, size_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset_bytes)
            return file.read(size_bytes)
    except FileNotFoundError:
        return b""


def _settled(own: Path, offset_bytes: int) -> bytes:
    """What is in the file to stay: whoever writes it, and may have to take something back, holds the lock."""
    with locked(own.with_name(LOCK_FILE), _LOCK_TIMEOUT_S):
        return _read_at(own, offset_bytes, -1)


def _disagreement(own: Path, copy: Path) -> AuditError:
    return AuditError(
        f"The witness {copy} holds checkpoints that {own} does not.",
        "The log was rolled back to an older copy, or written anew.",
        "Find out more: zaphod audit verify. Bring back the log that the witness speaks of, or begin a new log and a "
        "new witness in empty folders.",
    )
