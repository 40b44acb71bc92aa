"""`zaphod privacy retention`: how long records are kept; knows flags and words, not how they are removed."""

from __future__ import annotations

import dataclasses
import re
from typing import Annotated

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_table
from zaphod.cli.privacy_options import ActorFlag, KekFlag, TenantFlag, WitnessFlag, opened, place, tenants_of
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines
from zaphod.records.privacy.expiry import Applied, apply_retention, set_retention
from zaphod.records.privacy.facts import DAY_S
from zaphod.records.privacy.installation import tenant_name
from zaphod.records.privacy.register import activities
from zaphod.records.store import Store

_HELP = """How long each kind of record is kept, and removing what is due (GDPR, Article 5(1)(e)).

The audit is not removed by this; its index is.

\b
Examples:
  zaphod privacy retention set conversations 30d
  zaphod privacy retention apply --all-tenants --dry-run
"""
_UNITS_S = {"h": 3600, "d": DAY_S, "w": 7 * DAY_S, "y": 366 * DAY_S}  # no year is cut short
_DURATION = re.compile(r"([0-9]{1,6})([hdwy])")

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)


@verbs.command("show")
def show(context: typer.Context, tenant: TenantFlag = "", as_json: JsonFlag = False) -> None:
    """Show each kind of record, what it is kept for and how long. Meets no person's data, so it is no event.

    \b
    Examples:
      zaphod privacy retention show --tenant clinic
    """
    with Store.open(place(context, None, None).store) as store:
        times = store.tenant(tenant).retention.all()
    if as_json:
        kinds = [{"kind": one.kind, "purpose": one.purpose, "keep_s": times.get(one.kind)} for one in activities()]
        print_json({"tenant": tenant, "kinds": kinds})
        return
    rows = [(one.kind, _told(times.get(one.kind)), one.purpose) for one in activities()]
    print_table(rows, header=("kind", "kept", "for"))


@verbs.command("set")
def set_command(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="As `show` names it.")],
    duration: Annotated[str, typer.Argument(metavar="TIME", help="Like 12h, 30d, 8w, 6y (of 366 days), or `none`.")],
    tenant: TenantFlag = "",
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how long a kind of record is kept. Nothing is removed before `apply`.

    \b
    Examples:
      zaphod privacy retention set conversations 30d --tenant clinic
      zaphod privacy retention set consents none
    """
    keep_s = _seconds(duration)
    with opened(context, tenant, actor, kek, witness, may_be_new=True) as office:
        seq = set_retention(office, kind, keep_s)
    if as_json:
        print_json({"tenant": tenant, "kind": kind, "keep_s": keep_s, "seq": seq})
    else:
        print_line(f"{kind} of {tenant_name(tenant)}: {_told(keep_s)} (audit record {seq}).")


@verbs.command("apply")
def apply_command(
    context: typer.Context,
    tenant: TenantFlag = "",
    is_for_all: Annotated[bool, typer.Option("--all-tenants", help="Of every tenant, one after the other.")] = False,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what is due, and remove nothing.")] = False,
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Remove what is older than it may be. Stopped anywhere, the same command goes on. Meant for every day.

    Records of restricted people stay.

    \b
    Examples:
      zaphod privacy retention apply --dry-run
      zaphod privacy retention apply --all-tenants --json
    """
    names = tenants_of(place(context, kek, witness)) if is_for_all else [tenant]
    done: dict[str, Applied] = {}
    for name in names:
        with opened(context, name, actor, kek, witness) as office:
            done[name] = apply_retention(office, is_dry_run=is_dry_run, progress=ProgressLines())
    if as_json:
        print_json({"tenants": [{"tenant": name, **dataclasses.asdict(one)} for name, one in done.items()]})
        return
    rows = [(tenant_name(name), kind, f"{n:,}") for name, one in done.items() for kind, n in one.num_records.items()]
    if not rows:
        print_line("No retention time is set, so nothing is due.")
        return
    print_table(rows, header=("tenant", "kind", "due" if is_dry_run else "removed"), right=(2,))
    num_restricted = sum(one.num_restricted for one in done.values())
    if num_restricted:
        print_line(f"{num_restricted:,} people are restricted: their records stay.")


def _seconds(duration: str) -> int | None:
    if duration == "none":
        return None
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ConfigError(f"The time is {duration!r}.", "It must be like 12h, 30d, 8w or 6y, or `none`.", "Correct it.")
    return int(found[1]) * _UNITS_S[found[2]]


def _told(keep_s: int | None) -> str:
    if keep_s is None:
        return "without end"
    return f"{keep_s / DAY_S:g} days" if keep_s >= DAY_S else f"{keep_s / 3600:g} hours"
