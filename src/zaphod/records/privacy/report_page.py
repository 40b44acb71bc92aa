"""The report as one page that can be forwarded: no script, nothing from elsewhere, light and dark, fit for paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from zaphod.records.privacy.breach import Concerned
from zaphod.records.privacy.facts import DAY_S, facts_of
from zaphod.records.privacy.installation import tenant_name
from zaphod.records.privacy.matrix import Control
from zaphod.records.privacy.report import PREAMBLE, Report

_STYLE = """
:root { color-scheme: light dark; --paper: light-dark(#fdfdfb, #151617); --wash: light-dark(#f4f4f0, #1e2021);
  --line: light-dark(#dfded8, #34373a); --ink: light-dark(#1a1b1a, #ecebe7); --quiet: light-dark(#5d5e5a, #a5a6a3);
  --accent: light-dark(#0b6b62, #5cc9bb); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 3rem clamp(1rem, 4vw, 2rem); background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { margin: 3rem 0 .5rem; font-size: 1.25rem; }
p { margin: 0 0 1rem; max-width: 46rem; }
.quiet, dt { color: var(--quiet); }
article { border-top: 1px solid var(--line); padding: 1rem 0; break-inside: avoid; }
h3 { margin: 0; font-size: 1rem; }
h3 span { color: var(--quiet); font-weight: normal; }
dl { display: grid; grid-template-columns: 8rem 1fr; gap: .25rem 1rem; margin: .5rem 0 0; }
dd { margin: 0; }
.here { color: var(--accent); }
code { font-family: ui-monospace, monospace; font-size: .875em; background: var(--wash); padding: .1em .3em;
  border-radius: .25rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .375rem .75rem .375rem 0; border-top: 1px solid var(--line); }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media print { body { max-width: none; padding: 0; } }
"""


def page_of(report: Report) -> str:
    """One HTML document."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Privacy and security report, {escape(report.made_at)}</title><style>{_STYLE}</style></head><body>",
        "<main><h1>Privacy and security report</h1>",
        f'<p class="quiet">{escape(report.made_at)} · {escape(report.installation.state_dir)} · '
        f"Zaphod {escape(report.installation.version)}</p>",
        f"<p>{escape(PREAMBLE)}</p>",
        _facts(report),
        *(_law(report, law, note) for law, note in report.laws.items()),
        _register(report),
        _breach(str(report.span), report.breach) if report.breach is not None else "",
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _facts(report: Report) -> str:
    rows = "".join(f"<li>{escape(fact)}</li>" for fact in facts_of(report.installation).values())
    return f"<h2>This installation</h2><ul>{rows}</ul>"


def _law(report: Report, law: str, note: str) -> str:
    controls = "".join(_control(control, here) for control, here in report.controls(law))
    return f'<section><h2>{escape(law)}</h2><p class="quiet">{escape(note)}</p>{controls}</section>'


def _control(control: Control, here: str) -> str:
    commands = "<br>".join(f"<code>{escape(command)}</code>" for command in control.commands)
    rows = [
        ("the software", escape(control.does), ""),
        ("here, now", escape(here), "here"),
        ("shown by", commands, ""),
        ("yours", escape(control.operator), ""),
    ]
    shown = "".join(f'<dt>{name}</dt><dd class="{style}">{value}</dd>' for name, value, style in rows if value)
    title = f"{escape(control.article)} <span>· {escape(control.title)} · {escape(control.nature)}</span>"
    return f"<article><h3>{title}</h3><dl>{shown}</dl></article>"


def _register(report: Report) -> str:
    found = report.register()
    rows = [[one["purpose"], one["data"], one["people"], _by_tenant(one["tenants"])] for one in found["activities"]]
    table = _table(("purpose", "data", "people", "records and times, by tenant"), rows)
    measures, others = (_list(found[name]) for name in ("measures", "told_by_the_operator"))
    return (
        f"<section><h2>Register of processing (GDPR, Article 30)</h2>{table}<h3>Measures</h3>{measures}"
        f"<h3>To be added by the operator</h3>{others}</section>"
    )


def _by_tenant(tenants: dict[str, dict[str, int | None]]) -> str:
    told = []
    for tenant, one in tenants.items():
        kept_for_s = one["kept_for_s"]
        time = "without end" if kept_for_s is None else f"{kept_for_s / DAY_S:g} days"
        number = "" if one["num_records"] is None else f"{one['num_records']:,} records, "
        told.append(f"{tenant_name(tenant)}: {number}{time}")
    return "; ".join(told) or "nothing is kept"


def _breach(span: str, breach: Sequence[Concerned]) -> str:
    rows = [
        [
            tenant_name(one.tenant),
            f"{one.num_people:,}",
            _counts(one.num_records),
            _counts(one.num_events),
            _counts(one.num_events_by_actor),
            "" if one.people is None else ", ".join(one.people),
        ]
        for one in breach
    ]
    header = ("tenant", "people", "records held now", "events in that time", "by actor", "names")
    return f"<section><h2>Breach: {escape(span)} (GDPR, Article 33)</h2>{_table(header, rows)}</section>"


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items())


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _list(words: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(word)}</li>" for word in words) + "</ul>"
