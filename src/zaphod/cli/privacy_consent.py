"""`zaphod privacy consent`: who agreed to what; knows flags and words, not how it is kept."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_table
from zaphod.cli.privacy_options import ActorFlag, KekFlag, SubjectArgument, TenantFlag, WitnessFlag, opened, read_file
from zaphod.core.errors import ConfigError
from zaphod.records.privacy.consent import Word, digest_of, record, withdraw, words_of
from zaphod.records.privacy.exporting import moment

_HELP = """Write down who agreed to what, and who took it back (GDPR, Article 7). Nothing is overwritten.

\b
Examples:
  zaphod privacy consent record ada training --wording asked.txt
  zaphod privacy consent withdraw ada training
  zaphod privacy consent show ada --json
"""

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)

PurposeArgument = Annotated[str, typer.Argument(metavar="PURPOSE", help="One word of small letters, like training.")]


@verbs.command("record")
def record_command(
    context: typer.Context,
    subject: SubjectArgument,
    purpose: PurposeArgument,
    wording: Annotated[
        Path | None, typer.Option("--wording", metavar="FILE", help="The words that were shown; keep that file.")
    ] = None,
    wording_sha256: Annotated[
        str | None, typer.Option("--wording-sha256", metavar="DIGEST", help="Their digest instead.")
    ] = None,
    tenant: TenantFlag = "",
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Somebody agreed. The digest of the words is kept, with time and actor.

    \b
    Examples:
      zaphod privacy consent record ada training --wording asked.txt
      zaphod privacy consent record patient-17 research --tenant clinic --wording asked.txt --actor desk-3 --json
    """
    digest = _digest(wording, wording_sha256)
    with opened(context, tenant, actor, kek, witness, may_be_new=True) as office:
        _tell(record(office, subject, purpose, digest), as_json)


@verbs.command("withdraw")
def withdraw_command(
    context: typer.Context,
    subject: SubjectArgument,
    purpose: PurposeArgument,
    tenant: TenantFlag = "",
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Somebody takes it back. It counts at once.

    \b
    Examples:
      zaphod privacy consent withdraw ada training
    """
    with opened(context, tenant, actor, kek, witness) as office:
        _tell(withdraw(office, subject, purpose), as_json)


@verbs.command("show")
def show(
    context: typer.Context,
    subject: SubjectArgument,
    tenant: TenantFlag = "",
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Show every word of a person, the earliest first.

    \b
    Examples:
      zaphod privacy consent show ada
    """
    with opened(context, tenant, actor, kek, witness) as office:
        words = words_of(office, subject)
    if as_json:
        print_json({"tenant": tenant, "subject": subject, "consents": [dataclasses.asdict(word) for word in words]})
    elif not words:
        print_line("Nothing is kept: no consent.")
    else:
        header = ("when", "purpose", "", "wording", "written by")
        print_table([_row(word) for word in words], header=header)


def _digest(wording: Path | None, wording_sha256: str | None) -> str:
    if (wording is None) == (wording_sha256 is None):
        wanted = "A consent is to certain words."
        raise ConfigError("Which words were shown?", wanted, "Give either --wording FILE or --wording-sha256 DIGEST.")
    if wording is None:
        return wording_sha256 or ""
    return digest_of(read_file(wording))


def _tell(word: Word, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(word))
    else:
        print_line(f"{word.purpose}: {_said(word)} at {moment(word.created_s)} ({word.id}).")


def _row(word: Word) -> tuple[str, ...]:
    return (moment(word.created_s), word.purpose, _said(word), word.wording_sha256[:16], word.actor)


def _said(word: Word) -> str:
    return "agreed" if word.is_given else "taken back"
