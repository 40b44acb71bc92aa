"""Batches of packed rows from documents of token ids; a function of seed and step alone; knows no files and no text.

An epoch lays all documents end to end in an order drawn from the seed and cuts the line into rows. A document may begin
in one row and end in the next; no token is left out but those at the epoch's end that fill no row. An epoch is every
document once, or whatever a mixture draws.

Legend: T tokens of a part, N documents.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch

from zaphod.core.errors import ConfigError
from zaphod.data.shards import ShardSet
from zaphod.training.batches import Batch, Group

Numbers = npt.NDArray[np.int64]


class Documents(Protocol):
    """Documents of token ids, numbered from 0; `data.shards.ShardSet` is one."""

    @property
    def lengths(self) -> Numbers:
        """Tokens of each, [N]."""

    @property
    def num_bytes(self) -> Numbers:
        """UTF-8 bytes of each one's text, [N]."""

    @property
    def domain_ids(self) -> Numbers:
        """Number of each one's domain, [N]."""

    def document(self, number: int) -> npt.NDArray[Any]:
        """Token ids of one."""


class TokenArrays(NamedTuple):
    """Documents in memory."""

    arrays: list[npt.NDArray[Any]]
    num_bytes: Numbers
    domain_ids: Numbers

    @property
    def lengths(self) -> Numbers:
        return np.array([len(array) for array in self.arrays], np.int64)

    def document(self, number: int) -> npt.NDArray[Any]:
        return self.arrays[number]


class Selection:
    """Some of the documents, numbered anew."""

    def __init__(self, documents: Documents, numbers: Numbers) -> None:
        self.documents, self.numbers = documents, numbers
        self.lengths = documents.lengths[numbers]
        self.num_bytes = documents.num_bytes[numbers]
        self.domain_ids = documents.domain_ids[numbers]

    def document(self, number: int) -> npt.NDArray[Any]:
        return self.documents.document(int(self.numbers[number]))


class ShardSelection(Selection):
    """Some of the documents of a folder of shards, with what a mixture must know of them."""

    def __init__(self, documents: ShardSet, numbers: Numbers) -> None:
        super().__init__(documents, numbers)
        self.sources = documents.sources
        self.source_ids = documents.source_ids[numbers]
        self.timestamps_s = documents.timestamps_s[numbers]


def split(num_documents: int, share: float, seed: int) -> tuple[Numbers, Numbers]:
    """Numbers of two sets of documents, drawn at random: the rest, and about `share` (one at least if it is not 0)."""
    order = np.random.Generator(np.random.Philox(key=[seed, 2**32])).permutation(num_documents)
    num_second = min(num_documents - 1, max(1, round(share * num_documents))) if share else 0
    return np.sort(order[num_second:]), np.sort(order[:num_second])


class PackedRows:
    """The stream of a pre-training run: see `training.loop.Stream`.

    Args:
        documents: what is learnt from.
        row_length: tokens that the model reads in a row; each row also has the target of its last token.
        rows_per_part: rows of a part.
        num_parts: parts of a step.
        seed: chooses the order.
        order: the documents of an epoch, by its number; every document once, in random order, by default.

    Raises:
        ConfigError: the documents fill no row.
    """

    def __init__(
        self,
        documents: Documents,
        *,
        row_length: int,
        rows_per_part: int,
        num_parts: int,
        seed: int,
        order: Callable[[int], Numbers] | None = None,
    ) -> None:
        self._documents = documents
        self._lengths_N, self._domains_N = documents.lengths, documents.domain_ids
        self._row_length, self._rows_per_part, self._num_parts = row_length, rows_per_part, num_parts
        self._seed, self._order = seed, order
        self._epochs: dict[int, _Epoch] = {}
        self._ends = list[int]()  # rows before the end of each epoch seen so far
        if self._epoch(0).num_rows < 1:
            raise ConfigError(
                f"The documents hold {int(self._lengths_N.sum())} tokens.",
                f"A row needs {row_length + 1}.",
                "Give more text, or a shorter row_length.",
            )

    @property
    def rows_per_epoch(self) -> int:
        """Of the first epoch; with a mixture, others differ a little."""
        return self._epoch(0).num_rows

    def batches(self, first: int = 0) -> Iterator[list[Batch]]:
        """Steps from number `first` on."""
        rows_per_step = self._rows_per_part * self._num_parts
        step = first
        while True:
            rows = [self._row(step * rows_per_step + n) for n in range(rows_per_step)]
            size = self._rows_per_part
            yield [self._part(rows[n : n + size]) for n in range(0, rows_per_step, size)]
            step += 1

    def _part(self, rows: list[tuple[npt.NDArray[np.int64], Numbers]]) -> Batch:
        length = self._row_length
        ids = torch.from_numpy(np.stack([ids for ids, _ in rows]))
        domains = torch.from_numpy(np.stack([domains for _, domains in rows]))
        return Batch(
            token_ids_T=ids[:, :-1].reshape(-1),
            positions_T=torch.arange(length).repeat(len(rows)),
            rows_R=torch.arange(length * len(rows)),
            targets_R=ids[:, 1:].reshape(-1),
            groups=(Group(len(rows), length),),
            domain_ids_T=domains[:, :-1].reshape(-1),
        )

    def _row(self, number: int) -> tuple[npt.NDArray[np.int64], Numbers]:
        """Token ids of one row and the domain of each."""
        index = self._epoch_of(number)
        epoch = self._epoch(index)
        start = (number - (self._ends[index - 1] if index else 0)) * self._row_length
        stop = start + self._row_length + 1
        ids, domains = [], []
        place = int(np.searchsorted(epoch.ends_N, start, side="right"))
        while start < stop:
            document = int(epoch.order_N[place])
            offset = start - int(epoch.ends_N[place] - self._lengths_N[document])
            piece = self._documents.document(document)[offset : offset + stop - start].astype(np.int64)
            ids.append(piece)
            domains.append(np.full(len(piece), self._domains_N[document], np.int64))
            start += len(piece)
            place += 1
        return np.concatenate(ids), np.concatenate(domains)

    def _epoch_of(self, row: int) -> int:
        while not self._ends or self._ends[-1] <= row:
            self._ends = list(accumulate([*self._row_counts(), self._epoch(len(self._ends)).num_rows]))
        return bisect.bisect_right(self._ends, row)

    def _row_counts(self) -> list[int]:
        return [end - before for before, end in zip([0, *self._ends], self._ends, strict=False)]

    def _epoch(self, number: int) -> _Epoch:
        if number not in self._epochs:
            for old in sorted(self._epochs)[:-1]:
                del self._epochs[old]  # a step touches two epochs at most
            self._epochs[number] = self._drawn(number)
        return self._epochs[number]

    def _drawn(self, number: int) -> _Epoch:
        order_N = self._shuffled(number) if self._order is None else self._order(number)
        ends_N = np.cumsum(self._lengths_N[order_N])
        return _Epoch(order_N, ends_N, (int(ends_N[-1]) - 1) // self._row_length if len(ends_N) else 0)

    def _shuffled(self, number: int) -> Numbers:
        rng = np.random.Generator(np.random.Philox(key=[self._seed, number]))
        return rng.permutation(len(self._lengths_N))


class _Epoch(NamedTuple):
    order_N: Numbers
    ends_N: Numbers
    """Tokens before the end of each document, in that order."""
    num_rows: int
