"""Guesses at the next tokens, so that one pass can check several; knows token ids and times, not requests or sampling.

A guess is kept only where it is the token that the engine chooses itself, so answers never depend on it. Whether
guessing pays is worked out from what was accepted and what passes cost (`Payoff`).
"""

from __future__ import annotations

import time
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from zaphod.core.errors import ConfigError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.runner import Runner

MAX_GUESSES = 8
"""A limit on guesses for one pass that suits most models."""

_SLOWER_WEIGHT = 0.05  # a pass that a busy machine held up should not make guessing look cheap
_DECAY = 0.9  # of what earlier proposals say, for each new one: about the last ten count
_PROBE_LENGTH = 2
_FIRST_PROBE, _LAST_PROBE = 16, 512  # steps without a guess before the next try, doubled each time it fails
_PLAIN_INTERVAL = 64  # one step in so many has no guess, so that the cost of a plain pass stays known
_CHUNK = 512


class Proposer(Protocol):
    """Guesses the continuation of one sequence."""

    def propose(self, tokens: Sequence[int], limit: int) -> list[int]:
        """Up to `limit` tokens that may follow `tokens`; none where there is no guess or guessing does not pay.

        Args:
            tokens: the whole sequence, prompt and answer; it only ever grows from call to call.
            limit: most tokens wanted.
        """

    def observe(self, num_proposed: int, num_accepted: int) -> None:
        """What became of a proposal: the first `num_accepted` of the checked tokens were right."""

    def pays(self) -> bool:
        """Whether a guess is expected to save time now."""

    def release(self) -> None:
        """The sequence has ended: give back what it holds."""


