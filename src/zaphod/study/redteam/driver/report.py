"""Findings as a page that can be forwarded; knows HTML, and needs nothing from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from zaphod.study.intervals import Share
from zaphod.study.redteam.driver.findings import Findings, Row

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884; font-variant-numeric: tabular-nums }
.bar { position: relative; height: .5rem; width: 10rem; background: #8883; border-radius: .25rem }
.bar i { position: absolute; height: 100%; border-radius: .25rem; background: #c336 }
.bar b { position: absolute; height: 140%; top: -20%; width: 2px; background: #c33 }
small { opacity: .75 }
"""
_LIMITS = (
    "These figures belong to this server, these wordings and this budget: another attacker may do better. "
    "Attempts are drawn at random; goals may be reached by an adaptive search. Intervals are 95 % (Wilson)."
)


def as_html(findings: Findings, facts: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        findings: what was found out.
        facts: about the run, shown at its head.
    """
    head = "".join(f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in facts.items())
    low, high = findings.leak_interval
    leaks = f"{findings.leaks.num} of {findings.leaks.of} trials (95 %, exact: {low:.2%} to {high:.2%})"
    utility = (
        ("harmless questions answered rightly", str(findings.benign_utility)),
        ("the same with a harmless note before them", str(findings.document_utility)),
        ("harmless questions stopped by a guard", str(findings.benign_withheld)),
        ("tasks done rightly under attack", str(findings.utility_under_attack)),
        ("canary in an answer", leaks),
    )
    rows = "".join(f"<tr><th>{name}</th><td>{_text(value)}</td></tr>" for name, value in utility)
    tables = {"family": findings.families, "channel": findings.channels, "transform": findings.transforms}
    parts = [_table(title, [*rows_of, findings.whole]) for title, rows_of in tables.items()]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Red team report</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><h1>Red team report</h1><table>{head}</table>"
        f"<h2>Users and secrets</h2><table>{rows}</table>{''.join(parts)}<p><small>{_LIMITS}</small></p></html>\n"
    )


def _table(title: str, rows: Sequence[Row]) -> str:
    body = "".join(
        f"<tr><td>{_text(row.name)}</td><td>{_bar(row.attempts)}</td><td>{_text(row.attempts)}</td>"
        f"<td>{row.goals.num} of {row.goals.of}</td><td>{_text(row.withheld)}</td>"
        f"<td>{row.undelivered.num}</td></tr>"
        for row in rows
    )
    heads = (title, "", "attempts that succeeded", "goals reached", "attempts stopped by a guard", "not taken")
    return f"<h2>By {title}</h2><table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{body}</table>"


def _bar(share: Share) -> str:
    """The interval as a strip, the share as a mark on it."""
    if not share.of:
        return ""
    low, high = share.interval
    strip = f'<i style="left:{low:.1%};width:{high - low:.1%}"></i><b style="left:{share.value:.1%}"></b>'
    return f'<div class="bar" role="img" aria-label="{_text(share)}">{strip}</div>'


def _text(value: object) -> str:
    return html.escape(str(value))
