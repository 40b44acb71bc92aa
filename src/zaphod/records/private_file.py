"""A file that nobody but its owner can change; knows nothing of what is in it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from zaphod.core.errors import ConfigError


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

        A link is followed: the folder that it lies in counts, and so does the one that it leads to.

        Raises:
            ConfigError: others can.
        """
        target = self.path.resolve()
        for place in dict.fromkeys((self.path.parent, target.parent, target)):
            self._require_ours(place)

    def _make_folders(self) -> None:
        """One by one: `parents=True` would give those above the modes that others' files get."""
        missing = [folder for folder in self.path.parents if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)

    def _require_ours(self, place: Path) -> None:
        try:
            info = place.stat()
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"{place} cannot be used: {reason}.", self.holds, self.elsewhere) from error
        if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            found = f"{place} can be changed by others than its owner."
            raise ConfigError(found, self.danger, f"Run: chmod go-w {place}")
        if info.st_uid not in (0, os.geteuid()):
            found = f"{place} belongs to another user, of uid {info.st_uid}."
            raise ConfigError(found, self.danger, f"Run: chown {os.geteuid()} {place}")


def keys_file(path: Path) -> PrivateFile:
    """The file of keys."""
    return PrivateFile(
        path=path,
        holds="It holds the keys.",
        danger="They could make themselves a key.",
        elsewhere="Name another file with --keys-file.",
    )


def records_file(path: Path) -> PrivateFile:
    """A tenant's file."""
    return PrivateFile(
        path=path,
        holds="It holds what is kept for a tenant.",
        danger="They could change what is kept for a tenant.",
        elsewhere="Name another folder: state-dir in the configuration file, or ZAPHOD_STATE_DIR.",
    )
