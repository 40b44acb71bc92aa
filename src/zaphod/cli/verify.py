"""`zaphod verify`: holds a plan against a contract, tells why not, keeps the certificate; knows no proof."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs
from zaphod.core.errors import ConfigError
from zaphod.safety.verification.contracts import Contract, open_contract
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
    as_json: JsonFlag = False,
) -> None:
    """Prove that a plan keeps a contract for every value in the contract's ranges, or tell what breaks it.

    Exit code 13: it does not, or it could not be proved.

    \b
    Examples:
      zaphod verify plan.json --contract fragile.toml
      zaphod verify plan.json --contract fragile.toml --certificate plan.certificate.json
      zaphod verify plan.json --contract fragile.toml --check plan.certificate.json
    """
    held, what = read_plan(_json(plan)), open_contract(contract)
    if check is not None:
        num_claims = recheck(_json(check), held, what)
        _print({"checked": num_claims}, [("checked", f"{num_claims} claims; every proof holds")], what, as_json)
        return
    report = verify(held, what)
    if report.is_accepted and out is not None:
        out.write_text(json.dumps(certificate(held, what), separators=(",", ":")) + "\n", encoding="utf-8")
    _tell(report, held, what, out, as_json)
    if not report.is_accepted:
        raise typer.Exit(REFUSED)


def _tell(report: Report, plan: Plan, contract: Contract, out: Path | None, as_json: bool) -> None:
    told = advice(plan, contract, report.findings)
    counts = ", ".join(f"{name} {count or 'nothing to prove'}" for name, count in report.num_claims.items())
    document: dict[str, Any] = {
        "accepted": report.is_accepted,
        "seconds": report.seconds,
        "claims": report.num_claims,
        "findings": [_finding(finding) for finding in report.findings],
        "advice": told,
        **subjects(plan, contract),
    }
    rows = [("accepted" if report.is_accepted else "refused", f"{counts}; {report.seconds * 1000:.1f} ms")]
    for line, steps in _by_line(report.findings).items():
        rows.append((("step " if len(steps) == 1 else "steps ") + ", ".join(map(str, steps)), line))
    rows += [("try", line) for line in told]
    if report.is_accepted and out is not None:
        rows.append(("kept", str(out)))
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


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", "It is a JSON file.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file} is no JSON: {error}.", "It is a JSON file.", "Mend it.") from error
