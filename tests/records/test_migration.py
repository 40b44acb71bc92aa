from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import create_engine
from tests.support.postgres import APPLICATION, OWNER, PostgresServer
from tests.support.records import a_conversation

from zaphod.core.errors import ConfigError
from zaphod.records.maintenance import statuses, upgrade
from zaphod.records.migration import HEADS, Chain, last_step, version_table
from zaphod.records.postgres import parse_url
from zaphod.records.store import Store, StoreOptions
from zaphod.records.tables import accounts, tenant_tables

# As Zaphod made it before there were steps; do not change.
FIRST_SCHEMA = """
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    tenant TEXT NOT NULL,
    created_s INTEGER NOT NULL,
    expires_s INTEGER,
    revoked_s INTEGER,
    last_used_s INTEGER,
    requests_per_minute INTEGER,
    tokens_per_minute INTEGER,
    tokens_per_day INTEGER,
    max_concurrent INTEGER
);
CREATE TABLE usage (
    key_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (key_id, day)
);
PRAGMA user_version = 1;
"""
ROW = ("key_1", b"d" * 32, "alice", "generate embed", "lab", 5, None, None, 3600, 60, None, 1000, None)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    file = tmp_path / "keys.sqlite"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(FIRST_SCHEMA)
        connection.execute(f"INSERT INTO keys VALUES ({', '.join('?' * len(ROW))})", ROW)
        connection.execute("INSERT INTO usage VALUES ('key_1', 20000, 77)")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("chain", get_args(Chain))
def test_the_version_that_is_wanted_is_the_last_step(chain: Chain) -> None:
    assert last_step(chain) == HEADS[chain]


def test_steps_make_the_tables_that_queries_want(tmp_path: Path) -> None:
    with Store.open(StoreOptions(state_dir=tmp_path)) as store:
        store.tenant("lab").conversations.add(a_conversation())
        store.api_keys.forget("nothing")
    for file, metadata, chain in (
        ("keys.sqlite", accounts, "accounts"),
        ("tenants/t-lab/records.sqlite", tenant_tables, "tenants"),
    ):
        engine = create_engine(f"sqlite:///{tmp_path / file}")
        with engine.connect() as connection:
            assert differences(connection, metadata, chain) == []
        engine.dispose()


@pytest.mark.parametrize(("metadata", "chain"), [(accounts, "accounts"), (tenant_tables, "tenants")])
def test_steps_make_them_in_postgresql_too(postgres_url: str, metadata: Any, chain: Chain) -> None:
    engine = create_engine(parse_url(postgres_url + "?options=-c%20search_path%3Dzaphod"))
    with engine.connect() as connection:
        assert differences(connection, metadata, chain) == []
    engine.dispose()


def differences(connection: Any, metadata: Any, chain: str) -> list[Any]:
    """Between tables and metadata; the tables of the other chain are another test's."""
    others = {version_table("accounts"), version_table("tenants")}
    others |= set((accounts if chain == "tenants" else tenant_tables).tables)

    def include(thing: Any, name: str | None, kind: str, reflected: bool, compared_to: Any) -> bool:
        return not (kind == "table" and name in others)

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": include})
    return list(compare_metadata(context, metadata))


def test_a_file_of_keys_from_before_is_taken_over_without_loss(old_file: Path) -> None:
    with Store.open(StoreOptions(keys_path=old_file)) as store:
        key = store.api_keys.find(b"d" * 32)
        assert key is not None
        assert tuple(vars(key).values()) == ROW
        assert store.api_keys.usage("key_1") == {20000: 77}
        store.api_keys.revoke("key_1", 9)
    with closing(sqlite3.connect(old_file)) as program_from_before:
        assert program_from_before.execute("PRAGMA user_version").fetchone() == (1,)
        assert program_from_before.execute("SELECT id, revoked_s FROM keys").fetchall() == [("key_1", 9)]


def test_programs_that_meet_an_older_file_together_upgrade_it_once(old_file: Path) -> None:
    barrier, found = threading.Barrier(4), []

    def look() -> None:
        with Store.open(StoreOptions(keys_path=old_file)) as store:
            barrier.wait()
            found.append(store.api_keys.has_any())

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4
    with closing(sqlite3.connect(old_file)) as connection:
        assert connection.execute("SELECT version_num FROM accounts_version").fetchall() == [("0001",)]


def test_an_upgrade_that_fails_changes_nothing(old_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HEADS, "accounts", "0002")  # there is no such step
    before = old_file.read_bytes()
    with Store.open(StoreOptions(keys_path=old_file)) as store, pytest.raises(CommandError):
        store.api_keys.has_any()
    assert old_file.read_bytes() == before


def test_looking_at_versions_changes_no_file(old_file: Path) -> None:
    before = old_file.read_bytes()
    found = statuses(StoreOptions(state_dir=old_file.parent))
    assert [(one.chain, one.version, one.state) for one in found] == [("accounts", None, "absent")]
    assert old_file.read_bytes() == before


