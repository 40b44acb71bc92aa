"""Keys that wrap tenants' keys (key encryption keys): what every kind can do, and the kind that lies in memory.

A KEK wraps few bytes and never data. Its id says which one it is, so that a wrong one is named instead of tried.
"""

from __future__ import annotations

import base64
import binascii
import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zaphod.core.errors import ConfigError, IntegrityError
from zaphod.safety.vault.secret_key import KEY_BYTES, SecretKey

NONCE_BYTES = 12
TAG_BYTES = 16
_FORM = b"\x01"  # AES-256-GCM with a random nonce
_FEWEST_DIFFERENT_BYTES = 8
"""32 random bytes have fewer with a probability below 10^-35: such a key was typed, or is a placeholder."""


class KekProvider(Protocol):
    """A key encryption key, wherever it lies. Threads may share it."""

    @property
    def kind(self) -> str:
        """`file`, `environment`, `pkcs11`, `transit`."""

    @property
    def key_id(self) -> str:
        """Which key it is; written beside everything that it wraps."""

    def wrap(self, key: SecretKey, bound: bytes) -> bytes:
        """An envelope with the key in it, which opens only with the same `bound`.

        Raises:
            UnavailableError: it does not answer now.
            ConfigError: it refuses.
        """

    def unwrap(self, envelope: bytes, bound: bytes) -> SecretKey:
        """The key in an envelope.

        Raises:
            IntegrityError: the envelope was changed, or belongs elsewhere.
            UnavailableError: it does not answer now.
            ConfigError: it refuses.
        """

    def close(self) -> None:
        """End what is open. Using it again opens it again."""


class MemoryKek:
    """A KEK whose bytes this process has.

    Args:
        key: 32 bytes.
        kind: where they came from.
    """

    # What prints must print in every state: a key that was refused leaves one half-made in its traceback.
    _kind, _key_id = "", "no key"

    def __init__(self, key: SecretKey, kind: str) -> None:
        self._key = key
        self._kind = kind
        # Derived, so that it says nothing of the key; the same key has the same id wherever it lies.
        self._key_id = f"kek-{key.derive(b'zaphod kek id v1').reveal()[:8].hex()}"

    @property
    def kind(self) -> str:
        return self._kind

    @property
    def key_id(self) -> str:
        return self._key_id

    def wrap(self, key: SecretKey, bound: bytes) -> bytes:
        return wrap_key(self._key, key, bound)

    def unwrap(self, envelope: bytes, bound: bytes) -> SecretKey:
        return unwrap_key(self._key, envelope, bound)

    def close(self) -> None:
        """Nothing is open."""

    def __repr__(self) -> str:
        return f"MemoryKek({self._kind}, {self._key_id})"


def wrap_key(wrapping: SecretKey, key: SecretKey, bound: bytes) -> bytes:
    """A key under a key: AES-256-GCM with `bound` as associated data.

    Nonces are random: one wrapping key may make 2^32 envelopes (SP 800-38D, 8.3), one for each KEK's tenant or
    tenant's subject, and again for each rotation.
    """
    nonce = os.urandom(NONCE_BYTES)
    return _FORM + nonce + AESGCM(wrapping.reveal()).encrypt(nonce, key.reveal(), _FORM + bound)


def unwrap_key(wrapping: SecretKey, envelope: bytes, bound: bytes) -> SecretKey:
    """The key in an envelope of `wrap_key`.

    Raises:
        IntegrityError: it was changed, or belongs elsewhere.
    """
    start = len(_FORM) + NONCE_BYTES
    nonce = envelope[len(_FORM) : start]
    try:
        if envelope.startswith(_FORM) and len(envelope) >= start + TAG_BYTES:
            return SecretKey(AESGCM(wrapping.reveal()).decrypt(nonce, envelope[start:], _FORM + bound))
    except InvalidTag as error:
        raise broken_envelope() from error
    raise broken_envelope()


def broken_envelope() -> IntegrityError:
    """What to say of an envelope that does not open."""
    return IntegrityError(
        "A key's envelope does not open.",
        "It was changed, or belongs to another tenant, subject or key, or its wrapping key is another of that name.",
        "Restore the table of keys from a back-up.",
    )


def parse_key(text: SecretKey, where: str) -> SecretKey:
    """32 bytes, written as 64 hexadecimal digits or as base64, in either alphabet.

    Args:
        text: as it stands there.
        where: for the error, which never quotes the text.

    Raises:
        ConfigError: it is something else.
    """
    key = SecretKey(_decoded(text))
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"{where} holds {len(text)} bytes that are no key.",
            "It must hold 32 random bytes as 64 hexadecimal digits or as base64.",
            "Make one with `zaphod vault init`, or with `openssl rand -hex 32`.",
        )
    if len(set(key.reveal())) < _FEWEST_DIFFERENT_BYTES:
        raise ConfigError(
            f"{where} holds 32 bytes that hardly differ.", "It must hold random ones.", "Run: openssl rand -hex 32"
        )
    return key


def _decoded(text: SecretKey) -> bytes:
    """Empty for what is no key; the reasons of decoders quote what they read, so they are not passed on."""
    try:
        if len(text.reveal().strip()) == 2 * KEY_BYTES:
            return bytes.fromhex(text.reveal().strip().decode("ascii"))
        return base64.b64decode(_padded(text.reveal().strip()), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""


def _padded(letters: bytes) -> bytes:
    return letters.replace(b"+", b"-").replace(b"/", b"_").rstrip(b"=") + b"=" * (-len(letters.rstrip(b"=")) % 4)
