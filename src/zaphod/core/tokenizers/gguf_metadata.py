"""A vocabulary written as GGUF metadata, so that a converted file carries it; `gguf.py` is the way back.

Ids are the same after the way there and back. What GGUF cannot say is refused, not left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.gguf import (
    ALL_EOS_KEY,
    CHAT_TEMPLATE_KEY,
    NORMALIZER_KEY,
    PREFIX,
    UNKNOWN_TEXT_KEY,
    library_pre_tokenizer,
)
from zaphod.core.tokenizers.huggingface import HuggingFaceTokenizer
from zaphod.core.tokenizers.patterns import GROK2_V1, SPLITTINGS, bytes_to_spelling
from zaphod.core.tokenizers.protocol import Tokenizer
from zaphod.core.tokenizers.sentencepiece import SentencePieceTokenizer
from zaphod.core.tokenizers.sentencepiece_model import PieceType
from zaphod.core.tokenizers.tiktoken import SEPARATOR, TiktokenTokenizer

# Every kind of chunk in which the known splittings differ: contractions, digits, spaces, newlines, marks, scripts.
_PROBES = (
    "I'm here; IT'S you'LL we've",
    " 1 12 123 1234 12345, x9y22 ٣٤٥ ½",
    "a  b   c\n\n  d\t\te \n",
    "end.\n\nnext!?\r\n  (x) $5 +y ~z |w| <t>\n",
    "naïve Ærøskøbing 日本語テスト，。 🙂🙂 e\u0301 ʼs",
    " -word _under_ #tag\n#tag",
)


def gguf_tokenizer_metadata(tokenizer: Tokenizer) -> dict[str, Any]:
    """The `tokenizer.*` key-value pairs of a GGUF file for this tokenizer.

    Integers stand for UINT32, but `token_type` for INT32; `scores` for FLOAT32; `precompiled_charsmap` for UINT8.

    Raises:
        TokenizerError: GGUF cannot carry this vocabulary.
    """
    if isinstance(tokenizer, SentencePieceTokenizer):
        vocabulary = _sentencepiece(tokenizer)
    elif isinstance(tokenizer, HuggingFaceTokenizer):
        vocabulary = _byte_level(tokenizer)
    elif isinstance(tokenizer, TiktokenTokenizer):
        vocabulary = _ranks(tokenizer)
    else:
        raise _cannot(f"a {type(tokenizer).__name__}")
    return vocabulary | _common(tokenizer)


def _common(tokenizer: Tokenizer) -> dict[str, Any]:
    stops = tokenizer.eos_token_ids
    entries: dict[str, Any] = {
        PREFIX + "bos_token_id": tokenizer.bos_token_id,
        PREFIX + "eos_token_id": stops[0] if stops else None,
        PREFIX + "eot_token_id": stops[1] if len(stops) > 1 else None,
        PREFIX + "padding_token_id": tokenizer.pad_token_id,
        PREFIX + "add_bos_token": tokenizer.wants_bos,
        ALL_EOS_KEY: list(stops) if len(stops) > 1 else None,
        CHAT_TEMPLATE_KEY: tokenizer.chat_template,
    }
    return {key: value for key, value in entries.items() if value is not None}


def _sentencepiece(tokenizer: SentencePieceTokenizer) -> dict[str, Any]:
    model = tokenizer.model
    if not model.is_bpe or not model.escape_whitespaces:
        raise _cannot("a SentencePiece model that is not BPE, or that does not escape spaces")
    return {
        PREFIX + "model": "llama",
        PREFIX + "pre": "default",
        PREFIX + "tokens": [piece.text for piece in model.pieces],
        PREFIX + "scores": [piece.score for piece in model.pieces],
        PREFIX + "token_type": [int(piece.type) for piece in model.pieces],
        PREFIX + "unknown_token_id": next(i for i, p in enumerate(model.pieces) if p.type == PieceType.UNKNOWN),
        UNKNOWN_TEXT_KEY: model.unk_text,
        PREFIX + "add_space_prefix": model.add_dummy_prefix,
        PREFIX + "remove_extra_whitespaces": model.remove_extra_whitespaces,
    } | ({PREFIX + "precompiled_charsmap": list(model.charsmap)} if model.charsmap else {})


def _byte_level(tokenizer: HuggingFaceTokenizer) -> dict[str, Any]:
    content = json.loads(tokenizer.library.to_str())
    model = content["model"]
    _require_plain_bpe(content)
    texts = {token_id: token for token, token_id in model["vocab"].items()}
    types = dict.fromkeys(texts, PieceType.NORMAL)
    for added in content["added_tokens"]:
        _require_plain_added(added)
        texts[added["id"]] = added["content"]
        types[added["id"]] = PieceType.CONTROL if added["special"] else PieceType.USER_DEFINED
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    name = _splitting_name(tokenizer, model.get("ignore_merges", False))
    entries = _gpt2(name, texts, types, merges)
    return entries | ({NORMALIZER_KEY: "nfc"} if content["normalizer"] else {})


def _ranks(tokenizer: TiktokenTokenizer) -> dict[str, Any]:
    if tokenizer.pattern != GROK2_V1:
        raise _cannot("a *.tok.json vocabulary with its own pat_str")
    texts = {token_id: bytes_to_spelling(data) for data, token_id in tokenizer.ranks.items()}
    types = dict.fromkeys(texts, PieceType.NORMAL)
    for name, token_id in tokenizer.special_tokens.items():
        texts[token_id], types[token_id] = name, PieceType.CONTROL
    return _gpt2("grok-2", texts, types, _merges_of(tokenizer.ranks))


def _merges_of(ranks: Mapping[bytes, int]) -> list[str]:
    """Merges that join as ranks do: every way to split a token into two tokens, in order of the joined token's rank."""
    merges = []
    for data, _ in sorted(ranks.items(), key=lambda item: item[1]):
        splits = [(data[:cut], data[cut:]) for cut in range(1, len(data))]
        known = [(left, right) for left, right in splits if left in ranks and right in ranks]
        known.sort(key=lambda pair: (ranks[pair[0]], ranks[pair[1]]))
        merges += [f"{bytes_to_spelling(left)} {bytes_to_spelling(right)}" for left, right in known]
    return merges


