"""Whose turn it is: queues share the engine by the tokens computed for them; knows no block and no batch.

Each queue counts the tokens it was served, and the one with the fewest is next (virtual token counter of "Fairness in
serving large language models", arXiv 2401.00588). A queue that was away comes back no poorer than the poorest of those
that stayed: being away earns nothing, and a debt is kept.
"""

from __future__ import annotations

from collections import deque

from zaphod.engine.sequence import TokenSequence


class Queue:
    """Sequences that wait for each other."""

    __slots__ = ("name", "num_running", "num_served", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.num_served = 0
        """Tokens computed for it, and what it was given on its arrival."""
        self.num_running = 0
        self.waiting: deque[TokenSequence] = deque()

    @property
    def is_active(self) -> bool:
        """Whether anything of it waits or runs."""
        return bool(self.waiting) or self.num_running > 0


class FairQueues:
    """All queues. A sequence enters, is admitted, perhaps set back, and leaves."""

    def __init__(self) -> None:
        self._queues: dict[str, Queue] = {}
        self._num_arrivals = 0
        self.num_waiting = 0

    def __len__(self) -> int:
        return len(self._queues)

    def of(self, sequence: TokenSequence) -> Queue:
        """The queue of a sequence that is here."""
        return self._queues[sequence.queue]

    def enter(self, sequence: TokenSequence) -> None:
        """Wait behind the others of its queue."""
        sequence.arrival = self._num_arrivals
        self._activate(sequence.queue).waiting.append(sequence)
        self._num_arrivals += 1
        self.num_waiting += 1

    def set_back(self, sequence: TokenSequence) -> None:
        """A sequence that ran waits again, before the others of its queue."""
        queue = self.of(sequence)
        queue.num_running -= 1
        queue.waiting.appendleft(sequence)
        self.num_waiting += 1

    def next(self) -> Queue | None:
        """The queue whose first sequence is next: the least served; of equals one of which nothing runs, the oldest."""
        waiting = [queue for queue in self._queues.values() if queue.waiting]
        return min(waiting, key=_turn, default=None)

    def admit_first(self, queue: Queue) -> TokenSequence:
        """The first of the queue runs."""
        sequence = queue.waiting.popleft()
        queue.num_running += 1
        self.num_waiting -= 1
        return sequence

    def leave(self, sequence: TokenSequence, *, was_running: bool) -> None:
        """A sequence has ended."""
        queue = self.of(sequence)
        if was_running:
            queue.num_running -= 1
        else:
            queue.waiting.remove(sequence)
            self.num_waiting -= 1
        if not queue.is_active:
            self._forget_debtless()

    def charge(self, sequence: TokenSequence, num_cached: int) -> None:
        """Tokens of a sequence up to `num_cached` are computed; those computed before are not paid for again."""
        if num_cached > sequence.num_charged:
            self._queues[sequence.queue].num_served += num_cached - sequence.num_charged
            sequence.num_charged = num_cached

    def _activate(self, name: str) -> Queue:
        queue = self._queues.get(name)
        if queue is None:
            queue = Queue(name)
        if not queue.is_active:
            queue.num_served = max(queue.num_served, self._least_served())
            self._queues[name] = queue
        return queue

    def _least_served(self) -> int:
        return min((queue.num_served for queue in self._queues.values() if queue.is_active), default=0)

    def _forget_debtless(self) -> None:
        """Drop queues that would come back no poorer than if they had never been here, so that few are kept."""
        least, any_active = self._least_served(), any(queue.is_active for queue in self._queues.values())
        gone = [q.name for q in self._queues.values() if not q.is_active and (q.num_served <= least or not any_active)]
        for name in gone:
            del self._queues[name]


def _turn(queue: Queue) -> tuple[int, bool, int]:
    return queue.num_served, queue.num_running > 0, queue.waiting[0].arrival
