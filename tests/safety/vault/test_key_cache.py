from __future__ import annotations

import pytest
from tests.safety.vault.conftest import Clock
from tests.support.key_table import MemoryKeyTable

from zaphod.core.errors import ConfigError
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.key_cache import KeyCache
from zaphod.safety.vault.keyring import VaultOptions
from zaphod.safety.vault.vault import Vault


def cache(clock: Clock, ttl_s: float = 10, max_entries: int = 3) -> KeyCache[str]:
    return KeyCache(ttl_s=ttl_s, max_entries=max_entries, clock=clock)


def test_a_key_is_given_out_until_its_time_is_over(clock: Clock) -> None:
    keys = cache(clock)
    keys.put("a", "key", keys.generation)
    clock.now_s += 9.9
    assert keys.get("a") == "key"
    clock.now_s += 0.1
    assert keys.get("a") is None


def test_using_a_key_does_not_prolong_its_time(clock: Clock) -> None:
    keys = cache(clock)
    keys.put("a", "key", keys.generation)
    for _ in range(10):
        clock.now_s += 1
        keys.get("a")
    assert keys.get("a") is None


def test_the_oldest_leaves_when_it_is_full(clock: Clock) -> None:
    keys = cache(clock)
    for name in "abcd":
        keys.put(name, name, keys.generation)
    assert [keys.get(name) for name in "abcd"] == [None, "b", "c", "d"]
    assert len(keys) == 3


def test_what_is_too_old_leaves_memory_when_the_next_comes(clock: Clock) -> None:
    keys = cache(clock)
    keys.put("a", "key", keys.generation)
    clock.now_s += 11
    keys.put("b", "key", keys.generation)
    assert len(keys) == 1


def test_without_time_nothing_is_kept(clock: Clock) -> None:
    keys = cache(clock, ttl_s=0)
    keys.put("a", "key", keys.generation)
    assert (keys.get("a"), len(keys)) == (None, 0)


def test_what_was_looked_up_before_all_was_dropped_is_not_kept(clock: Clock) -> None:
    keys = cache(clock)
    generation = keys.generation
    keys.clear()
    keys.put("a", "key", generation)
    assert keys.get("a") is None


def test_a_cache_prints_no_key(clock: Clock) -> None:
    keys = cache(clock)
    keys.put("a", "the key", keys.generation)
    assert repr(keys) == "KeyCache(1 keys)"


@pytest.mark.parametrize("options", [{"cache_ttl_s": -1.0}, {"cache_ttl_s": float("nan")}, {"max_cached_keys": 0}])
def test_impossible_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        VaultOptions(**options)  # type: ignore[arg-type]


def test_a_vault_asks_its_table_once_for_many_records(vault: Vault, table: MemoryKeyTable) -> None:
    vault.encrypt(b"x", tenant="t", subject="s", record="r")
    before = table.num_reads
    for number in range(10):
        sealed = vault.encrypt(b"x", tenant="t", subject="s", record=f"{number}")
    assert table.num_reads == before
    vault.decrypt(sealed, tenant="t", subject="s", record="9")
    assert table.num_reads == before + 1


def test_a_vault_without_a_cache_asks_the_kek_every_time(table: MemoryKeyTable, kek: KekProvider) -> None:
    num_asked = 0

    class Counting:
        kind, key_id, wrap, close = kek.kind, kek.key_id, kek.wrap, kek.close

        def unwrap(self, envelope: bytes, bound: bytes):  # type: ignore[no-untyped-def]
            nonlocal num_asked
            num_asked += 1
            return kek.unwrap(envelope, bound)

    with Vault(table, Counting(), options=VaultOptions(cache_ttl_s=0)) as vault:
        sealed = vault.encrypt(b"x", tenant="t", subject="s", record="r")
        before = num_asked
        for _ in range(3):
            vault.decrypt(sealed, tenant="t", subject="s", record="r")
    assert num_asked == before + 3
