"""Which tokens the next pass computes: continuous batching over shared blocks; knows no logits, no text and no options.

A pass first gives every answer its next token, so that reading a long prompt delays an answer by one pass of at most
`max_batch_tokens`; prompts get what is left. Only a pass without prompts has time to check guesses. Who is admitted,
who reads first and who must give way is a question of fairness between queues (`fairness.py`).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zaphod.engine.allocator import Allocator
from zaphod.engine.batch import Scheduled
from zaphod.engine.fairness import FairQueues, Queue
from zaphod.engine.sequence import TokenSequence

Share = tuple[TokenSequence, Scheduled]
MAX_SCORED_ROWS = 128
"""Logits that one prompt whose tokens are scored gets of one pass: a row is as long as the vocabulary."""

Propose = Callable[[TokenSequence, int], Sequence[int]]
"""Guesses which tokens follow a sequence, at most a number of them."""


@dataclass(frozen=True, kw_only=True)
class SchedulerStats:
    """What the scheduler has now, and has done since it began."""

    num_running: int
    num_waiting: int
    num_used_blocks: int
    num_blocks: int
    num_queried_tokens: int
    """Tokens of the prompts that were admitted and looked for in the prefix cache."""
    num_hit_tokens: int
    """Those of them that were there."""
    num_preemptions: int


class Scheduler:
    """Sequences that wait and run.

    Args:
        num_blocks: blocks of the cache.
        block_size: tokens a block holds.
        max_batch_tokens: tokens of one pass.
        max_num_sequences: sequences that run at one time.
        shares_prefixes: whether sequences may use blocks that others of their tenant have filled.
    """

    def __init__(
        self,
        *,
        num_blocks: int,
        block_size: int,
        max_batch_tokens: int,
        max_num_sequences: int,
        shares_prefixes: bool = True,
    ) -> None:
        self.allocator = Allocator(num_blocks, block_size, shares_prefixes=shares_prefixes)
        self.queues = FairQueues()
        self._running: dict[str, TokenSequence] = {}
        """In the order of their admission."""
        self._max_batch_tokens = max_batch_tokens
        # So that every answer in the making finds a place in every pass.
        self._max_num_sequences = min(max_num_sequences, max_batch_tokens)
        self._num_preemptions = 0

    @property
    def num_running(self) -> int:
        """How many sequences hold blocks."""
        return len(self._running)

    @property
    def running(self) -> tuple[TokenSequence, ...]:
        """Sequences that hold blocks, in the order of their admission."""
        return tuple(self._running.values())

    @property
    def stats(self) -> SchedulerStats:
        """A snapshot."""
        pool = self.allocator.pool
        return SchedulerStats(
            num_running=len(self._running),
            num_waiting=self.queues.num_waiting,
            num_used_blocks=pool.num_blocks - pool.num_unused,
            num_blocks=pool.num_blocks,
            num_queried_tokens=self.allocator.num_queried_tokens,
            num_hit_tokens=self.allocator.num_hit_tokens,
            num_preemptions=self._num_preemptions,
        )

    def add(self, sequence: TokenSequence) -> None:
        """A sequence waits for its turn. With one token more it must fit into the cache, and it must end before not."""
        self.queues.enter(sequence)

    def remove(self, sequence: TokenSequence) -> None:
        """A sequence has ended, whatever it was doing; its blocks are free at once."""
        was_running = self._running.pop(sequence.request_id, None) is not None
        self.allocator.release(sequence)
        self.queues.leave(sequence, was_running=was_running)

    def schedule(self, propose: Propose | None = None) -> list[Share]:
        """The tokens of the next pass, at most `max_batch_tokens`; every running answer is among them."""
        self._make_room_for_answers()
        if self.queues.num_waiting:
            self._admit()
        answering = [sequence for sequence in self._running.values() if sequence.num_unseen == 1]
        budget = self._max_batch_tokens - len(answering)
        if len(answering) < len(self._running):
            return [(sequence, self._answer(sequence)) for sequence in answering] + self._read_prompts(budget)
        return self._guess(answering, budget, propose)

    def commit(self, sequence: TokenSequence, num_cached: int) -> None:
        """The cache holds a sequence's tokens up to `num_cached` now; others may find its full blocks."""
        sequence.num_cached = num_cached
        self.queues.charge(sequence, num_cached)
        self.allocator.publish(sequence)

    def _make_room_for_answers(self) -> None:
        """Every answer's next token needs a slot; where none is left, somebody gives way and computes again later."""
        for sequence in list(self._running.values()):
            while self._is_running(sequence) and not self.allocator.grow(sequence, len(sequence.token_ids)):
                self._preempt(self._least_entitled())

    def _is_running(self, sequence: TokenSequence) -> bool:
        return sequence.request_id in self._running

    def _least_entitled(self) -> TokenSequence:
        """The last admitted of the queue that was served most."""
        most_served = max(self.queues.of(sequence).num_served for sequence in self._running.values())
        return next(
            sequence
            for sequence in reversed(self._running.values())
            if self.queues.of(sequence).num_served == most_served
        )

    def _preempt(self, sequence: TokenSequence) -> None:
        del self._running[sequence.request_id]
        self.allocator.release(sequence)
        self.queues.set_back(sequence)
        sequence.num_preemptions += 1
        self._num_preemptions += 1

    def _admit(self) -> None:
        """Let sequences run while there is room. Nobody passes the one whose turn it is: none waits for ever."""
        while (queue := self.queues.next()) is not None:
            sequence = queue.waiting[0]
            if len(self._running) >= self._max_num_sequences or not self.allocator.admit(sequence):
                if not self._displace_for(queue):
                    return
                continue
            self._running[sequence.request_id] = self.queues.admit_first(queue)

    def _displace_for(self, queue: Queue) -> bool:
        """Make room for a queue of which nothing runs, where others that were served no less run several.

        One queue with a thousand requests so keeps another waiting for a pass, not for an answer's length. It ends:
        the number of queues that run grows each time.
        """
        if queue.num_running:
            return False
        victims = self._displaceable(queue)
        held = sum(len(victim.blocks) for victim in victims)
        needed = self.allocator.num_blocks_for(queue.waiting[0].num_needed)
        if not victims or held + self.allocator.pool.num_unused < needed:
            return False
        self._preempt(victims[0])
        return True

    def _displaceable(self, queue: Queue) -> list[TokenSequence]:
        """All but the first sequence of other queues; those of the most served queue first, the last admitted first."""
        firsts: set[str] = set()
        victims: list[TokenSequence] = []
        for sequence in self._running.values():
            if sequence.queue not in firsts:
                firsts.add(sequence.queue)
            elif self.queues.of(sequence).num_served >= queue.num_served:
                victims.append(sequence)
        victims.reverse()
        return sorted(victims, key=lambda victim: -self.queues.of(victim).num_served)

    def _read_prompts(self, budget: int) -> list[Share]:
        """The least served queue reads first; what it leaves of the budget goes to the next."""
        reading = [sequence for sequence in self._running.values() if sequence.num_unseen > 1]
        if len(reading) > 1:
            reading.sort(key=lambda sequence: self.queues.of(sequence).num_served)
        shares: list[Share] = []
        for sequence in reading:
            num_tokens = min(budget, sequence.num_unseen)
            if num_tokens == 0:
                break
            begin = sequence.num_cached
            first_row = max(begin, sequence.first_row)
            end = min(begin + num_tokens, first_row + MAX_SCORED_ROWS)
            shares.append(
                (sequence, _work(sequence, sequence.token_ids[begin:end], num_logits=max(0, end - first_row)))
            )
            budget -= end - begin
        return shares

    def _answer(self, sequence: TokenSequence, guesses: Sequence[int] = ()) -> Scheduled:
        token_ids = sequence.token_ids[-1:]
        token_ids.extend(guesses)
        return _work(sequence, token_ids, num_logits=len(token_ids))

    def _guess(self, answering: Sequence[TokenSequence], budget: int, propose: Propose | None) -> list[Share]:
        """Each answer's next token, and guesses at those behind it as far as there are slots for them."""
        shares: list[Share] = []
        for sequence in answering:
            guesses = propose(sequence, budget)[:budget] if propose is not None and budget else ()
            if guesses and not self.allocator.grow(sequence, len(sequence.token_ids) + len(guesses)):
                guesses = ()
            shares.append((sequence, self._answer(sequence, guesses)))
            budget -= len(guesses)
        return shares


def _work(sequence: TokenSequence, token_ids: array[int], *, num_logits: int) -> Scheduled:
    if sequence.embeds:
        num_logits = 0
    return Scheduled(
        token_ids, sequence.num_cached, sequence.blocks, num_logits, sequence.adapter_id, wants_states=sequence.embeds
    )
