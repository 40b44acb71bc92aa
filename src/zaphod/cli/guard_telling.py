"""Verdicts and policies as people read them; knows neither how they come about nor what a verb asks for.

A finding is shown like a compiler shows a mistake: its line, what is meant underlined, and what was undone to see it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len

from zaphod.cli.output import print_line, print_pairs, print_table
from zaphod.safety.guard.rules.policy import Policy, Step
from zaphod.safety.guard.verdict import STAGES, Finding, Stage, Verdict

_STYLES = {"allow": "dim", "redact": "yellow", "confirm": "yellow", "block": "red"}
_AROUND = 60
"""Characters of a line that are shown before and behind what is meant."""


def verdict_json(verdict: Verdict, text: str) -> dict[str, Any]:
    """For programs; offsets count characters."""
    return {
        "action": verdict.action,
        "policy": verdict.policy,
        "errors": list(verdict.errors),
        "findings": [_finding_json(finding, text) for finding in verdict.findings],
        "redacted": verdict.redacted(text),
    }


def _finding_json(finding: Finding, text: str) -> dict[str, Any]:
    hit = finding.hit
    return {
        "rule": hit.rule,
        "title": hit.title,
        "action": finding.action,
        "start": hit.start,
        "end": hit.end,
        "line": text.count("\n", 0, hit.start) + 1,
        "score": round(hit.score, 4),
        "views": list(hit.views),
    }


def told_verdict(verdict: Verdict, text: str, stage: Stage) -> None:
    """Every finding with its line, then what follows for all."""
    for finding in verdict.findings:
        _tell(finding, text)
    for error in verdict.errors:
        print_line(f"failed: {error}", style="red")
    many = f"{len(verdict.findings)} finding{'' if len(verdict.findings) == 1 else 's'}"
    print_line(f"{verdict.action}: {many} at the stage {stage}", style=_STYLES[verdict.action])
    print_line(f"policy {verdict.policy}", style="dim")


def _tell(finding: Finding, text: str) -> None:
    hit = finding.hit
    line = text.count("\n", 0, hit.start) + 1
    first = text.rfind("\n", 0, hit.start) + 1
    sureness = "" if hit.score >= 1.0 else f" (score {hit.score:.2f})"
    print_line(f"{finding.action}: {hit.title} [{hit.rule}]{sureness}", style=_STYLES[finding.action])
    number = f"{line}:{hit.start - first + 1}"
    print_line(f"  {number} | {_shown(text, hit.start, hit.end, first)}")
    print_line(f"  {' ' * len(number)} | {_underline(text, hit.start, hit.end, first)}", style=_STYLES[finding.action])
    if hit.views:
        print_line(f"  {' ' * len(number)} = seen after: {' -> '.join(hit.views)}", style="dim")


def _bounds(text: str, start: int, end: int, first: int) -> tuple[int, int, int]:
    """From where to where a line is shown, and where what is meant ends in it."""
    last = text.find("\n", start)
    last = len(text) if last < 0 else last
    shown_end = min(end, last, start + 2 * _AROUND)
    return max(first, start - _AROUND), min(last, shown_end + _AROUND), shown_end


def _shown(text: str, start: int, end: int, first: int) -> str:
    low, high, _ = _bounds(text, start, end, first)
    return _visible(text[low:high])


def _underline(text: str, start: int, end: int, first: int) -> str:
    low, _, shown_end = _bounds(text, start, end, first)
    more = "…" if end > shown_end else ""
    return " " * cell_len(_visible(text[low:start])) + "^" * max(cell_len(_visible(text[start:shown_end])), 1) + more


def _visible(text: str) -> str:
    """Characters that a terminal would hide or obey, by their numbers."""
    return "".join(letter if letter.isprintable() else f"<{ord(letter):X}>" for letter in text)


def policy_json(policy: Policy) -> dict[str, Any]:
    """For programs: everything that a verdict depends on."""
    return {
        "name": policy.name,
        "version": policy.version,
        "digest": policy.digest,
        "description": policy.description,
        "max_delay_tokens": policy.max_delay_tokens,
        "stages": {stage: _stage_json(policy, stage) for stage in STAGES},
        "rules": [
            {"id": rule.id, "title": rule.title, "stages": list(rule.stages), "patterns": list(rule.patterns)}
            for rule in policy.rules
        ],
        "authority": dict(policy.authority),
    }


def _stage_json(policy: Policy, stage: Stage) -> dict[str, Any]:
    at = policy.at(stage)
    actions = {name: [vars(step) for step in steps] for name, steps in at.actions.items()}
    return {"on_error": at.on_error, "actions": actions}


def told_policy(policy: Policy) -> None:
    """Actions by stage, then the rules."""
    print_line(f"{policy.name} {policy.version}: {policy.description}", style="bold")
    print_pairs([("digest", policy.digest), ("most tokens that a stream is behind", str(policy.max_delay_tokens))])
    names = list(dict.fromkeys(name for stage in STAGES for name in policy.at(stage).actions))
    rows = [(name, *(_steps(policy, stage, name) for stage in STAGES)) for name in names]
    on_error = ("a check that fails", *(policy.at(stage).on_error for stage in STAGES))
    print_line()
    print_table([*rows, on_error], header=("what is found", *STAGES))
    print_line()
    print_table(_rules(policy), header=("rule", "what it is", "stages", "patterns"), right=(3,))


def _steps(policy: Policy, stage: Stage, name: str) -> str:
    return ", ".join(map(_step, policy.at(stage).actions.get(name, ())))


def _step(step: Step) -> str:
    return step.action if step.min_score == 0.0 else f"{step.action} from {step.min_score:g}"


def _rules(policy: Policy) -> Iterator[tuple[str, str, str, str]]:
    for rule in policy.rules:
        stages = "all" if len(rule.stages) == len(STAGES) else " ".join(rule.stages)
        yield rule.id, rule.title, stages, str(len(rule.patterns))
