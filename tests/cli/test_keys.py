from __future__ import annotations

import datetime
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod

from zaphod.server.admission import KeyStore


@pytest.fixture(autouse=True)
def _own_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data/zaphod/keys.sqlite"


def test_a_key_is_made_shown_once_and_opens(zaphod: Zaphod, file: Path) -> None:
    made = zaphod("keys", "create", "--name", "alice", "--json").json
    assert re.fullmatch(r"zk-[A-Za-z0-9_-]{43}", made["secret"])
    assert (made["file"], stat.S_IMODE(file.stat().st_mode)) == (str(file), 0o600)
    with KeyStore(file) as store:
        caller = store.find(made["secret"])
    assert caller is not None
    assert (caller.key_id, caller.name, sorted(caller.scopes)) == (
        made["id"],
        "alice",
        ["embed", "generate", "tokenize"],
    )
    for arguments in (("list",), ("list", "--json"), ("show", made["id"]), ("show", made["id"], "--json")):
        assert made["secret"][3:] not in zaphod("keys", *arguments).out


def test_the_secret_stands_alone_on_the_first_line(zaphod: Zaphod) -> None:
    lines = zaphod("keys", "create", "--name", "alice").out.splitlines()
    assert re.fullmatch(r"zk-[A-Za-z0-9_-]{43}", lines[0])
    assert "only now" in lines[1]


def test_scopes_tenant_limits_and_end_are_kept(zaphod: Zaphod) -> None:
    limits = ["--requests-per-minute", "60", "--tokens-per-minute", "9000", "--tokens-per-day", "100000"]
    flags = ["--scope", "metrics", "--scope", "generate", "--tenant", "lab", "--max-concurrent", "4", *limits]
    made = zaphod("keys", "create", "--name", "bob", "--expires", "30d", *flags, "--json").json
    shown = zaphod("keys", "show", made["id"], "--json").json
    assert (shown["scopes"], shown["tenant"], shown["usable"]) == (["generate", "metrics"], "lab", True)
    assert shown["limits"] == {
        "requests_per_minute": 60, "tokens_per_minute": 9000, "tokens_per_day": 100000, "max_concurrent": 4,
    }  # fmt: skip
    left = datetime.datetime.fromisoformat(shown["expires"]).timestamp() - time.time()
    assert 30 * 86400 - 60 < left <= 30 * 86400
    row = zaphod("keys", "list").out.splitlines()[1]
    assert "bob   generate metrics  until 20" in row
    assert "60 requests/min, 9,000 tokens/min, 100,000 tokens/day, 4 at one time" in row


@pytest.mark.parametrize(
    ("when", "moment"),
    [("2099-12-24", "2099-12-24T00:00:00+00:00"), ("2099-12-24T12:00+02:00", "2099-12-24T10:00:00+00:00")],
)
def test_an_end_may_be_a_date(zaphod: Zaphod, when: str, moment: str) -> None:
    assert zaphod("keys", "create", "--name", "a", "--expires", when, "--json").json["expires"] == moment


def test_a_revoked_key_stays_listed_and_opens_nothing(zaphod: Zaphod, file: Path) -> None:
    made = zaphod("keys", "create", "--name", "alice", "--json").json
    assert "opens nothing any more" in zaphod("keys", "revoke", made["id"]).out
    listed = zaphod("keys", "list", "--json").json["keys"][0]
    assert (listed["usable"], listed["revoked"] is not None) == (False, True)
    assert "revoked 20" in zaphod("keys", "list").out
    with KeyStore(file) as store:
        assert store.find(made["secret"]) is None


def test_a_forgotten_key_is_gone(zaphod: Zaphod) -> None:
    made = zaphod("keys", "create", "--name", "alice", "--json").json
    assert zaphod("keys", "revoke", made["id"], "--forget", "--json").json["forgotten"]
    assert zaphod("keys", "list", "--json").json["keys"] == []
    assert "There is no key in" in zaphod("keys", "list").out


def test_what_a_key_used_is_shown_by_day(zaphod: Zaphod, file: Path) -> None:
    key_id = zaphod("keys", "create", "--name", "alice", "--json").json["id"]
    with KeyStore(file) as store:
        store.add_tokens(key_id, int(time.time() // 86400), 1234)
    assert list(zaphod("keys", "show", key_id, "--json").json["tokens_used"].values()) == [1234]
    assert "1,234" in zaphod("keys", "show", key_id).out


def test_an_expired_key_is_called_so(zaphod: Zaphod, file: Path) -> None:
    with KeyStore(file, clock=lambda: 1_000_000.0) as long_ago:
        long_ago.create(name="old", expires_s=1_000_060)
    assert "expired 1970-01-12" in zaphod("keys", "list").out


def test_keys_may_lie_in_another_file(zaphod: Zaphod, file: Path, tmp_path: Path) -> None:
    other = str(tmp_path / "other/keys.sqlite")
    zaphod("keys", "create", "--name", "alice", "--keys-file", other)
    assert len(zaphod("keys", "list", "--keys-file", other, "--json").json["keys"]) == 1
    assert not file.exists()


def test_looking_makes_no_file(zaphod: Zaphod, file: Path) -> None:
    assert zaphod("keys", "list").code == 0
    assert zaphod("keys", "show", "key_0").code == 2
    assert not file.exists()


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (["--scope", "everything"], "The scopes are generate, embed"),
        (["--expires", "soon"], "like 12h, 30d or 8w"),
        (["--expires", "2001-01-01"], "expired already"),
        (["--expires", "0d"], "expired already"),
        (["--expires", "999999w"], "year 10000"),
        (["--requests-per-minute", "0"], "requests-per-minute"),
        (["--tokens-per-day", "99999999999999999999"], "tokens_per_day"),
        (["--tenant", "key_0123456789ab"], "key_"),
        (["--name", "a\nb"], "printable"),
        (["--tokens-per-hour", "1"], "Did you mean --tokens-per-"),
    ],
)
def test_a_mistake_is_explained_and_makes_no_key(zaphod: Zaphod, file: Path, flags: list[str], hint: str) -> None:
    outcome = zaphod("keys", "create", "--name", "alice", *flags)
    assert outcome.code == 2
    assert hint in outcome.err
    assert not file.exists()


def test_a_name_instead_of_an_id_is_recognised(zaphod: Zaphod) -> None:
    key_id = zaphod("keys", "create", "--name", "alice", "--json").json["id"]
    outcome = zaphod("keys", "revoke", "alice")
    assert outcome.code == 2
    assert f"The key called 'alice' is {key_id}." in outcome.err


@pytest.mark.parametrize("verb", ["create", "list", "show", "revoke"])
def test_every_verb_has_an_example_and_json(zaphod: Zaphod, verb: str) -> None:
    out = zaphod("keys", verb, "--help").out
    assert f"  zaphod keys {verb}" in out.split("Examples:")[1]
    assert "--json" in out


def test_keys_import_neither_torch_nor_a_web_framework() -> None:
    script = (
        "import sys; from zaphod.cli.main import main; main(['keys', 'list']);"
        "assert not {'torch', 'numpy', 'fastapi', 'uvicorn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
