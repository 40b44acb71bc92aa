"""Work that needs more memory than is free is refused, before the system ends the process."""

import pytest

from zaphod.server.errors import ApiError
from zaphod.server.memory import Room, give_back


def free(*looks: int) -> Room:
    """Of whom each look finds the next number of bytes."""
    left = list(looks)
    return Room(lambda: left.pop(0))


def test_what_fits_is_let_in() -> None:
    free(1000).require(1000)


def test_what_does_not_fit_is_told_when_to_come_back() -> None:
    with pytest.raises(ApiError, match=r"3\.00 MB .* 2\.00 MB are free") as refused:
        free(2_000_000, 2_000_000).require(3_000_000)
    assert (refused.value.status, refused.value.code) == (503, "out_of_memory")
    assert int(refused.value.headers["Retry-After"]) > 0


def test_what_fits_once_freed_memory_is_given_back_is_let_in() -> None:
    free(1, 1000).require(1000)


def test_giving_back_keeps_what_is_in_use() -> None:
    kept = [bytes(1000) for _ in range(1000)]
    give_back()
    assert kept == [bytes(1000)] * 1000


def test_this_machine_has_some() -> None:
    Room().require(1)
    with pytest.raises(ApiError):
        Room().require(1 << 60)
