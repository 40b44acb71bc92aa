"""Documents of one length stand side by side: batches without padding, each document at position 0 as in inference.

Legend: T tokens of all documents in one flat axis, R rows whose next token is learnt (those of the answers),
B documents, S their length.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from zaphod.model.attention import Span


class Document(NamedTuple):
    """A question and its answer as token ids; only the answer is learnt."""

    prompt_ids: Sequence[int]
    answer_ids: Sequence[int]


class Group(NamedTuple):
    """B documents of equal length S."""

    num_documents: int
    length: int


class Batch(NamedTuple):
    """Documents laid end to end, group after group."""

    token_ids_T: Tensor
    positions_T: Tensor
    rows_R: Tensor
    targets_R: Tensor
    groups: tuple[Group, ...]
    domain_ids_T: Tensor | None = None
    """Of each token's document, -1 where unknown; see `training.domains`."""
    counted_T: Tensor | None = None
    """False for tokens that only fill up: they are left out of every count of the experts' load."""


class GroupedSequences:
    """Key/value store of a pass over several groups of whole documents: nothing is kept between passes."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = groups

    def extend(self, layer: int, keys_TGK: Tensor, values_TGK: Tensor) -> Sequence[Span]:
        """One span a group: a document sees itself alone."""
        sizes = [group.num_documents * group.length for group in self.groups]
        stops = list(itertools.accumulate(sizes))
        # NOTE: a split has one gradient for all its parts; every slice would have one of the whole tensor's size.
        parts = [(x,) if len(sizes) == 1 else torch.split(x, sizes) for x in (keys_TGK, values_TGK)]
        return [
            Span(slice(stop - size, stop), *(part.view(*group, *part.shape[1:]) for part in parts_of_group))
            for group, size, stop, *parts_of_group in zip(self.groups, sizes, stops, *parts, strict=True)
        ]


def collate(documents: Sequence[Document]) -> Batch:
    """Lay documents out; they are sorted by length here. The last token of each is a target only, never an input."""
    inputs: list[int] = []
    positions: list[int] = []
    rows: list[int] = []
    targets: list[int] = []
    start = 0
    documents = sorted(documents, key=_length)
    for document in documents:
        ids = [*document.prompt_ids, *document.answer_ids]
        inputs += ids[:-1]
        positions += range(len(ids) - 1)
        rows += range(start + len(document.prompt_ids) - 1, start + len(ids) - 1)
        targets += document.answer_ids
        start += len(ids) - 1
    groups = tuple(Group(len(list(same)), length) for length, same in itertools.groupby(documents, key=_length))
    return Batch(torch.tensor(inputs), torch.tensor(positions), torch.tensor(rows), torch.tensor(targets), groups)


def _length(document: Document) -> int:
    """Tokens that the model reads: the last one is only ever predicted."""
    return len(document.prompt_ids) + len(document.answer_ids) - 1


class BatchStream:
    """Batches number 0, 1, 2 …, each a function of the seed and its number alone, so that training resumes exactly.

    Args:
        make_documents: `make_documents(seed, count)` gives `count` documents, the same for the same seed.
        tokens_per_part: about how many tokens a part holds.
        num_parts: parts of a batch; they are computed side by side and their gradients are summed.
        seed: chooses the whole stream.
        groups_per_part: more lengths in one part mix tasks better, fewer make larger matrix products.
    """

    def __init__(
        self,
        make_documents: Callable[[int, int], list[Document]],
        tokens_per_part: int,
        num_parts: int,
        seed: int,
        groups_per_part: int = 4,
    ) -> None:
        self._make_documents = make_documents
        self._tokens_per_part = tokens_per_part
        self._num_parts = num_parts
        self._seed = seed
        self._groups_per_part = groups_per_part

    def batches(self, first: int = 0) -> Iterator[list[Batch]]:
        """Batches from number `first` on."""
        for pool in itertools.count(first // _BATCHES_PER_POOL):
            yield from self._pool(pool)[max(0, first - pool * _BATCHES_PER_POOL) :]

    def _pool(self, number: int) -> list[list[Batch]]:
        """A pool of documents cut into runs of one length, the runs dealt out at random."""
        rng = random.Random(f"{self._seed}/{number}")
        num_parts = _BATCHES_PER_POOL * self._num_parts
        needed_tokens = num_parts * self._tokens_per_part
        documents = self._make_documents(rng.getrandbits(32), 512)
        mean_length = sum(map(_length, documents)) / len(documents)
        documents += self._make_documents(rng.getrandbits(32), max(0, int(needed_tokens / mean_length) - 512))
        runs = self._runs(documents)
        rng.shuffle(runs)
        batches = [collate(part) for part in _dealt(runs, num_parts)]
        return [batches[n : n + self._num_parts] for n in range(0, num_parts, self._num_parts)]

    def _runs(self, documents: list[Document]) -> list[list[Document]]:
        by_length: dict[int, list[Document]] = defaultdict(list)
        for document in documents:
            by_length[_length(document)].append(document)
        runs = []
        for length, same in sorted(by_length.items()):
            size = max(1, self._tokens_per_part // self._groups_per_part // length)
            runs += [same[n : n + size] for n in range(0, len(same), size)]
        return runs


class ChainedStream:
    """Some steps of one stream, then another from its beginning.

    Args:
        opening: its first `num_steps` steps are taken.
        num_steps: how many.
        rest: all that follows.
    """

    def __init__(self, opening: BatchStream, num_steps: int, rest: BatchStream) -> None:
        self._opening, self._num_steps, self._rest = opening, num_steps, rest

    def batches(self, first: int = 0) -> Iterator[list[Batch]]:
        """Batches from number `first` on."""
        yield from itertools.islice(self._opening.batches(first), max(0, self._num_steps - first))
        yield from self._rest.batches(max(0, first - self._num_steps))


def _dealt(runs: list[list[Document]], num_parts: int) -> list[list[Document]]:
    """Each run goes to the part that holds the fewest tokens, so that parts take equally long."""
    parts = [(0, number, list[Document]()) for number in range(num_parts)]
    for run in runs:
        num_tokens, number, part = parts[0]
        part += run
        heapq.heapreplace(parts, (num_tokens + sum(map(_length, run)), number, part))
    return [part for _, _, part in sorted(parts, key=lambda item: item[1])]


_BATCHES_PER_POOL = 64
