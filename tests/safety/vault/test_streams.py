from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zaphod.core.errors import DestroyedKeyError, IntegrityError, UnknownVersionError
from zaphod.safety.vault.header import STREAM_HEADER_BYTES
from zaphod.safety.vault.vault import Vault

HERE = {"tenant": "acme", "subject": "alice", "record": "backup.tar"}
SEGMENT = 1 << 16
SEALED_SEGMENT = SEGMENT + 16
OpenVault = Callable[..., Vault]


def seal(vault: Vault, plaintext: bytes, sequence: int = 0) -> bytes:
    target = io.BytesIO()
    assert vault.encrypt_stream(io.BytesIO(plaintext), target, **HERE, sequence=sequence) == len(plaintext)
    return target.getvalue()


def unseal(vault: Vault, sealed: bytes, **more: int) -> bytes:
    target = io.BytesIO()
    num_bytes = vault.decrypt_stream(io.BytesIO(sealed), target, **HERE, **more)
    assert num_bytes == len(target.getvalue())
    return target.getvalue()


def parts(sealed: bytes) -> tuple[bytes, list[bytes]]:
    head, rest = sealed[:STREAM_HEADER_BYTES], sealed[STREAM_HEADER_BYTES:]
    return head, [rest[start : start + SEALED_SEGMENT] for start in range(0, len(rest), SEALED_SEGMENT)]


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT])
def test_a_stream_of_any_length_opens_again(vault: Vault, size: int) -> None:
    plaintext = bytes(range(256)) * (size // 256 + 1)
    sealed = seal(vault, plaintext[:size])
    assert unseal(vault, sealed) == plaintext[:size]
    assert len(sealed) == STREAM_HEADER_BYTES + size + 16 * max(1, -(-size // SEGMENT))


def test_a_source_that_gives_little_at_a_time_is_read_to_its_end(vault: Vault) -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 1, 1000))

    target = io.BytesIO()
    vault.encrypt_stream(Trickle(b"x" * 5000), target, **HERE)
    assert unseal(vault, target.getvalue()) == b"x" * 5000


def test_a_changed_bit_in_the_header_or_a_segment_is_found(vault: Vault) -> None:
    sealed = seal(vault, b"a secret")
    for place in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            with pytest.raises(IntegrityError):
                unseal(vault, bytes(changed))


def test_every_truncation_is_found(vault: Vault) -> None:
    sealed = seal(vault, b"a secret")
    for length in range(len(sealed)):
        with pytest.raises(IntegrityError):
            unseal(vault, sealed[:length])


def test_a_stream_cut_between_two_segments_is_found(vault: Vault) -> None:
    head, segments = parts(seal(vault, bytes(3 * SEGMENT)))
    for kept in (0, 1, 2):
        with pytest.raises(IntegrityError, match="end is missing"):
            unseal(vault, head + b"".join(segments[:kept]))


def test_segments_that_were_moved_repeated_left_out_or_added_are_found(vault: Vault) -> None:
    head, (one, two, three) = parts(seal(vault, bytes(3 * SEGMENT)))
    wrong_orders = [(two, one, three), (one, one, two, three), (one, three), (one, two, three, three), (three,)]
    for order in wrong_orders:
        with pytest.raises(IntegrityError):
            unseal(vault, head + b"".join(order))


def test_segments_of_another_stream_of_the_same_record_are_found(vault: Vault) -> None:
    (head, mine), (_, theirs) = (parts(seal(vault, bytes(2 * SEGMENT))) for _ in range(2))
    with pytest.raises(IntegrityError):
        unseal(vault, head + mine[0] + theirs[1])


def test_what_is_not_proven_is_not_written(vault: Vault) -> None:
    head, segments = parts(seal(vault, b"a" * SEGMENT + b"b" * SEGMENT))
    target = io.BytesIO()
    broken = io.BytesIO(head + segments[0] + segments[1][:-1] + b"\0")
    with pytest.raises(IntegrityError, match="Segment 2"):
        vault.decrypt_stream(broken, target, **HERE)
    assert target.getvalue() == b"a" * SEGMENT


@pytest.mark.parametrize("other", [{"tenant": "evil"}, {"subject": "bob"}, {"record": "other.tar"}])
def test_a_stream_opens_in_no_other_place(vault: Vault, other: dict[str, str]) -> None:
    sealed = seal(vault, b"a secret")
    with pytest.raises(IntegrityError):
        vault.decrypt_stream(io.BytesIO(sealed), io.BytesIO(), **{**HERE, **other})


def test_an_older_version_of_a_stream_is_found_where_a_sequence_is_given(vault: Vault) -> None:
    sealed = seal(vault, b"old", sequence=1)
    assert unseal(vault, sealed, sequence=1) == b"old"
    with pytest.raises(IntegrityError, match="version 1"):
        unseal(vault, sealed, sequence=2)


def test_a_stream_is_no_record_and_a_record_no_stream(vault: Vault) -> None:
    with pytest.raises(IntegrityError, match="sealed stream"):
        vault.decrypt(seal(vault, b"a secret"), **HERE)
    with pytest.raises(IntegrityError, match="sealed record"):
        unseal(vault, vault.encrypt(b"a secret", **HERE))


def test_a_stream_in_a_newer_form_is_named(vault: Vault) -> None:
    sealed = seal(vault, b"a secret")
    with pytest.raises(UnknownVersionError):
        unseal(vault, sealed[:4] + b"\x63" + sealed[5:])


def test_a_header_that_asks_for_huge_segments_is_refused_before_they_are_read(vault: Vault) -> None:
    sealed = seal(vault, b"a secret")
    for bits in (25, 63, 255):
        source = io.BytesIO(sealed[: STREAM_HEADER_BYTES - 1] + bytes((bits,)) + bytes(1000))
        with pytest.raises(IntegrityError):
            vault.decrypt_stream(source, io.BytesIO(), **HERE)
        assert source.tell() == STREAM_HEADER_BYTES


def test_a_shredded_stream_is_closed(vault: Vault) -> None:
    sealed = seal(vault, b"a secret")
    vault.shred(tenant="acme", subject="alice")
    with pytest.raises(DestroyedKeyError):
        unseal(vault, sealed)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.integers(0, STREAM_HEADER_BYTES))
def test_bytes_from_anywhere_never_open_and_never_crash(vault: Vault, noise: bytes, kept: int) -> None:
    head = seal(vault, b"")[:kept]
    with pytest.raises(IntegrityError):
        unseal(vault, head + noise)
