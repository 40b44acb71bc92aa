"""A KEK in a file that only its owner can read; knows nothing of what it wraps."""

from __future__ import annotations

from pathlib import Path

from zaphod.core.private_file import PrivateFile
from zaphod.safety.vault.kek import MemoryKek, parse_key
from zaphod.safety.vault.secret_key import SecretKey


class FileKek(MemoryKek):
    """The KEK in a file: 64 hexadecimal digits, or base64, mode 0600.

    Args:
        path: of the file.

    Raises:
        ConfigError: it is not there, others can read or change it, or it holds no key.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(parse_key(SecretKey(_private(path).read_secret()), str(path)), "file")

    @classmethod
    def create(cls, path: Path) -> FileKek:
        """A new key in a new file.

        Raises:
            ConfigError: there is one already, or it cannot be made.
        """
        _private(path).create_secret(SecretKey.random().reveal().hex().encode() + b"\n")
        return cls(path)


def _private(path: Path) -> PrivateFile:
    return PrivateFile(
        path=path,
        holds="It holds the key to everything that is kept; it is never written over.",
        danger="They could open everything that is kept.",
        elsewhere="Name another with --kek file:PATH, or make one with `zaphod vault init`.",
    )
