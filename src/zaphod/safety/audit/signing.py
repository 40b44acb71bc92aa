"""The key that signs checkpoints (Ed25519), and its public half; knows nothing of what is signed."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from zaphod.core.errors import ConfigError
from zaphod.core.private_file import PrivateFile
from zaphod.safety.audit.files import create_durably, make_private_folder

PRIVATE_KEY_FILE = "signing_key.pem"
PUBLIC_KEY_FILE = "public_key.pem"


class Signer:
    """Signs. `public_key` is the other half as 64 hexadecimal digits."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw().hex()

    @classmethod
    def load_or_create(cls, path: Path) -> Signer:
        """The key in a private file, which is made at first use; the public half lies beside it.

        Raises:
            ConfigError: others can read or replace the file, or it holds no such key.
            OSError: its folder cannot be made.
        """
        make_private_folder(path.parent)
        signer = cls(_private_key(path))
        publish(path.with_name(PUBLIC_KEY_FILE), signer.public_key)
        return signer

    def sign(self, message: bytes) -> str:
        return self._key.sign(message).hex()


def is_signed(message: bytes, signature: str, public_key: str) -> bool:
    """Whether the holder of that key has signed it."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def publish(path: Path, public_key: str) -> None:
    """Put the public half where verifiers find it.

    Raises:
        ConfigError: another one lies there.
    """
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    if not path.exists():
        create_durably(path, key.public_bytes(serialization.Encoding.PEM, form))
    if read_public_key(path) != public_key:
        raise ConfigError(
            f"{path} is not the public half of the key that signs this log.",
            "A log is signed with one key from its first record to its last.",
            "Bring the signing key back from its copy, or begin a new log and a new witness in empty folders.",
        )


def read_public_key(path: Path) -> str:
    """The key in a PEM file, as 64 hexadecimal digits.

    Raises:
        ConfigError: it holds no Ed25519 key, or cannot be read.
    """
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} holds no public key: {error}.", "It must be a PEM file.", "Name another.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path} holds another kind of key.", "It must be an Ed25519 key.", "Name another.")
    return key.public_bytes_raw().hex()


def _pem_of(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _private_key(path: Path) -> Ed25519PrivateKey:
    file = PrivateFile(
        path=path,
        holds="It holds the key that signs checkpoints.",
        danger="Whoever has that key can sign a false log.",
        elsewhere="Bring it back from its copy, or begin a new log and a new witness in empty folders.",
    )
    if not path.exists():
        try:
            file.create_secret(_pem_of(Ed25519PrivateKey.generate()))
        except ConfigError:
            if not path.exists():  # else another process was faster, and its key is the one
                raise
    try:
        key = serialization.load_pem_private_key(file.read_secret(), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path} holds no key: {error}.", "", "Bring it back from its copy.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path} holds another kind of key.", "It must be an Ed25519 key.", "Name another.")
    return key
