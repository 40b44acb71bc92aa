"""Against SoftHSM2, a token in software: real sessions, real PINs, keys that do not come out."""

from __future__ import annotations

import dataclasses
import os
import secrets
import shutil
import subprocess
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from tests.support.key_table import MemoryKeyTable

from zaphod.core.errors import ConfigError, IntegrityError, MissingExtraError, UnavailableError
from zaphod.safety.vault.kek_environment import EnvironmentKek
from zaphod.safety.vault.kek_pkcs11 import Pkcs11Kek
from zaphod.safety.vault.pkcs11_token import Pkcs11Options, Wrapping
from zaphod.safety.vault.secret_key import SecretKey
from zaphod.safety.vault.vault import Vault

pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
MODULES = [
    Path(folder) / "softhsm/libsofthsm2.so"
    for folder in (
        "/usr/lib",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/local/lib",
        "/opt/homebrew/lib",
    )
]
MODULE = next((path for path in MODULES if path.is_file()), None)
TOOL = shutil.which("softhsm2-util")
pytestmark = pytest.mark.skipif(
    MODULE is None or TOOL is None, reason="SoftHSM2 is not installed: no token to test with"
)

KEY = SecretKey(bytes(range(64)))
PIN = "4321-zaphod"
WRAPPINGS: tuple[Wrapping, ...] = ("aes-gcm", "aes-key-wrap")


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pkcs11Options]:
    """A fresh token, and the file with its PIN."""
    folder = tmp_path_factory.mktemp("token")
    folder.chmod(0o700)
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    (folder / "pin").write_text(PIN + "\n")
    (folder / "pin").chmod(0o600)
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    command = [str(TOOL), "--init-token", "--free", "--label", "zaphod", "--so-pin", "12345678", "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    assert MODULE is not None
    yield Pkcs11Options(module=MODULE, token="zaphod", key="kek", pin_file=folder / "pin")
    pkcs11.unload(str(MODULE))
    del os.environ["SOFTHSM2_CONF"]


@pytest.fixture
def kek(options: Pkcs11Options) -> Iterator[Pkcs11Kek]:
    own = dataclasses.replace(options, key=f"kek-{secrets.token_hex(4)}")
    made = Pkcs11Kek.create(own)
    yield made
    made.close()


def using(kek: Pkcs11Kek, options: Pkcs11Options, wrapping: Wrapping) -> Pkcs11Kek:
    label = kek.key_id.rpartition("/")[2]
    return Pkcs11Kek(dataclasses.replace(options, key=label, wrapping=wrapping))


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_key_is_wrapped_in_the_token_and_opens_there_with_its_place(
    kek: Pkcs11Kek, options: Pkcs11Options, wrapping: Wrapping
) -> None:
    one = using(kek, options, wrapping)
    envelope = one.wrap(KEY, b"place")
    assert one.unwrap(envelope, b"place") == KEY
    assert kek.unwrap(envelope, b"place") == KEY  # whichever mechanism is set for new ones
    assert KEY.reveal() not in envelope
    with pytest.raises(IntegrityError):
        one.unwrap(envelope, b"another place")
    one.close()


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_every_changed_byte_of_an_envelope_is_found(kek: Pkcs11Kek, options: Pkcs11Options, wrapping: Wrapping) -> None:
    one = using(kek, options, wrapping)
    envelope = one.wrap(KEY, b"place")
    for place in range(len(envelope)):
        changed = bytearray(envelope)
        changed[place] ^= 1
        with pytest.raises(IntegrityError):
            one.unwrap(bytes(changed), b"place")
    for cut in (b"", envelope[:1], envelope[:20], envelope[:-1]):
        with pytest.raises(IntegrityError):
            one.unwrap(cut, b"place")
    one.close()


def test_another_key_of_the_token_opens_nothing(kek: Pkcs11Kek, options: Pkcs11Options) -> None:
    other = Pkcs11Kek.create(dataclasses.replace(options, key=f"kek-{secrets.token_hex(4)}"))
    with pytest.raises(IntegrityError):
        other.unwrap(kek.wrap(KEY, b"place"), b"place")
    other.close()


def test_the_tokens_key_wrap_is_the_published_one(options: Pkcs11Options) -> None:
    """SP 800-38F by two makers: the token wraps, a library opens, with a key that both know."""
    wrapping_key, name = secrets.token_bytes(32), f"known-{secrets.token_hex(4)}"
    token = pkcs11.lib(str(options.module)).get_token(token_label="zaphod")
    attribute = pkcs11.Attribute
    with token.open(rw=True, user_pin=PIN) as session:
        session.create_object(
            {
                attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
                attribute.KEY_TYPE: pkcs11.KeyType.AES,
                attribute.VALUE: wrapping_key,
                attribute.LABEL: name,
                attribute.TOKEN: True,
                attribute.SENSITIVE: True,
                attribute.EXTRACTABLE: False,
                attribute.WRAP: True,
                attribute.UNWRAP: True,
            }
        )
    kek = Pkcs11Kek(dataclasses.replace(options, key=name, wrapping="aes-key-wrap"))
    assert aes_key_unwrap(wrapping_key, kek.wrap(KEY, b"place")[1:])[:64] == KEY.reveal()
    kek.close()


def test_the_key_does_not_leave_the_token(kek: Pkcs11Kek, options: Pkcs11Options) -> None:
    token = pkcs11.lib(str(options.module)).get_token(token_label="zaphod")
    kek.close()
    with token.open(user_pin=PIN) as session:
        key = session.get_key(label=kek.key_id.rpartition("/")[2])
        with pytest.raises(pkcs11.AttributeSensitive):
            _ = key[pkcs11.Attribute.VALUE]


def test_a_key_that_could_leave_its_token_is_refused(options: Pkcs11Options) -> None:
    token = pkcs11.lib(str(options.module)).get_token(token_label="zaphod")
    with token.open(rw=True, user_pin=PIN) as session:
        template = {pkcs11.Attribute.EXTRACTABLE: True}
        session.generate_key(pkcs11.KeyType.AES, 256, label="loose", store=True, template=template)
    with pytest.raises(ConfigError, match="stays in its token"):
        Pkcs11Kek(dataclasses.replace(options, key="loose"))


def test_a_key_is_never_made_twice(kek: Pkcs11Kek, options: Pkcs11Options) -> None:
    with pytest.raises(ConfigError, match="already"):
        Pkcs11Kek.create(dataclasses.replace(options, key=kek.key_id.rpartition("/")[2]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"token": "other"}, "not one token"),
        ({"key": "other"}, "not one key"),
        ({"module": Path("/nowhere.so")}, "cannot be loaded"),
        ({"pin_file": Path("/nowhere")}, "PIN"),
    ],
)
def test_what_is_not_there_is_named(options: Pkcs11Options, change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Pkcs11Kek(dataclasses.replace(options, **change))  # type: ignore[arg-type]


def test_a_wrong_pin_is_named_and_not_shown(options: Pkcs11Options, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    wrong = tmp_path / "pin"
    wrong.write_text("wrong-98765")
    wrong.chmod(0o600)
    with pytest.raises(ConfigError, match="does not take the PIN") as caught:
        Pkcs11Kek(dataclasses.replace(options, pin_file=wrong))
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "wrong-98765" not in shown


def test_a_session_that_was_closed_is_opened_again(kek: Pkcs11Kek) -> None:
    envelope = kek.wrap(KEY, b"place")
    kek.close()
    assert kek.unwrap(envelope, b"place") == KEY


def test_two_keks_of_one_token_do_not_log_each_other_out(kek: Pkcs11Kek, options: Pkcs11Options) -> None:
    other = Pkcs11Kek.create(dataclasses.replace(options, key=f"kek-{secrets.token_hex(4)}"))
    envelope = kek.wrap(KEY, b"place")
    other.wrap(KEY, b"place")
    other.close()
    assert kek.unwrap(envelope, b"place") == KEY


def test_a_token_that_is_gone_is_unavailable_and_no_forgery(kek: Pkcs11Kek, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same general error as for a wrong tag, but now for everything."""
    envelope = kek.wrap(KEY, b"place")

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise pkcs11.GeneralError

    monkeypatch.setattr(type(kek._token), "_opened", lambda self: (Broken(), Broken()))
    with pytest.raises(UnavailableError):
        kek.unwrap(envelope, b"place")


def test_threads_take_turns(kek: Pkcs11Kek) -> None:
    opened: list[SecretKey] = []
    threads = [
        threading.Thread(target=lambda: opened.append(kek.unwrap(kek.wrap(KEY, b"place"), b"place"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [KEY] * 8


def test_a_vault_moves_from_a_file_into_a_token(kek: Pkcs11Kek) -> None:
    table, former = MemoryKeyTable(), EnvironmentKek("K", {"K": secrets.token_hex(32)})
    sealed = Vault(table, former).encrypt(b"a secret", tenant="t", subject="s", record="r")
    assert Vault(table, kek, former=[former]).rotate_kek() == 1
    assert Vault(table, kek).decrypt(sealed, tenant="t", subject="s", record="r") == b"a secret"


def test_without_the_library_the_extra_is_named(options: Pkcs11Options, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pkcs11", None)
    with pytest.raises(MissingExtraError, match=r"zaphod\[pkcs11\]"):
        Pkcs11Kek(options)
