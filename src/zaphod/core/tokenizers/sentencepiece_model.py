"""The pieces and rules inside a SentencePiece model file; reads and writes the protocol buffer, never encodes text.

The message is `ModelProto` of sentencepiece_model.proto in the SentencePiece repository. The library reads such a file
too, but hides a piece's type, and its errors name its own source lines; so the little that is needed is read here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from zaphod.core.errors import TokenizerError

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_UNIGRAM, _BPE = 1, 2
SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # stands for a space inside a piece
UNKNOWN_TEXT = " \N{DOUBLE QUESTION MARK} "  # the library's default for the unknown piece

_Field = int | bytes | float


class PieceType(IntEnum):
    """What a piece is; GGUF's `tokenizer.ggml.token_type` uses the same numbers."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class Piece(NamedTuple):
    """One entry of the vocabulary; BPE joins the pair whose result has the highest score."""

    text: str
    score: float
    type: PieceType


@dataclass(frozen=True, kw_only=True)
class SentencePieceModel:
    """A model file: its pieces by id, and the rules for text before and after them."""

    pieces: tuple[Piece, ...]
    is_bpe: bool = True
    unk_text: str = UNKNOWN_TEXT
    bos_piece: str = "<s>"
    eos_piece: str = "</s>"
    pad_piece: str = "<pad>"
    charsmap: bytes = b""
    add_dummy_prefix: bool = True
    remove_extra_whitespaces: bool = True
    escape_whitespaces: bool = True

    def id_of(self, text: str) -> int | None:
        """The id of a piece, None if there is no such piece."""
        return next((index for index, piece in enumerate(self.pieces) if piece.text == text), None)

    def serialise(self) -> bytes:
        """The model file, readable by the SentencePiece library."""
        trainer = b"".join(
            [
                _number(3, _BPE if self.is_bpe else _UNIGRAM),
                _number(35, any(piece.type == PieceType.BYTE for piece in self.pieces)),
                _text(44, self.unk_text),
                _text(45, next(piece.text for piece in self.pieces if piece.type == PieceType.UNKNOWN)),
                _text(46, self.bos_piece),
                _text(47, self.eos_piece),
                _text(48, self.pad_piece),
            ]
        )
        normaliser = b"".join(
            [
                _data(2, self.charsmap),
                _number(3, self.add_dummy_prefix),
                _number(4, self.remove_extra_whitespaces),
                _number(5, self.escape_whitespaces),
            ]
        )
        pieces = [_data(1, _text(1, text) + _real(2, score) + _number(3, kind)) for text, score, kind in self.pieces]
        return b"".join([*pieces, _data(2, trainer), _data(3, normaliser)])


def parse_sentencepiece_model(data: bytes) -> SentencePieceModel:
    """Read a model file.

    Raises:
        TokenizerError: the bytes are not such a file, or it uses a kind of model that is not BPE or unigram.
    """
    try:
        return _model(data)
    except (ValueError, KeyError, IndexError, struct.error) as error:
        raise TokenizerError(
            f"This is not a SentencePiece model: {error}.",
            "A tokenizer.model file holds the protocol buffer ModelProto.",
            "Fetch the file again; a file of a few hundred bytes may be a Git LFS pointer.",
        ) from error


def _model(data: bytes) -> SentencePieceModel:
    pieces: list[Piece] = []
    specs: dict[int, dict[int, _Field]] = {2: {}, 3: {}}
    for number, value in _fields(data):
        if number == 1:
            pieces.append(_piece(_as_bytes(value)))
        elif number in specs:
            specs[number] = dict(_fields(_as_bytes(value)))
    trainer, normaliser = specs[2], specs[3]
    kind = trainer.get(3, _UNIGRAM)
    if kind not in (_UNIGRAM, _BPE):
        raise ValueError(f"model type {kind!r} is neither unigram (1) nor BPE (2)")
    if trainer.get(24):
        raise ValueError("whitespace as a suffix is not supported")
    if sum(piece.type == PieceType.UNKNOWN for piece in pieces) != 1:
        raise ValueError(f"{len(pieces)} pieces without exactly one for unknown text")
    return SentencePieceModel(
        pieces=tuple(pieces),
        is_bpe=kind == _BPE,
        unk_text=_string(trainer, 44, UNKNOWN_TEXT),
        bos_piece=_string(trainer, 46, "<s>"),
        eos_piece=_string(trainer, 47, "</s>"),
        pad_piece=_string(trainer, 48, "<pad>"),
        charsmap=_as_bytes(normaliser.get(2, b"")),
        add_dummy_prefix=bool(normaliser.get(3, True)),
        remove_extra_whitespaces=bool(normaliser.get(4, True)),
        escape_whitespaces=bool(normaliser.get(5, True)),
    )


def _piece(data: bytes) -> Piece:
    fields = dict(_fields(data))
    score, kind = fields.get(2, 0.0), fields.get(3, PieceType.NORMAL)
    if not isinstance(score, float) or not isinstance(kind, int):
        raise ValueError("a piece's score or type has the wrong kind of value")
    return Piece(_string(fields, 1, ""), score, PieceType(kind))


def _string(fields: dict[int, _Field], number: int, default: str) -> str:
    return _as_bytes(fields[number]).decode("utf-8") if number in fields else default


def _as_bytes(value: _Field) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number where text or a message belongs")
    return value


def _fields(data: bytes) -> Iterator[tuple[int, _Field]]:
    """Field numbers and values of one message, in file order."""
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, position = _read_varint(data, position)
            yield number, value
        elif wire_type == _LENGTH:
            length, position = _read_varint(data, position)
            yield number, _slice(data, position, length)
            position += length
        elif wire_type in (_FIXED32, _FIXED64):
            width = 4 if wire_type == _FIXED32 else 8
            yield number, struct.unpack("<f" if width == 4 else "<d", _slice(data, position, width))[0]
            position += width
        else:
            raise ValueError(f"wire type {wire_type} at byte {position}")


def _slice(data: bytes, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise ValueError(f"it ends at byte {len(data)}, inside a field that needs {start + length}")
    return data[start : start + length]


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError(f"an integer too long at byte {position}")


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _real(number: int, value: float) -> bytes:
    return _varint(number << 3 | _FIXED32) + struct.pack("<f", value)


def _data(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH) + _varint(len(value)) + value


def _text(number: int, value: str) -> bytes:
    return _data(number, value.encode("utf-8"))
