"""Bytes of any length under one derived key, in segments; knows files, neither keys' origin nor their place.

Segments follow the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online authenticated-encryption and its
nonce-reuse misuse-resistance, CRYPTO 2015): the nonce of each is a random prefix of 7 bytes, its number in 4, and one
byte that says whether it is the last. So a segment that is changed, moved, repeated, left out or cut off is found.
The key is derived for this stream alone and numbers never repeat, so at most 2^32 segments need no random nonce
(SP 800-38D, 8.2.1).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zaphod.core.errors import IntegrityError, RequestError
from zaphod.core.progress import Advance
from zaphod.safety.vault.header import NONCE_PREFIX_BYTES, SALT_BYTES, STREAM_HEADER_BYTES, Header, pack_stream
from zaphod.safety.vault.kek import TAG_BYTES
from zaphod.safety.vault.place import Place
from zaphod.safety.vault.sealed_record import DataKey

SEGMENT_BITS = 16
"""64 KiB: larger ones are slower, because the system makes and drops their pages each time."""
_MAX_SEGMENT_BYTES = 1 << 24
_MAX_SEGMENTS = 2**32
_PURPOSE = b"zaphod stream v1"


def seal_stream(source: BinaryIO, target: BinaryIO, key: DataKey, place: Place, sequence: int, advance: Advance) -> int:
    """Read all of `source`, write it sealed to `target`; how many plain bytes there were."""
    salt, prefix = os.urandom(SALT_BYTES), os.urandom(NONCE_PREFIX_BYTES)
    raw = pack_stream(bytes.fromhex(key.key_id), sequence, salt, prefix, SEGMENT_BITS)
    cipher, bound = AESGCM(key.secret.derive(_PURPOSE + salt).reveal()), raw + place.bound_bytes
    target.write(raw)
    num_bytes = 0
    for number, segment, is_last in _segments(source, 1 << SEGMENT_BITS):
        target.write(cipher.encrypt(_nonce(prefix, number, is_last), segment, bound))
        num_bytes += len(segment)
        advance(len(segment))
    return num_bytes


def open_stream(
    source: BinaryIO, target: BinaryIO, header: Header, key: DataKey, place: Place, advance: Advance
) -> int:
    """Read the segments behind the header, write their plaintext; how many bytes there were.

    A segment is written as soon as it is proven. Only when this returns is the end proven, too: until then, treat what
    was written as if it were not there.

    Raises:
        IntegrityError: a segment was changed, moved, repeated or left out, or the end is missing.
    """
    if header.segment_bytes > _MAX_SEGMENT_BYTES:
        raise _broken(0)
    cipher, bound = AESGCM(key.secret.derive(_PURPOSE + header.salt).reveal()), header.raw + place.bound_bytes
    num_bytes = 0
    for number, segment, is_last in _segments(source, header.segment_bytes + TAG_BYTES):
        try:
            plaintext = cipher.decrypt(_nonce(header.nonce, number, is_last), segment, bound)
        except InvalidTag as error:
            raise _broken(number) from error
        target.write(plaintext)
        num_bytes += len(plaintext)
        advance(len(plaintext))
    return num_bytes


def read_stream_header(source: BinaryIO) -> bytes:
    """The first bytes of a sealed stream, or fewer where it ends."""
    return _read_up_to(source, STREAM_HEADER_BYTES)


def _segments(source: BinaryIO, size_bytes: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes, whether it is the last; at least one, which may be empty."""
    segment = _read_up_to(source, size_bytes)
    for number in range(_MAX_SEGMENTS):
        following = _read_up_to(source, size_bytes) if len(segment) == size_bytes else b""
        yield number, segment, not following
        if not following:
            return
        segment = following
    raise RequestError(
        "The stream is too long.", f"It may have {_MAX_SEGMENTS * size_bytes} bytes.", "Cut it into several."
    )


def _read_up_to(source: BinaryIO, size_bytes: int) -> bytes:
    """All that were wanted, unless the source ends: a pipe may give fewer at a time."""
    pieces: list[bytes] = []
    missing = size_bytes
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes((is_last,))


def _broken(number: int) -> IntegrityError:
    return IntegrityError(
        f"Segment {number + 1} of the sealed stream does not open.",
        "It was changed, moved, repeated or left out, the end is missing, or it belongs to another place.",
        "Take another copy. A file that was renamed opens with its old name as --record.",
    )
