from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.key_table import MemoryKeyTable

from zaphod.core.errors import (
    ConfigError,
    DestroyedKeyError,
    IntegrityError,
    RequestError,
    UnknownVersionError,
    WrongKeyError,
)
from zaphod.safety.vault.header import RECORD_HEADER_BYTES
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.vault import Vault

HERE = {"tenant": "acme", "subject": "alice", "record": "conv_1"}
OpenVault = Callable[..., Vault]


@pytest.mark.parametrize("plaintext", [b"", b"x", b"a secret", bytes(65535), bytes(65536), bytes(1_000_000)])
def test_what_is_sealed_opens_again(vault: Vault, plaintext: bytes) -> None:
    sealed = vault.encrypt(plaintext, **HERE)
    assert vault.decrypt(sealed, **HERE) == plaintext
    assert len(sealed) == len(plaintext) + 74


def test_another_process_opens_it(vault: Vault, open_vault: OpenVault) -> None:
    assert open_vault().decrypt(vault.encrypt(b"a secret", **HERE), **HERE) == b"a secret"


def test_the_plaintext_is_not_in_the_sealed_bytes(vault: Vault) -> None:
    assert b"secret" not in vault.encrypt(b"a secret" * 10, **HERE)


def test_the_same_record_is_sealed_differently_each_time(vault: Vault) -> None:
    sealed = [vault.encrypt(b"a secret", **HERE) for _ in range(100)]
    assert len({one[30:RECORD_HEADER_BYTES] for one in sealed}) == 100  # salt and nonce
    assert len({one[RECORD_HEADER_BYTES:] for one in sealed}) == 100


def test_a_changed_bit_anywhere_is_found(vault: Vault) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    for place, bit in itertools.product(range(len(sealed)), range(8)):
        changed = bytearray(sealed)
        changed[place] ^= 1 << bit
        with pytest.raises(IntegrityError):
            vault.decrypt(bytes(changed), **HERE)


def test_any_other_length_is_found(vault: Vault) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    for wrong in (*(sealed[:length] for length in range(len(sealed))), sealed + b"\0", sealed[1:], b"\0" + sealed):
        with pytest.raises(IntegrityError):
            vault.decrypt(wrong, **HERE)


@pytest.mark.parametrize("other", [{"tenant": "evil"}, {"subject": "bob"}, {"record": "conv_2"}])
def test_sealed_bytes_do_not_open_in_another_place(vault: Vault, other: dict[str, str]) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    vault.encrypt(b"so that these have keys", **{**HERE, **other})
    with pytest.raises(IntegrityError):
        vault.decrypt(sealed, **{**HERE, **other})


def test_letters_do_not_move_between_the_names_of_a_place(vault: Vault) -> None:
    sealed = vault.encrypt(b"a secret", tenant="t", subject="ab", record="c")
    for subject, record in (("a", "bc"), ("abc", ""), ("ab", "c\0")):
        with pytest.raises(IntegrityError):
            vault.decrypt(sealed, tenant="t", subject=subject, record=record)


def test_a_record_moved_within_its_subject_is_refused(vault: Vault) -> None:
    """Same key, same header: only the associated data tells."""
    sealed = vault.encrypt(b"a secret", tenant="t", subject="s", record="one")
    with pytest.raises(IntegrityError, match="do not open"):
        vault.decrypt(sealed, tenant="t", subject="s", record="two")


def test_an_old_version_put_back_is_found_where_a_sequence_is_given(vault: Vault) -> None:
    old, new = (vault.encrypt(text, **HERE, sequence=number) for number, text in enumerate((b"old", b"new")))
    assert vault.decrypt(new, **HERE, sequence=1) == b"new"
    with pytest.raises(IntegrityError, match="version 0"):
        vault.decrypt(old, **HERE, sequence=1)
    assert vault.decrypt(old, **HERE) == b"old"


def test_a_sequence_cannot_be_written_over(vault: Vault) -> None:
    old = vault.encrypt(b"old", **HERE, sequence=1)
    forged = old[:22] + (2).to_bytes(8, "big") + old[30:]
    with pytest.raises(IntegrityError, match="do not open"):
        vault.decrypt(forged, **HERE, sequence=2)


def test_a_newer_form_is_named(vault: Vault) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    with pytest.raises(UnknownVersionError, match="version 2"):
        vault.decrypt(sealed[:4] + b"\2" + sealed[5:], **HERE)


def test_a_wrong_kek_is_named(vault: Vault, open_vault: OpenVault, new_kek: Callable[[], KekProvider]) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    stranger = new_kek()
    with pytest.raises(WrongKeyError, match=stranger.key_id):
        open_vault(stranger).decrypt(sealed, **HERE)
    with pytest.raises(WrongKeyError):
        open_vault(stranger).encrypt(b"more", **HERE)


