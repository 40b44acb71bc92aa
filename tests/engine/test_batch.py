"""A batch says where each new token goes and what it may look at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.engine.batch import Scheduled, assemble


def test_sequences_follow_each_other_on_one_axis():
    batch = assemble([Scheduled([7, 8, 9], 0, (1,)), Scheduled([5], 4, (0,))], block_size=10)
    assert batch.token_ids_T.tolist() == [7, 8, 9, 5]
    assert batch.positions_T.tolist() == [0, 1, 2, 4]
    assert batch.slot_mapping_T.tolist() == [10, 11, 12, 4]
    assert (batch.query_lens_B, batch.context_lens_B) == ((3, 1), (3, 5))
    assert batch.logit_rows_R.tolist() == [2, 3]


def test_a_sequence_crosses_from_one_of_its_blocks_into_the_next():
    batch = assemble([Scheduled([1, 2, 3, 4], 2, (5, 0, 9))], block_size=2)
    assert batch.slot_mapping_T.tolist() == [0, 1, 18, 19]


def test_a_token_without_a_block_is_our_own_bug():
    with pytest.raises(IndexError):
        assemble([Scheduled([1, 2, 3], 0, (4,))], block_size=2)


@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=5))
def test_no_two_tokens_share_a_slot_and_positions_count_up(block_size, lengths):
    blocks_each = -(-18 // block_size)
    scheduled = [
        Scheduled([0] * new, cached, tuple(range(n * blocks_each, (n + 1) * blocks_each)))
        for n, (cached, new) in enumerate(lengths)
    ]
    batch = assemble(scheduled, block_size)
    assert len(set(batch.slot_mapping_T.tolist())) == len(batch.token_ids_T) == sum(batch.query_lens_B)
    assert batch.positions_T.tolist() == [p for cached, new in lengths for p in range(cached, cached + new)]