class PassTimes:
    """How long passes take by their number of rows; one for an engine, shared by the proposers of its sequences."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        self._measured: list[int] = []
        self.num_sequences = 1
        """Sequences that take part in the next pass, one row each where nothing is guessed. The engine sets it."""

    def observe(self, num_rows: int, seconds: float) -> None:
        """Report a pass of which every row produced, or checked, a token (no prompts)."""
        known = self._seconds.get(num_rows)
        if known is None:
            insort(self._measured, num_rows)
            self._seconds[num_rows] = seconds
        else:
            weight = 1.0 if seconds < known else _SLOWER_WEIGHT
            self._seconds[num_rows] = known + weight * (seconds - known)

    def seconds(self, num_rows: int) -> float | None:
        """Expected time of a pass: between measured sizes along a line, beyond them as the nearest; None at first."""
        if not self._measured:
            return None
        place = bisect_left(self._measured, num_rows)
        above = self._measured[min(place, len(self._measured) - 1)]
        below = self._measured[max(0, place - 1)] if above > num_rows else above
        if above == below:
            return self._seconds[above]
        share = (num_rows - below) / (above - below)
        return (1 - share) * self._seconds[below] + share * self._seconds[above]


class Payoff:
    """How many tokens to guess, from measured acceptance and cost.

    With acceptance a of a guessed token, k guesses yield E = (1 - a^(k+1)) / (1 - a) tokens a pass instead of 1
    (arXiv 2211.17192, equation 1). They pay where, of B sequences in the pass,

        gain(k) = (B - 1 + E) / B · T(B) / (T(B + k) + k·t)  >  1,

    T(n) being the time of a pass with n rows and t that of guessing one token (theorem 3.8 there, for B = 1).
    """

    def __init__(self, times: PassTimes) -> None:
        self._times = times
        self._num_right = 1.0
        self._num_wrong = 1.0
        self._guess_seconds = 0.0
        self._num_skipped = 0
        self._num_guessed = 0
        self._probe_after = _FIRST_PROBE

    @property
    def acceptance(self) -> float:
        """Share of guesses that were right, of those that were checked; the latest proposals count most."""
        return self._num_right / (self._num_right + self._num_wrong)

    def gain(self, length: int) -> float:
        """Speed with `length` guesses a pass, relative to none."""
        num_sequences = self._times.num_sequences
        plain = self._times.seconds(num_sequences)
        checked = self._times.seconds(num_sequences + length)
        cost = 1.0
        if plain is not None and checked is not None and plain > 0:
            cost = (max(plain, checked) + length * self._guess_seconds) / plain
        expected = sum(self.acceptance**power for power in range(length + 1))
        return (num_sequences - 1 + expected) / (num_sequences * cost)

    def best_length(self, limit: int) -> int:
        """The number of guesses, up to `limit`, of highest gain; 0 where none gains."""
        gain, shortest = max(((self.gain(length), -length) for length in range(1, limit + 1)), default=(0.0, 0))
        return -shortest if gain > 1 else 0

    def next_length(self, limit: int) -> int:
        """As `best_length`, with a try now and then while guessing does not pay, and a plain pass while it does."""
        length = self.best_length(limit)
        if length == 0:
            self._num_skipped += 1
            if self._num_skipped < self._probe_after:
                return 0
            self._num_skipped = 0
            self._probe_after = min(2 * self._probe_after, _LAST_PROBE)
            return min(limit, _PROBE_LENGTH)
        self._probe_after = _FIRST_PROBE
        self._num_guessed += 1
        return 0 if self._num_guessed % _PLAIN_INTERVAL == 0 else length

    def observe(self, num_proposed: int, num_accepted: int) -> None:
        """Of a proposal, the accepted tokens were right and the one after them wrong; the rest says nothing."""
        if num_proposed == 0:
            return
        self._num_right = _DECAY * self._num_right + num_accepted
        self._num_wrong = _DECAY * self._num_wrong + (num_accepted < num_proposed)

    def observe_guess(self, num_tokens: int, seconds: float) -> None:
        """Report how long guessing took."""
        self._guess_seconds += 0.2 * (seconds / max(1, num_tokens) - self._guess_seconds)


@dataclass(frozen=True, kw_only=True)
class PromptLookupConfig:
    """Which repetitions count."""

    min_match: int = 2
    """Tokens that must repeat before a continuation is copied."""
    max_match: int = 4
    """Longer repetitions count as this long."""

    def __post_init__(self) -> None:
        if not 1 <= self.min_match <= self.max_match:
            raise ConfigError(
                f"min_match is {self.min_match} and max_match {self.max_match}.",
                "They must satisfy 1 <= min_match <= max_match.",
                "Leave them out for the defaults.",
            )


class PromptLookup:
    """Copies what followed the newest of the longest earlier occurrences of the last tokens.

    An index from every run of `min_match` to `max_match` tokens to the place after its newest occurrence makes a step
    cost as many look-ups as there are lengths, however long the sequence; it takes about 0.5 kB a token.

    Args:
        times: what passes cost.
        config: which repetitions count.
    """

    def __init__(self, times: PassTimes, config: PromptLookupConfig | None = None) -> None:
        config = config or PromptLookupConfig()
        self._lengths = range(config.max_match, config.min_match - 1, -1)
        self._payoff = Payoff(times)
        self._place_after: dict[tuple[int, ...], int] = {}
        self._num_indexed = 0

    def propose(self, tokens: Sequence[int], limit: int) -> list[int]:
        self._index(tokens)
        place = self._find(tokens)
        # The rule is asked only where there is a guess: steps without one neither cost nor show anything.
        return [] if place is None else copied(tokens, place, self._payoff.next_length(limit))

    def observe(self, num_proposed: int, num_accepted: int) -> None:
        self._payoff.observe(num_proposed, num_accepted)

    def pays(self) -> bool:
        return self._payoff.best_length(MAX_GUESSES) > 0

    def release(self) -> None:
        self._place_after.clear()
        self._num_indexed = 0

    def _index(self, tokens: Sequence[int]) -> None:
        """Runs that end before the last token; the last one has no continuation yet."""
        longest = self._lengths.start
        for place in range(self._num_indexed, len(tokens)):
            before = tuple(tokens[max(0, place - longest) : place])
            for length in self._lengths:
                if length <= place:
                    self._place_after[before[-length:]] = place
        self._num_indexed = len(tokens)

    def _find(self, tokens: Sequence[int]) -> int | None:
        last = tuple(tokens[-self._lengths.start :])
        for length in self._lengths:
            place = self._place_after.get(last[-length:]) if length <= len(last) else None
            if place is not None:
                return place
        return None


def copied(tokens: Sequence[int], place: int, length: int) -> list[int]:
    """`length` tokens from `place` on; where they reach the end, the copy goes on with itself, as a rhythm does."""
    copy: list[int] = []
    for index in range(place, place + length):
        copy.append(tokens[index] if index < len(tokens) else copy[index - len(tokens)])
    return copy


class DraftModel:
    """A smaller network that guesses greedily, shared by the sequences of an engine.

    Args:
        runner: the smaller network, with a cache of its own and the same vocabulary.
        times: what passes of the large network cost.
        num_token_ids: ids from here on are never guessed (see `Engine`).
    """

    def __init__(self, runner: Runner, times: PassTimes, *, num_token_ids: int) -> None:
        self.runner = runner
        self.times = times
        self.num_token_ids = min(num_token_ids, runner.vocab_size)
        self.free_blocks = list(range(runner.num_blocks))
        """Blocks of its cache that no sequence holds."""

    def sequence(self) -> DraftSequence:
        """A proposer for one sequence. It holds blocks of the draft's cache until `release`."""
        return DraftSequence(self)


