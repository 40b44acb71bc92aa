"""PostgreSQL that is wrong, away or busy."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.support.postgres import PostgresServer
from tests.support.records import a_conversation

from zaphod.core.errors import ConfigError
from zaphod.records.store import Store, StoreOptions

PASSWORD = "hunter2-hunter2"


@pytest.mark.parametrize(
    "url",
    ["", "db", f"mysql://a:{PASSWORD}@h/d", f"postgresql+psycopg2://a:{PASSWORD}@h/d", f"sqlite:///{PASSWORD}", "://",
     f"postgresql://a:{PASSWORD}@h:port/d", f"postgres://a:{PASSWORD}@h/d"],
)  # fmt: skip
def test_what_is_no_url_of_postgresql_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match="postgresql://user:password@host") as refused:
        Store.open(StoreOptions(database=url))
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("question", ["", f"?password={PASSWORD}", f"?sslpassword={PASSWORD}"])
def test_a_server_that_is_not_there_is_named_without_the_password(question: str) -> None:
    with pytest.raises(ConfigError, match=r"postgresql://ada@127\.0\.0\.1:1/records cannot be used") as refused:
        Store.open(StoreOptions(database=f"postgresql://ada:{PASSWORD}@127.0.0.1:1/records{question}"))
    assert PASSWORD not in str(refused.value)


def test_without_the_library_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from zaphod.core.errors import MissingExtraError\n"
        "from zaphod.records.store import Store, StoreOptions\n"
        "try: Store.open(StoreOptions(database='postgresql://a@127.0.0.1:1/d'))\n"
        "except MissingExtraError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install 'zaphod[postgres]'" in done.stdout


def test_sqlite_needs_no_library_of_postgresql_and_no_steps_without_a_file() -> None:
    script = (
        "import sys, pathlib; from zaphod.records.store import Store, StoreOptions\n"
        "with Store.open(StoreOptions(state_dir=pathlib.Path('nowhere'))) as store: store.tenant('a').subjects()\n"
        "assert not {'psycopg', 'alembic', 'torch', 'numpy', 'fastapi'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_connections_that_broke_are_made_again(postgres_url: str, postgres: PostgresServer) -> None:
    with Store.open(StoreOptions(database=postgres_url)) as store:
        lab = store.tenant("lab")
        lab.conversations.add(a_conversation())
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'zaphod_app'")
        assert lab.conversations.count() == 1


def test_a_database_that_refuses_is_an_error_of_ours(postgres_own_url: str, postgres: PostgresServer) -> None:
    with Store.open(StoreOptions(database=postgres_own_url)) as store:
        postgres.run("REVOKE USAGE ON SCHEMA zaphod FROM zaphod_app", postgres_own_url.rsplit("/", 1)[1])
        with pytest.raises(ConfigError, match="permission denied for schema zaphod"):
            store.tenant("lab").conversations.count()


def test_what_is_wrong_with_a_row_is_told_without_its_values(postgres_url: str) -> None:
    with Store.open(StoreOptions(database=postgres_url)) as store:
        with pytest.raises(ConfigError, match="cannot be used") as refused:
            store.tenant("lab").conversations.add(a_conversation(subject="SECRET\x00"))
        assert "SECRET" not in str(refused.value)


def test_reading_cannot_write(postgres_url: str) -> None:
    from zaphod.records.tables import restrictions

    with Store.open(StoreOptions(database=postgres_url)) as store:
        lab = store.tenant("lab")
        lab.restrictions.add("s", 1)
        room = lab.conversations._room
        with pytest.raises(ConfigError, match="read-only"), room.reading() as connection:
            connection.execute(restrictions.delete())
        assert lab.restrictions.is_restricted("s")
