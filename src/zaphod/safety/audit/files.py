"""Files that only their owner can read, and that are still there after a power cut; knows no format.

Every function raises OSError as the system does; whoever calls knows what it means.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

LOCK_FILE = "lock"
"""Whoever writes into a tenant's folder holds it."""
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_LOCK_POLL_S = 0.01


def make_private_folder(folder: Path) -> None:
    """The folder, and those above it that are missing, for nobody else."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        # Another process may be making the same one.
        with contextlib.suppress(FileExistsError):
            path.mkdir(_FOLDER_MODE)
            sync_folder(path.parent)


def open_private(path: Path, flags: int) -> int:
    """A descriptor; the file is made if it is missing. A link in its place is refused."""
    return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE_MODE)


def sync_folder(folder: Path) -> None:
    """Names that were added or removed are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """All of it, or an error."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def append_durably(path: Path, data: bytes) -> None:
    """Add to the end of a file; on disk when this returns, and nothing of it in the file if it fails."""
    descriptor = open_private(path, os.O_WRONLY | os.O_APPEND)
    try:
        size_bytes = os.fstat(descriptor).st_size
        try:
            write_all(descriptor, data)
            os.fdatasync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size_bytes)
            raise
    finally:
        os.close(descriptor)
    if size_bytes == 0:
        sync_folder(path.parent)


def replace_durably(path: Path, data: bytes) -> None:
    """The whole file, or the one before it, whatever happens."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = open_private(temporary, os.O_WRONLY | os.O_TRUNC)
    try:
        try:
            write_all(descriptor, data)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def create_durably(path: Path, data: bytes) -> bool:
    """A new file with all of its contents; False if there is one already, which stays."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    replace_durably(temporary, data)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    sync_folder(path.parent)
    return True


@contextlib.contextmanager
def locked(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold a lock that other processes and threads respect. TimeoutError if somebody else holds it all the time."""
    descriptor = open_private(path, os.O_RDWR)
    try:
        _lock(descriptor, time.monotonic() + timeout_s)
        yield
    finally:
        os.close(descriptor)  # which gives the lock back, too


def _lock(descriptor: int, deadline_s: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline_s:
                raise TimeoutError("somebody else holds the lock") from error
            time.sleep(_LOCK_POLL_S)
        else:
            return
