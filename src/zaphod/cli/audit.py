"""`zaphod audit`: looks at what was written down; knows neither how it is written nor how it is proved."""

from __future__ import annotations

import dataclasses
from collections import deque
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.audit_actions import actions_command
from zaphod.cli.audit_ship import ship
from zaphod.cli.moments import audit_moment
from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table, visible
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import AuditError, ConfigError
from zaphod.core.places import state_folder
from zaphod.core.progress import ProgressLines
from zaphod.safety.audit.diagnosis import Problem
from zaphod.safety.audit.export import Format, export
from zaphod.safety.audit.export_check import ExportReport, check_export, checkpoint_of, read_head
from zaphod.safety.audit.log import witness_of
from zaphod.safety.audit.record import Record
from zaphod.safety.audit.search import Query, search
from zaphod.safety.audit.signing import read_public_key
from zaphod.safety.audit.verify import Report, TenantReport, verify

_HELP = """Verify, search, export and ship what was written down, and tell what allowed a robot's action.

\b
Examples:
  zaphod audit verify --json
  zaphod audit search --action chat.request --decision block --since 24h
  zaphod audit export --out may.jsonl --since 2031-05-01 --until 2031-06-01
  zaphod audit ship --sinks sinks.toml
  zaphod audit actions 12 --json
"""

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)
verbs.command("ship")(ship)
verbs.command("actions")(actions_command)

FolderFlag = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="The audit folder; the one in the state folder if left out."),
]
WitnessFlag = Annotated[
    Path | None,
    typer.Option("--witness", metavar="DIR", help="Where checkpoints were copied to; beside the folder if left out."),
]
TenantFlag = Annotated[str | None, typer.Option("--tenant", help="Whose log; '' is the user without keys.")]
SinceFlag = Annotated[str | None, typer.Option("--since", metavar="WHEN", help="Like 24h or 7d ago, or 2031-12-24.")]
UntilFlag = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to that moment, without it.")]
ActorFlag = Annotated[str, typer.Option("--actor", metavar="WORD", help="Who did it.")]
ActionFlag = Annotated[str, typer.Option("--action", metavar="WORD", help="What was done; `chat.*` finds several.")]
ObjectFlag = Annotated[str, typer.Option("--object", metavar="WORD", help="What it was done to.")]
DecisionFlag = Annotated[str, typer.Option("--decision", metavar="WORD", help="What followed, like block.")]
DetailFlag = Annotated[
    list[str] | None, typer.Option("--detail", metavar="NAME=WORD", help="A detail; may be repeated.")
]
KeyFlag = Annotated[
    Path | None, typer.Option("--public-key", metavar="FILE", help="The key to trust; else the witness's.")
]


