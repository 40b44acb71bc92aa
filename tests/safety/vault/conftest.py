"""A vault with its table, its KEK, and a clock that tests turn."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
from tests.support.key_table import MemoryKeyTable

from zaphod.safety.vault.kek_environment import EnvironmentKek
from zaphod.safety.vault.keyring import VaultOptions
from zaphod.safety.vault.vault import Vault


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table() -> MemoryKeyTable:
    return MemoryKeyTable()


@pytest.fixture
def kek(new_kek: Callable[[], EnvironmentKek]) -> EnvironmentKek:
    return new_kek()


@pytest.fixture
def open_vault(table: MemoryKeyTable, kek: EnvironmentKek, clock: Clock) -> Iterator[Callable[..., Vault]]:
    """Another process's vault over the same table; without arguments, the same KEK."""
    opened: list[Vault] = []

    def open_one(own_kek: EnvironmentKek = kek, *former: EnvironmentKek, cache_ttl_s: float = 30.0) -> Vault:
        options = VaultOptions(cache_ttl_s=cache_ttl_s, max_cached_keys=100)
        opened.append(Vault(table, own_kek, former=former, options=options, clock=clock))
        return opened[-1]

    yield open_one
    for vault in opened:
        vault.close()


@pytest.fixture
def vault(open_vault: Callable[..., Vault]) -> Vault:
    return open_vault()


@pytest.fixture
def new_kek() -> Callable[[], EnvironmentKek]:
    """A KEK of its own with every call."""
    return lambda: EnvironmentKek("KEK", {"KEK": secrets.token_hex(32)})
