"""Documents: everything that is given is text, and nothing is asked of anybody."""

from __future__ import annotations

import re

import pytest

from zaphod.core.report.bars import Band, strip
from zaphod.core.report.page import (
    article,
    cards,
    facts,
    folded,
    heading,
    listed,
    page,
    paragraph,
    section,
    subsection,
    table,
)

_BAD = "<script>&"


@pytest.mark.parametrize(
    "made",
    [
        heading(_BAD),
        paragraph(_BAD),
        section(_BAD, "x"),
        subsection(_BAD, "x"),
        article(_BAD, _BAD, "x"),
        folded(_BAD, "x"),
        facts([(_BAD, _BAD), (_BAD, [_BAD])]),
        cards([(_BAD, _BAD, _BAD)]),
        listed([_BAD, f"https://{_BAD}"]),
        table((_BAD, _BAD), [(_BAD,), (_BAD, strip(Band(_BAD, 0, 1, 2, _BAD), 2))]),
        page(_BAD),
    ],
)
def test_what_is_given_is_text_and_never_markup(made: str) -> None:
    assert "&lt;script&gt;&amp;" in made
    assert "<script" not in made


def test_a_page_asks_nothing_of_the_network() -> None:
    assert not re.search(r"https?:|<script|<link|@import|url\(", page("t", heading("t"), section("s", paragraph("p"))))


def test_a_page_is_light_and_dark_and_fits_small_screens() -> None:
    assert all(text in page("t") for text in ("color-scheme:light dark", "prefers-color-scheme:dark", "width=device-"))


@pytest.mark.parametrize("made", [section("a"), subsection("a"), folded("a"), facts([]), cards([]), listed([])])
def test_where_nothing_follows_there_is_no_heading(made: str) -> None:
    assert made == ""


def test_several_commands_stand_on_lines_of_their_own() -> None:
    assert "<dd><code>a b</code><br><code>c</code></dd>" in facts([("shown by", ("a b", "c"))])


def test_addresses_become_links_and_other_text_does_not() -> None:
    assert '<a href="https://x.example/a" rel="noreferrer">https://x.example/a</a>.' in listed(
        ["see https://x.example/a."]
    )
    assert "<a" not in facts([("a", "javascript:alert(1)")])


def test_a_cell_can_hold_a_picture() -> None:
    made = table(("name", ""), [("a", strip(Band("a", 0.1, 0.2, 0.3, "20 %"), 1.0))])
    assert re.search(r'<td>a</td><td><svg class="chart"[^>]*aria-label="a: 20 %">', made)
