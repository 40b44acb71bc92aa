"""Nothing that a program prints by accident shows a key."""

from __future__ import annotations

import base64
import copy
import dataclasses
import logging
import pickle
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.key_table import MemoryKeyTable

from zaphod.core.errors import ConfigError, ZaphodError
from zaphod.safety.vault.kek import KekProvider, parse_key
from zaphod.safety.vault.kek_environment import EnvironmentKek
from zaphod.safety.vault.kek_file import FileKek
from zaphod.safety.vault.keyring import Keyring
from zaphod.safety.vault.secret_key import SecretKey
from zaphod.safety.vault.vault import Vault

HERE = {"tenant": "acme", "subject": "alice", "record": "conv_1"}
KEK = bytes(range(100, 132))


def spellings(key: bytes) -> Iterator[str]:
    """How bytes look in a log."""
    yield from (repr(key)[2:-1], key.hex(), key.hex().upper(), base64.b64encode(key).decode(), str(list(key))[1:-1])


def shows(text: str, key: bytes) -> bool:
    """Also where only a half of it is there."""
    return any(part in text for half in (key[:16], key[16:32]) for part in spellings(half)) or any(
        part in text for part in spellings(key)
    )


def with_locals(error: BaseException) -> str:
    """A traceback as error collectors make it: with every local variable of every frame."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def all_keys(table: MemoryKeyTable, kek: KekProvider) -> list[bytes]:
    keys = Keyring(table, kek)
    root = keys.tenant_key_in_use("acme").root.reveal()
    return [KEK, root[:32], root[32:], keys.data_key_in_use("acme", "alice").secret.reveal()]


@pytest.fixture
def kek() -> EnvironmentKek:
    return EnvironmentKek("KEK", {"KEK": KEK.hex()})


def test_the_search_for_keys_finds_one() -> None:
    """The other tests must be able to fail."""

    def careless(key: bytes) -> None:
        raise ZaphodError("found")

    with pytest.raises(ZaphodError) as caught:
        careless(KEK)
    assert shows(with_locals(caught.value), KEK)
    assert all(shows(f"x{text}y", KEK) for text in spellings(KEK))


def test_no_key_shows_in_what_prints(vault: Vault, table: MemoryKeyTable, kek: EnvironmentKek) -> None:
    vault.encrypt(b"x", **HERE)
    keyring = Keyring(table, kek)
    things = [kek, vault, keyring, keyring.tenant_key_in_use("acme"), keyring.data_key_in_use("acme", "alice")]
    text = "".join(f"{thing!r}{thing!s}{thing}" for thing in things) + repr(SecretKey(KEK)) + repr(vars(kek))
    assert not any(shows(text, key) for key in all_keys(table, kek))


def test_a_key_is_neither_pickled_nor_copied() -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(SecretKey(KEK))


def test_no_key_shows_in_a_traceback_with_local_variables(
    vault: Vault, table: MemoryKeyTable, kek: EnvironmentKek, open_vault: Callable[..., Vault],
    new_kek: Callable[[], KekProvider],
) -> None:  # fmt: skip
    sealed = vault.encrypt(b"x", **HERE)
    keys = [SecretKey(key) for key in all_keys(table, kek)]  # this test's own variables are in the traceback, too
    attempts: list[Callable[[], object]] = [
        lambda: vault.decrypt(sealed[:-1], **HERE),
        lambda: vault.decrypt(sealed, **{**HERE, "record": "other"}),
        lambda: vault.decrypt(sealed, **HERE, sequence=9),
        lambda: open_vault(new_kek()).decrypt(sealed, **HERE),
        lambda: vault.encrypt("no bytes", **HERE),  # type: ignore[arg-type]
        lambda: open_vault().decrypt(broken(table, sealed), **HERE),
    ]
    for attempt in attempts:
        with pytest.raises((ZaphodError, TypeError)) as caught:
            attempt()
        text = with_locals(caught.value)
        assert "safety/vault/" in text
        assert not any(shows(text, key.reveal()) for key in keys)


def broken(table: MemoryKeyTable, sealed: bytes) -> bytes:
    """The tenant's envelope with a bit changed: it fails deep in the ring of keys."""
    name, row = next((name, row) for name, row in table.rows.items() if not row.subject)
    table.rows[name] = dataclasses.replace(row, wrapped=row.wrapped[:-1] + bytes((row.wrapped[-1] ^ 1,)))
    return sealed


@pytest.mark.parametrize("text", [KEK.hex() + "0", KEK.hex()[:-1] + "x", KEK.hex()[:-2], "é" + KEK.hex(), "00" * 32])
def test_a_malformed_key_is_not_quoted(text: str, tmp_path: Path) -> None:
    file = tmp_path / "kek"
    file.write_text(text)
    file.chmod(0o600)
    tmp_path.chmod(0o700)
    attempts = [lambda: EnvironmentKek("KEK", {"KEK": text}), lambda: FileKek(file)]
    for attempt in attempts:
        with pytest.raises(ConfigError) as caught:
            attempt()
        shown = with_locals(caught.value).replace(repr(text), "")  # the caller's own variables
        assert not shows(shown, KEK)
        assert KEK.hex()[:20] not in shown


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100))
def test_any_bytes_are_a_key_or_an_error_without_them(noise: bytes) -> None:
    said = ""
    try:
        assert len(parse_key(SecretKey(noise), "it")) == 32
    except ConfigError as error:
        said = str(error)
    assert len(noise) < 16 or not any(part in said for part in spellings(noise))


def test_nothing_is_logged_and_no_file_is_left(
    vault: Vault, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with caplog.at_level(logging.DEBUG):
        sealed = vault.encrypt(b"a secret" * 100_000, **HERE)
        vault.decrypt(sealed, **HERE)
        vault.rotate(tenant="acme")
        vault.shred(tenant="acme", subject="alice")
    assert caplog.records == []
    assert list(tmp_path.iterdir()) == []


def test_equal_keys_are_equal_and_cannot_be_looked_up() -> None:
    assert SecretKey(KEK) == SecretKey(bytes(KEK))
    assert SecretKey(KEK) != SecretKey(KEK[::-1])
    with pytest.raises(TypeError):
        hash(SecretKey(KEK))
