from __future__ import annotations

import base64
import os
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from zaphod.core.errors import ConfigError, IntegrityError
from zaphod.safety.vault.kek_environment import EnvironmentKek
from zaphod.safety.vault.kek_file import FileKek
from zaphod.safety.vault.secret_key import SecretKey

KEY = SecretKey(bytes(range(64)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "vault" / "kek"


def test_a_new_kek_lies_in_a_file_of_its_own(path: Path) -> None:
    made = FileKek.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) == 64
    assert FileKek(path).key_id == made.key_id
    assert FileKek(path).unwrap(made.wrap(KEY, b"place"), b"place") == KEY


def test_a_kek_is_never_written_over(path: Path) -> None:
    before = FileKek.create(path).key_id
    with pytest.raises(ConfigError, match="already"):
        FileKek.create(path)
    assert FileKek(path).key_id == before


def test_of_many_that_make_it_at_once_one_wins_and_it_is_whole(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    code = "import sys, pathlib, zaphod.safety.vault.kek_file as k; k.FileKek.create(pathlib.Path(sys.argv[1]))"
    makers = [subprocess.Popen([sys.executable, "-c", code, path], stderr=subprocess.DEVNULL) for _ in range(4)]
    assert sorted(maker.wait() for maker in makers) == [0, 1, 1, 1]
    assert FileKek(path).kind == "file"
    assert os.listdir(path.parent) == ["kek"]


def test_a_kek_that_others_can_read_is_refused(path: Path) -> None:
    FileKek.create(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        FileKek(path)


def test_a_missing_kek_says_how_to_make_one(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with pytest.raises(ConfigError, match="zaphod vault init"):
        FileKek(path)


def test_the_same_key_has_the_same_id_wherever_it_lies(path: Path) -> None:
    made = FileKek.create(path)
    text = path.read_text().strip()
    spelled = [text, text.upper(), f" {text}\n", base64.b64encode(bytes.fromhex(text)).decode()]
    spelled += [base64.urlsafe_b64encode(bytes.fromhex(text)).decode().rstrip("=")]
    assert {EnvironmentKek("K", {"K": one}).key_id for one in spelled} == {made.key_id}
    assert EnvironmentKek("K", {"K": secrets.token_hex(32)}).key_id != made.key_id


def test_an_id_says_nothing_of_the_key(path: Path) -> None:
    made = FileKek.create(path)
    assert made.key_id.removeprefix("kek-") not in path.read_text()


@pytest.mark.parametrize(
    "text",
    ["", "secret", "a" * 64, "0" * 64, secrets.token_hex(16), secrets.token_hex(33), "z" * 64, "=" * 44, "\udcff" * 64],
    ids=["nothing", "word", "letter", "digit", "short", "long", "no digits", "padding", "surrogates"],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="The environment variable K"):
        EnvironmentKek("K", {"K": text})


def test_an_unset_variable_says_how_to_make_a_key() -> None:
    with pytest.raises(ConfigError, match="openssl rand"):
        EnvironmentKek("K", {})


def test_an_envelope_opens_only_with_its_kek_and_its_place(path: Path) -> None:
    kek, other = FileKek.create(path), FileKek.create(path.with_name("other"))
    envelope = kek.wrap(KEY, b"place")
    changed = (envelope[:-1], b"", envelope[1:], bytes((envelope[0] ^ 1,)) + envelope[1:], envelope + b"\0")
    for one, sealed, bound in [
        (other, envelope, b"place"),
        (kek, envelope, b""),
        *((kek, c, b"place") for c in changed),
    ]:
        with pytest.raises(IntegrityError, match="envelope"):
            one.unwrap(sealed, bound)
    assert kek.wrap(KEY, b"place") != envelope