def _gpt2(name: str, texts: Mapping[int, str], types: Mapping[int, PieceType], merges: list[str]) -> dict[str, Any]:
    token_ids = range(max(texts) + 1)
    return {
        PREFIX + "model": "gpt2",
        PREFIX + "pre": name,
        PREFIX + "tokens": [texts.get(token_id, f"[PAD{token_id}]") for token_id in token_ids],
        PREFIX + "token_type": [int(types.get(token_id, PieceType.UNUSED)) for token_id in token_ids],
        PREFIX + "merges": merges,
    }


def _require_plain_bpe(content: Mapping[str, Any]) -> None:
    model, normalizer, decoder = content["model"], content["normalizer"], content["decoder"]
    if model["type"] != "BPE" or not decoder or decoder["type"] != "ByteLevel":
        raise _cannot(f"a tokenizer.json with a {model['type']} model that is not byte-level BPE")
    for option in ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"):
        if model.get(option):
            raise _cannot(f"a BPE model with {option}")
    if normalizer is not None and normalizer != {"type": "NFC"}:
        raise _cannot(f"the normaliser {json.dumps(normalizer)[:80]}")


def _require_plain_added(added: Mapping[str, Any]) -> None:
    for option in ("lstrip", "rstrip", "single_word"):
        if added[option]:
            raise _cannot(f"the added token {added['content']!r} with {option}")


def _splitting_name(tokenizer: HuggingFaceTokenizer, ignore_merges: bool) -> str:
    """The name of the known splitting that cuts the probes as this tokenizer does."""
    cuts = list(_cuts(tokenizer.library.pre_tokenizer))
    candidates = dict(SPLITTINGS)
    if SEPARATOR in tokenizer.special_tokens:
        candidates = {"grok-2": SPLITTINGS["grok-2"]} | candidates
    for name, splitting in candidates.items():
        if splitting.ignore_merges == ignore_merges and list(_cuts(library_pre_tokenizer(splitting))) == cuts:
            return name
    raise _cannot("a vocabulary that splits text by a rule that none of the known names stands for")


def _cuts(pre_tokenizer: Any) -> Iterable[list[str]]:
    for probe in _PROBES:
        yield [chunk for chunk, _ in pre_tokenizer.pre_tokenize_str(probe)] if pre_tokenizer else [probe]


def _cannot(found: str) -> TokenizerError:
    return TokenizerError(
        f"GGUF cannot carry {found}.",
        "It carries SentencePiece BPE and byte-level BPE vocabularies with a known splitting of text.",
        "Convert to the safetensors or packed form, which keep the tokenizer's own files.",
    )
