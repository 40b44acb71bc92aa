"""`zaphod privacy`: what is owed to the people whom records are about; knows flags and words, not how it is done."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs
from zaphod.cli.privacy_consent import verbs as consent_verbs
from zaphod.cli.privacy_options import ActorFlag, KekFlag, SubjectArgument, TenantFlag, WitnessFlag, opened, read_file
from zaphod.cli.privacy_report import report
from zaphod.cli.privacy_retention import verbs as retention_verbs
from zaphod.core.errors import ConfigError, IntegrityError
from zaphod.core.progress import ProgressLines
from zaphod.records.privacy.erasure import Erased, Held, erase, held
from zaphod.records.privacy.exporting import Exported, export, moment
from zaphod.records.privacy.office import Office
from zaphod.records.privacy.rectification import rectify
from zaphod.records.privacy.restriction import GROUNDS, Restricted, restrict, unrestrict

_HELP = """What is owed to the people whom records are about, and what can be shown of it.

Each deed is an event of the audit before it is done. People stand there as keyed digests.

\b
Examples:
  zaphod privacy export patient-17 --tenant clinic --out patient-17.json
  zaphod privacy erase patient-17 --tenant clinic --yes --json
  zaphod privacy retention apply --dry-run
  zaphod privacy report --json
"""
_OUT = "The new file, for its owner alone; standard output if left out."

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)
verbs.add_typer(consent_verbs, name="consent")
verbs.add_typer(retention_verbs, name="retention")
verbs.command("report")(report)


@verbs.command("export")
def export_command(
    context: typer.Context,
    subject: SubjectArgument,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help=_OUT)] = None,
    tenant: TenantFlag = "",
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write everything that is kept of a person as one JSON document (GDPR, Articles 15 and 20).

    What cannot be opened is listed in it as `unreadable`, and the exit code is 10.

    \b
    Examples:
      zaphod privacy export patient-17 --tenant clinic --out patient-17.json
      zaphod privacy export ada | jq .conversations
    """
    _require_new(out)
    with opened(context, tenant, actor, kek, witness) as office:
        if out is None:
            done = export(office, subject, sys.stdout.buffer, ProgressLines())
            sys.stdout.buffer.flush()
        else:
            done = _export_to(out, office, subject)
    if out is not None:
        _tell_exported(done, out, as_json)
    if done.num_unreadable:
        raise typer.Exit(IntegrityError.exit_code)


def _require_new(out: Path | None) -> None:
    if out is not None and out.exists():
        raise ConfigError(f"{out} is there already.", "A person's data replace no other file.", "Name another with -o.")


def _export_to(out: Path, office: Office, subject: str) -> Exported:
    """The file is there when all of it is; what an error leaves is removed."""
    unfinished = out.with_name(f"{out.name}.partial")
    try:
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror or error}.", "", "Choose another file.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            done = export(office, subject, file, ProgressLines())
        os.link(unfinished, out)  # unlike rename, this replaces nothing
    finally:
        unfinished.unlink()
    return done


def _tell_exported(done: Exported, out: Path, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(out), **dataclasses.asdict(done)})
        return
    print_line(f"{sum(done.num_records.values()):,} records are in {out}.")
    if done.num_unreadable:
        print_line(f"{done.num_unreadable:,} could not be opened: they are listed there as `unreadable`.", style="bold")


@verbs.command("erase")
def erase_command(
    context: typer.Context,
    subject: SubjectArgument,
    tenant: TenantFlag = "",
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is kept, and do nothing.")] = False,
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Destroy a person's keys and remove the records (GDPR, Article 17). Nobody can undo it.

    Every copy of what was kept is closed with the keys, wherever it lies. Stopped anywhere, the same command goes on.

    \b
    Examples:
      zaphod privacy erase patient-17 --tenant clinic --dry-run
      zaphod privacy erase patient-17 --tenant clinic --yes --json
    """
    with opened(context, tenant, actor, kek, witness) as office:
        found = held(office, subject)
        if is_dry_run:
            office.write("privacy.erase", office.object_of(subject), "dry_run")
            _tell_held(found, as_json)
            return
        if not is_sure:
            _confirm(subject, found)
        done = erase(office, subject, progress=ProgressLines())
    _tell_erased(done, as_json)


def _confirm(subject: str, found: Held) -> None:
    if not sys.stdin.isatty():
        raise ConfigError("Nobody is there to ask.", "An erasure cannot be undone.", "Give --yes if it is meant.")
    typer.confirm(f"Erase {subject!r} with {sum(found.num_records.values()):,} records for good?", abort=True, err=True)


def _tell_held(found: Held, as_json: bool) -> None:
    if as_json:
        print_json({"is_dry_run": True, **dataclasses.asdict(found)})
        return
    print_pairs([(kind, f"{number:,}") for kind, number in found.num_records.items()])
    print_line("There is a key to destroy." if found.has_key else "There is no key.")


def _tell_erased(done: Erased, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    if done.was_nothing:
        print_line("Nothing is kept of this person.", style="bold")
    else:
        what = "The erasure that was stopped is finished" if done.is_resumed else "Erased"
        removed = ", ".join(f"{number:,} {kind}" for kind, number in done.num_records.items())
        print_line(f"{what}: {done.num_keys} keys destroyed; removed: {removed}.", style="bold")
    print_pairs([("in the audit", f"record {done.done_seq}, {done.object}")])
    print_line()
    print_line("What remains:")
    for remain in done.remains:
        print_line(f"- {remain.what}. {remain.why} {remain.until}")


@verbs.command("rectify")
def rectify_command(
    context: typer.Context,
    subject: SubjectArgument,
    record: Annotated[str, typer.Option("--record", help="Its name, as exports give it, like responses/resp_…/body.")],
    content: Annotated[Path, typer.Option("--content", metavar="FILE", help="What is right.")],
    tenant: TenantFlag = "",
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Put other content in the place of a person's record (GDPR, Article 16).

    \b
    Examples:
      zaphod privacy rectify ada --record responses/resp_0123456789abcdef0123456789abcdef/body --content right.json
    """
    right = read_file(content)
    with opened(context, tenant, actor, kek, witness) as office:
        done = rectify(office, subject, record, right)
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        print_line(f"{record} has new content (audit record {done.seq}).")


@verbs.command("restrict")
def restrict_command(
    context: typer.Context,
    subject: SubjectArgument,
    ground: Annotated[str, typer.Option("--ground", help=f"Why: {', '.join(GROUNDS)} (Article 18(1)(a) to (d)).")],
    tenant: TenantFlag = "",
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Keep a person's records and use them no more (GDPR, Article 18): not opened, not expired, not erased.

    \b
    Examples:
      zaphod privacy restrict patient-17 --tenant clinic --ground accuracy
    """
    with opened(context, tenant, actor, kek, witness) as office:
        _tell_restricted(restrict(office, subject, ground), as_json)


@verbs.command("unrestrict")
def unrestrict_command(
    context: typer.Context,
    subject: SubjectArgument,
    tenant: TenantFlag = "",
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Let a person's records be used again. Tell the person before (GDPR, Article 18(3)).

    \b
    Examples:
      zaphod privacy unrestrict patient-17 --tenant clinic --json
    """
    with opened(context, tenant, actor, kek, witness) as office:
        _tell_restricted(unrestrict(office, subject), as_json)


def _tell_restricted(done: Restricted, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    state = "restricted" if done.is_restricted else "not restricted"
    since = f" since {moment(done.since_s)}" if done.since_s is not None else ""
    print_line(f"{'Now' if done.was_changed else 'Already'} {state}{since} (audit record {done.seq}).")
