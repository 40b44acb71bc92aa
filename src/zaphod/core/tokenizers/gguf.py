"""Vocabularies inside a GGUF file's metadata (`tokenizer.ggml.*`); knows the keys, not how the file stores them.

`llama` vocabularies become a SentencePiece model, `gpt2` ones a byte-level BPE of the `tokenizers` library, so both are
cut by the library that defines them. Source: the GGUF specification and llama.cpp's vocabulary reader.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.huggingface import HuggingFaceTokenizer
from zaphod.core.tokenizers.patterns import Splitting, splitting_named
from zaphod.core.tokenizers.sentencepiece import SentencePieceTokenizer
from zaphod.core.tokenizers.sentencepiece_model import UNKNOWN_TEXT, Piece, PieceType, SentencePieceModel

if TYPE_CHECKING:
    from tokenizers.pre_tokenizers import PreTokenizer

PREFIX = "tokenizer.ggml."
CHAT_TEMPLATE_KEY = "tokenizer.chat_template"
# Ours, for what the format has no key for; other readers pass over them.
ALL_EOS_KEY = "tokenizer.zaphod.eos_token_ids"
NORMALIZER_KEY = "tokenizer.zaphod.normalizer"
UNKNOWN_TEXT_KEY = "tokenizer.zaphod.unknown_text"

_MAX_SCORE = 3.4e38  # a SentencePiece model holds single precision
_EOS_KEYS = ("eos_token_id", "eot_token_id", "eom_token_id")


def load_gguf_tokenizer(metadata: Mapping[str, Any]) -> SentencePieceTokenizer | HuggingFaceTokenizer:
    """The tokenizer that a GGUF file carries.

    Args:
        metadata: the file's key-value pairs; arrays are sequences.

    Raises:
        TokenizerError: a key is missing or of the wrong kind, or the kind of vocabulary is unknown.
    """
    kind = metadata.get(PREFIX + "model")
    if kind == "llama":
        return _sentencepiece(metadata)
    if kind == "gpt2":
        return _byte_level(metadata)
    raise TokenizerError(
        f"The GGUF file's vocabulary is of the kind {kind!r}.",
        "Known kinds: 'llama' (SentencePiece) and 'gpt2' (byte-level BPE).",
        "Use the model's original tokenizer files.",
    )


def _sentencepiece(metadata: Mapping[str, Any]) -> SentencePieceTokenizer:
    texts, types = _tokens(metadata)
    scores = _array(metadata, PREFIX + "scores", len(texts))
    pieces = tuple(
        Piece(text, _score(score, index), kind)
        for index, (text, score, kind) in enumerate(zip(texts, scores, types, strict=True))
    )
    num_unknown = types.count(PieceType.UNKNOWN)
    if num_unknown != 1:
        raise _bad(PREFIX + "token_type", f"{num_unknown} pieces for unknown text", "exactly one")
    model = SentencePieceModel(
        pieces=pieces,
        unk_text=_require_utf8(UNKNOWN_TEXT_KEY, str(metadata.get(UNKNOWN_TEXT_KEY, UNKNOWN_TEXT))),
        charsmap=_charsmap(metadata),
        add_dummy_prefix=_flag(metadata, "add_space_prefix", True),
        remove_extra_whitespaces=_flag(metadata, "remove_extra_whitespaces", False),
    )
    # llama.cpp begins such text with BOS unless told otherwise; xAI's runner gives Grok-1 none.
    is_grok = metadata.get("general.architecture") == "grok"
    bos_token_id = _token_id(metadata, "bos_token_id")
    return SentencePieceTokenizer(
        model,
        bos_token_id=bos_token_id,
        eos_token_ids=_eos_token_ids(metadata),
        pad_token_id=_token_id(metadata, "padding_token_id"),
        chat_template=_chat_template(metadata),
        wants_bos=_flag(metadata, "add_bos_token", bos_token_id is not None and not is_grok),
    )


def _byte_level(metadata: Mapping[str, Any]) -> HuggingFaceTokenizer:
    texts, types = _tokens(metadata)
    if len(set(texts)) != len(texts):
        raise _bad(PREFIX + "tokens", f"{len(texts) - len(set(texts))} repeated tokens", "distinct tokens")
    bos_token_id, pad_token_id = _token_id(metadata, "bos_token_id"), _token_id(metadata, "padding_token_id")
    return HuggingFaceTokenizer(
        _tokenizer_json(metadata, texts, types),
        bos_token=_text_of(texts, bos_token_id),
        pad_token=_text_of(texts, pad_token_id),
        eos_token_ids=_eos_token_ids(metadata),
        chat_template=_chat_template(metadata),
        wants_bos=_flag(metadata, "add_bos_token", False),
    )


def _tokenizer_json(metadata: Mapping[str, Any], texts: list[str], types: list[PieceType]) -> str:
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

    splitting = splitting_named(str(metadata.get(PREFIX + "pre", "default")))
    try:
        bpe = models.BPE({text: index for index, text in enumerate(texts)}, _merges(metadata))
    except Exception as error:  # the library raises bare Exception
        found = f"a merge that the library refuses ({error})"
        raise _bad(PREFIX + "merges", found, "pairs whose parts and join are tokens") from error
    bpe.ignore_merges = splitting.ignore_merges
    library = Tokenizer(bpe)
    if metadata.get(NORMALIZER_KEY) == "nfc":
        library.normalizer = normalizers.NFC()
    library.pre_tokenizer = library_pre_tokenizer(splitting)
    library.decoder = decoders.ByteLevel()
    library.add_tokens(
        [
            AddedToken(text, special=kind == PieceType.CONTROL, normalized=False)
            for text, kind in zip(texts, types, strict=True)
            if kind in (PieceType.CONTROL, PieceType.USER_DEFINED)
        ]
    )
    return library.to_str()


def library_pre_tokenizer(splitting: Splitting) -> PreTokenizer:
    """The splitting as the `tokenizers` library runs it."""
    from tokenizers import Regex, pre_tokenizers

    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in splitting.patterns]
    return pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _merges(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    merges = []
    for index, merge in enumerate(_array(metadata, PREFIX + "merges")):
        left, space, right = str(merge).partition(" ")
        if not (left and space and right) or " " in right:
            raise _bad(PREFIX + "merges", f"{merge!r} at {index}", "two tokens with a space between them")
        merges.append((left, right))
    return merges


def _tokens(metadata: Mapping[str, Any]) -> tuple[list[str], list[PieceType]]:
    texts = _array(metadata, PREFIX + "tokens")
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise _bad(PREFIX + "tokens", "no token, or one that is empty or not text", "non-empty texts")
    _require_utf8(PREFIX + "tokens", "".join(texts))
    if PREFIX + "token_type" not in metadata:
        return texts, [PieceType.NORMAL] * len(texts)
    try:
        types = [PieceType(kind) for kind in _array(metadata, PREFIX + "token_type", len(texts))]
    except (TypeError, ValueError) as error:
        raise _bad(PREFIX + "token_type", str(error), "integers from 1 to 6") from error
    return texts, types


def _array(metadata: Mapping[str, Any], key: str, length: int | None = None) -> list[Any]:
    value = metadata.get(key)
    try:
        items = None if value is None or isinstance(value, (str, Mapping)) else list(value)
    except TypeError:
        items = None
    if items is None:
        raise _bad(key, "nothing" if value is None else repr(value)[:80], "an array")
    if length is not None and len(items) != length:
        raise _bad(key, f"{len(items)} entries", f"{length}, one a token")
    return items


def _require_utf8(key: str, text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _bad(key, f"a lone surrogate ({error})", "valid Unicode") from error
    return text


def _score(score: object, index: int) -> float:
    try:
        value = float(score)  # type: ignore[arg-type]  # anything else than a number is refused here
    except (TypeError, ValueError, OverflowError) as error:
        raise _bad(PREFIX + "scores", f"{str(score)[:80]!r} at {index}", "numbers") from error
    if not abs(value) <= _MAX_SCORE:
        raise _bad(PREFIX + "scores", f"{value} at {index}", "finite numbers of single precision")
    return value


def _charsmap(metadata: Mapping[str, Any]) -> bytes:
    key = PREFIX + "precompiled_charsmap"
    if key not in metadata:
        return b""
    try:
        return bytes(_array(metadata, key))
    except (TypeError, ValueError) as error:
        raise _bad(key, str(error), "bytes") from error


def _integer(key: str, value: object) -> int:
    try:
        return operator.index(value)  # type: ignore[arg-type]  # anything else than an integer is refused here
    except TypeError as error:
        raise _bad(key, repr(value)[:80], "an integer") from error


def _token_id(metadata: Mapping[str, Any], key: str) -> int | None:
    value = metadata.get(PREFIX + key)
    return None if value is None else _integer(PREFIX + key, value)


def _eos_token_ids(metadata: Mapping[str, Any]) -> tuple[int, ...]:
    if ALL_EOS_KEY in metadata:
        return tuple(_integer(ALL_EOS_KEY, value) for value in _array(metadata, ALL_EOS_KEY))
    token_ids = (_token_id(metadata, key) for key in _EOS_KEYS)
    return tuple(dict.fromkeys(token_id for token_id in token_ids if token_id is not None))


def _flag(metadata: Mapping[str, Any], key: str, default: bool) -> bool:
    value = metadata.get(PREFIX + key, default)
    if isinstance(value, (str, float)) or value not in (False, True):
        raise _bad(PREFIX + key, repr(value), "true or false")
    return bool(value)


def _chat_template(metadata: Mapping[str, Any]) -> str | None:
    value = metadata.get(CHAT_TEMPLATE_KEY)
    return None if value is None else str(value)


def _text_of(texts: list[str], token_id: int | None) -> str | None:
    if token_id is None:
        return None
    if not 0 <= token_id < len(texts):
        raise _bad(
            PREFIX + "tokens",
            f"{len(texts)} tokens and a special token with id {token_id}",
            "ids inside the vocabulary",
        )
    return texts[token_id]


def _bad(key: str, found: str, wanted: str) -> TokenizerError:
    return TokenizerError(
        f"The GGUF file's {key} holds {found}.",
        f"It should hold {wanted}.",
        "Convert the model again, or use its original tokenizer files.",
    )
