"""The cache gives back what was put in, to the sequence that put it there."""

import pytest
import torch

from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.cache import KVCache, cache_bytes
from zaphod.testing import TINY_CONFIG

KEYS_SHAPE = (TINY_CONFIG.num_kv_heads, TINY_CONFIG.head_dim)


@pytest.fixture
def cache():
    return KVCache(TINY_CONFIG, num_blocks=6, block_size=4, dtype=torch.float32)


def extend(cache, layer, *scheduled):
    batch = assemble(list(scheduled), cache.block_size)
    keys = torch.randn(len(batch.token_ids_T), *KEYS_SHAPE)
    return keys, cache.for_batch(batch).extend(layer, keys, -keys)


@pytest.mark.parametrize("blocks", [(2, 3), (5, 1)])
def test_a_sequence_sees_its_earlier_tokens_before_its_new_ones(cache, blocks):
    first, _ = extend(cache, 1, Scheduled([0] * 5, 0, blocks))
    second, (span,) = extend(cache, 1, Scheduled([0] * 2, 5, blocks))
    assert torch.equal(span.keys_BSGK[0], torch.cat((first, second)))
    assert torch.equal(span.values_BSGK, -span.keys_BSGK)
    assert span.rows == slice(0, 2)


def test_sequences_and_layers_keep_apart(cache):
    keys, (one, two) = extend(cache, 0, Scheduled([0] * 3, 0, (0,)), Scheduled([0] * 5, 0, (4, 1)))
    extend(cache, 2, Scheduled([0] * 3, 0, (0,)))
    assert torch.equal(one.keys_BSGK[0], keys[:3])
    assert torch.equal(two.keys_BSGK[0], keys[3:])


def test_two_sequences_may_share_their_beginning(cache):
    shared, _ = extend(cache, 0, Scheduled([0] * 4, 0, (3,)))
    own, (one, two) = extend(cache, 0, Scheduled([0] * 2, 4, (3, 5)), Scheduled([0], 4, (3, 0)))
    assert torch.equal(one.keys_BSGK[0], torch.cat((shared, own[:2])))
    assert torch.equal(two.keys_BSGK[0], torch.cat((shared, own[2:])))


def test_a_block_taken_over_shows_nothing_of_its_last_owner(cache):
    extend(cache, 0, Scheduled([0] * 4, 0, (1,)))
    keys, (span,) = extend(cache, 0, Scheduled([0] * 2, 0, (1,)))
    assert torch.equal(span.keys_BSGK[0], keys)


def test_keys_in_blocks_that_follow_each_other_are_views(cache):
    _, (span,) = extend(cache, 0, Scheduled([0] * 7, 0, (1, 2)))
    assert span.keys_BSGK.untyped_storage().data_ptr() == cache.keys_LPGK.untyped_storage().data_ptr()


def test_the_announced_bytes_are_those_allocated(cache):
    allocated = cache.keys_LPGK.nbytes + cache.values_LPGK.nbytes
    assert cache_bytes(TINY_CONFIG, 6 * 4, torch.float32) == allocated
