"""Carries a model's vocabulary from one kind of file to another; knows where vocabularies lie, not what is in them.

Hugging Face folders, packed folders and the official Grok-1 have tokenizer files beside the weights, which are copied.
GGUF files have the vocabulary inside; where a file of another kind is made from one, its settings take it in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import gguf_tokenizer_metadata, load_tokenizer
from zaphod.model.files.weights import VOCABULARY_KEY, ModelWeights

_TOKENS, _TYPES, _SCORES = (f"tokenizer.ggml.{name}" for name in ("tokens", "token_type", "scores"))
_DTYPES = {_TYPES: np.int32, _SCORES: np.float32, "tokenizer.ggml.precompiled_charsmap": np.uint8}
_UNUSED_TYPE = 5
_UNUSED_SCORE = -1e4


def vocabulary_settings(weights: ModelWeights) -> dict[str, Any]:
    """The vocabulary inside the source file's own settings, to be put among those of the new one; empty if none."""
    is_inside = _TOKENS in weights.metadata or VOCABULARY_KEY in weights.metadata
    if has_vocabulary_file(weights) or not is_inside:
        return {}
    return {key: value for key, value in weights.metadata.items() if key.startswith(VOCABULARY_KEY)}


def gguf_vocabulary(weights: ModelWeights) -> dict[str, Any]:
    """The vocabulary as GGUF metadata; empty where the model has none.

    Raises:
        TokenizerError: GGUF cannot carry the vocabulary, or it has more tokens than the model.
    """
    if has_vocabulary_file(weights):
        metadata = gguf_tokenizer_metadata(load_tokenizer(weights.tokenizer_files, weights.metadata))
    else:
        metadata = vocabulary_settings(weights)
    if _TOKENS in metadata:
        metadata = metadata | _padded(metadata, weights.config.vocab_size)
    return {key: np.array(value, _DTYPES[key]) if key in _DTYPES else value for key, value in metadata.items()}


def has_vocabulary_file(weights: ModelWeights) -> bool:
    """Whether there is a tokenizer file that holds a vocabulary, and not settings alone."""
    return any(
        name in ("tokenizer.json", "tokenizer.model") or name.endswith(".tok.json") for name in weights.tokenizer_files
    )


def _padded(metadata: dict[str, Any], vocab_size: int) -> dict[str, Any]:
    """Tokens, types and scores with an entry for each row of the embedding, as GGUF loaders want it."""
    tokens = list(metadata[_TOKENS])
    missing = range(len(tokens), vocab_size)
    if len(tokens) > vocab_size:
        raise TokenizerError(
            f"The vocabulary has {len(tokens)} tokens, the model {vocab_size}.",
            "Each token needs a row of the embedding.",
            "Put the tokenizer files of this model beside its weights, or remove those that are there.",
        )
    padded: dict[str, Any] = {_TOKENS: tokens + [f"[PAD{index}]" for index in missing]}
    for key, filler in ((_TYPES, _UNUSED_TYPE), (_SCORES, _UNUSED_SCORE)):
        if key in metadata:
            padded[key] = list(metadata[key]) + [filler] * len(missing)
    return padded
