"""The cache gives back what was put in, to the sequence that put it there."""

import pytest
import torch

from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.cache import KVCache, cache_bytes
from zaphod.testing import TINY_CONFIG

KEYS_SHAPE = (TINY_CONFIG.num_kv_heads, TINY_CONFIG.head_dim)


@pytest.fixture
def cache():
    return KVCache(TINY_CONFIG, num_blocks=3, block_size=8, dtype=torch.float32)


def extend(cache, layer, *scheduled):
    batch = assemble(list(scheduled), cache.block_size)
    keys = torch.randn(len(batch.token_ids_T), *KEYS_SHAPE)
    return keys, cache.for_batch(batch).extend(layer, keys, -keys)


def test_a_sequence_sees_its_earlier_tokens_before_its_new_ones(cache):
    first, _ = extend(cache, 1, Scheduled([0] * 5, 0, (2,)))
    second, (span,) = extend(cache, 1, Scheduled([0] * 2, 5, (2,)))
    assert torch.equal(span.keys_BSGK[0], torch.cat((first, second)))
    assert torch.equal(span.values_BSGK, -span.keys_BSGK)
    assert span.rows == slice(0, 2)


def test_sequences_and_layers_keep_apart(cache):
    keys, (one, two) = extend(cache, 0, Scheduled([0] * 3, 0, (0,)), Scheduled([0] * 4, 0, (1,)))
    extend(cache, 2, Scheduled([0] * 3, 0, (0,)))
    assert torch.equal(one.keys_BSGK[0], keys[:3])
    assert torch.equal(two.keys_BSGK[0], keys[3:])


def test_a_block_taken_over_shows_nothing_of_its_last_owner(cache):
    extend(cache, 0, Scheduled([0] * 8, 0, (1,)))
    keys, (span,) = extend(cache, 0, Scheduled([0] * 2, 0, (1,)))
    assert torch.equal(span.keys_BSGK[0], keys)


def test_keys_are_views_and_never_copied(cache):
    _, (span,) = extend(cache, 0, Scheduled([0] * 3, 0, (1,)))
    assert span.keys_BSGK.untyped_storage().data_ptr() == cache.keys_LPGK.untyped_storage().data_ptr()


def test_the_announced_bytes_are_those_allocated(cache):
    allocated = cache.keys_LPGK.nbytes + cache.values_LPGK.nbytes
    assert cache_bytes(TINY_CONFIG, 3 * 8, torch.float32) == allocated
