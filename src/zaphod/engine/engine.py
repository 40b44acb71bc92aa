"""Runs requests together: tokens in, tokens out; knows text only to end at stop texts, and no chat, HTTP or files.

`step` is the whole story: admit waiting requests, schedule their tokens, run the network, settle each request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError, RequestError, ZaphodError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.generation import Generation, Increment, TextStream
from zaphod.engine.request import Completion, Request
from zaphod.engine.runner import Runner

Schedule = list[tuple[Generation, Scheduled]]


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """Limits of one step."""

    max_batch_tokens: int = 2048
    """Tokens of one forward pass; a longer prompt is read in several."""

    def __post_init__(self) -> None:
        if self.max_batch_tokens < 1:
            raise ConfigError(
                f"max_batch_tokens is {self.max_batch_tokens}.",
                "A forward pass needs at least one token.",
                "Set it to 1 or more; 2048 is a good start.",
            )


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
        self._waiting: dict[str, Generation] = {}
        self._running: dict[str, Generation] = {}
        self._undelivered: list[Increment] = []
        self._free_blocks = list(range(runner.num_blocks))

    @property
    def num_unfinished(self) -> int:
        """Requests waiting or running."""
        return len(self._waiting) + len(self._running)

    def add_request(self, request: Request) -> None:
        """Queue a request.

        Raises:
            RequestError: it can never run.
            TokenizerError: the tokenizer does not know a token of its prompt.
        """
        if self._has(request.request_id):
            raise RequestError(
                f"Request {request.request_id!r} is already here.", "Ids must differ.", "Choose another id."
            )
        self._require_possible(request)
        self._waiting[request.request_id] = Generation(
            request,
            eos_token_ids=self._eos_token_ids,
            max_len=self._runner.max_len,
            decoder=None if self._text_stream is None else self._text_stream(request.prompt_token_ids),
        )

    def cancel(self, request_id: str) -> Completion | None:
        """End a request at once and free its block; None if it is not here (it may have just ended)."""
        if not self._has(request_id):
            return None
        generation = self._waiting.get(request_id) or self._running[request_id]
        self._release(generation)
        self._undelivered = [increment for increment in self._undelivered if increment.request_id != request_id]
        return generation.end("cancelled")

    def step(self) -> list[Increment]:
        """One forward pass; what it added to each request, after what `generate` and `stream` left for others."""
        self._admit()
        schedule = self._schedule()
        logits_RV = self._run(schedule)
        increments = self._undelivered + self._settle(schedule, logits_RV)
        self._undelivered = []
        return increments

    def generate(self, requests: Sequence[Request]) -> list[Completion]:
        """Run requests to their end; completions in the order of the requests.

        Raises:
            ZaphodError: one of them cannot be run; all of them are then cancelled.
        """
        completions: dict[str, Completion] = {}
        added: set[str] = set()
        try:
            for request in requests:
                self.add_request(request)
                added.add(request.request_id)
            while len(completions) < len(added):
                for increment in self._next_of(added):
                    if increment.completion is not None:
                        completions[increment.request_id] = increment.completion
        finally:
            for request_id in added:
                self.cancel(request_id)
        return [completions[request.request_id] for request in requests]

    def stream(self, request: Request) -> Iterator[Increment]:
        """Run one request, increment by increment, beside whatever else runs. Leaving the loop early cancels it.

        Raises:
            ZaphodError: it cannot be run.
        """
        self.add_request(request)
        try:
            # A request that was cancelled meanwhile is no longer expected: the loop ends.
            while self._expects(request.request_id):
                yield from self._next_of({request.request_id})
        finally:
            self.cancel(request.request_id)

    def _next_of(self, request_ids: Collection[str]) -> list[Increment]:
        """What the next step adds to these requests; what it adds to others is kept for those who stream them.

        Raises:
            ZaphodError: one of them could not go on.
        """
        increments = self.step()
        self._undelivered = [increment for increment in increments if increment.request_id not in request_ids]
        mine = [increment for increment in increments if increment.request_id in request_ids]
        for increment in mine:
            if increment.error is not None:
                raise increment.error
        return mine

    def _admit(self) -> None:
        most_blocks = -(-self._runner.max_len // self._runner.block_size)
        while self._waiting and len(self._free_blocks) >= most_blocks:
            request_id = next(iter(self._waiting))
            generation = self._running[request_id] = self._waiting.pop(request_id)
            generation.blocks = tuple(self._free_blocks[:most_blocks])
            del self._free_blocks[:most_blocks]

    def _schedule(self) -> Schedule:
        """Tokens for the next pass: those that produce come first, then prompts as far as the limit goes."""
        budget = self._config.max_batch_tokens
        schedule: Schedule = []
        for generation in sorted(self._running.values(), key=lambda running: running.reads_prompt):
            token_ids = generation.pending(budget)
            if token_ids:
                schedule.append((generation, Scheduled(token_ids, generation.num_cached, generation.blocks)))
                budget -= len(token_ids)
        return schedule

    def _run(self, schedule: Schedule) -> npt.NDArray[np.float32]:
        if not schedule:
            return np.empty((0, self._num_token_ids), np.float32)
        batch = assemble([work for _, work in schedule], self._runner.block_size)
        return self._runner.forward(batch)[:, : self._num_token_ids]

    def _settle(self, schedule: Schedule, logits_RV: npt.NDArray[np.float32]) -> list[Increment]:
        """Choose a token where the prompt has been read to its end, and release what is done."""
        increments: list[Increment] = []
        for (generation, work), logits_V in zip(schedule, logits_RV, strict=True):
            generation.num_cached += len(work.token_ids)
            if not generation.awaits_token:
                continue
            try:
                increments.append(generation.advance(logits_V))
            except ZaphodError as error:
                increments.append(Increment(request_id=generation.request.request_id, error=error))
            if increments[-1].is_last:
                self._release(generation)
        return increments

    def _release(self, generation: Generation) -> None:
        self._waiting.pop(generation.request.request_id, None)
        self._running.pop(generation.request.request_id, None)
        self._free_blocks += generation.blocks

    def _has(self, request_id: str) -> bool:
        return request_id in self._waiting or request_id in self._running

    def _expects(self, request_id: str) -> bool:
        undelivered = any(increment.request_id == request_id for increment in self._undelivered)
        return undelivered or self._has(request_id)

    def _require_possible(self, request: Request) -> None:
        length, max_len = len(request.prompt_token_ids), self._runner.max_len
        if length >= max_len:
            raise RequestError(
                f"The prompt has {length} tokens.",
                f"This model is loaded for {max_len} tokens, prompt and answer together.",
                "Shorten the prompt, or load the model with a longer context.",
            )
        sampling = request.sampling
        self._require_known("The prompt", request.prompt_token_ids)
        self._require_known("logit_bias", sampling.logit_bias)
        self._require_known("stop_token_ids", sampling.stop_token_ids)
        if sampling.stop and self._text_stream is None:
            raise RequestError(
                "Stop texts were given, but there is no tokenizer to see text with.",
                "Only token ids come out of this model.",
                "Use stop_token_ids, or load the model with its tokenizer.",
            )

    def _require_known(self, where: str, token_ids: Collection[int]) -> None:
        highest = max(token_ids, default=0)
        if highest >= self._num_token_ids:
            raise RequestError(
                f"{where} holds token {highest}.",
                f"The model's vocabulary has {self._num_token_ids} tokens.",
                "Use the tokenizer that belongs to these weights.",
            )
