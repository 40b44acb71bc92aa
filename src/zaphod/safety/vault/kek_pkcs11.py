"""A KEK in a PKCS #11 token, such as a hardware security module: wrapping happens inside, and the key never comes out.

Two mechanisms. `aes-gcm` (CKM_AES_GCM) binds an envelope by associated data. `aes-key-wrap` (CKM_AES_KEY_WRAP,
RFC 3394) has none, and is for tokens which insist on nonces of their own or know no GCM: there the hash of what the
envelope is bound to is wrapped together with the key. An envelope says which one made it, so both open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any

from zaphod.safety.vault.kek import NONCE_BYTES, broken_envelope
from zaphod.safety.vault.pkcs11_token import Pkcs11Options, RefusedError, TokenKey, library, unavailable
from zaphod.safety.vault.secret_key import SecretKey

_GCM, _KEY_WRAP = b"\x01", b"\x02"
_HASH_BYTES = 32


class Pkcs11Kek:
    """An AES-256 key in a token. Threads take turns.

    Args:
        options: where it lies.

    Raises:
        MissingExtraError: python-pkcs11 is not installed.
        ConfigError: there is no such module, token or key, the PIN is wrong, or the key can be taken out of the token.
        UnavailableError: the token does not answer.
    """

    def __init__(self, options: Pkcs11Options) -> None:
        self._options = options
        self._pkcs11 = library()
        self._token = TokenKey(options)
        self._require_working()

    @classmethod
    def create(cls, options: Pkcs11Options) -> Pkcs11Kek:
        """A new key in the token. Raises `ConfigError` if there is one of that label."""
        TokenKey(options).generate()
        return cls(options)

    @property
    def kind(self) -> str:
        return "pkcs11"

    @property
    def key_id(self) -> str:
        return f"pkcs11:{self._options.token}/{self._options.key}"

    def wrap(self, key: SecretKey, bound: bytes) -> bytes:
        make = _wrap_gcm if self._options.wrapping == "aes-gcm" else _wrap_key_wrap
        try:
            return self._token.use(lambda session, kek: make(self._pkcs11, session, kek, key, bound))
        except RefusedError as error:
            raise unavailable(self._options, str(error)) from error

    def unwrap(self, envelope: bytes, bound: bytes) -> SecretKey:
        open_it = {_GCM: _unwrap_gcm, _KEY_WRAP: _unwrap_key_wrap}.get(envelope[:1])
        if open_it is None:
            raise broken_envelope()
        try:
            return self._token.use(lambda session, kek: open_it(self._pkcs11, kek, envelope[1:], bound))
        except RefusedError as error:
            self._require_working()
            raise broken_envelope() from error

    def close(self) -> None:
        self._token.close()

    def __repr__(self) -> str:
        return f"Pkcs11Kek({self.key_id})"

    def _require_working(self) -> None:
        """Tokens call a wrong tag a general error, like a broken device. So ask for something that is right."""
        bound = b"probe"
        envelope = self.wrap(SecretKey.random(), bound)
        open_it = _unwrap_gcm if envelope[:1] == _GCM else _unwrap_key_wrap
        try:
            self._token.use(lambda session, kek: open_it(self._pkcs11, kek, envelope[1:], bound))
        except RefusedError as error:
            raise unavailable(self._options, str(error)) from error


def _wrap_gcm(pkcs11: Any, session: Any, kek: Any, key: SecretKey, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return _GCM + nonce + bytes(kek.encrypt(key.reveal(), **_gcm(pkcs11, nonce, bound)))


def _unwrap_gcm(pkcs11: Any, kek: Any, sealed: bytes, bound: bytes) -> SecretKey:
    return SecretKey(bytes(kek.decrypt(sealed[NONCE_BYTES:], **_gcm(pkcs11, sealed[:NONCE_BYTES], bound))))


def _gcm(pkcs11: Any, nonce: bytes, bound: bytes) -> dict[str, Any]:
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": pkcs11.GCMParams(nonce, bound, 128)}


def _wrap_key_wrap(pkcs11: Any, session: Any, kek: Any, key: SecretKey, bound: bytes) -> bytes:
    payload = SecretKey(key.reveal() + hashlib.sha256(bound).digest())
    held = session.create_object({**_passing(pkcs11), pkcs11.Attribute.VALUE: payload.reveal()})
    try:
        return _KEY_WRAP + bytes(kek.wrap_key(held, mechanism=pkcs11.Mechanism.AES_KEY_WRAP))
    finally:
        held.destroy()


def _unwrap_key_wrap(pkcs11: Any, kek: Any, sealed: bytes, bound: bytes) -> SecretKey:
    held = kek.unwrap_key(
        pkcs11.ObjectClass.SECRET_KEY,
        pkcs11.KeyType.GENERIC_SECRET,
        sealed,
        mechanism=pkcs11.Mechanism.AES_KEY_WRAP,
        template=_passing(pkcs11),
    )
    try:
        payload = SecretKey(bytes(held[pkcs11.Attribute.VALUE]))
    finally:
        held.destroy()
    if not hmac.compare_digest(payload.reveal()[-_HASH_BYTES:], hashlib.sha256(bound).digest()):
        raise broken_envelope()
    return SecretKey(payload.reveal()[:-_HASH_BYTES])


def _passing(pkcs11: Any) -> dict[Any, Any]:
    """An object that lives for one call, in the token's memory and not in its store."""
    return {
        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
        pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.GENERIC_SECRET,
        pkcs11.Attribute.TOKEN: False,
        pkcs11.Attribute.SENSITIVE: False,
        pkcs11.Attribute.EXTRACTABLE: True,
    }
