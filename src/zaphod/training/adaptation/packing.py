"""Documents of any lengths laid end to end: no padding, each at position 0 and blind to its neighbours.

Legend: T tokens of all documents in one flat axis, R rows whose next token is learnt.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence

import torch

from zaphod.core.errors import ConfigError
from zaphod.training.adaptation.encoding import Sample
from zaphod.training.batches import Batch, Group


def pack(samples: Sequence[Sample]) -> Batch:
    """One part of a batch. The last token of each document is a target only, never an input."""
    inputs: list[int] = []
    positions: list[int] = []
    rows: list[int] = []
    targets: list[int] = []
    ordered = sorted(samples, key=_length)
    for sample in ordered:
        ids, start = sample.token_ids, len(inputs)
        inputs += ids[:-1]
        positions += range(len(ids) - 1)
        rows += [start + place - 1 for place, wanted in enumerate(sample.is_learnt) if wanted]
        targets += [ids[place] for place, wanted in enumerate(sample.is_learnt) if wanted]
    groups = tuple(Group(len(list(same)), length) for length, same in itertools.groupby(ordered, key=_length))
    return Batch(torch.tensor(inputs), torch.tensor(positions), torch.tensor(rows), torch.tensor(targets), groups)


class PackedStream:
    """Steps 0, 1, 2 … over the documents, shuffled anew in each round; a function of seed and step alone.

    Args:
        samples: the documents.
        tokens_per_part: about how many tokens a part holds; a longer document is a part of its own.
        num_parts: parts of a step.
        seed: chooses the order.
    """

    def __init__(self, samples: Sequence[Sample], tokens_per_part: int, num_parts: int, seed: int) -> None:
        if not samples or tokens_per_part < 1 or num_parts < 1:
            raise ConfigError(
                f"{len(samples)} documents, {tokens_per_part} tokens a part, {num_parts} parts.",
                "Each is at least 1.",
                "Give examples, and sizes above 0.",
            )
        self._samples = samples
        self._tokens_per_part = tokens_per_part
        self._num_parts = num_parts
        self._seed = seed

    def batches(self, first: int = 0) -> Iterator[list[Batch]]:
        """The parts of steps `first`, `first` + 1 …"""
        parts = itertools.islice(self.parts(), first * self._num_parts, None)
        while True:
            yield [pack([self._samples[i] for i in next(parts)]) for _ in range(self._num_parts)]

    def steps_per_round(self) -> float:
        """About how many steps meet every document once."""
        return len(list(self._round(0))) / self._num_parts

    def parts(self) -> Iterator[list[int]]:
        """The numbers of each part's documents, step after step."""
        return itertools.chain.from_iterable(map(self._round, itertools.count()))

    def _round(self, number: int) -> Iterator[list[int]]:
        """Every document once, in parts that are as full as they can be without looking ahead."""
        order = list(range(len(self._samples)))
        random.Random(f"{self._seed}/{number}").shuffle(order)
        part: list[int] = []
        size = 0
        for index in order:
            length = _length(self._samples[index])
            if part and size + length > self._tokens_per_part:
                yield part
                part, size = [], 0
            part.append(index)
            size += length
        yield part


def _length(sample: Sample) -> int:
    """Tokens that the model reads."""
    return len(sample.token_ids) - 1
