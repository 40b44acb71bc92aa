"""A report as one page that can be forwarded: what to buy first, then how it was worked out; knows no formulas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from zaphod import __version__
from zaphod.capacity.plan import Plan
from zaphod.capacity.report.content import Figure, Report, sources_of
from zaphod.capacity.report.pictures import pictures_of
from zaphod.capacity.report.tables import HEADER, answer, headline, layout_of
from zaphod.capacity.report.words import told
from zaphod.core.report.page import cards, charts, facts, heading, listed, page, paragraph, section, table

_MOST_CONSIDERED: Final = 40
_CARDS: Final = (
    ("cost_per_hour", "an hour"),
    ("cost_per_million_output_tokens", "a million output tokens"),
    ("ttft_p95_s", "first token, 95 of 100"),
    ("itl_s", "between two tokens"),
    ("power_w", "at the wall"),
    ("co2_g_per_million_output_tokens", "CO2, a million output tokens"),
)
_HOW_TO_READ: Final = (
    "Nothing here was measured on this deployment. Each figure is a prediction; the interval beside it is meant to "
    "hold what would be measured in 80 of 100 cases. Figures without an interval follow from definitions alone."
)


def as_html(report: Report) -> str:
    """The whole document."""
    plan = report.plan
    title = headline(plan)
    sources = sources_of(report.figures)
    return page(
        f"Plan: {title}",
        heading(title),
        paragraph(answer(plan), "lead"),
        cards(_cards(report.figures)),
        paragraph(_HOW_TO_READ, "dim"),
        section("In pictures", charts(pictures_of(report).values())),
        section("What was asked", facts(_asked(plan))),
        section("All figures", table((*HEADER, "rests on"), _rows(report.figures, sources), right=(1, 2))),
        _day(report),
        _considered(plan),
        section("Assumptions", listed(plan.assumptions)),
        section("Sources", listed(sources, numbered=True)),
        paragraph(f"Zaphod {__version__}{' · ' + report.made_at if report.made_at else ''}", "dim"),
    )


def _cards(figures: Sequence[Figure]) -> Iterator[tuple[str, str, str]]:
    by_key = {figure.key: figure.estimate for figure in figures}
    for key, name in _CARDS:
        _, interval, amount = told(by_key[key])
        yield name, amount, interval or "exact"


def _asked(plan: Plan) -> Iterator[tuple[str, str]]:
    work, replica = plan.workload, plan.replica
    yield "people", f"{work.users:,} with an open session, who wait {work.think_s:g} s between answer and question"
    yield "requests", f"{work.prompt_tokens:,} tokens in ({work.cached_share:.0%} cached), {work.output_tokens:,} out"
    yield "promise", f"first token within {work.max_ttft_s:g} s, then {1000 * work.max_itl_s:g} ms a token"
    yield "replica", f"{layout_of(replica)}; {replica.memory_utilisation:.0%} of the memory"
    yield (
        "device",
        f"{replica.accelerator.title}: {replica.accelerator.source.text} ({replica.accelerator.source.date})",
    )
    yield "region", plan.region


def _rows(figures: Sequence[Figure], sources: Sequence[str]) -> Iterator[Sequence[str]]:
    numbers = {text: str(number) for number, text in enumerate(sources, 1)}
    for group, members in groupby(figures, key=lambda figure: figure.group):
        yield (group,)
        for figure in members:
            value, interval, _ = told(figure.estimate)
            yield (
                figure.name,
                value,
                interval,
                ", ".join(numbers[text] for text in figure.estimate.basis) or "definition",
            )


def _day(report: Report) -> str:
    return section("The simulated day", listed(report.day.told)) if report.day else ""


def _considered(plan: Plan) -> str:
    shown = plan.considered[:_MOST_CONSIDERED]
    if not shown:
        return ""
    rows = [(layout_of(one.replica), one.reason) for one in shown]
    left = len(plan.considered) - len(shown)
    more = paragraph(f"{left:,} more stand in the JSON.", "dim") if left else ""
    return section("Looked at and not chosen", table(("layout", "why"), rows), more)
