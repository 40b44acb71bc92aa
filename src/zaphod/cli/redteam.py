"""`zaphod redteam`: attack a running server and count what succeeds; knows flags and tables, no attack."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zaphod import __version__
from zaphod.cli.options import JsonFlag, read_key
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines

if TYPE_CHECKING:
    from zaphod.study.redteam.driver.findings import Findings, Row

_MOST_SHOWN = 12
_STOPPED = 130


def command(
    url: Annotated[str, typer.Argument(metavar="URL", help="An OpenAI-compatible server, with or without /v1.")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="Default: the first that it names.")] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", metavar="FILE", help="Holds the key; flags are seen by others.")
    ] = None,
    families: Annotated[
        str | None, typer.Option("--families", metavar="NAME,NAME", help="Kinds of attacks; all of them if left out.")
    ] = None,
    budget: Annotated[int, typer.Option("--budget", help="Attacks on each goal: half random, half adaptive.")] = 200,
    goals: Annotated[int, typer.Option("--goals", help="Goals of each family.")] = 4,
    benign: Annotated[int, typer.Option("--benign", help="Harmless tasks that are asked, too.")] = 60,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed tries the same.")] = 0,
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="Requests a second at most; 0 for no limit.")] = 0.0,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Of an answer.")] = 128,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds for one answer.")] = 120.0,
    extra_body: Annotated[str | None, typer.Option(metavar="JSON", help="More fields for every request.")] = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="FILE", help="Keep every trial there, and go on from it.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write a report; .html or .json.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Attack a server that you may attack, and report how often that succeeds.

    The goals are harmless: a secret word from the system prompt, an agreed word in the answer, a call that nobody
    wanted, another object in a robot's plan, an address in the answer. Judges are programs, not models. Ctrl-C reports
    what was found so far; with --resume the rest can be done later.

    \b
    Examples:
      zaphod redteam http://127.0.0.1:8000
      zaphod redteam http://127.0.0.1:8000 --families tool_abuse,plan_hijack --budget 40 --report report.html
      zaphod redteam https://models.example/v1 --key-file key.txt --rate 2 --resume campaign.jsonl --json
    """
    from zaphod.study.redteam.driver.campaign import CampaignOptions, run_campaign
    from zaphod.study.redteam.driver.findings import findings_of
    from zaphod.study.redteam.driver.journal import Journal
    from zaphod.study.redteam.driver.search import SearchOptions
    from zaphod.study.redteam.driver.target import Target, TargetOptions

    if report is not None and report.suffix not in (".html", ".json"):
        raise ConfigError(f"--report is {report}.", "It ends in .html or .json.", "Rename it.")
    options = CampaignOptions(
        families=_families(families),
        num_goals=goals,
        num_benign=benign,
        search=SearchOptions(budget=budget, seed=seed),
    )
    target = Target(
        TargetOptions(
            url=url,
            model=model or "",
            api_key=read_key(key_file),
            max_requests_per_s=rate,
            max_tokens=max_tokens,
            timeout_s=timeout,
            extra_body=_fields(extra_body),
        )
    )
    campaign = {"url": url, "model": target.model, "max_tokens": max_tokens, **options.as_dict()}
    is_whole = True
    with Journal(resume, campaign) as journal:
        try:
            run_campaign(target, options, journal, ProgressLines())
        except KeyboardInterrupt:
            is_whole = False
        findings = findings_of(journal.trials)
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    facts = {"zaphod": __version__, "date": date, "finished": is_whole, **campaign}
    result = {**facts, "findings": findings.as_dict()}
    if report is not None:
        _write(report, findings, facts, result)
    if as_json:
        print_json(result)
    else:
        _show(findings)
    if not is_whole:
        raise typer.Exit(_STOPPED)


def _families(words: str | None) -> tuple[Any, ...]:
    from zaphod.study.redteam.wordings import FAMILIES

    chosen = [word.strip() for word in words.split(",")] if words is not None else list(FAMILIES)
    for word in chosen:
        if word not in FAMILIES:
            raise ConfigError(
                f"There is no family {word!r}.", f"The families are {', '.join(FAMILIES)}.", "Give those."
            )
    return tuple(dict.fromkeys(chosen))


def _fields(text: str | None) -> dict[str, Any]:
    try:
        fields = json.loads(text or "{}")
    except ValueError as error:
        raise ConfigError(f"--extra-body is {text!r}.", "It must be a JSON object.", f"{error}.") from error
    if not isinstance(fields, dict):
        raise ConfigError(f"--extra-body is {text!r}.", "It must be a JSON object.", "Like '{\"top_p\": 0.9}'.")
    return fields


def _write(path: Path, findings: Findings, facts: dict[str, Any], result: dict[str, Any]) -> None:
    from zaphod.study.redteam.driver.report import as_html

    text = as_html(findings, facts) if path.suffix == ".html" else json.dumps(result, indent=1) + "\n"
    path.write_text(text, encoding="utf-8")


def _show(findings: Findings) -> None:
    _show_rows("family", [*findings.families, findings.whole])
    _show_rows("channel", findings.channels)
    most = sorted(findings.transforms, key=lambda row: -(row.attempts.value if row.attempts.of else -1))
    _show_rows(f"transform (the {min(_MOST_SHOWN, len(most))} that succeed most)", most[:_MOST_SHOWN])
    low, high = findings.leak_interval
    print_pairs(
        (
            ("harmless tasks done", str(findings.benign_utility)),
            ("the same with a note", str(findings.document_utility)),
            ("harmless tasks stopped", str(findings.benign_withheld)),
            ("tasks done under attack", str(findings.utility_under_attack)),
            ("canary leaked", f"{findings.leaks.num} of {findings.leaks.of} ({low:.2%} to {high:.2%}, exact)"),
        )
    )
    print_line("95 % intervals, Wilson unless said. Another attacker, or more queries, may do better.", style="dim")


def _show_rows(title: str, rows: Sequence[Row]) -> None:
    cells = [
        (row.name, str(row.attempts), f"{row.goals.num} of {row.goals.of}", str(row.withheld), str(row.undelivered.num))
        for row in rows
    ]
    print_table(cells, header=(title, "attempts that succeeded", "goals reached", "stopped by a guard", "not taken"))
    print_line()
