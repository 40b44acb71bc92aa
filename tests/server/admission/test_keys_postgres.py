"""Keys and budgets in PostgreSQL: what several servers share, and what they see of each other."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.postgres import PostgresServer
from tests.support.running_server import StartServer

from zaphod.core.errors import ConfigError
from zaphod.server.admission import KeyStore
from zaphod.server.admission.limits import Budgets
from zaphod.server.caller import Limits
from zaphod.server.errors import ApiError

NOW_S = 1_900_000_000.0
TODAY = int(NOW_S // 86400)


@pytest.fixture
def server(postgres_url: str) -> Iterator[KeyStore]:
    with KeyStore(database=postgres_url, clock=lambda: NOW_S) as opened:
        yield opened


@pytest.fixture
def other(postgres_url: str) -> Iterator[KeyStore]:
    with KeyStore(database=postgres_url, clock=lambda: NOW_S) as opened:
        yield opened


def test_a_key_is_made_found_listed_and_forgotten(server: KeyStore) -> None:
    limits = Limits(requests_per_minute=1, tokens_per_day=3)
    secret, key = server.create(name="Ada", scopes=["embed"], tenant="lab", limits=limits, expires_s=NOW_S + 60)
    assert server.find(secret) == key.caller
    assert (server.keys(), server.get(key.id), server.has_keys(), server.has_usable_key()) == ([key], key, True, True)
    server.forget(key.id)
    assert (server.find(secret), server.has_keys()) == (None, False)


def test_a_key_that_is_made_elsewhere_counts_at_once(server: KeyStore, other: KeyStore) -> None:
    first, _ = other.create(name="a")
    assert server.find(first) is not None
    second, _ = other.create(name="b")
    assert server.find(second) is not None


def test_a_key_that_is_revoked_elsewhere_opens_nothing_soon(server: KeyStore, other: KeyStore) -> None:
    secret, key = other.create(name="a")
    assert server.find(secret) is not None
    other.revoke(key.id)
    assert other.find(secret) is None
    while server.find(secret) is not None:
        pass


def test_a_key_that_expires_opens_nothing_however_lately_it_was_found(postgres_url: str) -> None:
    moments_s = iter([NOW_S, NOW_S, NOW_S + 59, NOW_S + 60])
    with KeyStore(database=postgres_url, clock=lambda: next(moments_s, NOW_S)) as server:
        secret, _ = server.create(name="a", expires_s=NOW_S + 60)
        assert [server.find(secret) is not None for _ in range(3)] == [True, True, False]


def test_what_servers_used_adds_up(server: KeyStore, other: KeyStore) -> None:
    _, key = server.create(name="a")
    for program in (server, other, server):
        program.add_tokens(key.id, TODAY, 10)
        program.flush()
    assert server.used_tokens(key.id, TODAY) == 30
    while other.used_tokens(key.id, TODAY) != 30:
        pass


def test_what_is_written_is_never_missing_from_the_sum(server: KeyStore) -> None:
    _, key = server.create(name="a")
    for number in range(1, 6):
        server.add_tokens(key.id, TODAY, 1)
        assert server.used_tokens(key.id, TODAY) == number
        server.flush()
        assert server.used_tokens(key.id, TODAY) == number


def test_the_budget_of_a_day_is_that_of_all_servers_together(server: KeyStore, other: KeyStore) -> None:
    _, key = server.create(name="a", limits=Limits(tokens_per_day=100))
    Budgets(server, wall_clock=lambda: NOW_S).reserve(key.caller, 80).settle(80)
    server.flush()
    with pytest.raises(ApiError) as refused:
        Budgets(other, wall_clock=lambda: NOW_S).reserve(key.caller, 80)
    assert refused.value.status == 429


def test_keys_that_cannot_be_read_open_nothing_and_name_no_password(
    postgres_own_url: str, postgres: PostgresServer
) -> None:
    with_password = postgres_own_url.replace("@", ":hunter2@")
    with KeyStore(database=with_password) as server:
        secret, _ = server.create(name="a")
        postgres.run("REVOKE SELECT ON zaphod.keys FROM zaphod_app", postgres_own_url.rsplit("/", 1)[1])
        with pytest.raises(ConfigError, match="permission denied") as refused:
            server.find(secret)
        assert "hunter2" not in str(refused.value)


def test_what_could_not_be_written_is_kept_for_the_next_time(postgres_own_url: str, postgres: PostgresServer) -> None:
    database = postgres_own_url.rsplit("/", 1)[1]
    with KeyStore(database=postgres_own_url, clock=lambda: NOW_S) as server:
        _, key = server.create(name="a")
        server.add_tokens(key.id, TODAY, 10)
        postgres.run("REVOKE INSERT ON zaphod.usage FROM zaphod_app", database)
        with pytest.raises(ConfigError, match="permission denied"):
            server.flush()
        postgres.run("GRANT INSERT ON zaphod.usage TO zaphod_app", database)
        server.flush()
        assert server.usage(key.id) == {TODAY: 10}


def test_a_database_that_stands_still_is_not_waited_for(
    postgres_own_url: str, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zaphod.server.admission.keys.MAX_AGE_S", 0.01)
    monkeypatch.setattr("zaphod.server.admission.keys.TIMEOUT_S", 0.1)
    with KeyStore(database=postgres_own_url) as server:
        secret, _ = server.create(name="a")
        database = postgres_own_url.rsplit("/", 1)[1]
        at_work = postgres.run(f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}'")
        for (pid,) in at_work:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(0.02)  # what is known of the key is older than a server believes
            with pytest.raises(ConfigError, match="did not answer in"):
                server.find(secret)
        finally:
            for (pid,) in at_work:
                os.kill(pid, signal.SIGCONT)
        while True:
            with contextlib.suppress(ConfigError):
                assert server.find(secret) is not None
                break


def test_a_real_server_keeps_its_keys_and_what_they_used_in_postgresql(
    postgres_url: str, start_server: StartServer, tmp_path: Path
) -> None:
    folder = tmp_path / "server"
    (folder / "config" / "zaphod").mkdir(parents=True)
    (folder / "config" / "zaphod" / "config.toml").write_text(f'database = "{postgres_url}"\n')
    with KeyStore(database=postgres_url) as keys:
        secret, key = keys.create(name="a", tenant="lab")
        with (
            start_server(folder=folder) as running,
            httpx.Client(base_url=running.url, trust_env=False, timeout=60) as client,
        ):
            client.headers["authorization"] = f"Bearer {secret}"
            question = {"messages": [{"role": "user", "content": "1 + 1"}], "max_tokens": 4}
            assert client.post("/v1/chat/completions", json=question).status_code == 200
            keys.revoke(key.id)
            while client.get("/v1/models").status_code != 401:
                pass
        assert sum(keys.usage(key.id).values()) > 4
    assert not (folder / "data" / "zaphod" / "keys.sqlite").exists()
