"""`zaphod database`: how far the database of keys and records is, and to today's version; knows no table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_table
from zaphod.core.configuration import MergedSettings
from zaphod.records.maintenance import statuses
from zaphod.records.maintenance import upgrade as upgrade_all
from zaphod.records.migration import Status
from zaphod.records.store import StoreOptions

_HELP = """See and upgrade the database of keys and records.

Without the setting `database` they lie in SQLite files, which are upgraded when they are opened. PostgreSQL is upgraded
by `upgrade` alone. Its URL is in ZAPHOD_DATABASE or the configuration file, never a flag, which others could see.

\b
Examples:
  zaphod database status --json
  ZAPHOD_DATABASE=postgresql://zaphod_owner@db/zaphod zaphod database upgrade --application-role zaphod_app
"""
_MOST_ROWS = 20

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)

KeysFlag = Annotated[
    Path | None, typer.Option("--keys-file", metavar="FILE", help="A file of keys that lies elsewhere.")
]


@verbs.command("status")
def status(context: typer.Context, keys_file: KeysFlag = None, as_json: JsonFlag = False) -> None:
    """Show the version of every file, or of PostgreSQL's schema; changes nothing.

    \b
    Examples:
      zaphod database status
      zaphod database status --json
    """
    _print(statuses(_options(context, keys_file)), as_json)


@verbs.command("upgrade")
def upgrade(
    context: typer.Context,
    application_role: Annotated[
        str | None,
        typer.Option("--application-role", metavar="ROLE", help="PostgreSQL's role for servers, if another."),
    ] = None,
    keys_file: KeysFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the tables, or bring them to this program's version. What is up to date stays as it is.

    \b
    Examples:
      zaphod database upgrade
      zaphod database upgrade --application-role zaphod_app --json
    """
    _print(upgrade_all(_options(context, keys_file), application_role), as_json)


def _options(context: typer.Context, keys_file: Path | None) -> StoreOptions:
    settings: MergedSettings = context.obj
    return StoreOptions(state_dir=settings.values.state_dir, database=settings.values.database, keys_path=keys_file)


def _print(found: list[Status], as_json: bool) -> None:
    if as_json:
        print_json({"databases": [_as_dict(one) for one in found]})
        return
    # The ones that want something come first, so that a thousand others do not hide them.
    wanting = sorted(found, key=lambda one: one.state == "current")
    rows = [(one.place, one.chain, one.version or "none", one.wanted, one.state) for one in wanting[:_MOST_ROWS]]
    print_table(rows, header=("place", "tables", "version", "wanted", "state"))
    if len(found) > _MOST_ROWS:
        print_line(f"and {len(found) - _MOST_ROWS:,} more; all with --json", style="dim")


def _as_dict(one: Status) -> dict[str, Any]:
    about = {"place": one.place, "tables": one.chain, "version": one.version}
    return {**about, "wanted": one.wanted, "state": one.state}
