"""A record under its own key: sealing and opening; knows neither where keys come from nor where records are kept.

Each record gets a key of its own, derived from the subject's key and 16 random bytes, and a random nonce of 96 bits
under that key. SP 800-38D (8.3) allows 2^32 messages for one key with random nonces. A derived key has one message,
unless two salts are equal: after 2^48 records of one subject that has a probability of 2^-33. So nothing is counted,
and nothing that is counted can be lost in a crash or run twice in two processes.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zaphod.core.errors import IntegrityError, RequestError
from zaphod.safety.vault.header import NONCE_BYTES, RECORD_HEADER_BYTES, SALT_BYTES, Header, pack_record
from zaphod.safety.vault.kek import TAG_BYTES
from zaphod.safety.vault.place import Place
from zaphod.safety.vault.secret_key import SecretKey

MAX_RECORD_BYTES = 1 << 30
_PURPOSE = b"zaphod record v1"
_IN_PLACE_BYTES = 1 << 16
"""From here on the ciphertext is written behind its header. Joining the two afterwards needs both in memory, and from
128 KiB on the system makes and drops those pages each time: at 1 MB that took fifteen times as long as encrypting."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataKey:
    """A subject's key, out of its envelope.

    Args:
        key_id: its name, 32 hexadecimal digits.
        secret: 32 bytes; nothing is encrypted with it directly.
    """

    key_id: str
    secret: SecretKey


def seal_record(plaintext: bytes, key: DataKey, place: Place, sequence: int) -> bytes:
    """Header, ciphertext, tag.

    Raises:
        RequestError: it is too long for one piece.
    """
    if len(plaintext) > MAX_RECORD_BYTES:
        raise RequestError(
            f"A record has {len(plaintext)} bytes.",
            f"In one piece at most {MAX_RECORD_BYTES} are sealed.",
            "Seal it as a stream.",
        )
    random = os.urandom(SALT_BYTES + NONCE_BYTES)
    salt, nonce = random[:SALT_BYTES], random[SALT_BYTES:]
    header = pack_record(bytes.fromhex(key.key_id), sequence, salt, nonce)
    cipher = AESGCM(key.secret.derive(_PURPOSE + salt).reveal())
    bound = header + place.bound_bytes
    if len(plaintext) < _IN_PLACE_BYTES:
        return header + cipher.encrypt(nonce, plaintext, bound)
    sealed = io.BytesIO(bytes(len(header) + len(plaintext) + TAG_BYTES))
    with sealed.getbuffer() as buffer, buffer[len(header) :] as rest:
        buffer[: len(header)] = header
        cipher.encrypt_into(nonce, plaintext, bound, rest)
    return sealed.getvalue()


def open_record(sealed: bytes, header: Header, key: DataKey, place: Place) -> bytes:
    """The plaintext.

    Raises:
        IntegrityError: a bit was changed, or it belongs to another place.
    """
    cipher = AESGCM(key.secret.derive(_PURPOSE + header.salt).reveal())
    try:
        return cipher.decrypt(header.nonce, memoryview(sealed)[RECORD_HEADER_BYTES:], header.raw + place.bound_bytes)
    except InvalidTag as error:
        raise IntegrityError(
            "The sealed bytes do not open.",
            "They were changed, or belong to another tenant, subject or record.",
            "Restore them from a back-up.",
        ) from error
