from __future__ import annotations

import dataclasses
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.records import a_wrapped_key

from zaphod.core.errors import ConfigError
from zaphod.records.store import Store, StoreOptions
from zaphod.safety.vault.wrapped_key import KeyTable


@pytest.fixture
def table(store: Store) -> KeyTable:
    return store.wrapped_keys


def test_a_key_is_found_by_its_name_and_as_the_one_in_use(table: KeyTable) -> None:
    key = a_wrapped_key("a", "k1", "ada", wrapped=bytes(range(256)))
    assert table.add(key)
    assert table.find("a", "k1") == key
    assert table.in_use("a", "ada") == key
    assert (table.find("b", "k1"), table.in_use("a", ""), table.in_use("b", "ada")) == (None, None, None)


def test_a_tenant_and_subject_has_one_in_use(table: KeyTable) -> None:
    assert table.add(a_wrapped_key("a", "k1"))
    assert not table.add(a_wrapped_key("a", "k2"))
    assert table.find("a", "k2") is None
    assert table.add(a_wrapped_key("a", "k3", "ada"))
    assert table.add(a_wrapped_key("b", "k4"))


def test_a_retired_key_makes_room_for_the_next_and_still_opens(table: KeyTable) -> None:
    old, new = a_wrapped_key("a", "k1"), a_wrapped_key("a", "k2")
    table.add(old)
    table.replace(dataclasses.replace(old, retired_s=5))
    assert table.in_use("a", "") is None
    assert table.add(new)
    assert table.in_use("a", "") == new
    assert table.find("a", "k1") == dataclasses.replace(old, retired_s=5)


def test_a_key_can_get_another_envelope(table: KeyTable) -> None:
    key = a_wrapped_key("a", "k1")
    table.add(key)
    rewrapped = dataclasses.replace(key, wrapping_key_id="kek2", wrapped=b"other")
    table.replace(rewrapped)
    assert table.find("a", "k1") == rewrapped


def test_a_destroyed_key_does_not_come_back_in_another_envelope(table: KeyTable) -> None:
    key = a_wrapped_key("a", "k1", "ada")
    table.add(key)
    assert table.destroy("a", "ada") == 1
    with pytest.raises(KeyError, match="k1"):
        table.replace(key)
    assert table.find("a", "k1") is None
    assert table.destroy("a", "ada") == 0


def test_all_keys_of_a_subject_are_destroyed_and_no_others(table: KeyTable) -> None:
    table.add(a_wrapped_key("a", "k1", "ada", retired_s=4))
    for key in (a_wrapped_key("a", "k2", "ada"), a_wrapped_key("a", "k3", "bob"), a_wrapped_key("b", "k4", "ada")):
        table.add(key)
    assert table.destroy("a", "ada") == 2
    assert table.find("a", "k3") is not None
    assert table.find("b", "k4") is not None


def test_a_tenants_own_key_comes_first(table: KeyTable) -> None:
    for subject in ("bob", "", "ada"):
        table.add(a_wrapped_key("a", f"k{subject}", subject))
    assert [key.subject for key in table.of_tenant("a")] == ["", "ada", "bob"]


def test_tenants_are_those_with_keys(table: KeyTable, store: Store) -> None:
    assert table.tenants() == []
    for tenant in ("b", "", "Ä"):
        table.add(a_wrapped_key(tenant, "k"))
    store.tenant("z").restrictions.add("s", 1)
    assert table.tenants() == ["", "b", "Ä"]
    assert store.tenants() == ["", "b", "z", "Ä"]
    table.destroy("b", "")
    assert table.tenants() == ["", "Ä"]


def test_looking_for_keys_and_destroying_none_makes_no_file(tmp_path: Path) -> None:
    with Store.open(StoreOptions(state_dir=tmp_path / "state")) as store:
        table = store.wrapped_keys
        assert (table.in_use("a", ""), table.destroy("a", ""), table.tenants()) == (None, 0, [])
    assert not (tmp_path / "state").exists()


def test_of_programs_that_add_at_the_same_time_one_wins(options: StoreOptions) -> None:
    barrier, added = threading.Barrier(4), []

    def add(number: int) -> None:
        with Store.open(options) as store:
            barrier.wait()
            added.append(store.wrapped_keys.add(a_wrapped_key("a", f"k{number}")))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [False, False, False, True]


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_nothing_of_a_destroyed_key_stays_in_any_file(tmp_path: Path) -> None:
    envelope = bytes(range(200, 232)) * 8
    with Store.open(StoreOptions(state_dir=tmp_path)) as store:
        store.wrapped_keys.add(a_wrapped_key("a", "k1", "ada", wrapped=envelope))
        assert envelope in everything_in(tmp_path)
        store.wrapped_keys.destroy("a", "ada")
        assert envelope not in everything_in(tmp_path)


def test_whoever_reads_meanwhile_is_named_and_the_next_call_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zaphod.records.sqlite.WRITE_TIMEOUT_S", 0.05)
    envelope = bytes(range(200, 232)) * 8
    with Store.open(StoreOptions(state_dir=tmp_path)) as store:
        store.wrapped_keys.add(a_wrapped_key("a", "k1", "ada", wrapped=envelope))
        with closing(sqlite3.connect(tmp_path / "tenants/t-a/records.sqlite", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM wrapped_keys").fetchall()
            with pytest.raises(ConfigError, match="may still lie"):
                store.wrapped_keys.destroy("a", "ada")
            reader.execute("COMMIT")
        assert store.wrapped_keys.find("a", "k1") is None
        assert store.wrapped_keys.destroy("a", "ada") == 0
        assert envelope not in everything_in(tmp_path)