@verbs.command("verify")
def verify_command(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this one's log.")] = None,
    folder: FolderFlag = None,
    witness: WitnessFlag = None,
    other_copy: Annotated[
        Path | None, typer.Option("--copy", metavar="DIR", help="Another copy, to find where the two part.")
    ] = None,
    public_key: KeyFlag = None,
    export_file: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Check an export instead; no log is needed.")
    ] = None,
    earlier: Annotated[
        Path | None, typer.Option("--earlier", metavar="FILE", help="An export from before that --export goes on from.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say whether anything was changed, taken out, put in, moved, cut off or written anew. Exit code 10 if so.

    \b
    Examples:
      zaphod audit verify --json
      zaphod audit verify --tenant acme --witness /mnt/elsewhere/witness --json
      zaphod audit verify --export may.jsonl --public-key public_key.pem
    """
    key = read_public_key(public_key) if public_key else None
    if export_file is not None:
        report = check_export(export_file, public_key=key, earlier=earlier, progress=ProgressLines())
        _show_export(report, is_key_given=key is not None, as_json=as_json)
        is_sound = report.is_sound
    else:
        folder = folder or _folder(context)
        witness = witness or (witness_of(folder) if witness_of(folder).is_dir() else None)
        found = verify(folder, witness, tenant=tenant, public_key=key, other_copy=other_copy, progress=ProgressLines())
        _show_report(found, as_json)
        is_sound = found.is_sound
    if not is_sound:
        raise typer.Exit(AuditError.exit_code)


@verbs.command("search")
def search_command(
    context: typer.Context,
    tenant: TenantFlag = None,
    since: SinceFlag = None,
    until: UntilFlag = None,
    actor: ActorFlag = "",
    action: ActionFlag = "",
    target: ObjectFlag = "",
    decision: DecisionFlag = "",
    detail: DetailFlag = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many are shown.")] = 1000,
    folder: FolderFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Print the records that are asked for, the newest last. `*` and `?` stand for letters.

    \b
    Examples:
      zaphod audit search --decision block --since 24h
      zaphod audit search --tenant acme --actor 'key_*' --detail rule='pii.*' --json
    """
    query = _query(since, until, actor, action, target, decision, detail)
    found = deque(search(folder or _folder(context), tenant or "", query, ProgressLines()), maxlen=limit)
    if as_json:
        print_json({"tenant": tenant or "", "records": [record.as_dict() for record in found]})
        return
    if not found:
        print_line("No record is like that.")
        return
    print_table(
        [_row(record) for record in found], header=("seq", "time", "actor", "action", "object", "decision", "details")
    )


@verbs.command("export")
def export_command(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The file to write.")],
    tenant: TenantFlag = None,
    form: Annotated[Format | None, typer.Option("--format", help="Else what FILE ends in.")] = None,
    since: SinceFlag = None,
    until: UntilFlag = None,
    actor: ActorFlag = "",
    action: ActionFlag = "",
    target: ObjectFlag = "",
    decision: DecisionFlag = "",
    detail: DetailFlag = None,
    earlier: Annotated[
        Path | None, typer.Option("--earlier", metavar="FILE", help="Prove that this log is the one of that export.")
    ] = None,
    folder: FolderFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write records with proofs that somebody else can check: `zaphod audit verify --export FILE`.

    \b
    Examples:
      zaphod audit export --out may.jsonl --since 2031-05-01 --until 2031-06-01
      zaphod audit export --out blocked.csv --tenant acme --decision block
    """
    query = _query(since, until, actor, action, target, decision, detail)
    before = checkpoint_of(read_head(earlier)) if earlier else None
    if form is None:
        form = "csv" if out.suffix == ".csv" else "jsonl"
    _require_suffix(out, form)
    try:
        done = export(
            folder or _folder(context), tenant or "", out, form=form, query=query, earlier=before,
            progress=ProgressLines(),
        )  # fmt: skip
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror or error}.", "", "Choose another file.") from error
    if as_json:
        print_json({"file": str(out), **dataclasses.asdict(done)})
        return
    print_line(f"{done.num_records:,} records are in {out}.")
    if done.num_unproved:
        print_line(f"{done.num_unproved:,} of them are newer than the last checkpoint and have no proof yet.")


def _folder(context: typer.Context) -> Path:
    settings: MergedSettings = context.obj
    return state_folder(settings.values.state_dir) / "audit"


def _query(
    since: str | None, until: str | None, actor: str, action: str, target: str, decision: str, detail: list[str] | None
) -> Query:
    return Query(
        since=audit_moment("--since", since),
        until=audit_moment("--until", until),
        actor=actor,
        action=action,
        object=target,
        decision=decision,
        details=dict(_pair(entry) for entry in detail or ()),
    )


def _pair(entry: str) -> tuple[str, str]:
    name, equals, word = entry.partition("=")
    if not equals or not name:
        raise ConfigError(f"--detail is {entry!r}.", "It must be NAME=WORD.", "Like --detail rule='pii.*'.")
    return name, word


def _require_suffix(out: Path, form: Format) -> None:
    if (out.suffix == ".csv") != (form == "csv"):
        wanted = "A CSV file's name ends in .csv, and no other's: that is how `verify --export` knows it."
        raise ConfigError(f"{out} is to be {form}.", wanted, "Give it another name.")


def _row(record: Record) -> tuple[str, ...]:
    details = " ".join(f"{name}={value}" for name, value in record.details.items())
    cells = (record.actor, record.action, record.object, record.decision, details)
    return (str(record.seq), record.ts_utc, *map(visible, cells))


def _show_report(report: Report, as_json: bool) -> None:
    if as_json:
        print_json(_plain({"is_sound": report.is_sound, **_shallow(report)}))
        return
    rows = [
        (
            _name(tenant), f"{tenant.num_records:,}", f"{tenant.num_signed:,}", f"{tenant.num_checkpoints:,}",
            f"{tenant.num_witnessed:,}", "CHANGED" if tenant.problems else "sound",
        )
        for tenant in report.tenants
    ]  # fmt: skip
    header = ("tenant", "records", "signed", "checkpoints", "at the witness", "")
    print_table(rows, header=header, right=(1, 2, 3, 4))
    for tenant in report.tenants:
        for problem in tenant.problems:
            print_line(f"{_name(tenant)}: {_told(problem)}", style="bold")
        for note in tenant.notes:
            print_line(f"{_name(tenant)}: {visible(note)}", style="dim")
    print_line(f"Trusted key {report.public_key}; witness {report.witness or 'none'}.", style="dim")


def _told(problem: Problem) -> str:
    return f"record {problem.seq}: {problem.kind.replace('_', ' ')}. {visible(problem.explanation)}"


def _name(tenant: TenantReport) -> str:
    return visible(tenant.tenant if tenant.tenant is not None else tenant.name) or "(local)"


def _show_export(report: ExportReport, *, is_key_given: bool, as_json: bool) -> None:
    if as_json:
        print_json(_plain({"is_sound": report.is_sound, "is_key_given": is_key_given, **_shallow(report)}))
        return
    signed = report.checkpoint
    print_pairs(
        [
            ("tenant", visible(report.tenant) or "(local)"),
            ("records", f"{report.first_seq:,} to {report.last_seq:,}, {report.num_absent:,} of these absent"),
            ("proved", f"{report.num_proved:,}"),
            ("not signed yet", f"{report.num_unproved:,}"),
            ("checkpoint", f"{signed.tree_size:,} records, {signed.ts_utc}" if signed else "none"),
            ("signed with", signed.public_key if signed else "nothing"),
        ]
    )
    for problem in report.problems:
        print_line(visible(problem), style="bold")
    if signed is not None and not is_key_given:
        print_line("The key is the file's own word: give the one that you trust with --public-key.", style="dim")


def _shallow(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _plain(_shallow(value))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
