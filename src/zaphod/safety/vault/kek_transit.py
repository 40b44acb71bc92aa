"""A KEK in HashiCorp Vault's transit engine: what is sent and what is made of the answers; knows no HTTP.

The hash of what an envelope is bound to is encrypted together with the key. So binding does not hang on a server that
knows the field `associated_data`, which an older one ignores without a word.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import NoReturn

from zaphod.core.errors import ConfigError, IntegrityError, UnavailableError
from zaphod.safety.vault.kek import broken_envelope
from zaphod.safety.vault.secret_key import SecretKey
from zaphod.safety.vault.transit_client import BadRequestError, TransitClient, TransitOptions

_CIPHERTEXT = re.compile(rb"vault:v[0-9]{1,9}:[A-Za-z0-9+/=]{1,4096}")
_HASH_BYTES = 32


class TransitKek:
    """A key of a transit engine. It never leaves the server, and has versions of its own: `rotate_kek` moves all
    tenants' keys to the newest one. Threads may share it.

    Args:
        options: which key of which server.
        sleep: waits between tries.

    Raises:
        ConfigError: the address or a name cannot be right.
    """

    def __init__(self, options: TransitOptions, sleep: Callable[[float], None] = time.sleep) -> None:
        self._options = options
        self._client = TransitClient(options, sleep)

    @property
    def kind(self) -> str:
        return "transit"

    @property
    def key_id(self) -> str:
        namespace = f"{self._options.namespace}/" if self._options.namespace else ""
        return f"transit:{namespace}{self._options.mount}/{self._options.key}"

    def wrap(self, key: SecretKey, bound: bytes) -> bytes:
        payload = SecretKey(key.reveal() + hashlib.sha256(bound).digest())
        try:
            answer = self._client.call("encrypt", _json("plaintext", base64.b64encode(payload.reveal())))
        except BadRequestError as error:
            self._refused(str(error))
        ciphertext = _field(answer, "ciphertext").reveal()
        if not _CIPHERTEXT.fullmatch(ciphertext):
            raise self._strange()
        return ciphertext

    def unwrap(self, envelope: bytes, bound: bytes) -> SecretKey:
        if not _CIPHERTEXT.fullmatch(envelope):
            raise broken_envelope()
        try:
            answer = self._client.call("decrypt", _json("ciphertext", envelope))
        except BadRequestError as error:
            if "not found" in str(error):
                self._refused(str(error))
            raise IntegrityError(
                f"Vault does not open a key's envelope: {error}.",
                "It was changed, or its key there is another or too old a version to be allowed.",
                "Restore the table of keys from a back-up, or allow older versions of the key.",
            ) from error
        payload = _decoded(_field(answer, "plaintext"))
        if len(payload) <= _HASH_BYTES:
            raise self._strange()
        if not hmac.compare_digest(payload.reveal()[-_HASH_BYTES:], hashlib.sha256(bound).digest()):
            raise broken_envelope()
        return SecretKey(payload.reveal()[:-_HASH_BYTES])

    def close(self) -> None:
        """Nothing is open between calls."""

    def __repr__(self) -> str:
        return f"TransitKek({self.key_id})"

    def _refused(self, reason: str) -> NoReturn:
        raise ConfigError(
            f"Vault can do nothing with {self.key_id}: {reason}.",
            "It must be a key of the type aes256-gcm96, without derivation.",
            f"Run: vault write -f {self._options.mount}/keys/{self._options.key}",
        )

    def _strange(self) -> UnavailableError:
        return UnavailableError(
            f"What answers at {self._options.url} is no transit engine.", "It must answer as Vault does.", "Correct it."
        )


def _json(name: str, value: bytes) -> SecretKey:
    """An object of one field, whose value needs no escapes."""
    return SecretKey(b'{"' + name.encode() + b'": "' + value + b'"}')


def _field(answer: SecretKey, name: str) -> SecretKey:
    """`data.NAME` of a JSON document; empty if it has none. The parser's errors quote it, so they are not passed on."""
    try:
        value = json.loads(answer.reveal())["data"][name]
        return SecretKey(value.encode("ascii"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return SecretKey(b"")


def _decoded(text: SecretKey) -> SecretKey:
    try:
        return SecretKey(base64.b64decode(text.reveal(), validate=True))
    except ValueError:
        return SecretKey(b"")
