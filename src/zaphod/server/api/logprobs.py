"""Probabilities of tokens as OpenAI's clients read them; knows the tokenizer and no event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zaphod.core.tokenizers import Tokenizer
from zaphod.server.engine_process.messages import TokenLogprob

_LOWEST = -9999.0  # OpenAI's stand-in for minus infinity, which JSON does not have


def chat_logprobs(tokenizer: Tokenizer, tokens: Sequence[TokenLogprob]) -> dict[str, Any] | None:
    """For chat: `content` with one entry for each token; None where none were asked for."""
    if not tokens:
        return None
    return {"content": [token_logprob(tokenizer, token) for token in tokens], "refusal": None}


class CompletionLogprobs:
    """For completions: lists side by side, with the place of each token in the answer's text."""

    def __init__(self, tokenizer: Tokenizer, offset: int = 0) -> None:
        self._tokenizer, self._offset = tokenizer, offset

    def of_prompt(self, first: int, tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
        """A whole prompt: nothing says how likely its first token is."""
        text = _text(self._tokenizer, first)
        begin = {"tokens": [text], "token_logprobs": [None], "top_logprobs": [None], "text_offset": [self._offset]}
        self._offset += len(text)
        return joined(begin, self.of(tokens))

    def of(self, tokens: Sequence[TokenLogprob]) -> dict[str, Any] | None:
        """The next tokens of the answer; None where none were asked for."""
        if not tokens:
            return None
        texts = [_text(self._tokenizer, token.token_id) for token in tokens]
        offsets = []
        for text in texts:
            offsets.append(self._offset)
            self._offset += len(text)
        return {
            "tokens": texts,
            "token_logprobs": [_finite(token.logprob) for token in tokens],
            "top_logprobs": [
                {_text(self._tokenizer, token_id): _finite(value) for token_id, value in token.top} for token in tokens
            ],
            "text_offset": offsets,
        }


def joined(first: dict[str, Any], second: dict[str, Any] | None) -> dict[str, Any]:
    """Lists side by side, one after the other."""
    return first if second is None else {name: first[name] + second[name] for name in first}


def token_logprob(tokenizer: Tokenizer, token: TokenLogprob) -> dict[str, Any]:
    """One token, and the likely ones in its place."""
    top = [_token(tokenizer, token_id, value) for token_id, value in token.top]
    return {**_token(tokenizer, token.token_id, token.logprob), "top_logprobs": top}


def _token(tokenizer: Tokenizer, token_id: int, logprob: float) -> dict[str, Any]:
    data = tokenizer.token_bytes(token_id) if token_id < tokenizer.vocab_size else b""
    return {"token": data.decode("utf-8", "replace"), "logprob": _finite(logprob), "bytes": list(data)}


def _text(tokenizer: Tokenizer, token_id: int) -> str:
    return tokenizer.token_bytes(token_id).decode("utf-8", "replace") if token_id < tokenizer.vocab_size else ""


def _finite(logprob: float) -> float:
    return max(logprob, _LOWEST)
