"""Batches of packed rows from documents of token ids; a function of seed and step alone; knows no files and no text.

An epoch lays all documents end to end in an order drawn from the seed and cuts the line into rows. A document may begin
in one row and end in the next; no token is left out but those at the epoch's end that fill no row. With weights, an
epoch has as many documents as there are, each as often as its share of the weights says (systematic sampling).

Legend: T tokens of a part, N documents.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch

from zaphod.core.errors import ConfigError
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


class Selection(NamedTuple):
    """Some of the documents, numbered anew."""

    documents: Documents
    numbers: Numbers

    @property
    def lengths(self) -> Numbers:
        return self.documents.lengths[self.numbers]

    @property
    def num_bytes(self) -> Numbers:
        return self.documents.num_bytes[self.numbers]

    @property
    def domain_ids(self) -> Numbers:
        return self.documents.domain_ids[self.numbers]

    def document(self, number: int) -> npt.NDArray[Any]:
        return self.documents.document(int(self.numbers[number]))


def split(documents: Documents, share: float, seed: int) -> tuple[Selection, Selection]:
    """Two selections, drawn at random: the rest, and about `share` of the documents (one at least if it is not 0)."""
    num_documents = len(documents.lengths)
    order = np.random.Generator(np.random.Philox(key=[seed, 2**32])).permutation(num_documents)
    num_second = min(num_documents - 1, max(1, round(share * num_documents))) if share else 0
    return Selection(documents, np.sort(order[num_second:])), Selection(documents, np.sort(order[:num_second]))


class PackedRows:
    """The stream of a pre-training run: see `training.loop.Stream`.

    Args:
        documents: what is learnt from.
        row_length: tokens that the model reads in a row; each row also has the target of its last token.
        rows_per_part: rows of a part.
        num_parts: parts of a step.
        seed: chooses the order.
        weights_N: how often each document is read, in proportion; all equally often by default.

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
        weights_N: npt.NDArray[np.float64] | None = None,
    ) -> None:
        self._documents = documents
        self._lengths_N, self._domains_N = documents.lengths, documents.domain_ids
        self._row_length, self._rows_per_part, self._num_parts = row_length, rows_per_part, num_parts
        self._seed, self._weights_N = seed, weights_N
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
        """Of the first epoch; with weights, others differ a little."""
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
        rng = np.random.Generator(np.random.Philox(key=[self._seed, number]))
        order_N = np.arange(len(self._lengths_N))
        if self._weights_N is not None:
            # Systematic sampling (Madow 1949): copies differ by less than one from what the weights ask for.
            wanted_N = np.cumsum(self._weights_N / self._weights_N.sum()) * len(order_N) + rng.random()
            copies_N = np.diff(np.floor(wanted_N), prepend=0.0).astype(np.int64)
            order_N = np.repeat(order_N, copies_N)
        rng.shuffle(order_N)
        ends_N = np.cumsum(self._lengths_N[order_N])
        return _Epoch(order_N, ends_N, (int(ends_N[-1]) - 1) // self._row_length if len(ends_N) else 0)


class _Epoch(NamedTuple):
    order_N: Numbers
    ends_N: Numbers
    """Tokens before the end of each document, in that order."""
    num_rows: int
