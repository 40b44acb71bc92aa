"""`zaphod privacy report`: duties of law beside what an installation does; knows how it is shown, not what is true."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from zaphod.cli.moments import audit_moment
from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.cli.privacy_options import ActorFlag, KekFlag, WitnessFlag, place, user
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines
from zaphod.records.privacy.breach import Concerned, Span
from zaphod.records.privacy.facts import facts_of
from zaphod.records.privacy.installation import tenant_name
from zaphod.records.privacy.report import PREAMBLE, Report
from zaphod.records.privacy.report import report as make_report
from zaphod.records.privacy.report_page import page_of


def report(
    context: typer.Context,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one page that explains itself.")
    ] = None,
    is_breach: Annotated[bool, typer.Option("--breach", help="Also: who may be concerned by a breach.")] = False,
    since: Annotated[str | None, typer.Option("--since", metavar="WHEN", help="Like 72h ago, or 2031-12-24.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to that moment.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="A breach of this one only.")] = None,
    with_people: Annotated[bool, typer.Option("--people", help="Name the people: they may have to be told.")] = False,
    actor: ActorFlag = None,
    kek: KekFlag = None,
    witness: WitnessFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Print duties (HIPAA 164.312 and 164.316, GDPR), how this installation stands, and what remains with you.

    It reads the whole audit to verify it. No legal advice, and no certificate.

    \b
    Examples:
      zaphod privacy report
      zaphod privacy report --html report.html
      zaphod privacy report --breach --since 72h --json
    """
    if not is_breach and (since or until or tenant is not None or with_people):
        raise ConfigError("A time, a tenant or people are asked for.", "They belong to a breach.", "Give --breach.")
    span = Span(
        since=audit_moment("--since", since),
        until=audit_moment("--until", until),
        tenant=tenant,
        with_people=with_people,
    )
    made = make_report(
        place(context, kek, witness),
        actor=actor or user(),
        breach=span if is_breach else None,
        progress=ProgressLines(),
    )
    if html is not None:
        _write(html, page_of(made))
    if as_json:
        print_json(made.as_dict())
    elif html is not None:
        print_line(str(html))
    else:
        _print(made)


def _write(path: Path, page: str) -> None:
    """For its owner alone: numbers, and with --people names, are nobody else's."""
    unfinished = path.with_name(f"{path.name}.partial")
    try:
        with open(unfinished, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(page)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}.", "", "Choose another.") from error


def _print(made: Report) -> None:
    print_line(PREAMBLE)
    print_line()
    print_pairs(list(facts_of(made.installation).items()))
    for law, note in made.laws.items():
        print_line()
        print_line(law, style="bold")
        print_line(note, style="dim")
        for control, here in made.controls(law):
            print_line()
            print_line(f"{control.article} · {control.title} · {control.nature}", style="bold")
            rows = [("software", control.does), ("here, now", here)]
            rows += [("shown by", command) for command in control.commands]
            print_pairs([row for row in (*rows, ("yours", control.operator)) if row[1]])
    print_line()
    print_line("The register of processing is in --json and --html.", style="dim")
    if made.breach is not None:
        _print_breach(str(made.span), made.breach)


def _print_breach(span: str, breach: tuple[Concerned, ...]) -> None:
    print_line()
    print_line(f"Breach: {span}", style="bold")
    rows = [
        (
            tenant_name(one.tenant),
            f"{one.num_people:,}",
            f"{sum(one.num_records.values()):,}",
            f"{sum(one.num_events.values()):,}",
            ", ".join(one.num_events_by_actor),
        )
        for one in breach
    ]
    print_table(rows, header=("tenant", "people", "records now", "events", "actors"), right=(1, 2, 3))
    for one in breach:
        if one.people is not None:
            print_line(f"{tenant_name(one.tenant)}: {', '.join(one.people)}")
