"""SentencePiece vocabularies such as Grok-1's; the library cuts the text, the pieces' bytes are ours.

What the library does to text is kept: a space is put before it (the dummy prefix), and a model may normalise it.
Decoding takes that space from the opening of a text, so a continuation must say what it follows (`stream(after=...)`).
Source: the SentencePiece library and the `tokenizer.model` of xAI's Grok-1 release.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.protocol import Vocabulary, VocabularyTokenizer
from zaphod.core.tokenizers.sentencepiece_model import (
    SPACE,
    Piece,
    PieceType,
    SentencePieceModel,
    parse_sentencepiece_model,
)

# A user-defined piece may be ordinary text (Grok-1 has digits and runs of newlines); only such names are structure.
_MARK = re.compile(r"<\|.*\|>")
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class SentencePieceTokenizer(VocabularyTokenizer):
    """Text to ids by the SentencePiece library.

    Control pieces (BOS, EOS, …) never come from text, whatever it says, and give no text.

    Args:
        model: the pieces and rules.
        bos_token_id, eos_token_ids, pad_token_id: as the model names them.
        chat_template, wants_bos: see `Tokenizer`.

    Raises:
        TokenizerError: the library refuses the model.
    """

    def __init__(
        self,
        model: SentencePieceModel,
        *,
        bos_token_id: int | None,
        eos_token_ids: tuple[int, ...],
        pad_token_id: int | None,
        chat_template: str | None = None,
        wants_bos: bool = False,
    ) -> None:
        strips = model.add_dummy_prefix or model.remove_extra_whitespaces
        super().__init__(
            Vocabulary(
                pieces=[_bytes_of(piece, model) for piece in model.pieces],
                opening_pieces=_opening_pieces(model) if strips else {},
                special_tokens={piece.text: index for index, piece in enumerate(model.pieces) if _is_special(piece)},
                bos_token_id=bos_token_id,
                eos_token_ids=eos_token_ids,
                pad_token_id=pad_token_id,
                chat_template=chat_template,
                wants_bos=wants_bos,
            )
        )
        self.model = model
        self._processor = _processor(model)

    @cached_property
    def _processor_without_marks(self) -> Any:
        """A processor for which names of special tokens are ordinary text: as control pieces they are never matched."""
        pieces = (p._replace(type=PieceType.CONTROL) if _is_mark(p) else p for p in self.model.pieces)
        return _processor(replace(self.model, pieces=tuple(pieces)))

    def _encode_text(self, text: str, allow_special: bool) -> list[int]:
        processor = self._processor if allow_special else self._processor_without_marks
        token_ids: list[int] = processor.encode(text)
        return token_ids


def load_sentencepiece(
    file: Path, *, chat_template: str | None = None, wants_bos: bool = False
) -> SentencePieceTokenizer:
    """Read a `tokenizer.model` file. Raises `TokenizerError`."""
    model = parse_sentencepiece_model(file.read_bytes())
    eos_token_id = model.id_of(model.eos_piece)
    return SentencePieceTokenizer(
        model,
        bos_token_id=model.id_of(model.bos_piece),
        eos_token_ids=() if eos_token_id is None else (eos_token_id,),
        pad_token_id=model.id_of(model.pad_piece),
        chat_template=chat_template,
        wants_bos=wants_bos,
    )


def _processor(model: SentencePieceModel) -> Any:
    from sentencepiece import SentencePieceProcessor

    try:
        return SentencePieceProcessor(model_proto=model.serialise())
    except (RuntimeError, ValueError) as error:
        raise TokenizerError(
            f"The SentencePiece library refuses this model: {error}.",
            "A model needs distinct, non-empty pieces, one of them for unknown text.",
            "Fetch the file again, or convert the model again.",
        ) from error


def _is_special(piece: Piece) -> bool:
    return piece.type in (PieceType.CONTROL, PieceType.UNKNOWN) or _is_mark(piece)


def _is_mark(piece: Piece) -> bool:
    return piece.type == PieceType.USER_DEFINED and _MARK.fullmatch(piece.text) is not None


def _bytes_of(piece: Piece, model: SentencePieceModel) -> bytes:
    if piece.type == PieceType.CONTROL:
        return b""
    if piece.type == PieceType.UNKNOWN:
        return model.unk_text.encode()
    if piece.type == PieceType.BYTE:
        return _byte(piece.text)
    return piece.text.replace(SPACE, " ").encode()


def _byte(text: str) -> bytes:
    match = _BYTE.fullmatch(text)
    if match is None:
        raise TokenizerError(
            f"The byte piece is called {text!r}.",
            "Byte pieces are called <0x00> to <0xFF>.",
            "Convert the model again.",
        )
    return bytes.fromhex(match[1])


def _opening_pieces(model: SentencePieceModel) -> dict[int, bytes]:
    """Pieces that lose their space when they open a text: one space, or all where extra spaces are removed."""
    opening = {}
    for index, piece in enumerate(model.pieces):
        if piece.type in (PieceType.NORMAL, PieceType.USER_DEFINED, PieceType.UNUSED) and piece.text.startswith(SPACE):
            rest = piece.text.lstrip(SPACE) if model.remove_extra_whitespaces else piece.text[1:]
            opening[index] = rest.replace(SPACE, " ").encode()
    return opening
