"""The vault over the records' own table, in SQLite files, with a second store as another process has it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from zaphod.core.errors import DestroyedKeyError
from zaphod.records.store import Store, StoreOptions
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.keyring import VaultOptions
from zaphod.safety.vault.vault import Vault

HERE = {"tenant": "acme", "subject": "alice", "record": "conv_1"}


@pytest.fixture
def vaults(tmp_path: Path, kek: KekProvider) -> Iterator[tuple[Vault, Vault]]:
    tmp_path.chmod(0o700)
    stores = [Store.open(StoreOptions(state_dir=tmp_path / "state")) for _ in range(2)]
    one, other = (Vault(store.wrapped_keys, kek, options=VaultOptions(cache_ttl_s=0)) for store in stores)
    yield one, other
    for store in stores:
        store.close()


def test_what_one_process_seals_another_opens(vaults: tuple[Vault, Vault]) -> None:
    one, other = vaults
    assert other.decrypt(one.encrypt(b"a secret", **HERE), **HERE) == b"a secret"


def test_processes_that_meet_a_new_subject_agree_on_its_key(vaults: tuple[Vault, Vault]) -> None:
    sealed: list[bytes] = []
    threads = [threading.Thread(target=lambda v=v: sealed.append(v.encrypt(b"x", **HERE))) for v in vaults * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one[6:22] for one in sealed}) == 1
    assert [vaults[0].decrypt(one, **HERE) for one in sealed] == [b"x"] * 8


def test_what_one_process_shreds_another_cannot_open(vaults: tuple[Vault, Vault]) -> None:
    one, other = vaults
    sealed = one.encrypt(b"a secret", **HERE)
    other.rotate_subject(tenant="acme", subject="alice")
    assert other.shred(tenant="acme", subject="alice") == 2
    with pytest.raises(DestroyedKeyError):
        one.decrypt(sealed, **HERE)


def test_rotations_run_over_a_database(vaults: tuple[Vault, Vault]) -> None:
    one, other = vaults
    places = [{"tenant": "acme", "subject": f"s{number}", "record": "r"} for number in range(20)]
    sealed = [one.encrypt(b"x", **place) for place in places]
    assert one.rotate(tenant="acme") == 20
    assert other.rotate_kek() == 2
    assert [other.decrypt(bytes_, **place) for bytes_, place in zip(sealed, places, strict=True)] == [b"x"] * 20
    assert one.shred_tenant(tenant="acme") == 22
