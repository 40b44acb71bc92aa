"""`zaphod verify`: holds a plan against a contract, tells why not, keeps the certificate; knows no proof."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs
from zaphod.cli.verify_lean import InLean, in_lean, lean_fields, lean_rows
from zaphod.core.errors import ZaphodError
from zaphod.safety.verification.contracts import Contract, open_contract
from zaphod.safety.verification.documents import open_json
from zaphod.safety.verification.doubts import doubts
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.telling import advice, assumptions
from zaphod.safety.verification.verify import Finding, Report, certificate, recheck, subjects, verify

REFUSED = 13


def command(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan as JSON (docs/verification.md).")],
    contract: Annotated[Path, typer.Option("--contract", "-c", metavar="FILE", help="What must hold, as TOML.")],
    out: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="Write the certificate of an accepted plan.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Check a certificate instead of proving anew.")
    ] = None,
    audit: Annotated[
        Path | None, typer.Option("--audit", metavar="DIR", help="Write the verdict into the audit log there.")
    ] = None,
    lean: Annotated[
        Path | None,
        typer.Option("--lean", metavar="FILE", help="Write the proof in Lean 4; let Lean check it, if it is here."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Prove that a plan keeps a contract for every value in the contract's ranges, or tell what breaks it.

    Exit code 13: it does not, or it could not be proved.

    \b
    Examples:
      zaphod verify plan.json --contract fragile.toml
      zaphod verify plan.json --contract fragile.toml --certificate plan.certificate.json
      zaphod verify plan.json --contract fragile.toml --check plan.certificate.json
      zaphod verify plan.json --contract fragile.toml --audit ./audit
      zaphod verify plan.json --contract fragile.toml --lean plan.lean
    """
    held, what = read_plan(open_json(plan)), open_contract(contract)
    if check is not None:
        kept = open_json(check)
        with _refusal_written_down(audit, held, what, kept):
            num_claims = recheck(kept, held, what)
        proved = None if lean is None else in_lean(kept, lean)
        _write_down(audit, held, what, None, kept, is_accepted=proved is None or not proved.is_refused)
        rows = [("checked", f"{num_claims} claims; every proof holds"), *lean_rows(proved)]
        _print({"checked": num_claims, **lean_fields(proved)}, rows, what, as_json)
        _refuse_if(proved is not None and proved.is_refused)
        return
    report = verify(held, what)
    with _refusal_written_down(audit, held, what, None):
        proof = certificate(held, what) if report.is_accepted and (out or audit or lean) else None
    proved = in_lean(proof, lean) if proof is not None and lean is not None else None
    is_accepted = report.is_accepted and (proved is None or not proved.is_refused)
    _write_down(audit, held, what, report, proof, is_accepted=is_accepted)
    if proof is not None and out is not None:
        out.write_text(json.dumps(proof, separators=(",", ":")) + "\n", encoding="utf-8")
    _tell(report, held, what, out, proved, as_json)
    _refuse_if(not report.is_accepted or (proved is not None and proved.is_refused))


def _refuse_if(is_refused: bool) -> None:
    if is_refused:
        raise typer.Exit(REFUSED)


@contextmanager
def _refusal_written_down(audit: Path | None, plan: Plan, contract: Contract, proof: Any) -> Iterator[None]:
    """What cannot be proved is an error, and a verdict too."""
    try:
        yield
    except ZaphodError:
        _write_down(audit, plan, contract, None, proof, is_accepted=False)
        raise


def _write_down(
    audit: Path | None, plan: Plan, contract: Contract, report: Report | None, proof: Any, *, is_accepted: bool
) -> None:
    if audit is None:
        return
    from zaphod.agents.robotics.recording.evidence import Trail  # here: without --audit nothing of the audit is needed
    from zaphod.cli.privacy_options import user

    with Trail(audit, actor=user()) as trail:
        trail.decided(plan, contract, report, certificate=proof, is_accepted=is_accepted)


def _tell(
    report: Report, plan: Plan, contract: Contract, out: Path | None, proved: InLean | None, as_json: bool
) -> None:
    told, odd = advice(plan, contract, report.findings), doubts(plan, contract)
    counts = ", ".join(f"{name} {count or 'nothing to prove'}" for name, count in report.num_claims.items())
    document: dict[str, Any] = {
        "accepted": report.is_accepted,
        "seconds": report.seconds,
        "claims": report.num_claims,
        "findings": [_finding(finding) for finding in report.findings],
        "advice": told,
        "doubts": odd,
        **subjects(plan, contract),
        **lean_fields(proved),
    }
    rows = [("accepted" if report.is_accepted else "refused", f"{counts}; {report.seconds * 1000:.1f} ms")]
    for line, steps in _by_line(report.findings).items():
        rows.append((("step " if len(steps) == 1 else "steps ") + ", ".join(map(str, steps)), line))
    rows += [("try", line) for line in told]
    rows += [("odd", line) for line in odd]
    if report.is_accepted and out is not None:
        rows.append(("kept", str(out)))
    rows += lean_rows(proved)
    _print(document, rows, contract, as_json)


def _by_line(findings: Sequence[Finding]) -> dict[str, list[int]]:
    """What is wrong, and in which steps, counted from 1."""
    lines: dict[str, list[int]] = {}
    for finding in findings:
        lines.setdefault(f"{finding.label.what}: {finding.told}", []).append(finding.label.step + 1)
    return lines


def _finding(finding: Finding) -> dict[str, Any]:
    point = None if finding.point is None else {name: str(value) for name, value in finding.point.items()}
    return {**finding.label._asdict(), "outcome": finding.outcome, "point": point, "told": finding.told}


def _print(document: dict[str, Any], rows: list[tuple[str, str]], contract: Contract, as_json: bool) -> None:
    if as_json:
        print_json({**document, "assuming": assumptions(contract)})
        return
    print_pairs([*rows, ("assuming", assumptions(contract))])
    if contract.name:
        print_line(f"Nothing beyond the contract {contract.name!r} was looked at.", style="dim")
