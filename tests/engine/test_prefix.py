"""A block is found by all that it depends on, and by nothing less."""

from zaphod.engine.prefix import PrefixCache, block_hash, root_hash


def test_a_hash_covers_tenant_adapter_and_every_token_before():
    roots = [root_hash("", -1), root_hash("a", -1), root_hash("", 0), root_hash("-1 ", -1), root_hash("1", -1)]
    hashes = [block_hash(root, b"same") for root in roots]
    hashes += [block_hash(roots[0], b"other"), block_hash(hashes[0], b"same"), block_hash(hashes[1], b"same")]
    assert len({*roots, *hashes}) == len(roots) + len(hashes)


def test_a_tenant_of_any_letters_has_a_hash():
    assert root_hash("\ud800é", 1) != root_hash("é", 1)


def test_the_beginning_is_found_as_far_as_it_is_known():
    cache = PrefixCache()
    for key, block in ((b"a", 7), (b"b", 2), (b"d", 5)):
        cache.publish(key, block)
    assert cache.longest([b"a", b"b", b"c", b"d"]) == [7, 2]
    assert cache.longest([b"c", b"a"]) == []


def test_of_two_blocks_that_hold_the_same_the_first_is_found():
    cache = PrefixCache()
    cache.publish(b"a", 1)
    cache.publish(b"a", 2)
    assert (cache.longest([b"a"]), 1 in cache, 2 in cache) == ([1], True, False)
    cache.forget(2)
    assert cache.longest([b"a"]) == [1]


def test_a_forgotten_block_is_no_longer_found():
    cache = PrefixCache()
    cache.publish(b"a", 1)
    cache.forget(1)
    assert (cache.longest([b"a"]), 1 in cache, len(cache)) == ([], False, 0)
