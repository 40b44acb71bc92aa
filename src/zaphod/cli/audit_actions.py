"""`zaphod audit actions`: which certificate allowed which action of a robot; knows no robot and no proof."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.agents.robotics.recording.allowed import (
    MOST_LETTERS_SHOWN,
    Action,
    actions,
    hold_against,
    hold_recording_against,
)
from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table, visible
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import AuditError, ConfigError, RequestError
from zaphod.core.places import state_folder
from zaphod.core.progress import ProgressLines
from zaphod.safety.audit import read, verify, witness_of
from zaphod.safety.verification.documents import open_json


def actions_command(
    context: typer.Context,
    which: Annotated[
        str | None, typer.Argument(metavar="[WHICH]", help="A record's number, or how one of its digests begins.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="Hold a kept certificate against WHICH.")
    ] = None,
    recording: Annotated[
        Path | None, typer.Option("--recording", metavar="FILE", help="Hold a recorded episode against WHICH.")
    ] = None,
    tenant: Annotated[str, typer.Option("--tenant", help="Whose log; '' is the user without keys.")] = "",
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="The audit folder; the one in the state folder if left out."),
    ] = None,
    witness: Annotated[
        Path | None, typer.Option("--witness", metavar="DIR", help="Where checkpoints were copied to.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say which certificate allowed what a robot did. The log is verified first. Exit code 12 if nothing allowed it.

    \b
    Examples:
      zaphod audit actions --folder ./audit
      zaphod audit actions 12 --certificate plan.certificate.json --json
      zaphod audit actions 12 --recording episode.json
    """
    if which is None and (certificate or recording):
        raise ConfigError("A file, and no action.", "It is held against one.", "Name that one's record: its number.")
    folder = folder or _state(context) / "audit"
    _require_sound(folder, witness, tenant)
    found = actions(read(folder, tenant))
    if which is None:
        _list(found, as_json)
    else:
        found = [_chosen(found, which)]
        num_claims = hold_against(found[0], open_json(certificate)) if certificate is not None else None
        if recording is not None:
            hold_recording_against(found[0], open_json(recording))
        _tell(found[0], num_claims, recording is not None, as_json)
    if any(action.problem for action in found):
        raise typer.Exit(AuditError.exit_code)


def _state(context: typer.Context) -> Path:
    settings: MergedSettings = context.obj
    return state_folder(settings.values.state_dir)


def _require_sound(folder: Path, witness: Path | None, tenant: str) -> None:
    witness = witness or (witness_of(folder) if witness_of(folder).is_dir() else None)
    report = verify(folder, witness, tenant=tenant, progress=ProgressLines())
    problems = [problem for one in report.tenants for problem in one.problems]
    if problems:
        raise AuditError(
            f"The log in {folder} is not as it was written, from record {problems[0].seq} on.",
            "What a changed log says of actions is worth nothing.",
            "Find out more: zaphod audit verify",
        )


def _chosen(found: list[Action], which: str) -> Action:
    called = [action for action in found if action.is_called(which)]
    deeds = [action for action in called if action.is_deed]
    if not called:
        raise RequestError(
            f"No record of a robot is called {which!r}.",
            "WHICH is a record's number, or how a digest of plan, certificate or recording begins.",
            "See them all: zaphod audit actions",
        )
    if len(deeds or called) > 1:
        numbers = ", ".join(str(action.record.seq) for action in deeds or called)
        raise RequestError(f"{which!r} means records {numbers}.", "It means one of them.", "Give its number.")
    return (deeds or called)[0]


def _list(found: list[Action], as_json: bool) -> None:
    if as_json:
        print_json({"actions": [_as_json(action) for action in found]})
        return
    if not found:
        print_line("No robot has been verified or moved.")
        return
    header = ("seq", "time", "what", "plan", "certificate", "allowed by")
    print_table([_row(action) for action in found], header=header, right=(0,))
    for action in found:
        if action.problem:
            print_line(f"record {action.record.seq}: {action.problem}", style="bold")


def _row(action: Action) -> tuple[str, ...]:
    record = action.record
    cells = (record.decision.replace("_", " "), _short(record.object), _short(action.certificate), _allowed_by(action))
    return (str(record.seq), record.ts_utc, *map(visible, cells))


def _allowed_by(action: Action) -> str:
    if not action.is_deed:
        return ""
    return "NOTHING" if action.problem or action.allowed_by is None else f"record {action.allowed_by.seq}"


def _tell(action: Action, num_claims: int | None, is_recording: bool, as_json: bool) -> None:
    if as_json:
        print_json({**_as_json(action), "checked": num_claims, "is_recording": is_recording})
        return
    record = action.record
    rows = [
        ("record", f"{record.seq}, {record.ts_utc}, by {record.actor}"),
        ("what", record.decision.replace("_", " ")),
        ("plan", record.object),
        ("contract", record.policy_hash),
        ("certificate", action.certificate or "none"),
        *((name, str(value)) for name, value in record.details.items() if name != "allowed_by"),
    ]
    if action.is_deed:
        rows.append(("allowed by", _allowed_by(action)))
    if num_claims is not None:
        rows.append(("checked", f"the certificate is this one; all {num_claims} claims are proved"))
    if is_recording:
        rows.append(("checked", "the recording is this one"))
    print_pairs([(name, visible(value)) for name, value in rows])
    if action.problem:
        print_line(action.problem, style="bold")


def _as_json(action: Action) -> dict[str, Any]:
    record = action.record
    return {
        "seq": record.seq,
        "ts_utc": record.ts_utc,
        "actor": record.actor,
        "decision": record.decision,
        "plan": record.object,
        "contract": record.policy_hash,
        "certificate": action.certificate,
        "planner": record.model_id,
        "details": dict(record.details),
        "allowed_by": None if action.allowed_by is None else action.allowed_by.seq,
        "problem": action.problem,
    }


def _short(digest: str) -> str:
    return digest[:MOST_LETTERS_SHOWN]
