import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.safety.guard.pii.checksums import base58check, bech32, ean13, luhn, mod11_2, mod11_10, mod97, verhoeff
from zaphod.safety.guard.pii.keccak import keccak256

SINGLE_DIGITS = [(luhn, "4111111111111111"), (verhoeff, "2363"), (mod11_10, "36574261809"), (ean13, "9783161484100")]


@pytest.mark.parametrize(("check", "number"), SINGLE_DIGITS)
def test_published_numbers_hold(check, number):
    assert check(number)


@pytest.mark.parametrize(("check", "number"), SINGLE_DIGITS)
def test_every_changed_digit_is_noticed(check, number):
    changed = [number[:place] + digit + number[place + 1 :] for place in range(len(number)) for digit in "0123456789"]
    assert not any(check(text) for text in changed if text != number)


def test_an_iban_holds_and_every_exchange_of_neighbours_is_noticed():
    number = "370400440532013000DE89"
    exchanged = [number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(len(number) - 1)]
    assert mod97(number)
    assert not any(mod97(text) for text in exchanged if text != number)


def test_the_check_letter_of_a_chinese_number_holds():
    assert mod11_2("11010519491231002X")
    assert not mod11_2("110105194912310021")


def test_an_address_of_the_first_block_decodes_to_its_version_and_hash():
    payload = base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert payload is not None
    assert (payload[0], len(payload)) == (0, 21)


@pytest.mark.parametrize(
    "address",
    ["BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"],
)
def test_examples_of_both_bech32_standards_hold(address):
    assert bech32(address)
    assert not bech32(address[:-1] + ("q" if address[-1] != "q" else "p"))


def test_bech32_of_two_cases_does_not_hold():
    assert not bech32("bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4")


def test_keccak_gives_the_published_digest_of_nothing_and_is_not_sha3():
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"") != hashlib.sha3_256(b"").digest()


def test_keccak_refuses_more_than_a_block():
    with pytest.raises(ValueError, match="136 bytes"):
        keccak256(bytes(136))


@given(st.text(max_size=40))
def test_no_text_breaks_a_check(text):
    for check in (luhn, verhoeff, ean13, mod97, base58check, bech32):
        check(text)
