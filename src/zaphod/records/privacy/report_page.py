"""The report as one page that can be forwarded; knows its words, no markup of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from zaphod.core.report.page import article, facts, heading, listed, page, paragraph, section, subsection, table
from zaphod.records.privacy.breach import Concerned
from zaphod.records.privacy.facts import DAY_S, facts_of
from zaphod.records.privacy.installation import tenant_name
from zaphod.records.privacy.matrix import Control
from zaphod.records.privacy.report import PREAMBLE, Report


def page_of(report: Report) -> str:
    """One HTML document."""
    about = (report.made_at, report.installation.state_dir, f"Zaphod {report.installation.version}")
    return page(
        f"Privacy and security report, {report.made_at}",
        heading("Privacy and security report"),
        paragraph(" · ".join(about), "dim"),
        paragraph(PREAMBLE),
        section("This installation", listed(facts_of(report.installation).values())),
        *(_law(report, law, note) for law, note in report.laws.items()),
        _register(report),
        _breach(str(report.span), report.breach) if report.breach is not None else "",
    )


def _law(report: Report, law: str, note: str) -> str:
    controls = (_control(control, here) for control, here in report.controls(law))
    return section(law, paragraph(note, "dim"), *controls)


def _control(control: Control, here: str) -> str:
    return article(control.article, f"{control.title} · {control.nature}", facts(_rows(control, here)))


def _rows(control: Control, here: str) -> Iterator[tuple[str, str | Sequence[str]]]:
    yield "the software", control.does
    if here:
        yield "here, now", here
    yield "shown by", control.commands
    yield "yours", control.operator


def _register(report: Report) -> str:
    found = report.register()
    rows = [(one["purpose"], one["data"], one["people"], _by_tenant(one["tenants"])) for one in found["activities"]]
    return section(
        "Register of processing (GDPR, Article 30)",
        table(("purpose", "data", "people", "records and times, by tenant"), rows),
        subsection("Measures", listed(found["measures"])),
        subsection("To be added by the operator", listed(found["told_by_the_operator"])),
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
    return section(f"Breach: {span} (GDPR, Article 33)", table(header, rows, right=(1,)))


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items())
