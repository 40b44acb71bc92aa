from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError, ZaphodError
from zaphod.safety.vault.kek_address import KINDS, create_kek, open_kek, pkcs11_options, transit_options


def test_a_file_is_made_and_opened_by_its_address(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    address = f"file:{tmp_path}/kek"
    assert create_kek(address).key_id == open_kek(address).key_id


def test_a_variable_is_opened_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEK", secrets.token_hex(32))
    assert open_kek("env:SOME_KEK").kind == "environment"


@pytest.mark.parametrize("address", ["env:NAME", "transit:https://host/transit/zaphod?token-file=/t"])
def test_a_key_that_lies_elsewhere_is_not_made_here(address: str) -> None:
    with pytest.raises(ConfigError, match="made elsewhere"):
        create_kek(address)


def test_a_token_is_named_as_rfc_7512_says() -> None:
    options = pkcs11_options("token=My%20token;object=kek?module-path=/lib/p11.so&pin-source=file:/run/pin")
    assert (options.token, options.key, options.wrapping) == ("My token", "kek", "aes-gcm")
    assert (options.module, options.pin_file) == (Path("/lib/p11.so"), Path("/run/pin"))
    other = pkcs11_options("object=k;token=t?pin-source=/run/pin&module-path=m&x-wrapping=aes-key-wrap")
    assert other.wrapping == "aes-key-wrap"


def test_a_transit_key_is_named_by_its_url() -> None:
    options = transit_options("https://vault:8200/team/transit/zaphod?token-file=/run/token&namespace=a&ca-file=/ca")
    assert (options.url, options.mount, options.key) == ("https://vault:8200", "team/transit", "zaphod")
    assert (options.token_file, options.ca_file, options.namespace) == (Path("/run/token"), Path("/ca"), "a")


@pytest.mark.parametrize(
    "address",
    [
        "", "file", "file:", "file:~nobody-there/kek", "file:\ud800", "env:\ud800", "kms:x", ":", "env:", "file:a\0b",
        "pkcs11:", "pkcs11:token=t;object=k", "pkcs11:token=t;object=k?module-path=m",
        "pkcs11:token=t;object=k?module-path=m&pin-value=1234",
        "pkcs11:token=t;token=u;object=k?module-path=m&pin-source=p",
        "pkcs11:token=t;object=k?module-path=m&pin-source=p&x-wrapping=des",
        "transit:https://host/transit/zaphod", "transit:http://host/transit/zaphod?token-file=/t",
        "transit:https://host/zaphod?token-file=/t", "transit:https://u:p@host/transit/zaphod?token-file=/t",
        "transit:https://host/transit/zaphod?token-file=/t&token=s.1", "transit:https://[::1/transit/z?token-file=/t",
        "transit:https://host:99999/transit/zaphod?token-file=/t",
    ],
)  # fmt: skip
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        open_kek(address)


def test_a_pin_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        open_kek("pkcs11:token=t;object=k?module-path=m&pin-source=p&pin-value=1234")
    assert "1234" not in str(caught.value)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([*KINDS, "other"]), st.text(max_size=80), st.text(max_size=40))
def test_no_text_crashes(kind: str, middle: str, end: str) -> None:
    with pytest.raises(ZaphodError):
        open_kek(f"{kind}:{middle}?{end}")
