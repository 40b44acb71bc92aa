"""Bytes unpacked and decoded with a limit, so that no small file becomes a large one; knows no archive."""

from __future__ import annotations

import codecs
import re
import zlib
from pathlib import Path
from typing import IO, Final

from zaphod.core.errors import CorruptFileError

MAX_BYTES: Final = 64 * 1024 * 1024
"""A text of more is not read."""
_DECLARED: Final = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:\-]{2,40})", re.I
)
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NO_CHARSETS: Final = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
"""Python's names of encodings that pages do not use; some take time that grows with the square of the length."""
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_PIECE_BYTES: Final = 64 * 1024


class TooLargeError(CorruptFileError):
    """Something would unpack to more than was allowed."""


def unpacked(data: bytes, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """What is packed in gzip members or in one zlib stream.

    Raises:
        TooLargeError: it is more than `max_bytes`; no more than that was unpacked.
        CorruptFileError: it is cut, or not packed so.
    """
    pieces, size = list[bytes](), 0
    while data:
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            piece = unpacker.decompress(data, max_bytes - size + 1)
        except zlib.error as error:
            raise _corrupt(name, str(error)) from error
        size += len(piece)
        if size > max_bytes:
            raise TooLargeError(
                f"{name} unpacks to more than {max_bytes:,} bytes.",
                "Texts are smaller.",
                "It is left out; raise the limit if it is meant.",
            )
        if not unpacker.eof:
            raise _corrupt(name, "it ends in the middle")
        pieces.append(piece)
        data = unpacker.unused_data.lstrip(b"\0")
    return b"".join(pieces)


def _corrupt(name: str, what: str) -> CorruptFileError:
    return CorruptFileError(f"{name} cannot be unpacked: {what}.", "It should be whole gzip data.", "Fetch it again.")


class GzipMembers:
    """A file of gzip members, or a plain one, as one stream of its bytes.

    Where a member is cut, what it holds is given first; the next `read` raises.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        self._data = file.read(_PIECE_BYTES)
        self._is_packed = self._data[:2] == b"\x1f\x8b"
        self._unpacker: zlib._Decompress | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, none at the end.

        Raises:
            CorruptFileError: it ends in the middle of a member, or its bytes are damaged.
        """
        if not self._is_packed:
            piece, self._data = self._data, b""
            return piece or self._file.read(size if size > 0 else _PIECE_BYTES)
        while True:
            piece = self._unpacked(size)
            if piece or (not self._data and self._unpacker is None):
                return piece

    def _unpacked(self, size: int) -> bytes:
        self._data = self._data or self._file.read(_PIECE_BYTES)
        if self._unpacker is None:
            self._data = self._data.lstrip(b"\0")
            if not self._data:
                return b""
            self._unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            piece = self._unpacker.decompress(self._data, max(size, 0) or _PIECE_BYTES)
        except zlib.error as error:
            raise _corrupt(self._name, str(error)) from error
        if not piece and not self._data and not self._unpacker.eof:
            raise _corrupt(self._name, "it ends in the middle")
        self._data = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail
        if self._unpacker.eof:
            self._unpacker = None
        return piece


def read_bounded(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """A file's bytes, unpacked if its name ends in `.gz`.

    Raises:
        TooLargeError: it is larger than `max_bytes`, packed or unpacked.
        CorruptFileError: it is cut.
    """
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise TooLargeError(
            f"{path} has more than {max_bytes:,} bytes.", "Texts are smaller.", "Raise the limit if it is meant."
        )
    return unpacked(data, str(path), max_bytes) if path.suffix == ".gz" else data


def decoded(data: bytes, charset: str = "") -> str:
    """Text of bytes: by their mark, by the charset that came with them, by their own word, else UTF-8, else Latin-1.

    What does not fit becomes `\\ufffd`; nothing is refused.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _cleaned(data.decode(name, "replace"))
    declared = _DECLARED.search(data[:2048])
    for name in (charset, declared[1].decode("ascii") if declared else ""):
        if name and (text := _tried(data, name)) is not None:
            return _cleaned(text)
    try:
        return _cleaned(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        # A page in UTF-8 with a letter cut at its end is still one; otherwise bytes above 127 are Western letters.
        is_cut = error.start > len(data) - 4 and not data[: error.start].isascii()
        return _cleaned(data.decode("utf-8" if is_cut else "cp1252", "replace"))


def _tried(data: bytes, name: str) -> str | None:
    """None where there is no such charset, or one that no page is written in."""
    try:
        found = codecs.lookup(name).name
        return None if found in _NO_CHARSETS else data.decode(found, "replace")
    except (LookupError, UnicodeError, ValueError):
        return None


def _cleaned(text: str) -> str:
    """Without a mark at the beginning, and without halves of letters."""
    return text.lstrip("\ufeff").encode("utf-8", "replace").decode("utf-8")
