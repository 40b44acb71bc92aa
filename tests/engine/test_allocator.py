"""A sequence gets blocks for its tokens; those that hold its beginning already are shared, and only with its tenant."""

import pytest

from zaphod.engine.allocator import Allocator
from zaphod.engine.sequence import TokenSequence

PROMPT = tuple(range(10))


def allocator(num_blocks=8, **options):
    return Allocator(num_blocks, 4, **options)


def sequence(prompt=PROMPT, **whose):
    return TokenSequence("any", prompt, **whose)


def read(allocator, sequence):
    """Admit and compute all its tokens."""
    assert allocator.admit(sequence)
    sequence.num_cached = len(sequence.token_ids)
    allocator.publish(sequence)
    return sequence


def test_blocks_are_for_all_tokens_and_one_more():
    for length, num_blocks in ((3, 1), (4, 2), (7, 2), (8, 3)):
        fresh = sequence(range(length))
        assert allocator().admit(fresh)
        assert (len(fresh.blocks), fresh.num_cached) == (num_blocks, 0)


def test_full_blocks_of_the_same_beginning_are_shared():
    shared = allocator()
    first, second = read(shared, sequence()), sequence((*PROMPT[:9], 77))
    assert shared.admit(second)
    assert second.blocks[:2] == first.blocks[:2]
    assert second.num_cached == 8
    assert [shared.pool.num_users(block) for block in first.blocks] == [2, 2, 1]
    assert (shared.num_queried_tokens, shared.num_hit_tokens) == (20, 8)


def test_the_last_token_is_always_computed():
    shared = allocator()
    first = read(shared, sequence(range(8)))
    again = sequence(range(8))
    assert shared.admit(again)
    assert (again.num_cached, again.blocks[0]) == (4, first.blocks[0])
    assert again.blocks[1] != first.blocks[1]


@pytest.mark.parametrize("whose", [{"tenant": "other"}, {"adapter_id": 0}])
def test_nothing_is_shared_across_tenants_or_adapters(whose):
    shared = allocator()
    read(shared, sequence())
    stranger = sequence(**whose)
    assert shared.admit(stranger)
    assert stranger.num_cached == 0


def test_nothing_is_shared_where_sharing_is_off():
    private = allocator(shares_prefixes=False)
    read(private, sequence())
    again = sequence()
    assert private.admit(again)
    assert again.num_cached == 0


def test_a_beginning_is_found_after_its_sequence_has_ended_until_the_block_is_needed():
    shared = allocator(num_blocks=4)
    shared.release(read(shared, sequence()))
    assert shared.pool.num_unused == 4
    again = sequence()
    assert shared.admit(again)
    assert again.num_cached == 8
    shared.release(again)
    shared.release(read(shared, sequence(range(50, 65))))
    assert shared.admit(late := sequence())
    assert late.num_cached == 0


def test_the_end_of_a_prefix_is_evicted_before_its_beginning():
    shared = allocator(num_blocks=4)
    shared.release(read(shared, sequence()))
    assert shared.admit(sequence(range(50, 60)))
    assert [block in shared.prefixes for block in (0, 1)] == [True, False]


def test_too_few_blocks_admit_nothing_and_take_nothing():
    shared = allocator(num_blocks=4)
    read(shared, sequence())
    stranger = sequence(range(50, 55))
    assert not shared.admit(stranger)
    assert (len(stranger.blocks), shared.pool.num_unused) == (0, 1)


def test_blocks_found_unused_are_not_counted_twice():
    """Two of the three blocks are found, but they are also two of the three that are unused."""
    shared = allocator(num_blocks=4)
    shared.release(read(shared, sequence()))
    assert shared.admit(sequence(range(50, 53)))
    longer = sequence((*PROMPT, *range(20, 26)))
    assert not shared.admit(longer)
    assert shared.pool.num_unused == 3


def test_growing_takes_blocks_as_they_are_needed():
    shared = allocator(num_blocks=3)
    shared.admit(growing := sequence(range(3)))
    assert shared.grow(growing, 4)
    assert len(growing.blocks) == 1
    assert shared.grow(growing, 12)
    assert len(growing.blocks) == 3
    assert not shared.grow(growing, 13)
    assert len(growing.blocks) == 3


def test_only_computed_tokens_are_published():
    shared = allocator()
    shared.admit(half := sequence())
    half.num_cached = 7
    shared.publish(half)
    assert shared.admit(other := sequence())
    assert other.num_cached == 4
