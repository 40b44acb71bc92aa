"""A block is free when its last user has left, and what is worth keeping is taken last."""

import pytest

from zaphod.engine.blocks import BlockPool


def test_blocks_are_taken_one_after_another_and_come_to_an_end():
    pool = BlockPool(3)
    assert [pool.take() for _ in range(3)] == [0, 1, 2]
    assert pool.num_unused == 0
    with pytest.raises(KeyError):
        pool.take()


def test_a_shared_block_is_free_when_its_last_user_leaves():
    pool = BlockPool(1)
    block = pool.take()
    pool.share(block)
    pool.release(block, is_worth_keeping=False)
    assert (pool.num_users(block), pool.num_unused) == (1, 0)
    pool.release(block, is_worth_keeping=False)
    assert (pool.num_users(block), pool.num_unused) == (0, 1)


def test_a_block_without_users_can_be_shared_again():
    pool = BlockPool(2)
    block = pool.take()
    pool.release(block, is_worth_keeping=True)
    pool.share(block)
    assert (pool.num_users(block), pool.num_unused) == (1, 1)


def test_worthless_blocks_are_taken_before_those_worth_keeping_and_of_these_the_oldest():
    pool = BlockPool(4)
    for _ in range(4):
        pool.take()
    for block in (2, 0):
        pool.release(block, is_worth_keeping=True)
    for block in (3, 1):
        pool.release(block, is_worth_keeping=False)
    assert [pool.take() for _ in range(4)] == [1, 3, 2, 0]


def test_leaving_a_block_twice_is_our_own_bug():
    pool = BlockPool(1)
    pool.release(pool.take(), is_worth_keeping=False)
    with pytest.raises(AssertionError):
        pool.release(0, is_worth_keeping=False)
