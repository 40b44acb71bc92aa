"""The store: one door to accounts, tenants' records and wrapped keys, in SQLite or PostgreSQL. Read this file first.

    store = Store.open(StoreOptions(state_dir=folder))
    own = store.tenant("lab")                    # everything below is the lab's, and nothing else can be reached
    own.conversations.add(Conversation(id=new_id("conv"), subject="s1", ..., sealed=vault.encrypt(...)))
    store.close()

The store never sees what is in a record: it takes and gives bytes that the vault has sealed. What it does see are
ids, names of subjects, times and purposes; where a subject's name is itself a secret, hand over a keyed digest of it.
All methods may be called from any thread; they wait for a disk or a network, so not from an event loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from zaphod.core.places import require_tenant, state_folder
from zaphod.records.api_keys import ApiKeys
from zaphod.records.pseudonyms import PseudonymsByTenant
from zaphod.records.room import Room
from zaphod.records.sqlite_files import SqliteFiles
from zaphod.records.tenant_store import TenantStore
from zaphod.records.wrapped_keys import WrappedKeys
from zaphod.safety.vault.wrapped_key import KeyTable


@dataclass(frozen=True, kw_only=True)
class StoreOptions:
    """Where records lie.

    Args:
        state_dir: the folder of SQLite files; the user's own if None.
        database: PostgreSQL's URL; SQLite if None.
        keys_path: a SQLite file of keys, whatever `database` says; where the other records lie if None.
        clock: seconds since 1970.
    """

    state_dir: Path | None = None
    database: str | None = None
    keys_path: Path | None = None
    clock: Callable[[], float] = time.time


class Database(Protocol):
    """Where rooms are: `SqliteFiles`, or `Postgres`."""

    @property
    def accounts(self) -> Room:
        """The room of keys."""

    def room(self, tenant: str) -> Room:
        """A tenant's room."""

    def tenants(self) -> list[str]:
        """All that have something, sorted; names only."""

    def scrub(self, tenant: str) -> None:
        """Overwrite what a tenant deleted wherever else it may lie."""

    def close(self) -> None:
        """Let go of it."""


class Store:
    """What is kept, for all tenants.

    Args:
        database: where.
        clock: seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._pseudonyms = PseudonymsByTenant(lambda tenant: self.tenant(tenant).pseudonyms, clock)
        self._api_keys = ApiKeys(database.accounts)
        self._wrapped_keys = WrappedKeys(self._room, database.tenants, database.scrub)

    @classmethod
    def open(cls, options: StoreOptions) -> Self:
        """Open a store. SQLite: makes no file before something is written, and upgrades older ones by itself.

        Raises:
            ConfigError: the place cannot be used, is newer than this program, or, in PostgreSQL, older; or the role
                there could see the rows of all tenants.
            MissingExtraError: PostgreSQL's library is not installed.
        """
        folder = state_folder(options.state_dir)
        if options.database is None:
            return cls(SqliteFiles(folder, options.keys_path, options.clock), options.clock)
        from zaphod.records.postgres import Postgres  # here, because most programs use none

        return cls(Postgres(options.database, options.keys_path, options.clock), options.clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tenant(self, tenant: str) -> TenantStore:
        """What is kept for one tenant; cheap, and makes no file.

        Raises:
            ConfigError: no tenant can be called so.
        """
        return TenantStore(self._room(tenant))

    def tenants(self) -> list[str]:
        """Every tenant with records, sorted: for the operator's work on all of them, one after the other."""
        return self._database.tenants()

    @property
    def api_keys(self) -> ApiKeys:
        """Keys that open a server, and how many tokens each used a day."""
        return self._api_keys

    @property
    def wrapped_keys(self) -> KeyTable:
        """The vault's table."""
        return self._wrapped_keys

    @property
    def pseudonym_table(self) -> PseudonymsByTenant:
        """The table of the guard's pseudonyms."""
        return self._pseudonyms

    def scrub(self, tenant: str) -> None:
        """Overwrite what a tenant deleted wherever else SQLite keeps it; in PostgreSQL that is VACUUM's work.

        Raises:
            ConfigError: another program reads right now; the next call does it.
        """
        self._database.scrub(require_tenant(tenant))

    def close(self) -> None:
        """Let go of files and connections."""
        self._database.close()

    def _room(self, tenant: str) -> Room:
        return self._database.room(require_tenant(tenant))
