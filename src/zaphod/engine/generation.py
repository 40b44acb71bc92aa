"""One request's answer in the making: its tokens, its text and its end; knows no batch and no other request."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ZaphodError
from zaphod.engine.request import Completion, FinishReason, Request, TokenLogprobs
from zaphod.engine.sampler import sample
from zaphod.engine.stops import StopTexts


class TextStream(Protocol):
    """Turns tokens into text as they come (`core.tokenizers` has it)."""

    def push(self, token_id: int) -> str: ...

    def finish(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Increment:
    """What one step added to one request."""

    request_id: str
    token_ids: tuple[int, ...] = ()
    text: str = ""
    completion: Completion | None = None
    """Set when the request has ended."""
    error: ZaphodError | None = None
    """Set when it could not go on; the other requests do."""

    @property
    def is_last(self) -> bool:
        """Whether nothing more comes for this request."""
        return self.completion is not None or self.error is not None


class Generation:
    """A request and what has been produced for it.

    Args:
        request: what was asked for.
        eos_token_ids: tokens that end the answer unless the request ignores them.
        max_len: most tokens of prompt and answer together.
        decoder: makes the answer's text; None where only tokens are wanted.
    """

    def __init__(
        self, request: Request, *, eos_token_ids: Collection[int], max_len: int, decoder: TextStream | None
    ) -> None:
        sampling = request.sampling
        self.request = request
        self.blocks: tuple[int, ...] = ()
        """Blocks of the cache that it holds; none while it waits."""
        self.num_cached = 0
        """Tokens whose keys and values are in the cache."""
        self._output: list[int] = []
        self._text: list[str] = []
        self._logprobs: list[TokenLogprobs] = []
        self._seed = secrets.randbits(63) if sampling.seed is None else sampling.seed
        self._max_tokens = min(sampling.max_tokens, max_len - len(request.prompt_token_ids))
        self._end_token_ids = frozenset(sampling.stop_token_ids).union(() if sampling.ignore_eos else eos_token_ids)
        self._stops = StopTexts(sampling.stop)
        self._decoder = decoder

    @property
    def reads_prompt(self) -> bool:
        """Whether a part of the prompt is still to be read."""
        return self.num_cached < len(self.request.prompt_token_ids)

    @property
    def awaits_token(self) -> bool:
        """Whether the network has seen all there is, so that the next token can be chosen."""
        return self.num_cached == len(self.request.prompt_token_ids) + len(self._output)

    def pending(self, limit: int) -> list[int]:
        """The next tokens that the network has not seen, at most `limit`."""
        prompt = self.request.prompt_token_ids
        if self.reads_prompt:
            return list(prompt[self.num_cached : self.num_cached + limit])
        return self._output[self.num_cached - len(prompt) :][:limit]

    def advance(self, logits_V: npt.NDArray[np.float32]) -> Increment:
        """Choose the next token, turn it into text, and end where it is time to.

        Raises:
            ZaphodError: no token can be chosen, or the tokenizer does not know the chosen one.
        """
        request, num_shown = self.request, len(self._text)
        sampled = sample(
            logits_V, request.sampling, prompt=request.prompt_token_ids, output=self._output, seed=self._seed
        )
        ends = sampled.token_id in self._end_token_ids
        if not ends:
            self._output.append(sampled.token_id)
            self._logprobs += [] if sampled.logprobs is None else [sampled.logprobs]
        completion = self.end("stop", sampled.token_id) if ends else self._read(sampled.token_id)
        token_ids = () if ends else (sampled.token_id,)
        text = "".join(self._text[num_shown:])
        return Increment(request_id=request.request_id, token_ids=token_ids, text=text, completion=completion)

    def end(self, reason: FinishReason, stop_reason: str | int | None = None) -> Completion:
        """What the request produced; text that was held back is part of it unless a stop text ended it."""
        if self._decoder is not None:
            self._text.append(self._stops.push(self._decoder.finish()) + self._stops.finish())
        return Completion(
            request_id=self.request.request_id,
            token_ids=tuple(self._output),
            text="".join(self._text),
            finish_reason=reason,
            stop_reason=stop_reason,
            logprobs=None if self.request.sampling.logprobs is None else tuple(self._logprobs),
        )

    def _read(self, token_id: int) -> Completion | None:
        """Add a token's text; the completion where that text, or the number of tokens, ends the answer."""
        if self._decoder is not None:
            self._text.append(self._stops.push(self._decoder.push(token_id)))
        if self._stops.matched is not None:
            return self.end("stop", self._stops.matched)
        return self.end("length") if len(self._output) >= self._max_tokens else None
