from pathlib import Path

import pytest

from zaphod.core.errors import ConfigError
from zaphod.server.upstream.addresses import parse_addresses, read_keys


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://10.0.0.4:8000", "http://10.0.0.4:8000"),
        ("http://Host:8000/v1/", "http://host:8000"),
        ("https://engines.example/grok/v1", "https://engines.example/grok"),
        ("http://[::1]:9000/", "http://[::1]:9000"),
    ],
)
def test_addresses_are_tidied(written: str, meant: str) -> None:
    assert parse_addresses([written])[0].url == meant


@pytest.mark.parametrize(
    "wrong",
    [
        "localhost:8000",
        "ftp://host",
        "http://",
        "http://host:99999",
        "http://host/?a=1",
        "http://host/#x",
        "http://[::1",
    ],
)
def test_what_is_no_server_s_url_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match="upstream"):
        parse_addresses([wrong])


def test_a_key_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="command line") as refused:
        parse_addresses(["http://user:sk-secret@host:8000"])
    assert "sk-secret" not in str(refused.value)


def test_a_server_is_named_once() -> None:
    with pytest.raises(ConfigError, match="twice"):
        parse_addresses(["http://host:1/v1", "http://HOST:1"])


def test_keys_come_from_lines_variables_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINES_KEY", "sk-2")
    (tmp_path / "third").write_text("sk-3\n")
    file = tmp_path / "keys"
    file.write_text(f"# ours\nhttp://a:1/v1 sk-1\n\nhttp://b:1 env:ENGINES_KEY\n* file:{tmp_path}/third\n")
    addresses = parse_addresses(["http://a:1", "http://b:1", "http://c:1"], [file])
    assert [address.key for address in addresses] == ["sk-1", "sk-2", "sk-3"]


def test_keys_are_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("http://a:1 sk-secret")
    (address,) = parse_addresses(["http://a:1"], [file])
    assert address.key == "sk-secret"
    assert "sk-secret" not in repr(address)


def test_of_several_files_the_later_ones_win(tmp_path: Path) -> None:
    for name, key in (("one", "sk-1"), ("two", "sk-2")):
        (tmp_path / name).write_text(f"http://a:1 {key}")
    assert parse_addresses(["http://a:1"], [tmp_path / "one", tmp_path / "two"])[0].key == "sk-2"


def test_a_key_for_a_server_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("http://b:1 sk-1")
    with pytest.raises(ConfigError, match="not among the upstreams"):
        parse_addresses(["http://a:1"], [file])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://a:1 sk-secret extra", "3 words"),
        ("http://a:1", "1 words"),
        ("http://a:1 x\nhttp://a:1 y", "again"),
        ("http://a:1 env:ZAPHOD_NOT_SET_ANYWHERE", "not set"),
        ("http://a:1 file:/does/not/exist", "line 1"),
        ("http://a:1 sk-sécret", "no header"),
    ],
)
def test_malformed_lines_are_refused_by_number_and_without_their_key(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "keys"
    file.write_text(text)
    with pytest.raises(ConfigError, match=told) as refused:
        read_keys(file)
    assert "cret" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="absent"):
        read_keys(tmp_path / "absent")
