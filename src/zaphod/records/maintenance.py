"""What an operator does to the whole database: see its version, upgrade it. Knows no records."""

from __future__ import annotations

import contextlib

from zaphod.core.errors import ConfigError
from zaphod.core.places import state_folder
from zaphod.records.migration import Status
from zaphod.records.sqlite_files import SqliteFiles
from zaphod.records.store import StoreOptions


def statuses(options: StoreOptions) -> list[Status]:
    """How far every file is, or both chains of PostgreSQL; changes nothing.

    Raises:
        ConfigError: the place cannot be read.
    """
    if options.database is None:
        return _files(options).statuses()
    from zaphod.records import postgres  # here, because most programs use none

    keys = [] if options.keys_path is None else [_files(options).accounts.status()]
    return [*keys, *postgres.statuses(options.database)]


def upgrade(options: StoreOptions, application_role: str | None = None) -> list[Status]:
    """Bring everything to today's version; how far it is then.

    Args:
        options: where records lie.
        application_role: PostgreSQL's role for servers, where the URL's role is the schema's owner.

    Raises:
        ConfigError: the place cannot be used, or is newer than this program.
    """
    if options.database is not None:
        from zaphod.records import postgres

        postgres.upgrade(options.database, application_role)
    elif application_role is not None:
        raise ConfigError(
            "The records lie in SQLite files, which know no roles.",
            "--application-role is for PostgreSQL.",
            "Leave it out, or set ZAPHOD_DATABASE to the URL of the role that owns the schema.",
        )
    _upgrade_files(options)
    return statuses(options)


def _upgrade_files(options: StoreOptions) -> None:
    """All of them; with PostgreSQL only a file of keys that was named."""
    with contextlib.closing(_files(options)) as files:
        if options.database is None:
            files.upgrade()
        elif options.keys_path is not None:
            files.accounts.open()


def _files(options: StoreOptions) -> SqliteFiles:
    return SqliteFiles(state_folder(options.state_dir), options.keys_path, options.clock)
