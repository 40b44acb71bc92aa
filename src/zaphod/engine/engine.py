"""Runs requests together: tokens in, tokens out; knows text only to end at stop texts, and no chat, HTTP or files.

`step` is the whole story: admit waiting requests, schedule their tokens, run the network, settle each sequence.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import RequestError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.request import Completion, FinishReason, Request, TokenLogprobs
from zaphod.engine.runner import Runner
from zaphod.engine.sampler import Sampled, sample
from zaphod.engine.stops import StopTexts


class TextStream(Protocol):
    """Turns tokens into text as they come (`core.tokenizers` has it)."""

    def push(self, token_id: int) -> str: ...

    def finish(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """Limits of one step."""

    max_batch_tokens: int = 2048
    """Tokens of one forward pass; a longer prompt is read in several."""


@dataclass(frozen=True, kw_only=True)
class Increment:
    """What one step added to one request."""

    request_id: str
    token_ids: tuple[int, ...] = ()
    text: str = ""
    completion: Completion | None = None
    """Set when the request has ended."""
    error: RequestError | None = None
    """Set when it could not go on; the other requests do."""


@dataclass
class _Running:
    """A request that holds a block of the cache."""

    request: Request
    block: int
    seed: int
    stops: StopTexts
    decoder: TextStream | None
    num_cached: int = 0
    output: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprobs] = field(default_factory=list)

    @property
    def num_tokens(self) -> int:
        return len(self.request.prompt_token_ids) + len(self.output)

    def pending(self, limit: int) -> list[int]:
        """The next tokens the network has not seen, at most `limit`."""
        prompt = self.request.prompt_token_ids
        if self.num_cached < len(prompt):
            return list(prompt[self.num_cached : self.num_cached + limit])
        return self.output[self.num_cached - len(prompt) :][:limit]


class Engine:
    """Continuous batching over a runner, first come, first served.

    Args:
        runner: computes logits and keeps the cache.
        config: limits of a step.
        eos_token_ids: tokens that end an answer unless the request ignores them.
        num_token_ids: ids from here on are never produced; some heads have more rows than the vocabulary has tokens.
        text_stream: makes a decoder for a prompt's continuation; without one, texts are empty and stop texts refused.
    """

    def __init__(
        self,
        runner: Runner,
        config: EngineConfig | None = None,
        *,
        eos_token_ids: Sequence[int] = (),
        num_token_ids: int | None = None,
        text_stream: Callable[[Sequence[int]], TextStream] | None = None,
    ) -> None:
        self._runner = runner
        self._config = config or EngineConfig()
        self._eos_token_ids = frozenset(eos_token_ids)
        self._num_token_ids = min(num_token_ids or runner.vocab_size, runner.vocab_size)
        self._text_stream = text_stream
        self._waiting: deque[Request] = deque()
        self._running: dict[str, _Running] = {}
        self._free_blocks = list(range(runner.num_blocks))

    @property
    def num_unfinished(self) -> int:
        """Requests waiting or running."""
        return len(self._waiting) + len(self._running)

    def add_request(self, request: Request) -> None:
        """Queue a request. Raises `RequestError` where it can never run."""
        length, max_len = len(request.prompt_token_ids), self._runner.max_len
        if length >= max_len:
            raise RequestError(
                f"The prompt has {length} tokens.",
                f"This model is loaded for {max_len} tokens, prompt and answer together.",
                "Shorten the prompt, or load the model with a longer context.",
            )
        if max(request.prompt_token_ids) >= self._num_token_ids:
            raise RequestError(
                f"The prompt holds token {max(request.prompt_token_ids)}.",
                f"The model's vocabulary has {self._num_token_ids} tokens.",
                "Use the tokenizer that belongs to these weights.",
            )
        if request.sampling.stop and self._text_stream is None:
            raise RequestError(
                "Stop texts were given, but there is no tokenizer to see text with.",
                "Only token ids come out of this model.",
                "Use stop_token_ids, or load the model with its tokenizer.",
            )
        if request.request_id in self._running or any(r.request_id == request.request_id for r in self._waiting):
            raise RequestError(
                f"Request {request.request_id!r} is already here.", "Ids must differ.", "Choose another id."
            )
        self._waiting.append(request)

    def cancel(self, request_id: str) -> Completion | None:
        """End a request at once and free its block; None if it is not here (it may have just ended)."""
        for request in self._waiting:
            if request.request_id == request_id:
                self._waiting.remove(request)
                return Completion(request_id=request_id, token_ids=(), text="", finish_reason="cancelled")
        running = self._running.get(request_id)
        return None if running is None else self._end(running, "cancelled", None)

    def step(self) -> list[Increment]:
        """One forward pass; what it added to each request."""
        self._admit()
        scheduled = self._schedule()
        if not scheduled:
            return []
        batch = assemble([work for _, work in scheduled], self._runner.block_size)
        logits_RV = self._runner.forward(batch)[:, : self._num_token_ids].numpy()
        return [
            increment
            for row, (running, work) in enumerate(scheduled)
            if (increment := self._settle(running, work, logits_RV[row])) is not None
        ]

    def generate(self, requests: Sequence[Request]) -> list[Completion]:
        """Run requests to their end; completions in the order of the requests. Raises the first request's error."""
        for request in requests:
            self.add_request(request)
        done: dict[str, Completion] = {}
        while len(done) < len(requests):
            for increment in self.step():
                if increment.error is not None:
                    raise increment.error
                if increment.completion is not None:
                    done[increment.request_id] = increment.completion
        return [done[request.request_id] for request in requests]

    def stream(self, request: Request) -> Iterator[Increment]:
        """Run one request, increment by increment. Leaving the loop early cancels it."""
        self.add_request(request)
        try:
            while True:
                for increment in self.step():
                    if increment.request_id != request.request_id:
                        continue
                    if increment.error is not None:
                        raise increment.error
                    yield increment
                    if increment.completion is not None:
                        return
        finally:
            self.cancel(request.request_id)

    def _admit(self) -> None:
        while self._waiting and self._free_blocks:
            request = self._waiting.popleft()
            sampling = request.sampling
            self._running[request.request_id] = _Running(
                request=request,
                block=self._free_blocks.pop(),
                seed=secrets.randbits(63) if sampling.seed is None else sampling.seed,
                stops=StopTexts(sampling.stop),
                decoder=None if self._text_stream is None else self._text_stream(request.prompt_token_ids),
            )

    def _schedule(self) -> list[tuple[_Running, Scheduled]]:
        """Tokens for the next pass: those that produce come first, then prompts as far as the limit goes."""
        budget = self._config.max_batch_tokens
        scheduled = []
        for running in sorted(self._running.values(), key=lambda r: not r.output):
            token_ids = running.pending(budget)
            if token_ids:
                scheduled.append((running, Scheduled(token_ids, running.num_cached, (running.block,))))
                budget -= len(token_ids)
        return scheduled

    def _settle(self, running: _Running, work: Scheduled, logits_V: npt.NDArray[np.float32]) -> Increment | None:
        """Sample where the prompt has been read to its end, and see whether the request is done."""
        running.num_cached += len(work.token_ids)
        if running.num_cached < running.num_tokens:
            return None
        request = running.request
        try:
            sampled = sample(
                logits_V,
                request.sampling,
                prompt=request.prompt_token_ids,
                output=running.output,
                seed=running.seed,
            )
        except RequestError as error:
            self._end(running, "cancelled", None)
            return Increment(request_id=request.request_id, error=error)
        return self._take(running, sampled)

    def _take(self, running: _Running, sampled: Sampled) -> Increment:
        request_id, token_id = running.request.request_id, sampled.token_id
        if self._ends(running, token_id):
            before = len(running.text)
            completion = self._end(running, "stop", token_id)
            return Increment(request_id=request_id, text="".join(running.text[before:]), completion=completion)
        running.output.append(token_id)
        if sampled.logprobs is not None:
            running.logprobs.append(sampled.logprobs)
        before = len(running.text)
        if running.decoder is not None:
            running.text.append(running.stops.push(running.decoder.push(token_id)))
        done = self._completion_if_done(running)
        return Increment(
            request_id=request_id, token_ids=(token_id,), text="".join(running.text[before:]), completion=done
        )

    def _ends(self, running: _Running, token_id: int) -> bool:
        sampling = running.request.sampling
        is_eos = token_id in self._eos_token_ids and not sampling.ignore_eos
        return is_eos or token_id in sampling.stop_token_ids

    def _completion_if_done(self, running: _Running) -> Completion | None:
        if running.stops.matched is not None:
            return self._end(running, "stop", running.stops.matched)
        full = running.num_tokens >= self._runner.max_len
        if full or len(running.output) >= running.request.sampling.max_tokens:
            return self._end(running, "length", None)
        return None

    def _end(self, running: _Running, reason: FinishReason, stop_reason: str | int | None) -> Completion:
        """Free the block and say what became of the request."""
        del self._running[running.request.request_id]
        self._free_blocks.append(running.block)
        if running.decoder is not None and running.stops.matched is None:
            running.text.append(running.stops.push(running.decoder.finish()) + running.stops.finish())
        return Completion(
            request_id=running.request.request_id,
            token_ids=tuple(running.output),
            text="".join(running.text),
            finish_reason=reason,
            stop_reason=stop_reason,
            logprobs=tuple(running.logprobs) if running.request.sampling.logprobs is not None else None,
        )
