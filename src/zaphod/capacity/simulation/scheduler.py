"""One replica's scheduler, step by step, with an engine's real rules; knows tokens and blocks, not the model.

The rules are those of continuous batching as vLLM's scheduler has them: sequences that decode come first, one token
each; the rest of `max_batched_tokens` goes to prompts, first come first served, in pieces (chunked prefill); a request
enters when a sequence and the blocks of its prompt are free; when decoding finds no block, the request that entered
last gives its blocks back and is computed again. Blocks of finished requests stay until they are needed, and a
session's next turn finds them (prefix cache).

The work per step does not depend on the batch: the steps at which sequences end and at which they need a block are
known when they begin to decode.
"""

from __future__ import annotations

import heapq
import math
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from zaphod.capacity.simulation.serving import Serving

NOBODY = -1
"""The session of requests without one."""


@dataclass(slots=True, eq=False)
class PlacedRequest:
    """On its way through a replica."""

    number: int
    arrival_s: float
    prompt: int
    output: int
    session: int
    common: int
    """Tokens at the prompt's head that every replica's cache holds."""
    history: int
    """Tokens after them that the session's turn before had, too."""
    left: int = 0
    """Tokens still to be prefilled."""
    made: int = 0
    """Tokens answered before it was last preempted."""
    context: int = 0
    """Tokens in its cache when it began to decode."""
    began: int = 0
    """Its replica's step in which it decoded first."""
    replica: int = 0
    first_s: float = math.nan
    end_s: float = math.nan


@dataclass(slots=True, eq=False)
class Engine:
    """One replica."""

    serving: Serving
    waiting: deque[PlacedRequest] = field(default_factory=deque)
    prefilling: deque[PlacedRequest] = field(default_factory=deque)
    prefilled: list[PlacedRequest] = field(default_factory=list)
    """Their last piece is in the step under way."""
    decoding: dict[int, PlacedRequest] = field(default_factory=dict)
    """In the order in which they entered."""
    ends: list[tuple[int, int]] = field(default_factory=list)
    """(step after the last token, number), a heap; preempted ones stay in it and are skipped."""
    crossings: list[int] = field(default_factory=list)
    """Sequences that need a block, by step modulo block size."""
    cache: OrderedDict[int, int] = field(default_factory=OrderedDict)
    """Tokens kept of sessions, the one that was used longest ago first."""
    free: int = 0
    cached: int = 0
    """Blocks."""
    context: int = 0
    step: int = 0
    is_busy: bool = False
    busy_s: float = 0.0
    num_preempted: int = 0

    def __post_init__(self) -> None:
        self.free = self.serving.kv_tokens // self.serving.block_tokens
        self.crossings = [0] * self.serving.block_tokens

    @property
    def load(self) -> int:
        return len(self.waiting) + len(self.prefilling) + len(self.prefilled) + len(self.decoding)

    def _blocks(self, tokens: int) -> int:
        return -(-tokens // self.serving.block_tokens)

    def _take(self, blocks: int) -> bool:
        """Whether so many blocks were free, those of the cache included; then they are taken."""
        if self.free + self.cached < blocks:
            return False
        while self.free < blocks:
            _, tokens = self.cache.popitem(last=False)
            self.cached -= self._blocks(tokens)
            self.free += self._blocks(tokens)
        self.free -= blocks
        return True

    def _keep(self, request: PlacedRequest, tokens: int) -> None:
        """A finished request's blocks become the cache's; without sessions nobody could find them."""
        blocks = self._blocks(tokens)
        if request.session == NOBODY:
            self.free += blocks
            return
        self.free += self._blocks(self.cache.get(request.session, 0))
        self.cached += blocks - self._blocks(self.cache.pop(request.session, 0))
        self.cache[request.session] = tokens

    def _leave(self, request: PlacedRequest) -> int:
        """Stops decoding; returns the tokens of its cache."""
        tokens = request.context + self.step - request.began
        self.crossings[(request.began - request.context) % self.serving.block_tokens] -= 1
        self.context -= tokens
        del self.decoding[request.number]
        return tokens

    def _preempt(self) -> None:
        request = next(reversed(self.decoding.values()))
        tokens = self._leave(request)
        self.free += self._blocks(tokens)
        request.made += 1 + self.step - request.began
        self.num_preempted += 1
        self.waiting.appendleft(request)

    def begin(self) -> float:
        """Plan a step; returns its seconds, 0 for nothing to do."""
        serving = self.serving
        for request in self.prefilled:
            request.context, request.began = request.prompt + request.made, self.step
            self.decoding[request.number] = request
            self.crossings[(self.step - request.context) % serving.block_tokens] += 1
            self.context += request.context
            heapq.heappush(self.ends, (self.step + request.output - request.made - 1, request.number))
        self.prefilled = []
        num_preempted = self.num_preempted
        while not self._take(self.crossings[self.step % serving.block_tokens]):
            self._preempt()
        budget = serving.max_batched_tokens - len(self.decoding)
        whole = budget
        for request in self.prefilling:
            piece = min(budget, request.left)
            request.left -= piece
            budget -= piece
        while self.waiting and budget > 0 and num_preempted == self.num_preempted and self._admit(self.waiting[0]):
            request = self.waiting.popleft()
            self.prefilling.append(request)
            piece = min(budget, request.left)
            request.left -= piece
            budget -= piece
        while self.prefilling and self.prefilling[0].left == 0:
            self.prefilled.append(self.prefilling.popleft())
        if budget == whole and not self.decoding:
            return 0.0
        step_s = float(serving.cost.seconds(whole - budget, len(self.decoding), self.context))
        self.context += len(self.decoding)
        self.busy_s += step_s
        return step_s

    def _admit(self, request: PlacedRequest) -> bool:
        if len(self.decoding) + len(self.prefilling) + len(self.prefilled) >= self.serving.max_sequences:
            return False
        tokens = request.prompt + request.made
        kept = self.cache.get(request.session, 0) if request.session != NOBODY else 0
        if kept:  # Its blocks become the request's: they may not be evicted for it.
            del self.cache[request.session]
            self.cached -= self._blocks(kept)
            self.free += self._blocks(kept)
        if not self._take(self._blocks(tokens)):
            if kept:
                self.free -= self._blocks(kept)
                self.cached += self._blocks(kept)
                self.cache[request.session] = kept
            return False
        found = request.common + min(request.history, max(kept - request.common, 0))
        request.left = max(tokens - found, 1)
        return True

    def end(self, now_s: float) -> list[PlacedRequest]:
        """The step under way ends; returns the requests that end with it."""
        self.step += 1
        finished = []
        while self.ends and self.ends[0][0] <= self.step:
            step, number = heapq.heappop(self.ends)
            request = self.decoding.get(number)
            if request is None or request.began + request.output - request.made - 1 != step:
                continue
            self._keep(request, self._leave(request))
            finished.append(request)
        for request in self.prefilled:
            if math.isnan(request.first_s):
                request.first_s = now_s
            if request.output - request.made == 1:
                self._keep(request, request.prompt + request.made)
                finished.append(request)
        self.prefilled = [each for each in self.prefilled if each.output - each.made > 1]
        for request in finished:
            request.end_s = now_s
        return finished
