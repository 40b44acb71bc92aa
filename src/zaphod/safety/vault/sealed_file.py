"""Whole files, sealed and opened; knows paths, not ciphers. A file appears when it is complete, or not at all.

While it is written it has no name, where the file system can do that (O_TMPFILE): a crash leaves nothing behind, above
all no half of a plaintext. Elsewhere it lies beside its place under a name of its own, readable by its owner alone.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.safety.vault.place import Place
from zaphod.safety.vault.vault import Vault


def encrypt_file(vault: Vault, source: Path, target: Path, place: Place, progress: Progress = SILENT) -> int:
    """Seal a file into a new one, mode 0600; how many plain bytes there were.

    Raises:
        ConfigError: a file cannot be read or made, or `target` is there already.
    """
    with _reading(source) as plain, _new_file(target) as sealed:
        return vault.encrypt_stream(
            plain,
            sealed,
            tenant=place.tenant,
            subject=place.subject,
            record=place.record,
            progress=progress,
            total_bytes=_size_bytes(plain),
        )


def decrypt_file(vault: Vault, source: Path, target: Path, place: Place, progress: Progress = SILENT) -> int:
    """Open a sealed file into a new one, mode 0600; how many plain bytes there were.

    Raises:
        ConfigError: a file cannot be read or made, or `target` is there already.
        IntegrityError: what is sealed does not open; no file was made.
    """
    with _reading(source) as sealed, _new_file(target) as plain:
        return vault.decrypt_stream(
            sealed,
            plain,
            tenant=place.tenant,
            subject=place.subject,
            record=place.record,
            progress=progress,
            total_bytes=_size_bytes(sealed),
        )


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", "", "Check the path.") from error
    with file:
        yield file


@contextmanager
def _new_file(target: Path) -> Iterator[BinaryIO]:
    """What is written becomes `target` when the block ends well."""
    if target.exists() or target.is_symlink():
        raise ConfigError(f"{target} is there already.", "No file is written over.", "Name another with --out.")
    try:
        descriptor, unfinished = _unfinished_file(target)
    except OSError as error:
        raise ConfigError(f"{target} cannot be made: {error.strerror}.", "", "Name another with --out.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _name(file.fileno(), unfinished, target)
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)


def _unfinished_file(target: Path) -> tuple[int, Path | None]:
    """A descriptor, and the name if it must have one."""
    if hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").is_dir():
        with suppress(OSError):  # not every file system has it, and they say so in different ways
            return os.open(target.parent, os.O_TMPFILE | os.O_WRONLY, 0o600), None
    path = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), path


def _name(descriptor: int, unfinished: Path | None, target: Path) -> None:
    """Linking, unlike renaming, replaces nothing."""
    try:
        # NOTE: the link in /proc is followed only where a folder's descriptor is given as well.
        if unfinished is None:
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.link(f"/proc/self/fd/{descriptor}", target.name, dst_dir_fd=folder, follow_symlinks=True)
            finally:
                os.close(folder)
        else:
            os.link(unfinished, target)
    except FileExistsError as error:
        raise ConfigError(f"{target} is there already.", "No file is written over.", "Name another.") from error


def _size_bytes(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size