def test_every_file_is_listed_and_upgraded(tmp_path: Path, old_file: Path) -> None:
    options = StoreOptions(state_dir=tmp_path)
    with Store.open(options) as store:
        for tenant in ("lab", "Lab"):
            store.tenant(tenant).conversations.add(a_conversation())
    assert sorted(one.state for one in statuses(options)) == ["absent", "current", "current"]
    assert [one.state for one in upgrade(options)] == ["current"] * 3


def test_a_tenants_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    options = StoreOptions(state_dir=tmp_path)
    with Store.open(options) as store:
        store.tenant("lab").conversations.add(a_conversation())
    with closing(sqlite3.connect(tmp_path / "tenants/t-lab/records.sqlite")) as connection, connection:
        connection.execute("UPDATE tenants_version SET version_num = '9999'")
    with Store.open(options) as store, pytest.raises(ConfigError, match="9999"):
        store.tenant("lab").conversations.add(a_conversation())
    assert [one.state for one in statuses(options)] == ["absent", "newer"]
    with pytest.raises(ConfigError, match="newer Zaphod"):
        upgrade(options)


def test_postgresql_is_not_upgraded_behind_anybodys_back(postgres_empty_url: str) -> None:
    with pytest.raises(ConfigError, match=r"(?s)holds nothing yet.*zaphod database upgrade"):
        Store.open(StoreOptions(database=postgres_empty_url))
    assert [one.state for one in statuses(StoreOptions(database=postgres_empty_url))] == ["absent", "absent"]


def test_postgresql_of_an_older_or_later_version_is_refused(postgres_own_url: str, postgres: PostgresServer) -> None:
    database = postgres_own_url.rsplit("/", 1)[1]
    for version, remedy in (("0000", "zaphod database upgrade"), ("9999", "newer Zaphod")):
        postgres.run(f"UPDATE zaphod.tenants_version SET version_num = '{version}'", database)
        with pytest.raises(ConfigError, match=rf"(?s){version}.*{remedy}"):
            Store.open(StoreOptions(database=postgres_own_url))
    with pytest.raises(ConfigError, match="newer Zaphod"):
        upgrade(StoreOptions(database=postgres_own_url.replace(APPLICATION, OWNER)))


def test_the_owner_may_serve_too_and_is_bound_by_the_policies(postgres_empty_url: str) -> None:
    options = StoreOptions(database=postgres_empty_url)
    assert [one.state for one in upgrade(options)] == ["current", "current"]
    with Store.open(options) as store:
        store.tenant("a").conversations.add(a_conversation())
        assert store.tenant("b").conversations.count() == 0


def test_an_upgrade_may_be_repeated_and_run_by_many_at_once(postgres_empty_url: str) -> None:
    options, failed = StoreOptions(database=postgres_empty_url), []

    def run() -> None:
        try:
            upgrade(options, APPLICATION)
        except ConfigError as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    Store.open(StoreOptions(database=postgres_empty_url.replace(OWNER, APPLICATION))).close()


def test_a_role_that_does_not_exist_is_named_and_nothing_is_made(postgres_empty_url: str) -> None:
    options = StoreOptions(database=postgres_empty_url)
    with pytest.raises(ConfigError, match="CREATE ROLE nobody_here"):
        upgrade(options, "nobody_here")
    assert [one.state for one in statuses(options)] == ["absent", "absent"]


def test_a_role_is_quoted(postgres_empty_url: str, postgres: PostgresServer) -> None:
    name = '"; DROP SCHEMA zaphod CASCADE; --'
    postgres.run('CREATE ROLE """; DROP SCHEMA zaphod CASCADE; --"')
    options = StoreOptions(database=postgres_empty_url)
    assert [one.state for one in upgrade(options, name)] == ["current", "current"]
    database = postgres_empty_url.rsplit("/", 1)[1]
    postgres.run('DROP OWNED BY """; DROP SCHEMA zaphod CASCADE; --" CASCADE', database)
    postgres.run('DROP ROLE """; DROP SCHEMA zaphod CASCADE; --"')


def test_roles_are_for_postgresql(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PostgreSQL"):
        upgrade(StoreOptions(state_dir=tmp_path), APPLICATION)


def test_a_file_of_keys_may_lie_beside_postgresql(postgres_url: str, old_file: Path) -> None:
    options = StoreOptions(database=postgres_url, keys_path=old_file)
    with Store.open(options) as store:
        assert store.api_keys.get("key_1") is not None
        assert store.api_keys.place == str(old_file)
    assert [(one.chain, one.state) for one in statuses(options)] == [
        ("accounts", "current"), ("accounts", "current"), ("tenants", "current"),
    ]  # fmt: skip
