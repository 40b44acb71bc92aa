"""Published answers of the three algorithms, and one sealed record that every later version must still open."""

from __future__ import annotations

import hmac
import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from zaphod.safety.vault.header import read_header
from zaphod.safety.vault.place import Place
from zaphod.safety.vault.sealed_record import DataKey, open_record, seal_record
from zaphod.safety.vault.secret_key import SecretKey

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
PLACE = Place(tenant="acme", subject="alice", record="conv_1")
KEY = DataKey(key_id="00112233445566778899aabbccddeeff", secret=SecretKey(bytes(range(32))))
SEALED = bytes.fromhex(
    "5a564c54010100112233445566778899aabbccddeeff0000000000000007d29da7b83b52ee519cfe677fee8cc7e3c79a54b4"
    "9a05310a752f81de26b46e572059f48acf4bc21388e5962ac2c24de48f47d261"
)


@pytest.mark.parametrize("vector", VECTORS["aes_256_gcm"]["vectors"])
def test_aes_gcm_gives_the_published_answer(vector: dict[str, str]) -> None:
    key, nonce, plaintext, bound, ciphertext, tag = (bytes.fromhex(part) for part in vector.values())
    assert AESGCM(key).encrypt(nonce, plaintext, bound) == ciphertext + tag
    assert AESGCM(key).decrypt(nonce, ciphertext + tag, bound) == plaintext
    with pytest.raises(InvalidTag):
        AESGCM(key).decrypt(nonce, ciphertext + tag[:-1] + bytes((tag[-1] ^ 1,)), bound)


@pytest.mark.parametrize("vector", VECTORS["aes_256_key_wrap"]["vectors"])
def test_aes_key_wrap_gives_the_published_answer(vector: dict[str, str]) -> None:
    wrapping, key, wrapped = (bytes.fromhex(part) for part in vector.values())
    assert aes_key_wrap(wrapping, key) == wrapped
    assert aes_key_unwrap(wrapping, wrapped) == key


@pytest.mark.parametrize("vector", VECTORS["hkdf_sha256_expand"]["vectors"])
def test_derived_keys_are_those_of_hkdf(vector: dict[str, str]) -> None:
    prk, info, okm = (bytes.fromhex(part) for part in vector.values())
    assert SecretKey(prk).derive(info) == SecretKey(okm)


def test_a_record_sealed_by_the_first_version_opens() -> None:
    header = read_header(SEALED, "record")
    assert (header.key_id, header.sequence) == (KEY.key_id, 7)
    assert open_record(SEALED, header, KEY, PLACE) == b"a secret"


def test_a_record_opens_with_nothing_but_what_is_written_down() -> None:
    """The form as docs/vault.md has it, without a line of the vault's code."""
    sealed = seal_record(b"a secret", KEY, PLACE, 7)
    salt, nonce = sealed[30:46], sealed[46:58]
    key = hmac.digest(bytes(range(32)), b"zaphod record v1" + salt + b"\x01", "sha256")
    place = b"\0\0\0\4acme\0\0\0\5alice\0\0\0\6conv_1"
    assert AESGCM(key).decrypt(nonce, sealed[58:], sealed[:58] + place) == b"a secret"
