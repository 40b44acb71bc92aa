import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.training.batches import Batch
from zaphod.training.pretraining_stream import PackedRows, Selection, TokenArrays, split


def documents(lengths: list[int]) -> TokenArrays:
    """Document number n holds the tokens n*1000, n*1000 + 1 …; its domain is n modulo 3."""
    arrays = [np.arange(length, dtype=np.uint32) + 1000 * n for n, length in enumerate(lengths)]
    return TokenArrays(arrays, np.array(lengths), np.arange(len(lengths)) % 3)


def stream(lengths: list[int], **options: object) -> PackedRows:
    settings = {"row_length": 8, "rows_per_part": 2, "num_parts": 2, "seed": 3} | options
    return PackedRows(documents(lengths), **settings)  # type: ignore[arg-type]


def steps(source: PackedRows, count: int, first: int = 0) -> list[list[Batch]]:
    batches = source.batches(first)
    return [next(batches) for _ in range(count)]


def test_an_epoch_reads_every_token_once_but_those_that_fill_no_row() -> None:
    rows = stream([5, 11, 30, 3, 20], rows_per_part=1, num_parts=1)
    read = torch.cat([parts[0].token_ids_T for parts in steps(rows, rows.rows_per_epoch)])
    assert rows.rows_per_epoch == 8
    assert len(read.unique()) == len(read) == 64


def test_a_target_is_the_token_that_comes_next() -> None:
    batch = steps(stream([200]), 1)[0][0]
    assert torch.equal(batch.targets_R, batch.token_ids_T + 1)
    assert batch.groups == ((2, 8),)


def test_each_token_bears_its_documents_domain() -> None:
    batch = steps(stream([30, 30, 30, 30]), 1)[0][1]
    assert batch.domain_ids_T is not None
    assert torch.equal(batch.domain_ids_T, batch.token_ids_T // 1000 % 3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=3, max_size=12), st.integers(0, 9), st.integers(0, 99))
def test_a_step_does_not_depend_on_where_the_run_began(lengths: list[int], first: int, seed: int) -> None:
    lengths = [*lengths, 20]
    late = steps(stream(lengths, seed=seed), 3, first)
    early = steps(stream(lengths, seed=seed), first + 3)[first:]
    for ours, theirs in zip(late, early, strict=True):
        assert all(torch.equal(a.token_ids_T, b.token_ids_T) for a, b in zip(ours, theirs, strict=True))


def test_another_seed_gives_another_order() -> None:
    ours, theirs = (steps(stream([30] * 9, seed=seed), 1)[0][0] for seed in (1, 2))
    assert not torch.equal(ours.token_ids_T, theirs.token_ids_T)


def test_an_order_says_which_documents_are_read_and_how_often() -> None:
    orders = [np.array([4, 4, 1]), np.array([2, 2, 2])]
    rows = stream([17] * 6, row_length=10, rows_per_part=1, num_parts=1, order=lambda epoch: orders[epoch % 2])
    read = torch.cat([parts[0].token_ids_T for parts in steps(rows, 15)])
    assert rows.rows_per_epoch == 5
    assert (read // 1000).unique_consecutive().tolist() == [4, 1, 2, 4, 1]


def test_documents_that_fill_no_row_are_refused() -> None:
    with pytest.raises(ConfigError, match="A row needs 9"):
        stream([5, 3])


def test_a_split_loses_no_document_and_is_the_same_each_time() -> None:
    kept, held_out = split(50, 0.1, seed=4)
    assert sorted([*kept, *held_out]) == list(range(50))
    assert len(held_out) == 5
    assert np.array_equal(held_out, split(50, 0.1, seed=4)[1])


def test_a_selection_has_numbers_of_its_own() -> None:
    some = Selection(documents([3, 4, 5]), np.array([2, 0]))
    assert some.lengths.tolist() == [5, 3]
    assert some.document(0)[0] == 2000
