from __future__ import annotations

import dataclasses
import threading

import pytest

from zaphod.records.api_keys import ApiKey, ApiKeys
from zaphod.records.store import Store, StoreOptions

KEY = ApiKey(id="key_1", digest=bytes(range(224, 256)), name="Ada", scopes="generate", tenant="lab", created_s=5)


@pytest.fixture
def keys(store: Store) -> ApiKeys:
    return store.api_keys


def test_a_key_is_found_by_digest_and_by_id_with_everything_it_has(keys: ApiKeys) -> None:
    full = dataclasses.replace(
        KEY, expires_s=9, revoked_s=8, last_used_s=7, requests_per_minute=1, tokens_per_minute=2, tokens_per_day=2**53,
        max_concurrent=4,
    )  # fmt: skip
    keys.add(full)
    assert keys.find(KEY.digest) == keys.get("key_1") == full
    assert (keys.find(b"x" * 32), keys.get("key_2")) == (None, None)


def test_keys_are_listed_oldest_first(keys: ApiKeys) -> None:
    for number, created_s in enumerate((7, 3, 5)):
        keys.add(dataclasses.replace(KEY, id=f"key_{number}", digest=bytes([number]), created_s=created_s))
    assert [key.created_s for key in keys.all()] == [3, 5, 7]


def test_whether_any_opens_something_is_known(keys: ApiKeys) -> None:
    assert (keys.has_any(), keys.has_usable(0)) == (False, False)
    keys.add(dataclasses.replace(KEY, expires_s=10))
    assert (keys.has_any(), keys.has_usable(9), keys.has_usable(10)) == (True, True, False)
    keys.add(dataclasses.replace(KEY, id="key_2", digest=b"2"))
    assert keys.has_usable(10)
    keys.revoke("key_2", 3)
    keys.revoke("key_2", 4)
    assert keys.get("key_2").revoked_s == 3  # type: ignore[union-attr]
    assert not keys.has_usable(10)


def test_programs_that_count_at_the_same_time_add_up(options: StoreOptions) -> None:
    def count() -> None:
        with Store.open(options) as store:
            for _ in range(10):
                store.api_keys.record_use({("key_1", 3): 2, ("key_2", 3): 1}, {}, forget_before_day=0)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store.open(options) as store:
        assert (store.api_keys.used_tokens("key_1", 3), store.api_keys.usage("key_2")) == (80, {3: 40})


def test_the_last_use_never_goes_back(keys: ApiKeys) -> None:
    keys.add(KEY)
    keys.record_use({}, {"key_1": 9}, forget_before_day=0)
    keys.record_use({}, {"key_1": 8}, forget_before_day=0)
    assert keys.get("key_1").last_used_s == 9  # type: ignore[union-attr]


def test_old_days_and_forgotten_keys_leave_nothing(keys: ApiKeys) -> None:
    keys.add(KEY)
    keys.record_use({("key_1", 1): 5, ("key_1", 2): 6}, {}, forget_before_day=2)
    assert keys.usage("key_1") == {2: 6}
    keys.forget("key_1")
    assert (keys.usage("key_1"), keys.has_any(), keys.used_tokens("key_1", 2)) == ({}, False, 0)
