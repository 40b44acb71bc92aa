import random
from itertools import islice

import torch

from zaphod.training.batches import Batch, BatchStream, ChainedStream, Document, Group, GroupedSequences, collate

FIRST = Document([1, 5, 6, 2], [7, 8, 3])
SECOND = Document([1, 9, 2], [4, 3])
THIRD = Document([1, 5, 2], [6, 9, 7, 3])


def make_documents(seed: int, count: int) -> list[Document]:
    rng = random.Random(seed)
    return [
        Document([1, *rng.choices(range(4, 50), k=rng.randrange(3, 20)), 2], [*rng.choices(range(4, 50), k=5), 3])
        for _ in range(count)
    ]


def test_documents_lie_end_to_end_in_groups_of_one_length() -> None:
    batch = collate([FIRST, SECOND, THIRD])
    assert batch.groups == (Group(1, 4), Group(2, 6))
    assert batch.token_ids_T.tolist() == [1, 9, 2, 4, 1, 5, 6, 2, 7, 8, 1, 5, 2, 6, 9, 7]
    assert batch.positions_T.tolist() == [*range(4), *range(6), *range(6)]


def test_answers_alone_are_learnt_each_from_the_token_before_it() -> None:
    batch = collate([FIRST, SECOND])
    assert batch.targets_R.tolist() == [4, 3, 7, 8, 3]
    assert batch.token_ids_T[batch.rows_R].tolist() == [2, 4, 2, 7, 8]


def test_a_span_holds_its_groups_keys_and_no_others() -> None:
    keys = torch.arange(16.0).view(16, 1, 1)
    small, large = GroupedSequences((Group(1, 4), Group(2, 6))).extend(0, keys, -keys)
    assert (small.rows, large.rows) == (slice(0, 4), slice(4, 16))
    assert large.keys_BSGK.flatten(1).tolist() == [[4, 5, 6, 7, 8, 9], [10, 11, 12, 13, 14, 15]]
    assert small.values_BSGK.flatten().tolist() == [0, -1, -2, -3]


def test_the_stream_starts_anywhere_with_the_same_batches() -> None:
    def ids(first: int, count: int) -> list[list[list[int]]]:
        stream = BatchStream(make_documents, 100, 2, seed=7)
        return [[part.token_ids_T.tolist() for part in parts] for parts in islice(stream.batches(first), count)]

    # NOTE: a pool holds 64 batches, so 70 batches cross into the second.
    assert ids(0, 70)[60:] == ids(60, 10)


def test_parts_hold_about_the_tokens_asked_for() -> None:
    for parts in islice(BatchStream(make_documents, 400, 3, seed=0).batches(), 20):
        assert len(parts) == 3
        assert all(200 < len(part.token_ids_T) < 600 for part in parts)


def test_every_document_of_a_part_is_whole() -> None:
    part: Batch = next(BatchStream(make_documents, 300, 1, seed=0).batches())[0]
    assert sum(group.num_documents * group.length for group in part.groups) == len(part.token_ids_T)
    assert int((part.positions_T == 0).sum()) == sum(group.num_documents for group in part.groups)
    assert int((part.targets_R == 3).sum()) == int((part.positions_T == 0).sum())


def test_a_chained_stream_goes_on_with_the_next_ones_beginning_wherever_it_starts() -> None:
    opening, rest = (BatchStream(make_documents, 100, 2, seed=seed) for seed in (1, 2))

    def ids(stream: BatchStream | ChainedStream, first: int, count: int) -> list[list[int]]:
        return [parts[0].token_ids_T.tolist() for parts in islice(stream.batches(first), count)]

    chained = ChainedStream(opening, 5, rest)
    whole = ids(opening, 0, 5) + ids(rest, 0, 7)
    assert all(ids(chained, first, 12 - first) == whole[first:] for first in range(12))
