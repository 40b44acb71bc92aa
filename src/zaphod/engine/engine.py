"""Runs requests together: tokens in, tokens out; knows text only to end at stop texts, and no chat, HTTP or files.

`step` is the whole story: schedule tokens, run the network, settle each request.

Legend: R rows of logits, V vocabulary, S rows of hidden states, D width, L layers that have experts, K experts chosen
for a token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError, RequestError, ZaphodError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.embedding import Embedding
from zaphod.engine.generation import Generation, Increment, TextStream
from zaphod.engine.grammar import GrammarCompiler, GrammarSpec, Matcher
from zaphod.engine.request import Completion, Request
from zaphod.engine.runner import Runner
from zaphod.engine.scheduler import Scheduler, SchedulerStats, Share
from zaphod.engine.sequence import TokenSequence
from zaphod.engine.speculation import MAX_GUESSES, PassTimes, Proposer


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """Limits of one step, and what requests may share."""

    max_batch_tokens: int = 512
    """Tokens of one forward pass; a longer prompt is read in several, and no answer waits longer than for one."""
    max_num_sequences: int = 64
    """Requests that run at one time, as far as the cache holds them; the others wait."""
    shares_prefixes: bool = True
    """Whether the keys and values of a prompt are used again by the same tenant's next requests."""

    def __post_init__(self) -> None:
        for name in ("max_batch_tokens", "max_num_sequences"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}.",
                    "A forward pass needs at least one token of one request.",
                    f"Set it to 1 or more; {getattr(EngineConfig, name)} is a good start.",
                )


@dataclass(frozen=True, kw_only=True)
class EngineStats(SchedulerStats):
    """What the engine has now, and has done since it began."""

    num_steps: int
    """Forward passes."""
    num_prompt_tokens: int
    """Tokens of prompts that passes computed, those computed again after giving way included."""
    num_produced_tokens: int
    num_guessed_tokens: int
    """Tokens that speculation proposed and a pass checked."""
    num_accepted_tokens: int
    """Those of them that came true."""


@dataclass(frozen=True, kw_only=True)
class Speculation:
    """Who guesses the next tokens."""

    times: PassTimes
    """What passes cost; measured by the engine, read by the proposers."""
    make_proposer: Callable[[], Proposer]
    """Makes the proposer of one request."""
    max_guesses: int = MAX_GUESSES
    """Guesses for one request in one pass."""


class _Rows(NamedTuple):
    """What a pass computed, of all its sequences or of one."""

    logits_RV: npt.NDArray[np.float32]
    states_SD: npt.NDArray[np.float32] | None
    experts_RLK: npt.NDArray[np.int32] | None

    def split(self, works: Sequence[Scheduled]) -> Iterator[_Rows]:
        """The part of each sequence."""
        row = state = 0
        for work in works:
            next_row, next_state = row + work.num_logits, state + work.wants_states * len(work.token_ids)
            yield _Rows(
                self.logits_RV[row:next_row],
                None if self.states_SD is None else self.states_SD[state:next_state],
                None if self.experts_RLK is None else self.experts_RLK[row:next_row],
            )
            row, state = next_row, next_state