def test_a_kek_that_claims_anothers_name_opens_nothing(
    vault: Vault, open_vault: OpenVault, kek: KekProvider, new_kek: Callable[[], KekProvider]
) -> None:
    class Impostor:
        def __init__(self, real: KekProvider) -> None:
            self.kind, self.key_id, self.wrap, self.unwrap = "file", kek.key_id, real.wrap, real.unwrap
            self.close = real.close

    sealed = vault.encrypt(b"a secret", **HERE)
    with pytest.raises(IntegrityError, match="envelope"):
        open_vault(Impostor(new_kek())).decrypt(sealed, **HERE)


def test_every_changed_bit_of_an_envelope_is_found(vault: Vault, open_vault: OpenVault, table: MemoryKeyTable) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    for name, row in list(table.rows.items()):
        for place in range(len(row.wrapped)):
            changed = bytearray(row.wrapped)
            changed[place] ^= 1
            table.rows[name] = dataclasses.replace(row, wrapped=bytes(changed))
            with pytest.raises(IntegrityError):
                open_vault().decrypt(sealed, **HERE)
        table.rows[name] = row
    assert open_vault().decrypt(sealed, **HERE) == b"a secret"


def test_an_envelope_opens_in_no_other_row(vault: Vault, open_vault: OpenVault, table: MemoryKeyTable) -> None:
    """Someone who can write to the table gives Bob's name Alice's key, to read her record as him."""
    sealed = vault.encrypt(b"of Alice", **HERE)
    vault.encrypt(b"of Bob", tenant="acme", subject="bob", record="conv_2")
    alices = next(row for row in table.rows.values() if row.subject == "alice")
    table.rows["acme", alices.key_id] = dataclasses.replace(alices, subject="bob")
    with pytest.raises(IntegrityError, match="envelope"):
        open_vault().decrypt(sealed, tenant="acme", subject="bob", record="conv_1")


def test_an_envelope_opens_for_no_other_tenant(vault: Vault, open_vault: OpenVault, table: MemoryKeyTable) -> None:
    sealed = vault.encrypt(b"a secret", **HERE)
    for row in list(table.rows.values()):
        table.rows["evil", row.key_id] = dataclasses.replace(row, tenant="evil")
    with pytest.raises(IntegrityError, match="envelope"):
        open_vault().decrypt(sealed, tenant="evil", subject="alice", record="conv_1")


def test_a_tenants_own_key_encrypts_nothing(vault: Vault) -> None:
    for subject in ("", "a\nb", "\udcff", "x" * 257):
        with pytest.raises(RequestError, match="subject"):
            vault.encrypt(b"", tenant="acme", subject=subject, record="r")
        with pytest.raises(RequestError, match="subject"):
            vault.shred(tenant="acme", subject=subject)
    with pytest.raises(ConfigError, match="tenant"):
        vault.encrypt(b"", tenant="x" * 65, subject="s", record="r")
    with pytest.raises(RequestError, match="record"):
        vault.encrypt(b"", tenant="x", subject="s", record="r" * 1025)


@pytest.mark.parametrize("sequence", [-1, 2**63])
def test_an_impossible_sequence_is_refused(vault: Vault, sequence: int) -> None:
    with pytest.raises(RequestError, match="sequence"):
        vault.encrypt(b"", **HERE, sequence=sequence)


def test_the_local_user_and_odd_names_have_places_too(vault: Vault) -> None:
    for tenant, record in (("", "\udcff\0"), ("Ä/../ö", "记录")):
        sealed = vault.encrypt(b"a secret", tenant=tenant, subject="病人", record=record)
        assert vault.decrypt(sealed, tenant=tenant, subject="病人", record=record) == b"a secret"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.booleans())
def test_bytes_from_anywhere_never_open_and_never_crash(vault: Vault, noise: bytes, has_head: bool) -> None:
    head = vault.encrypt(b"", **HERE)[:RECORD_HEADER_BYTES] if has_head else b""
    with pytest.raises(IntegrityError):
        vault.decrypt(head + noise, **HERE)


_letters = st.characters(categories=["L", "N", "P"])
_places = st.fixed_dictionaries(
    {
        "tenant": st.text(_letters, max_size=3),
        "subject": st.text(_letters, min_size=1, max_size=3),
        "record": st.text(max_size=3),
    }
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_places, _places, st.binary(max_size=50))
def test_only_the_very_place_opens(
    vault: Vault, here: Mapping[str, str], there: Mapping[str, str], text: bytes
) -> None:
    sealed = vault.encrypt(text, **here)
    assert vault.decrypt(sealed, **here) == text
    if here != there:
        with pytest.raises(IntegrityError):
            vault.decrypt(sealed, **there)


def test_threads_that_meet_a_new_subject_agree_on_its_key(vault: Vault, table: MemoryKeyTable) -> None:
    sealed: list[bytes] = []
    threads = [threading.Thread(target=lambda: sealed.append(vault.encrypt(b"x", **HERE))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [vault.decrypt(one, **HERE) for one in sealed] == [b"x"] * 16
    assert sorted(row.subject for row in table.rows.values()) == ["", "alice"]


def test_a_destroyed_key_is_an_error_of_integrity_with_its_own_exit_code() -> None:
    assert issubclass(DestroyedKeyError, IntegrityError)
    assert (IntegrityError.exit_code, WrongKeyError.exit_code) == (10, 10)
