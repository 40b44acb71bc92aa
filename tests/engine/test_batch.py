"""A batch says where each new token goes and what it may look at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.engine.batch import Scheduled, assemble


def test_sequences_follow_each_other_on_one_axis():
    batch = assemble([Scheduled([7, 8, 9], 0, (1,)), Scheduled([5], 4, (0,), adapter_id=2)], block_size=10)
    assert batch.token_ids_T.tolist() == [7, 8, 9, 5]
    assert batch.positions_T.tolist() == [0, 1, 2, 4]
    assert batch.slot_mapping_T.tolist() == [10, 11, 12, 4]
    assert (batch.query_lens_B.tolist(), batch.context_lens_B.tolist()) == ([3, 1], [3, 5])
    assert batch.logit_rows_R.tolist() == [2, 3]
    assert batch.adapter_ids_B.tolist() == [-1, 2]


def test_a_sequence_crosses_from_one_of_its_blocks_into_the_next():
    batch = assemble([Scheduled([1, 2, 3, 4], 2, (5, 0, 9))], block_size=2)
    assert batch.slot_mapping_T.tolist() == [0, 1, 18, 19]


def test_block_tables_are_as_wide_as_the_longest_and_padded_with_zeros():
    batch = assemble([Scheduled([1], 0, (7, 8)), Scheduled([1, 2, 3], 2, (5, 0, 9, 4))], block_size=2)
    assert batch.block_tables_BN.tolist() == [[7, 0, 0], [5, 0, 9]]


def test_logits_are_asked_for_where_they_are_wanted():
    work = [Scheduled([1, 2], 0, (0,), num_logits=0), Scheduled([3, 4, 5], 0, (1,), num_logits=3)]
    assert assemble(work, block_size=4).logit_rows_R.tolist() == [2, 3, 4]
    assert assemble(work[:1], block_size=4).logit_rows_R.tolist() == []


@pytest.mark.parametrize("company", [[], [Scheduled([1], 0, (2,))]])
def test_a_token_without_a_block_is_our_own_bug(company):
    with pytest.raises(IndexError):
        assemble([Scheduled([1, 2, 3], 0, (4,)), *company], block_size=2)


LENGTHS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=5)


@given(st.integers(1, 5), LENGTHS)
def test_no_two_tokens_share_a_slot_and_positions_count_up(block_size, lengths):
    blocks_each = -(-18 // block_size)
    scheduled = [
        Scheduled([0] * new, cached, tuple(range(n * blocks_each, (n + 1) * blocks_each)))
        for n, (cached, new) in enumerate(lengths)
    ]
    batch = assemble(scheduled, block_size)
    assert len(set(batch.slot_mapping_T.tolist())) == len(batch.token_ids_T) == sum(batch.query_lens_B)
    assert batch.positions_T.tolist() == [p for cached, new in lengths for p in range(cached, cached + new)]


@given(st.integers(1, 5), LENGTHS)
def test_a_sequence_has_the_same_share_alone_as_in_company(block_size, lengths):
    scheduled = [Scheduled(list(range(new)), cached, range(n, n + 20)) for n, (cached, new) in enumerate(lengths)]
    together, end = assemble(scheduled, block_size), 0
    for number, work in enumerate(scheduled):
        alone, begin, end = assemble([work], block_size), end, end + len(work.token_ids)
        for name in ("token_ids_T", "positions_T", "slot_mapping_T"):
            assert np.array_equal(getattr(alone, name), getattr(together, name)[begin:end])
            assert getattr(alone, name).dtype == getattr(together, name).dtype
        for name in ("query_lens_B", "context_lens_B", "adapter_ids_B"):
            assert getattr(alone, name).tolist() == [getattr(together, name)[number]]
        assert alone.logit_rows_R + begin == [together.logit_rows_R[number]]
