from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import itertools
import logging
import re
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from zaphod.core.errors import ConfigError
from zaphod.server.admission import KeyStore, default_keys_path, require_safe_to_listen
from zaphod.server.caller import LOCAL, Limits

NOW_S = 1_900_000_000.0
TODAY = int(NOW_S // 86400)


class Clock:
    """A clock that stands still."""

    now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.sqlite"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(path: Path, clock: Clock) -> Iterator[KeyStore]:
    with KeyStore(path, clock=clock) as opened:
        yield opened


def test_a_secret_has_256_random_bits(store: KeyStore) -> None:
    secrets = {store.create(name="a")[0] for _ in range(20)}
    assert len(secrets) == 20
    assert all(re.fullmatch(r"zk-[A-Za-z0-9_-]{43}", secret) for secret in secrets)
    assert {len(base64.urlsafe_b64decode(secret[3:] + "=")) for secret in secrets} == {32}


def test_who_holds_a_secret_is_found_with_scopes_tenant_and_limits(store: KeyStore) -> None:
    limits = Limits(requests_per_minute=1, tokens_per_minute=2, tokens_per_day=3, max_concurrent=4)
    secret, key = store.create(name="Ada L.", scopes=["embed", "metrics"], tenant="lab", limits=limits)
    caller = store.find(secret)
    assert caller == key.caller
    assert (caller.name, caller.scopes, caller.tenant, caller.limits) == (
        "Ada L.", frozenset({"embed", "metrics"}), "lab", limits,
    )  # fmt: skip


def test_a_key_is_a_tenant_of_its_own_unless_told_otherwise(store: KeyStore) -> None:
    tenants = {store.create(name="a")[1].tenant for _ in range(2)}
    assert len(tenants) == 2


def test_the_file_holds_the_hash_and_not_the_secret(store: KeyStore, path: Path) -> None:
    secret, _ = store.create(name="a")
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert hashlib.sha256(secret.encode()).digest() in stored
    assert secret.encode() not in stored
    assert secret[3:].encode() not in stored


def test_file_and_folder_are_the_owners_alone(store: KeyStore, path: Path) -> None:
    store.create(name="a")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_reading_makes_no_file(store: KeyStore, path: Path) -> None:
    assert (store.find("zk-x"), store.keys(), store.has_keys(), store.has_usable_key()) == (None, [], False, False)
    assert not path.parent.exists()


@pytest.mark.parametrize("secret", ["", "zk-", "zk-" + "A" * 43, "\udcff", "' OR 1=1 --", "x" * 100_000])
def test_an_unknown_secret_finds_nobody(store: KeyStore, secret: str) -> None:
    store.create(name="a")
    assert store.find(secret) is None


def test_an_expired_key_finds_nobody_from_its_last_second_on(store: KeyStore, clock: Clock) -> None:
    secret, _ = store.create(name="a", expires_s=NOW_S + 60)
    clock.now_s += 59
    assert store.find(secret) is not None
    clock.now_s += 1
    assert store.find(secret) is None


def test_a_revoked_key_finds_nobody_and_stays_revoked(store: KeyStore, clock: Clock) -> None:
    secret, key = store.create(name="a")
    first = store.revoke(key.id)
    clock.now_s += 60
    assert store.revoke(key.id) == first
    assert store.find(secret) is None


def test_once_there_was_a_key_the_server_stays_closed(store: KeyStore, clock: Clock) -> None:
    _, key = store.create(name="a")
    store.create(name="b", expires_s=NOW_S + 1)
    store.revoke(key.id)
    clock.now_s += 2
    assert store.has_keys()
    assert not store.has_usable_key()


def test_forgetting_the_last_key_leaves_no_trace(store: KeyStore) -> None:
    secret, key = store.create(name="a")
    store.add_tokens(key.id, TODAY, 5)
    store.flush()
    store.forget(key.id)
    assert not store.has_keys()
    assert store.find(secret) is None
    assert store.used_tokens(key.id, TODAY) == 0


def test_secrets_are_compared_in_constant_time(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, _ = store.create(name="a")
    compared = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert store.find(secret) is None
    assert compared == [(hashlib.sha256(secret.encode()).digest(),) * 2]


def test_another_program_sees_every_change_at_once(store: KeyStore, path: Path, clock: Clock) -> None:
    with KeyStore(path, clock=clock) as server:
        assert not server.has_keys()
        secret, key = store.create(name="a")
        assert server.find(secret) == key.caller
        store.revoke(key.id)
        assert server.find(secret) is None


def test_used_tokens_outlive_the_program(store: KeyStore, path: Path, clock: Clock) -> None:
    _, key = store.create(name="a")
    store.add_tokens(key.id, TODAY, 5)
    store.add_tokens(key.id, TODAY, 7)
    assert store.used_tokens(key.id, TODAY) == 12
    store.close()
    with KeyStore(path, clock=clock) as later:
        assert later.used_tokens(key.id, TODAY) == 12
        assert later.used_tokens(key.id, TODAY + 1) == 0
        assert later.usage(key.id) == {TODAY: 12}


def test_several_programs_add_up_what_a_key_used(store: KeyStore, path: Path, clock: Clock) -> None:
    _, key = store.create(name="a")
    with KeyStore(path, clock=clock) as other:
        for program in (store, other, store):
            program.add_tokens(key.id, TODAY, 10)
            program.flush()
        assert other.used_tokens(key.id, TODAY) == 30


def test_what_could_not_be_written_is_kept_for_the_next_time(store: KeyStore, path: Path, clock: Clock) -> None:
    _, key = store.create(name="a")
    store.add_tokens(key.id, TODAY, 10)
    path.chmod(0o666)
    with pytest.raises(ConfigError, match="others"):
        store.flush()
    path.chmod(0o600)
    assert store.used_tokens(key.id, TODAY) == 10
    store.flush()
    assert store.usage(key.id) == {TODAY: 10}


def test_tokens_are_written_behind(store: KeyStore) -> None:
    _, key = store.create(name="a")
    store.add_tokens(key.id, TODAY, 10)

    async def serve() -> None:
        writing = asyncio.create_task(store.flush_often(0.001))
        while not store.usage(key.id):
            await asyncio.sleep(0.001)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    asyncio.run(serve())
    assert store.usage(key.id) == {TODAY: 10}


def test_a_disk_that_fails_is_reported_and_tried_again(
    store: KeyStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, key = store.create(name="a")
    store.add_tokens(key.id, TODAY, 10)
    path.chmod(0o666)

    async def serve() -> None:
        writing = asyncio.create_task(store.flush_often(0.001))
        while not caplog.records:
            await asyncio.sleep(0.001)
        path.chmod(0o600)
        while not store.usage(key.id):
            await asyncio.sleep(0.001)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    with caplog.at_level(logging.WARNING):
        asyncio.run(serve())
    assert "will be tried again" in caplog.text


def test_old_days_are_removed(store: KeyStore, clock: Clock) -> None:
    _, key = store.create(name="a")
    store.add_tokens(key.id, TODAY, 10)
    store.flush()
    clock.now_s += 100 * 86400
    store.add_tokens(key.id, TODAY + 100, 1)
    store.flush()
    assert store.usage(key.id) == {TODAY + 100: 1}


def test_callers_without_a_key_leave_nothing_in_a_file(store: KeyStore, path: Path) -> None:
    store.add_tokens(LOCAL.key_id, TODAY, 10)
    store.flush()
    assert not path.exists()


def test_the_last_use_is_known_to_the_hour(store: KeyStore, clock: Clock) -> None:
    secret, key = store.create(name="a")
    store.find(secret)
    store.flush()
    first = store.get(key.id).last_used_s
    clock.now_s += 60
    store.find(secret)
    store.flush()
    assert store.get(key.id).last_used_s == first == NOW_S // 3600 * 3600


def test_a_key_that_is_used_again_and_again_is_written_once_an_hour(store: KeyStore, path: Path, clock: Clock) -> None:
    secret, _ = store.create(name="a")
    with contextlib.closing(sqlite3.connect(path)) as watching:
        written = []
        for passed_s in (0, 60, 60, 3600):
            clock.now_s += passed_s
            store.find(secret)
            store.flush()
            written.append(watching.execute("PRAGMA data_version").fetchone()[0])
    assert [later != earlier for earlier, later in itertools.pairwise(written)] == [False, False, True]


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_can_change_is_refused(store: KeyStore, path: Path, mode: int) -> None:
    store.create(name="a")
    path.parent.chmod(mode)
    with pytest.raises(ConfigError, match="chmod go-w"):
        KeyStore(path)


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "  "}, {"name": "a" * 65}, {"name": "a\nb"}, {"name": "a", "tenant": "key_0123456789ab"},
     {"name": "a", "tenant": ""}, {"name": "a", "scopes": ["everything"]}, {"name": "a", "scopes": []},
     {"name": "a", "expires_s": NOW_S}, {"name": "a", "limits": Limits(tokens_per_day=0)},
     {"name": "a", "limits": Limits(max_concurrent=2**63)}],
)  # fmt: skip
def test_an_impossible_key_is_refused_and_nothing_is_written(
    store: KeyStore, path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(ConfigError):
        store.create(**wrong)  # type: ignore[arg-type]
    assert not path.exists()


def test_an_unknown_id_is_refused_and_the_one_that_was_meant_is_named(store: KeyStore) -> None:
    _, key = store.create(name="alice")
    with pytest.raises(ConfigError, match=key.id):
        store.revoke("alice")
    with pytest.raises(ConfigError, match="zaphod keys list"):
        store.forget("key_000000000000")


def test_another_file_is_refused(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_text("no database at all, but long enough to be looked at " * 100)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="cannot be used"):
        KeyStore(path)


def test_a_file_of_a_later_version_is_refused(store: KeyStore, path: Path) -> None:
    store.create(name="a")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(ConfigError, match="version 2"):
        KeyStore(path)


def test_the_users_own_file_lies_where_data_lie(tmp_path: Path) -> None:
    assert default_keys_path({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "zaphod" / "keys.sqlite"
    assert default_keys_path({}) == Path("~/.local/share/zaphod/keys.sqlite").expanduser()


def test_a_key_may_come_in_a_file_as_containers_hand_it_over(path: Path, tmp_path: Path) -> None:
    secret = "a1" * 32
    (tmp_path / "secret").write_text(secret + "\n")
    with KeyStore(path, api_key_file=tmp_path / "secret") as store:
        caller = store.find(secret)
        assert caller is not None
        assert "generate" in caller.scopes
        assert store.find(secret[:-1]) is None
        assert store.has_usable_key()
        store.add_tokens(caller.key_id, TODAY, 5)
    assert not path.exists()


@pytest.mark.parametrize("secret", ["", "short", "a " * 32, "é" * 32, "a\nb" * 20])
def test_a_key_that_could_be_guessed_or_not_be_sent_is_refused(path: Path, tmp_path: Path, secret: str) -> None:
    (tmp_path / "secret").write_text(secret)
    with pytest.raises(ConfigError, match="openssl rand"):
        KeyStore(path, api_key_file=tmp_path / "secret")


def test_a_missing_file_with_a_key_is_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--api-key-file"):
        KeyStore(path, api_key_file=tmp_path / "nowhere")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8", "[::1]"])
def test_loopback_is_safe_without_a_key(store: KeyStore, host: str) -> None:
    require_safe_to_listen(host, store)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.0.0.1.example.org"])
def test_elsewhere_nobody_listens_without_a_usable_key(store: KeyStore, clock: Clock, host: str) -> None:
    store.create(name="a", expires_s=NOW_S + 1)
    require_safe_to_listen(host, store)
    clock.now_s += 1
    with pytest.raises(ConfigError, match="zaphod keys create"):
        require_safe_to_listen(host, store)
