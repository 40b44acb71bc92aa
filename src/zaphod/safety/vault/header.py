"""The first bytes of what is sealed: which form, which key, which version of the record; knows no cipher.

    magic 4 | version 1 | form 1 | key id 16 | sequence 8 | salt 16 | then, of a record: nonce 12
                                                             of a stream: nonce prefix 7, log2 of the segment's bytes 1

Nothing in it is secret. All of it is bound to what follows, so no bit of it can be changed.
"""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

from zaphod.core.errors import IntegrityError, RequestError, UnknownVersionError

MAGIC = b"ZVLT"
VERSION = 1
SALT_BYTES = 16
NONCE_BYTES = 12
NONCE_PREFIX_BYTES = 7
MAX_SEQUENCE = 2**63 - 1

Form = Literal["record", "stream"]
_RECORD, _STREAM = 1, 2
_FORMS: dict[int, Form] = {_RECORD: "record", _STREAM: "stream"}
_COMMON = struct.Struct(">4sBB16sQ16s")
_START = struct.Struct(">4sBB")
RECORD_HEADER_BYTES = _COMMON.size + NONCE_BYTES
STREAM_HEADER_BYTES = _COMMON.size + NONCE_PREFIX_BYTES + 1


class Header(NamedTuple):
    """What the first bytes say.

    Args:
        form: a record in one piece, or a stream of segments.
        key_id: the subject's key, 32 hexadecimal digits.
        sequence: which version of the record it is.
        salt: from which the key of these very bytes is derived.
        nonce: of a record; of a stream the prefix of each segment's.
        segment_bytes: of plaintext in each segment; 0 for a record.
        raw: the bytes themselves, which everything that follows is bound to.
    """

    form: Form
    key_id: str
    sequence: int
    salt: bytes
    nonce: bytes
    segment_bytes: int
    raw: bytes


def pack_record(key_id: bytes, sequence: int, salt: bytes, nonce: bytes) -> bytes:
    """The header of a record."""
    return _COMMON.pack(MAGIC, VERSION, _RECORD, key_id, sequence, salt) + nonce


def pack_stream(key_id: bytes, sequence: int, salt: bytes, nonce_prefix: bytes, segment_bits: int) -> bytes:
    """The header of a stream, whose segments have 2^segment_bits bytes."""
    return _COMMON.pack(MAGIC, VERSION, _STREAM, key_id, sequence, salt) + nonce_prefix + bytes((segment_bits,))


def read_header(sealed: bytes, form: Form) -> Header:
    """What is said at the head of sealed bytes of that form.

    Raises:
        UnknownVersionError: a newer program made it.
        IntegrityError: no vault made it, it is cut off, or it has the other form.
    """
    _require_form(sealed, form)
    size_bytes = RECORD_HEADER_BYTES if form == "record" else STREAM_HEADER_BYTES
    if len(sealed) < size_bytes:
        raise _cut_off(len(sealed))
    _, _, _, key_id, sequence, salt = _COMMON.unpack_from(sealed)
    raw = bytes(sealed[:size_bytes])
    rest = raw[_COMMON.size :]
    if form == "record":
        return Header(form, key_id.hex(), sequence, salt, rest, 0, raw)
    return Header(form, key_id.hex(), sequence, salt, rest[:-1], 1 << rest[-1], raw)


def require_sequence(sequence: int) -> None:
    """Raises `RequestError` for what can be no version of a record."""
    if not 0 <= sequence <= MAX_SEQUENCE:
        raise RequestError(
            f"The sequence is {sequence}.", f"It must be 0 to {MAX_SEQUENCE}.", "Count a record's versions from 0."
        )


def require_version(header: Header, sequence: int | None) -> None:
    """Raises `IntegrityError` where another version of the record is wanted; None wants any."""
    if sequence is not None and header.sequence != sequence:
        raise IntegrityError(
            f"These bytes are version {header.sequence} of the record.",
            f"Version {sequence} is wanted: an older one was put back, or a write was lost.",
            "Restore the record from a back-up.",
        )


def _require_form(sealed: bytes, form: Form) -> None:
    if len(sealed) < _START.size:
        raise _cut_off(len(sealed))
    magic, version, number = _START.unpack_from(sealed)
    if magic != MAGIC:
        raise IntegrityError("These bytes were not sealed by a vault.", f"They would begin with {MAGIC.decode()}.")
    if version != VERSION:
        raise UnknownVersionError(
            f"These bytes were sealed in version {version} of the form.",
            f"This program knows version {VERSION}.",
            "Open them with the program that made them, or a newer one.",
        )
    if _FORMS.get(number) != form:
        raise IntegrityError(
            f"These bytes are a sealed {_FORMS.get(number, 'something')}.",
            f"A sealed {form} is wanted.",
            "Files are opened with `zaphod vault decrypt`.",
        )


def _cut_off(size_bytes: int) -> IntegrityError:
    return IntegrityError(f"The sealed bytes end after {size_bytes}.", "They were cut off.", "Take a whole copy.")
