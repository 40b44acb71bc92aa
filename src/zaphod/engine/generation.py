"""One request's answer in the making: its tokens, its text and its end; knows no batch and no other request."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ZaphodError
from zaphod.engine.grammar import Matcher
from zaphod.engine.request import Completion, FinishReason, Request, TokenLogprobs
from zaphod.engine.sampler import sample, score
from zaphod.engine.sequence import TokenSequence
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
    logprobs: tuple[TokenLogprobs, ...] = ()
    """Of each of `token_ids`, where they were asked for."""
    prompt_logprobs: tuple[TokenLogprobs, ...] = ()
    """Of the prompt's tokens from `Request.scored_from` on, all in the increment of the first token."""
    experts_NLK: tuple[tuple[tuple[int, ...], ...], ...] = ()
    """Where they were asked for, the experts of each of the N `token_ids`: those that computed the position from which
    it was chosen, in each of the L layers that have experts, in the order of falling weight."""
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

    Legend: R rows of logits, V vocabulary, N tokens, L layers that have experts, K experts chosen for a token.

    Args:
        request: what was asked for.
        sequence: its tokens, the answer's as they come.
        eos_token_ids: tokens that end the answer unless the request ignores them.
        max_len: most tokens of prompt and answer together.
        decoder: makes the answer's text; None where only tokens are wanted.
        matcher: keeps the answer inside a grammar.
    """

    def __init__(
        self,
        request: Request,
        sequence: TokenSequence,
        *,
        eos_token_ids: Collection[int],
        max_len: int,
        decoder: TextStream | None,
        matcher: Matcher | None = None,
    ) -> None:
        sampling = request.sampling
        self.request = request
        self.sequence = sequence
        self._output: list[int] = []
        self._text: list[str] = []
        self._logprobs: list[TokenLogprobs] = []
        self._prompt_logprobs: list[TokenLogprobs] = []
        self._seed = secrets.randbits(63) if sampling.seed is None else sampling.seed
        self._max_tokens = min(sampling.max_tokens, max_len - len(request.prompt_token_ids))
        self._end_token_ids = frozenset(sampling.stop_token_ids).union(() if sampling.ignore_eos else eos_token_ids)
        self._stops = StopTexts(sampling.stop)
        self._decoder = decoder
        self._matcher = matcher

    @property
    def num_left(self) -> int:
        """How many tokens the answer may still get."""
        return self._max_tokens - len(self._output)

    def plausible(self, proposed: Sequence[int]) -> Sequence[int]:
        """Those guesses at the next tokens, from the first on, that may come true."""
        proposed = proposed[: self.num_left - 1]
        return proposed if self._matcher is None else proposed[: self._matcher.count_valid(proposed)]

    def read(self, first: int, logits_RV: npt.NDArray[np.float32]) -> None:
        """Score tokens of the prompt; those that were scored before the request gave way are not scored again.

        Args:
            first: position of the token that the first row was computed from.
            logits_RV: of that and the following positions.

        Raises:
            RequestError: they are not numbers.
        """
        assert self.request.scored_from is not None, "nobody asked for it"
        prompt, num_top = self.request.prompt_token_ids, self.request.sampling.logprobs or 0
        for position, logits_V in enumerate(logits_RV[: len(prompt) - 1 - first], start=first + 1):
            if position == self.request.scored_from + len(self._prompt_logprobs):
                self._prompt_logprobs.append(score(logits_V, prompt[position], num_top))

    def advance(
        self,
        logits_RV: npt.NDArray[np.float32],
        proposed: Sequence[int] = (),
        experts_RLK: npt.NDArray[np.int32] | None = None,
    ) -> Increment:
        """Choose the next token, turn it into text, and end where it is time to; go on while proposals come true.

        Args:
            logits_RV: of the last token and of each proposed one.
            proposed: R - 1 guesses at the tokens that follow. Each is worth its row only where it is what is chosen
                without it, so that the answer is the same, one token at a time or several.
            experts_RLK: those that computed the logits; needed where the request wants them reported.

        Raises:
            ZaphodError: no token can be chosen, or the tokenizer does not know the chosen one.
        """
        num_tokens, num_shown = len(self._output), len(self._text)
        for row, logits_V in enumerate(logits_RV):
            token_id, completion = self._choose(logits_V)
            if completion is not None or row == len(proposed) or token_id != proposed[row]:
                break
        token_ids = tuple(self._output[num_tokens:])
        return Increment(
            request_id=self.request.request_id,
            token_ids=token_ids,
            text="".join(self._text[num_shown:]),
            logprobs=tuple(self._logprobs[num_tokens:]),
            prompt_logprobs=tuple(self._prompt_logprobs) if num_tokens == 0 else (),
            experts_NLK=self._reported(experts_RLK, len(token_ids)),
            completion=completion,
        )

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
            prompt_logprobs=tuple(self._prompt_logprobs),
            num_cached_tokens=self.sequence.num_found,
        )

    def _reported(
        self, experts_RLK: npt.NDArray[np.int32] | None, num_tokens: int
    ) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """Token n of an increment was chosen from row n; the last rows may have led to none."""
        if not self.request.reports_experts:
            return ()
        assert experts_RLK is not None, "the pass was not asked for its experts"
        return tuple(tuple(map(tuple, layers)) for layers in experts_RLK[:num_tokens].tolist())

    def _choose(self, logits_V: npt.NDArray[np.float32]) -> tuple[int, Completion | None]:
        request = self.request
        sampled = sample(
            logits_V,
            request.sampling,
            prompt=request.prompt_token_ids,
            output=self._output,
            seed=self._seed,
            allowed_V=None if self._matcher is None else self._matcher.allowed(),
        )
        token_id = sampled.token_id
        if token_id in self._end_token_ids:
            return token_id, self.end("stop", token_id)
        if self._matcher is not None:
            self._matcher.advance(token_id)
        self._output.append(token_id)
        self.sequence.token_ids.append(token_id)
        if sampled.logprobs is not None:
            self._logprobs.append(sampled.logprobs)
        return token_id, self._read(token_id)

    def _read(self, token_id: int) -> Completion | None:
        """Add a token's text; the completion where it, the grammar, or the number of tokens ends the answer."""
        if self._decoder is not None:
            self._text.append(self._stops.push(self._decoder.push(token_id)))
        if self._stops.matched is not None:
            return self.end("stop", self._stops.matched)
        if self._matcher is not None and self._matcher.is_finished:
            return self.end("stop")
        return self.end("length") if len(self._output) >= self._max_tokens else None
