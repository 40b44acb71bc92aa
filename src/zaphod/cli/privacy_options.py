"""Flags that the privacy commands share, and the office they open; knows no duty."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import ConfigError
from zaphod.records.keeping import Keeping, KeepingOptions
from zaphod.records.privacy.office import Office, require_known_tenant
from zaphod.records.store import Store

SubjectArgument = Annotated[str, typer.Argument(metavar="SUBJECT", help="The person, by the name records have.")]
TenantFlag = Annotated[str, typer.Option("--tenant", help="Whose people; the local user's if left out.")]
ActorFlag = Annotated[
    str | None, typer.Option("--actor", metavar="NAME", help="Who acts, for the audit; else cli: and the user's name.")
]
KekFlag = Annotated[
    str | None, typer.Option("--kek", metavar="ADDRESS", help="Where the KEK lies; see `zaphod vault`.")
]
WitnessFlag = Annotated[
    Path | None, typer.Option("--audit-witness", metavar="DIR", help="As for `zaphod serve`, if it was given there.")
]


def user() -> str:
    """Who runs the program, by the operating system's word: variables could name anybody."""
    try:
        return f"cli:{pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:  # in a container, of a user without a name
        return f"cli:uid-{os.geteuid()}"


def place(context: typer.Context, kek: str | None, witness: Path | None) -> KeepingOptions:
    """Where the settings and flags say that things are kept."""
    settings: MergedSettings = context.obj.with_flags(kek=kek)
    values = settings.values
    return KeepingOptions(state_dir=values.state_dir, database=values.database, kek=values.kek, audit_witness=witness)


@contextmanager
def opened(
    context: typer.Context,
    tenant: str,
    actor: str | None,
    kek: str | None,
    witness: Path | None,
    *,
    may_be_new: bool = False,
) -> Iterator[Office]:
    """An office; for a tenant of whom nothing is kept only where it may be new.

    Raises:
        ZaphodError: nothing is kept of the tenant, or something cannot be opened.
    """
    options = place(context, kek, witness)
    if not may_be_new:
        with Store.open(options.store) as store:  # first, so that a misspelt name makes no key and no log
            require_known_tenant(store, tenant)
    with Keeping(options) as keeping:
        yield Office(keeping, tenant, actor=actor or user())


def read_file(path: Path) -> bytes:
    """What stands in a file that a flag names."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.", "", "Check the path.") from error


def tenants_of(options: KeepingOptions) -> list[str]:
    """Every tenant with records."""
    with Store.open(options.store) as store:
        return store.tenants()
