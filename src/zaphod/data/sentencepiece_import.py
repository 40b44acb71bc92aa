"""A SentencePiece model file as Hugging Face's tokenizer.json; knows both forms, trains nothing.

The two libraries cut text by the same rules but not by the same code: where scores tie, and where marks stand beside
spaces that are removed, they may differ. `compare` counts how often they do, on your texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import Tokenizer
from zaphod.core.tokenizers.sentencepiece_model import (
    SPACE,
    Piece,
    PieceType,
    SentencePieceModel,
    parse_sentencepiece_model,
)
from zaphod.data.tokenizer_training import write_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

_MARKS = (PieceType.CONTROL, PieceType.UNKNOWN, PieceType.USER_DEFINED)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How often two tokenizers give the same ids."""

    num_texts: int
    num_equal: int
    first_difference: str | None


def import_sentencepiece(file: Path, folder: Path) -> list[Path]:
    """Write `tokenizer.json` and `tokenizer_config.json` for a `tokenizer.model`.

    Raises:
        TokenizerError: it is no such file, or has rules that the other form cannot say.
    """
    model = parse_sentencepiece_model(file.read_bytes())
    names = {piece.text for piece in model.pieces}
    settings: dict[str, object] = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    roles = {"bos_token": model.bos_piece, "eos_token": model.eos_piece, "pad_token": model.pad_piece}
    settings |= {role: name for role, name in roles.items() if name in names}
    return write_tokenizer(folder, convert_sentencepiece(model).to_str(pretty=False), settings)


def convert_sentencepiece(model: SentencePieceModel) -> Library:
    """The same vocabulary for the `tokenizers` library; ids stay."""
    from tokenizers import AddedToken, pre_tokenizers
    from tokenizers import Tokenizer as Library

    _require_sayable(model)
    tokenizer = Library(_bpe(model) if model.is_bpe else _unigram(model))
    normaliser = _normaliser(model)
    if normaliser is not None:
        tokenizer.normalizer = normaliser
    scheme = "first" if model.add_dummy_prefix else "never"
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme=scheme, split=False)
    tokenizer.decoder = _decoder(model)
    marks = [piece for piece in model.pieces if piece.type in _MARKS]
    tokenizer.add_tokens(
        [AddedToken(piece.text, special=piece.type != PieceType.USER_DEFINED, normalized=False) for piece in marks]
    )
    return tokenizer


def compare(first: Tokenizer, second: Tokenizer, texts: Iterable[str]) -> Agreement:
    """Encode texts with both; names of special tokens are ordinary text."""
    num_texts = num_equal = 0
    difference: str | None = None
    for text in texts:
        is_equal = first.encode(text, allow_special=False) == second.encode(text, allow_special=False)
        num_texts += 1
        num_equal += is_equal
        if not is_equal and difference is None:
            difference = text
    return Agreement(num_texts=num_texts, num_equal=num_equal, first_difference=difference)


def _require_sayable(model: SentencePieceModel) -> None:
    texts = [piece.text for piece in model.pieces]
    what = None
    if not model.escape_whitespaces:
        what = "does not mark spaces"
    elif len(set(texts)) < len(texts):
        what = "has two pieces of one text"
    elif any(piece.type == PieceType.UNUSED for piece in model.pieces):
        what = "has unused pieces, which text must not be cut into"
    if what is not None:
        raise TokenizerError(
            f"This SentencePiece model {what}.",
            "tokenizer.json has no way to say that.",
            "Use tokenizer.model itself: it is read as well.",
        )


def _byte_fallback(model: SentencePieceModel) -> bool:
    return any(piece.type == PieceType.BYTE for piece in model.pieces)


def _unknown(model: SentencePieceModel) -> int:
    return next(number for number, piece in enumerate(model.pieces) if piece.type == PieceType.UNKNOWN)


def _bpe(model: SentencePieceModel) -> Any:
    from tokenizers import models

    ids = {piece.text: number for number, piece in enumerate(model.pieces)}
    return models.BPE(
        vocab=ids,
        merges=_merges(model.pieces, ids),
        unk_token=model.pieces[_unknown(model)].text,
        fuse_unk=True,
        byte_fallback=_byte_fallback(model),
    )


def _merges(pieces: tuple[Piece, ...], ids: dict[str, int]) -> list[tuple[str, str]]:
    """Every pair of pieces that joins to a piece, the piece of the highest score first."""
    normal = {piece.text for piece in pieces if piece.type == PieceType.NORMAL}
    merges: list[tuple[str, str]] = []
    for piece in sorted((p for p in pieces if p.type == PieceType.NORMAL), key=lambda p: -p.score):
        cuts = [(piece.text[:at], piece.text[at:]) for at in range(1, len(piece.text))]
        pairs = [pair for pair in cuts if pair[0] in normal and pair[1] in normal]
        merges += sorted(pairs, key=lambda pair: (ids[pair[0]], ids[pair[1]]))
    return merges


def _unigram(model: SentencePieceModel) -> Any:
    from tokenizers import models

    vocab = [(piece.text, piece.score) for piece in model.pieces]
    return models.Unigram(vocab, _unknown(model), _byte_fallback(model))


def _normaliser(model: SentencePieceModel) -> Any:
    from tokenizers import Regex, normalizers

    steps: list[Any] = [normalizers.Precompiled(model.charsmap)] if model.charsmap else []
    if model.remove_extra_whitespaces:
        steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    return normalizers.Sequence(steps) if steps else None


def _decoder(model: SentencePieceModel) -> Any:
    from tokenizers import decoders

    steps: list[Any] = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    if model.add_dummy_prefix:
        steps.append(decoders.Strip(" ", 1, 0))
    return decoders.Sequence(steps)
