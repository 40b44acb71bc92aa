"""A file that nobody but its owner can change, or read; knows nothing of what is in it.

Whoever can write to a folder can put another file in the place of one in it, so the folder counts as well. A link is
followed: the folder that it lies in counts, and so does the one that it leads to.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from zaphod.core.errors import ConfigError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_ANYTHING = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, kw_only=True)
class PrivateFile:
    """A file in its folder.

    Args:
        path: of the file.
        holds: what is lost where it cannot be used, as a sentence.
        danger: what others could do with it, as a sentence.
        elsewhere: how to name another one, as a sentence.
    """

    path: Path
    holds: str
    danger: str
    elsewhere: str

    def make(self) -> None:
        """The file in its folder, both for the owner alone; files that SQLite makes beside it inherit its mode.

        Raises:
            ConfigError: it cannot be made, or others can change it.
        """
        if not self.path.exists():
            try:
                self._make_folders()
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError:
                pass  # another program was faster
            except OSError as error:
                raise ConfigError(f"{self.path} cannot be made: {error}.", self.holds, self.elsewhere) from error
        self.require()

    def require(self) -> None:
        """Whoever can change the file, or put another one in its place, is its owner.

        Raises:
            ConfigError: others can, or it is not there.
        """
        target = self.path.resolve()
        for place in dict.fromkeys((self.path.parent, target.parent, target)):
            self._require_place(place)

    def create_secret(self, secret: bytes) -> None:
        """A new file with this in it; at every moment it is whole or absent, and none is ever written over.

        Raises:
            ConfigError: there is one already, others can change its folder, or it cannot be made.
        """
        unfinished = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            self._make_folders()
            for folder in dict.fromkeys((self.path.parent, self.path.parent.resolve())):
                self._require_place(folder)
            _write_durably(unfinished, secret)
            os.link(unfinished, self.path)  # unlike rename, this replaces nothing
            _make_durable(self.path.parent)
        except FileExistsError as error:
            raise ConfigError(f"{self.path} is there already.", self.holds, self.elsewhere) from error
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be made: {error}.", self.holds, self.elsewhere) from error
        finally:
            with suppress(OSError):  # the first error is the one to tell
                unfinished.unlink(missing_ok=True)

    def read_secret(self, max_bytes: int = 65536) -> bytes:
        """What stands in it. What is read is what was checked: a file put in its place meanwhile is not.

        Raises:
            ConfigError: others can read or change it, it is not there, or it is longer than `max_bytes`.
        """
        self.require()
        try:
            with self.path.open("rb") as file:
                info = os.fstat(file.fileno())
                self._require_owner(self.path, info, _OTHERS_ANYTHING)
                if info.st_size <= max_bytes and stat.S_ISREG(info.st_mode):
                    return file.read(max_bytes)
        except OSError as error:
            raise self._unusable(self.path, error) from error
        raise ConfigError(f"{self.path} is no file of at most {max_bytes} bytes.", self.holds, self.elsewhere)

    def _make_folders(self) -> None:
        """One by one: `parents=True` would give those above the modes that others' files get."""
        missing = [folder for folder in self.path.parents if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)

    def _require_place(self, place: Path) -> None:
        try:
            info = place.stat()
        except OSError as error:
            raise self._unusable(place, error) from error
        self._require_owner(place, info, _OTHERS_WRITE)

    def _require_owner(self, place: Path, info: os.stat_result, forbidden_mode: int) -> None:
        forbidden = info.st_mode & forbidden_mode
        if forbidden & _OTHERS_WRITE:
            found = f"{place} can be changed by others than its owner."
            raise ConfigError(found, self.danger, f"Run: chmod go-w {place}")
        if forbidden:
            found = f"{place} can be read by others than its owner."
            raise ConfigError(found, self.danger, f"Run: chmod 600 {place}")
        if info.st_uid not in (0, os.geteuid()):
            found = f"{place} belongs to another user, of uid {info.st_uid}."
            raise ConfigError(found, self.danger, f"Run: chown {os.geteuid()} {place}")

    def _unusable(self, place: Path, error: OSError) -> ConfigError:
        return ConfigError(f"{place} cannot be used: {error.strerror or error}.", self.holds, self.elsewhere)


def _write_durably(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
