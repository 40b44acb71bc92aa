from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from tests.support.records import a_conversation, a_response

from zaphod.core.errors import ConfigError
from zaphod.core.places import tenant_folder_name
from zaphod.records.api_keys import ApiKey
from zaphod.records.store import Store, StoreOptions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store.open(StoreOptions(state_dir=folder)) as opened:
        yield opened


def file_of(folder: Path, tenant: str) -> Path:
    return folder / "tenants" / tenant_folder_name(tenant) / "records.sqlite"


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("tenant", ["lab", "", "../../lab", "/etc/passwd", "C:\\lab", "a/b", "."])
def test_each_tenant_has_a_file_inside_the_folder(store: Store, folder: Path, tenant: str) -> None:
    store.tenant(tenant).conversations.add(a_conversation())
    assert [path.parent.parent for path in folder.rglob("records.sqlite")] == [folder / "tenants"]
    assert file_of(folder, tenant).is_file()


def test_looking_and_removing_make_no_file(store: Store, folder: Path) -> None:
    lab = store.tenant("lab")
    assert (lab.subjects(), lab.conversations.count(), lab.responses.get("x"), store.tenants()) == ([], 0, None, [])
    assert set(lab.delete_of_subject("ada").values()) == {0}
    assert not lab.restrictions.lift("ada")
    lab.retention.set("responses", None)
    assert lab.delete_expired(5) == {}
    assert not folder.exists()


def test_files_and_folders_are_the_owners_alone(store: Store, folder: Path) -> None:
    store.tenant("lab").conversations.add(a_conversation())
    made = [folder, *folder.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_file()} == {0o600}
    assert len(made) > 5


@pytest.mark.parametrize("mode", [0o660, 0o606])
def test_a_file_that_others_may_change_is_refused(store: Store, folder: Path, mode: int) -> None:
    store.tenant("lab").conversations.add(a_conversation())
    file_of(folder, "lab").chmod(mode)
    with pytest.raises(ConfigError, match="chmod go-w"):
        store.tenant("lab").conversations.add(a_conversation())
    with Store.open(StoreOptions(state_dir=folder)) as later, pytest.raises(ConfigError, match="chmod go-w"):
        later.tenant("lab").conversations.count()


def test_what_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    beneath = StoreOptions(state_dir=tmp_path / "file" / "state", keys_path=tmp_path / "file" / "keys.sqlite")
    with Store.open(beneath) as store:
        with pytest.raises(ConfigError, match=r"(?s)cannot be made.*ZAPHOD_STATE_DIR"):
            store.tenant("lab").conversations.add(a_conversation())
        with pytest.raises(ConfigError, match=r"(?s)cannot be made.*--keys-file"):
            store.api_keys.add(ApiKey(id="key_1", digest=bytes(32), name="Ada", scopes="", tenant="lab", created_s=5))


def test_a_file_that_was_put_into_anothers_folder_is_refused(store: Store, folder: Path) -> None:
    store.tenant("lab").conversations.add(a_conversation())
    store.tenant("other").conversations.add(a_conversation())
    store.close()
    shutil.copy(file_of(folder, "lab"), file_of(folder, "other"))
    with Store.open(StoreOptions(state_dir=folder)) as later, pytest.raises(ConfigError, match="another tenant"):
        later.tenant("other").conversations.count()


def test_a_file_that_is_no_database_is_refused(store: Store, folder: Path) -> None:
    store.tenant("lab").conversations.add(a_conversation())
    store.close()
    file_of(folder, "lab").write_bytes(b"no database at all, but long enough to be looked at " * 100)
    with Store.open(StoreOptions(state_dir=folder)) as later, pytest.raises(ConfigError, match="not a database"):
        later.tenant("lab").conversations.count()


def test_a_database_of_another_program_is_refused_and_left_alone(folder: Path) -> None:
    file = folder / "keys.sqlite"
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    before = file.read_bytes()
    with Store.open(StoreOptions(state_dir=folder)) as store, pytest.raises(ConfigError, match="another program"):
        store.api_keys.has_any()
    assert file.read_bytes() == before


def test_nothing_that_was_deleted_stays_in_the_files(store: Store, folder: Path) -> None:
    kept = a_response(sealed_body=b"SEALED-BODY" * 900, sealed_input=b"SEALED-INPUT")
    store.tenant("lab").responses.add(kept)
    assert b"SEALED-BODY" in everything_in(folder)
    store.tenant("lab").responses.delete(kept.id)
    store.close()
    assert b"SEALED-" not in everything_in(folder)


def test_few_files_stay_open(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zaphod.records.sqlite_files.MAX_OPEN_TENANTS", 2)
    for number in range(6):
        store.tenant(f"t{number}").conversations.add(a_conversation())
    opened = {file.path for file in psutil.Process().open_files() if file.path.endswith("records.sqlite")}
    assert len(opened) <= 2
    assert [store.tenant(f"t{number}").conversations.count() for number in range(6)] == [1] * 6


def test_a_file_that_is_read_is_not_closed_under_the_reader(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zaphod.records.sqlite_files.MAX_OPEN_TENANTS", 1)
    monkeypatch.setattr("zaphod.records.collection.BATCH", 2)
    for _ in range(5):
        store.tenant("lab").conversations.add(a_conversation())
    reading = store.tenant("lab").conversations.all()
    next(reading)
    for number in range(3):
        store.tenant(f"t{number}").conversations.add(a_conversation())
    assert len(list(reading)) == 4


def test_tenants_of_many_threads_do_not_mix(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zaphod.records.sqlite_files.MAX_OPEN_TENANTS", 2)

    def work(tenant: str) -> None:
        for _ in range(10):
            store.tenant(tenant).conversations.add(a_conversation(subject=tenant))
            assert store.tenant(tenant).subjects() == [tenant]

    threads = [threading.Thread(target=work, args=(f"t{number % 4}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.tenant(f"t{number}").conversations.count() for number in range(4)] == [20] * 4


def test_a_reader_does_not_wait_for_a_writer(store: Store, folder: Path) -> None:
    store.tenant("lab").conversations.add(a_conversation())
    with closing(sqlite3.connect(file_of(folder, "lab"), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM conversations")
        assert store.tenant("lab").conversations.count() == 1
        writer.execute("ROLLBACK")


def test_a_writer_that_waits_too_long_says_so(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zaphod.records.sqlite.WRITE_TIMEOUT_S", 0.05)
    store.tenant("lab").conversations.add(a_conversation())
    with closing(sqlite3.connect(file_of(folder, "lab"), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigError, match="database is locked"):
            store.tenant("lab").conversations.add(a_conversation())
        writer.execute("ROLLBACK")
    store.tenant("lab").conversations.add(a_conversation())
    assert store.tenant("lab").conversations.count() == 2
