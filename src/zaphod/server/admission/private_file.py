"""A file that nobody but its owner can change; knows nothing of what is in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from zaphod.core.errors import ConfigError


def make_private(path: Path) -> None:
    """The file in its folder, both for the owner alone; files that SQLite makes beside it inherit its mode."""
    if not path.exists():
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            pass  # another program was faster
        except OSError as error:
            remedy = "Name another file with --keys-file."
            raise ConfigError(f"{path} cannot be made: {error}.", "It holds the keys.", remedy) from error
    require_private(path)


def require_private(path: Path) -> None:
    """Whoever can change the file, or put another one in its place, could make himself a key.

    A link is followed: the folder that it lies in counts, and so does the one that it leads to.

    Raises:
        ConfigError: others can.
    """
    target = path.resolve()
    for place in dict.fromkeys((path.parent, target.parent, target)):
        _require_ours(place)


def _require_ours(place: Path) -> None:
    try:
        info = place.stat()
    except OSError as error:
        remedy = "Name another file with --keys-file."
        raise ConfigError(
            f"{place} cannot be used: {error.strerror or error}.", "It holds the keys.", remedy
        ) from error
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(
            f"{place} can be changed by others than its owner.",
            "They could make themselves a key.",
            f"Run: chmod go-w {place}",
        )
    if info.st_uid not in (0, os.geteuid()):
        raise ConfigError(
            f"{place} belongs to another user, of uid {info.st_uid}.",
            "Whoever owns it could make a key.",
            f"Run: chown {os.geteuid()} {place}",
        )
