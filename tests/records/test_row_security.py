"""Attacks on PostgreSQL with the role that servers use: SQL of one's own, without a tenant, and with another one's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.support.postgres import APPLICATION, OWNER, PostgresServer
from tests.support.records import (
    a_consent,
    a_conversation,
    a_pseudonym,
    a_response,
    a_wrapped_key,
    an_entry,
    an_item,
)

from zaphod.core.errors import ConfigError
from zaphod.records.api_keys import ApiKey
from zaphod.records.postgres import upgrade
from zaphod.records.store import Store, StoreOptions
from zaphod.records.tables import accounts, tenant_tables

TENANT_TABLES = sorted(tenant_tables.tables)
TABLES = [*TENANT_TABLES, *sorted(accounts.tables)]
Link = psycopg.Connection[Any]


def fill(store: Store, tenant: str) -> None:
    """A row in every table."""
    own, conversation = store.tenant(tenant), a_conversation()
    own.conversations.add(conversation)
    own.conversations.append(conversation.id, [an_item()], updated_s=1)
    own.responses.add(a_response())
    own.consents.add(a_consent())
    own.pseudonyms.add(a_pseudonym())
    own.restrictions.add("s", 1)
    own.retention.set("responses", 5)
    own.audit_index.add([an_entry(1)])
    store.wrapped_keys.add(a_wrapped_key(tenant, "k"))
    store.api_keys.add(
        ApiKey(id=f"key_{tenant}", digest=tenant.encode(), name="n", scopes="", tenant=tenant, created_s=1)
    )
    store.api_keys.record_use({(f"key_{tenant}", 1): 5}, {}, forget_before_day=0)


@pytest.fixture(scope="module")
def filled(postgres: PostgresServer) -> Iterator[str]:
    """A database with rows of the tenants '' and 'a' in every table. Nobody commits anything."""
    with postgres.database() as name:
        upgrade(postgres.url(OWNER, name), APPLICATION)
        with Store.open(StoreOptions(database=postgres.url(APPLICATION, name))) as store:
            for tenant in ("", "a"):
                fill(store, tenant)
        yield postgres.url(APPLICATION, name)


@contextlib.contextmanager
def connected(url: str) -> Iterator[Link]:
    with contextlib.closing(psycopg.connect(url)) as link:
        yield link


def count(link: Link, table: str) -> int:
    row = link.execute(f"SELECT count(*) FROM zaphod.{table}").fetchone()
    return int(row[0]) if row else -1


def say(link: Link, tenant: str, *, is_local: bool = True) -> None:
    link.execute("SELECT set_config('zaphod.tenant', %s, %s)", (f"={tenant}", is_local))


def test_there_is_a_row_of_each_tenant_in_every_table(filled: str, postgres: PostgresServer) -> None:
    database = filled.rsplit("/", 1)[1]
    counts = {table: postgres.run(f"SELECT count(*) FROM zaphod.{table}", database)[0][0] for table in TABLES}
    assert counts == dict.fromkeys(TABLES, 2)


@pytest.mark.parametrize("role", [APPLICATION, OWNER])
def test_without_a_tenant_nothing_is_seen_changed_or_deleted(filled: str, role: str) -> None:
    with connected(filled.replace(APPLICATION, role)) as link:
        for table in TABLES:
            assert count(link, table) == 0
            column = "tenant" if table != "usage" else "key_id"
            assert link.execute(f"UPDATE zaphod.{table} SET {column} = {column}").rowcount == 0
            assert link.execute(f"DELETE FROM zaphod.{table}").rowcount == 0


@pytest.mark.parametrize("word", ["", "a", "==", "= ", "=A", "=%", "%", "=a\n"])
def test_a_word_that_names_no_tenant_opens_nothing(filled: str, word: str) -> None:
    with connected(filled) as link:
        link.execute("SELECT set_config('zaphod.tenant', %s, true)", (word,))
        assert {table: count(link, table) for table in TABLES} == dict.fromkeys(TABLES, 0)


def test_the_word_is_undone_with_its_transaction_and_is_not_the_tenant_without_a_name(filled: str) -> None:
    with connected(filled) as link:
        say(link, "a")
        assert count(link, "conversations") == 1
        link.commit()
        # PostgreSQL says '' now, which is the name of the user without keys.
        assert link.execute("SELECT current_setting('zaphod.tenant')").fetchone() == ("",)
        assert count(link, "conversations") == 0


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_tenant_sees_its_own_rows_only(filled: str, table: str) -> None:
    with connected(filled) as link:
        for tenant in ("", "a"):
            say(link, tenant)
            assert link.execute(f"SELECT tenant FROM zaphod.{table}").fetchall() == [(tenant,)]
            assert link.execute(f"SELECT 1 FROM zaphod.{table} WHERE tenant <> %s", (tenant,)).fetchall() == []


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_no_row_can_be_given_to_or_taken_from_another_tenant(filled: str, table: str) -> None:
    with connected(filled) as link:
        say(link, "")
        assert link.execute(f"UPDATE zaphod.{table} SET tenant = '' WHERE tenant = 'a'").rowcount == 0
        assert link.execute(f"DELETE FROM zaphod.{table} WHERE tenant = 'a'").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            link.execute(f"UPDATE zaphod.{table} SET tenant = 'b'")


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_no_row_can_be_put_into_another_tenant(filled: str, table: str, postgres: PostgresServer) -> None:
    columns = ", ".join(column.name for column in tenant_tables.tables[table].columns if column.name != "tenant")
    copy = f"INSERT INTO zaphod.{table} (tenant, {columns}) SELECT 'b', {columns} FROM zaphod.{table}"
    with connected(filled) as link:
        say(link, "")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            link.execute(copy)


@pytest.mark.parametrize(
    "statement",
    ["ALTER TABLE zaphod.responses DISABLE ROW LEVEL SECURITY",
     "ALTER TABLE zaphod.responses NO FORCE ROW LEVEL SECURITY",
     "DROP POLICY own_tenant ON zaphod.responses", "CREATE POLICY open ON zaphod.responses USING (true)",
     "TRUNCATE zaphod.responses", "CREATE TABLE zaphod.other (a int)", "DROP TABLE zaphod.responses",
     f"SET ROLE {OWNER}", "UPDATE zaphod.tenants_version SET version_num = '9999'", "ALTER ROLE CURRENT_USER BYPASSRLS",
     "CREATE FUNCTION zaphod.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
)  # fmt: skip
def test_the_role_of_servers_cannot_open_the_tables(filled: str, statement: str) -> None:
    with connected(filled) as link, pytest.raises(psycopg.errors.InsufficientPrivilege):
        link.execute(statement)


def test_switching_policies_off_ends_in_an_error_and_not_in_rows(filled: str) -> None:
    with connected(filled) as link:
        link.execute("SET row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            link.execute("SELECT * FROM zaphod.responses")


def test_the_operators_list_of_tenants_shows_names_and_no_other_table(filled: str) -> None:
    with connected(filled) as link:
        link.execute("SELECT set_config('zaphod.scope', 'tenants', true)")
        seen = {table: count(link, table) for table in TABLES}
        assert seen == {**dict.fromkeys(TABLES, 0), "tenants": 2}
        assert link.execute("DELETE FROM zaphod.tenants").rowcount == 0


def test_whoever_looks_for_keys_sees_no_records(filled: str) -> None:
    with connected(filled) as link:
        link.execute("SELECT set_config('zaphod.scope', 'accounts', true)")
        assert {table for table in TABLES if count(link, table)} == {"keys", "usage"}


def test_a_tenant_sees_no_keys(filled: str) -> None:
    with connected(filled) as link:
        say(link, "a")
        assert (count(link, "keys"), count(link, "usage")) == (0, 0)


def test_a_connection_that_others_left_with_a_tenant_does_not_matter(filled: str) -> None:
    """A pooler may hand over a connection on which somebody said a tenant for the whole session."""
    said = filled + "?options=-c%20zaphod.tenant%3D%3Da"
    with connected(said) as link:
        assert count(link, "conversations") == 1
    with Store.open(StoreOptions(database=said)) as store:
        assert store.tenant("b").conversations.count() == 0
        assert [key.tenant for key in store.wrapped_keys.of_tenant("")] == [""]
        assert list(store.wrapped_keys.of_tenant("b")) == []


@pytest.mark.parametrize("attribute", ["SUPERUSER", "BYPASSRLS"])
def test_a_role_that_policies_do_not_bind_is_refused(
    postgres_url: str, postgres: PostgresServer, attribute: str
) -> None:
    name = f"mighty_{attribute.lower()}"
    postgres.run([f"CREATE ROLE {name} LOGIN {attribute}", f"GRANT {APPLICATION} TO {name}"])
    try:
        with pytest.raises(ConfigError, match=r"(?s)sees the rows of all tenants.*--application-role") as refused:
            Store.open(StoreOptions(database=postgres_url.replace(APPLICATION, name)))
        assert name in str(refused.value)
    finally:
        postgres.run(f"DROP ROLE {name}")


def test_a_role_that_can_become_such_a_one_is_refused(postgres_url: str, postgres: PostgresServer) -> None:
    postgres.run(["CREATE ROLE boss BYPASSRLS", "CREATE ROLE climber LOGIN", "GRANT boss TO climber"])
    postgres.run(f"GRANT {APPLICATION} TO climber")
    try:
        with pytest.raises(ConfigError, match="can become, 'boss'"):
            Store.open(StoreOptions(database=postgres_url.replace(APPLICATION, "climber")))
    finally:
        postgres.run(["DROP ROLE climber", "DROP ROLE boss"])


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE zaphod.consents DISABLE ROW LEVEL SECURITY",
     "ALTER TABLE zaphod.consents NO FORCE ROW LEVEL SECURITY",
     "CREATE POLICY open ON zaphod.consents USING (true)", "DROP POLICY own_tenant ON zaphod.consents",
     "ALTER TABLE zaphod.keys DISABLE ROW LEVEL SECURITY",
     "ALTER POLICY own_tenant ON zaphod.consents USING (true)",
     "ALTER POLICY own_tenant ON zaphod.consents WITH CHECK (true)",
     "ALTER POLICY own_tenant ON zaphod.consents TO zaphod_owner"],
)  # fmt: skip
def test_a_database_whose_policies_were_changed_is_refused(
    postgres_own_url: str, postgres: PostgresServer, change: str
) -> None:
    postgres.run(change, postgres_own_url.rsplit("/", 1)[1])
    with pytest.raises(ConfigError, match=r"row-level security of the table zaphod.(consents|keys) was changed"):
        Store.open(StoreOptions(database=postgres_own_url))