class DraftSequence:
    """The draft's view of one sequence: which tokens its cache holds, and where. Made by `DraftModel.sequence`."""

    def __init__(self, draft: DraftModel) -> None:
        self._draft = draft
        self._payoff = Payoff(draft.times)
        self._blocks: list[int] = []
        self._cached: list[int] = []
        self._num_certain = 0
        """So many of `_cached` were known to be part of the sequence; those after them were guessed."""

    def propose(self, tokens: Sequence[int], limit: int) -> list[int]:
        limit = min(limit, self._draft.runner.max_len - len(tokens) + 1)
        length = self._payoff.next_length(limit) if limit > 0 else 0
        if length == 0 or not self._reserve(len(tokens) + length - 1):
            return []
        num_read = self._keep_common(tokens)
        began = time.perf_counter()
        guesses = [self._read(tokens[num_read:])]
        while len(guesses) < length:
            guesses.append(self._read(guesses[-1:]))
        if len(tokens) - num_read <= length + 1:  # a prompt is read once: its time says nothing of guesses to come
            self._payoff.observe_guess(length, time.perf_counter() - began)
        return guesses

    def observe(self, num_proposed: int, num_accepted: int) -> None:
        self._payoff.observe(num_proposed, num_accepted)

    def pays(self) -> bool:
        return self._payoff.best_length(MAX_GUESSES) > 0

    def release(self) -> None:
        self._draft.free_blocks += self._blocks
        self._blocks, self._cached, self._num_certain = [], [], 0

    def _reserve(self, num_tokens: int) -> bool:
        """Take the blocks for so many tokens; false where the cache is full, and then none is taken."""
        free = self._draft.free_blocks
        missing = -(-num_tokens // self._draft.runner.block_size) - len(self._blocks)
        if missing > len(free):
            return False
        for _ in range(missing):
            self._blocks.append(free.pop())
        return True

    def _keep_common(self, tokens: Sequence[int]) -> int:
        """Forget cached tokens from the first wrong guess on; how many are left. The last token is always read."""
        most = min(len(self._cached), len(tokens) - 1)
        num_common = min(self._num_certain, most)
        while num_common < most and self._cached[num_common] == tokens[num_common]:
            num_common += 1
        del self._cached[num_common:]
        self._num_certain = len(tokens)  # once they are read, which follows
        return num_common

    def _read(self, token_ids: Sequence[int]) -> int:
        """Extend the cache; the draft's choice of the next token."""
        runner = self._draft.runner
        for start in range(0, len(token_ids), _CHUNK):
            chunk = list(token_ids[start : start + _CHUNK])
            is_last = start + _CHUNK >= len(token_ids)
            work = Scheduled(chunk, len(self._cached), tuple(self._blocks), num_logits=int(is_last))
            logits_RV = runner.forward(assemble([work], runner.block_size))
            self._cached += chunk
        return int(logits_RV[-1, : self._draft.num_token_ids].argmax())