class Engine:
    """Continuous batching over a runner. Used by one thread at a time.

    Args:
        runner: computes logits and keeps the cache.
        config: limits of a step.
        eos_token_ids: tokens that end an answer unless the request ignores them.
        num_token_ids: ids from here on are never produced; some heads have more rows than the vocabulary has tokens.
        text_stream: makes a decoder for a prompt's continuation; without one, texts are empty and stop texts refused.
        grammars: compiles grammars over `num_token_ids` tokens; without one they are refused. It compiles while a
            request is added, unless its cache has the grammar: ask it for a matcher on another thread before that.
        speculation: guesses tokens, so that a pass may yield several. It never changes what is chosen.
    """

    def __init__(
        self,
        runner: Runner,
        config: EngineConfig | None = None,
        *,
        eos_token_ids: Sequence[int] = (),
        num_token_ids: int | None = None,
        text_stream: Callable[[Sequence[int]], TextStream] | None = None,
        grammars: GrammarCompiler | None = None,
        speculation: Speculation | None = None,
    ) -> None:
        config = config or EngineConfig()
        self._runner = runner
        self._eos_token_ids = frozenset(eos_token_ids)
        self._num_token_ids = min(num_token_ids or runner.vocab_size, runner.vocab_size)
        self._text_stream = text_stream
        self._grammars = grammars
        self._speculation = speculation
        self._proposers: dict[str, Proposer] = {}
        self.scheduler = Scheduler(
            num_blocks=runner.num_blocks,
            block_size=runner.block_size,
            max_batch_tokens=config.max_batch_tokens,
            max_num_sequences=config.max_num_sequences,
            shares_prefixes=config.shares_prefixes,
        )
        """Who waits, who runs, and who holds which block."""
        self._cache_tokens = runner.num_blocks * runner.block_size
        self._generations: dict[str, Generation | Embedding] = {}
        self._undelivered: list[Increment] = []
        self._num_steps = 0
        self._num_prompt_tokens = 0
        self._num_produced_tokens = 0
        self._num_guessed_tokens = 0
        self._num_accepted_tokens = 0

    @property
    def num_unfinished(self) -> int:
        """Requests waiting or running."""
        return len(self._generations)

    @property
    def stats(self) -> EngineStats:
        """A snapshot."""
        return EngineStats(
            **asdict(self.scheduler.stats),
            num_steps=self._num_steps,
            num_prompt_tokens=self._num_prompt_tokens,
            num_produced_tokens=self._num_produced_tokens,
            num_guessed_tokens=self._num_guessed_tokens,
            num_accepted_tokens=self._num_accepted_tokens,
        )

    def add_request(self, request: Request) -> None:
        """Queue a request.

        Raises:
            RequestError: it can never run.
            TokenizerError: the tokenizer does not know a token of its prompt.
        """
        if request.request_id in self._generations:
            raise RequestError(
                f"Request {request.request_id!r} is already here.", "Ids must differ.", "Choose another id."
            )
        self._require_possible(request)
        generation = self._generation(request)
        self._generations[request.request_id] = generation
        if self._speculation is not None and not request.embeds:
            self._proposers[request.request_id] = self._speculation.make_proposer()
        self.scheduler.add(generation.sequence)

    def cancel(self, request_id: str) -> Completion | None:
        """End a request at once, whatever it is doing, and free its blocks; None if it is not here (any more)."""
        generation = self._generations.get(request_id)
        if generation is None:
            return None
        self._release(generation)
        self._undelivered = [increment for increment in self._undelivered if increment.request_id != request_id]
        return generation.end("cancelled")

    def unload_adapter(self, name: str) -> None:
        """Let the runner forget an adapter.

        Raises:
            RequestError: it is not loaded, or a request uses it.
        """
        number = self._runner.adapter_id(name)
        users = [key for key, generation in self._generations.items() if generation.sequence.adapter_id == number]
        if users:
            raise RequestError(
                f"The adapter {name!r} is used by {len(users)} requests, {users[0]!r} among them.",
                "Only an adapter that nobody uses can be unloaded.",
                "Wait for their end, or cancel them.",
            )
        self._runner.unload_adapter(name)

    def step(self) -> list[Increment]:
        """One forward pass; what it added to each request, after what `generate` and `stream` left for others."""
        shares = self.scheduler.schedule(None if self._speculation is None else self._propose)
        if shares:
            self._pass(shares)
        increments, self._undelivered = self._undelivered, []
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

    def _generation(self, request: Request) -> Generation | Embedding:
        sequence = TokenSequence(
            request.request_id,
            request.prompt_token_ids,
            tenant=request.tenant,
            queue=request.queue,
            adapter_id=-1 if request.adapter is None else self._runner.adapter_id(request.adapter),
            embeds=request.embeds,
            scored_from=request.scored_from,
        )
        if request.embeds:
            return Embedding(request, sequence)
        return Generation(
            request,
            sequence,
            eos_token_ids=self._eos_token_ids,
            max_len=min(self._runner.max_len, self._cache_tokens),
            decoder=None if self._text_stream is None else self._text_stream(request.prompt_token_ids),
            matcher=None if request.sampling.grammar is None else self._matcher(request.sampling.grammar),
        )

    def _matcher(self, grammar: GrammarSpec) -> Matcher:
        if self._grammars is None:
            raise RequestError(
                "A grammar was given, but there is no tokenizer to follow it with.",
                "Only token ids come out of this model.",
                "Leave the grammar out, or load the model with its tokenizer.",
            )
        return self._grammars.matcher(grammar)

    def _propose(self, sequence: TokenSequence, limit: int) -> Sequence[int]:
        assert self._speculation is not None
        generation = self._generations[sequence.request_id]
        if isinstance(generation, Embedding):
            return ()
        limit = min(limit, self._speculation.max_guesses, generation.num_left - 1)
        if limit < 1:
            return ()
        self._speculation.times.num_sequences = self.scheduler.num_running
        return generation.plausible(self._proposers[sequence.request_id].propose(sequence.token_ids, limit))

    def _pass(self, shares: list[Share]) -> None:
        try:
            rows = self._run(shares)
        except ZaphodError as error:
            # Their keys and values are incomplete now; whoever is not in this pass goes on.
            for sequence, _ in shares:
                self._undelivered.append(Increment(request_id=sequence.request_id, error=error))
                self._release(self._generations[sequence.request_id])
        else:
            self._settle(shares, rows)

    def _run(self, shares: list[Share]) -> _Rows:
        reports = any(self._generations[sequence.request_id].request.reports_experts for sequence, _ in shares)
        batch = assemble([work for _, work in shares], self._runner.block_size, reports_experts=reports)
        self._num_steps += 1
        began = time.perf_counter()
        logits_RV = self._runner.forward(batch)[:, : self._num_token_ids]
        if self._speculation is not None and len(batch.token_ids_T) == len(logits_RV):
            self._speculation.times.observe(len(logits_RV), time.perf_counter() - began)
        return _Rows(
            logits_RV,
            None if batch.state_rows_S is None else self._runner.hidden_states(),
            self._runner.experts() if reports else None,
        )

    def _settle(self, shares: list[Share], rows: _Rows) -> None:
        """Choose tokens where the network has seen all there is, and release what is done."""
        works = [work for _, work in shares]
        for (sequence, work), own in zip(shares, rows.split(works), strict=True):
            self._num_prompt_tokens += min(len(work.token_ids), max(0, sequence.num_prompt_tokens - work.num_cached))
            generation = self._generations[sequence.request_id]
            if isinstance(generation, Embedding):
                self._add(generation, work, own)
            elif work.num_logits == 0:
                self.scheduler.commit(sequence, work.num_cached + len(work.token_ids))
            elif sequence.scored_from is not None and sequence.num_unseen > 1:
                self._score(generation, work, own)
            else:
                guesses = work.token_ids[1:] if work.num_logits > 1 else ()
                self._undelivered.append(self._advance(generation, own, guesses))

    def _add(self, embedding: Embedding, work: Scheduled, rows: _Rows) -> None:
        assert rows.states_SD is not None, "the pass was not asked for hidden states"
        assert len(rows.states_SD) == len(work.token_ids), "the runner left hidden states out"
        increment: Increment | None
        try:
            increment = embedding.add(rows.states_SD, work.num_cached)
        except ZaphodError as error:
            increment = Increment(request_id=embedding.request.request_id, error=error)
        self.scheduler.commit(embedding.sequence, work.num_cached + len(work.token_ids))
        if increment is not None:
            self._undelivered.append(increment)
            self._release(embedding)

    def _score(self, generation: Generation, work: Scheduled, rows: _Rows) -> None:
        """Rows of a prompt whose tokens are scored; the last one, where the prompt ends with it, begins the answer."""
        end = work.num_cached + len(work.token_ids)
        try:
            generation.read(end - work.num_logits, rows.logits_RV)
        except ZaphodError as error:
            self._undelivered.append(Increment(request_id=generation.request.request_id, error=error))
            self._release(generation)
            return
        if end < len(generation.sequence.token_ids):
            self.scheduler.commit(generation.sequence, end)
        else:
            last = _Rows(rows.logits_RV[-1:], None, None if rows.experts_RLK is None else rows.experts_RLK[-1:])
            self._undelivered.append(self._advance(generation, last, ()))

    def _advance(self, generation: Generation, rows: _Rows, proposed: Sequence[int]) -> Increment:
        sequence, num_known = generation.sequence, len(generation.sequence.token_ids)
        try:
            increment = generation.advance(rows.logits_RV, proposed, rows.experts_RLK)
        except ZaphodError as error:
            increment = Increment(request_id=sequence.request_id, error=error)
        # The last token chosen is new to the network; those before it were proposals that came true.
        self.scheduler.commit(sequence, max(num_known, len(sequence.token_ids) - 1))
        self._num_produced_tokens += len(increment.token_ids)
        if proposed:
            self._learn(sequence.request_id, len(proposed), max(0, len(sequence.token_ids) - num_known - 1))
        if increment.is_last:
            self._release(generation)
        return increment

    def _learn(self, request_id: str, num_guessed: int, num_accepted: int) -> None:
        self._num_guessed_tokens += num_guessed
        self._num_accepted_tokens += num_accepted
        self._proposers[request_id].observe(num_guessed, num_accepted)

    def _release(self, generation: Generation | Embedding) -> None:
        request_id = generation.request.request_id
        del self._generations[request_id]
        proposer = self._proposers.pop(request_id, None)
        if proposer is not None:
            proposer.release()
        self.scheduler.remove(generation.sequence)

    def _expects(self, request_id: str) -> bool:
        undelivered = any(increment.request_id == request_id for increment in self._undelivered)
        return undelivered or request_id in self._generations

    def _require_possible(self, request: Request) -> None:
        self._require_room(request)
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

    def _require_room(self, request: Request) -> None:
        num_prompt_tokens, answers = len(request.prompt_token_ids), not request.embeds
        if num_prompt_tokens + answers > self._runner.max_len:
            raise RequestError(
                f"The prompt has {num_prompt_tokens} tokens.",
                f"This model is loaded for {self._runner.max_len} tokens{', prompt and answer together' * answers}.",
                "Shorten the prompt, or load the model with a longer context.",
            )
        if num_prompt_tokens + answers > self._cache_tokens:
            raise RequestError(
                f"The prompt has {num_prompt_tokens} tokens.",
                f"The cache holds {self._cache_tokens} tokens{', and one of the answer must fit' * answers}.",
                "Shorten the prompt, or give the cache more memory.",
            )

    def _require_known(self, where: str, token_ids: Collection[int]) -> None:
        highest = max(token_ids, default=0)
        if highest >= self._num_token_ids:
            raise RequestError(
                f"{where} holds token {highest}.",
                f"The model's vocabulary has {self._num_token_ids} tokens.",
                "Use the tokenizer that belongs to these weights.",
            )
