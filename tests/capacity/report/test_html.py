"""The page for managers: whole, quiet, and closed."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tests.capacity.report import plans

from zaphod.capacity.report.html import as_html

_EMPTY = {"meta", "br", "img", "rect", "circle", "polyline", "polygon", "path"}


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            assert self.open.pop() == tag


def test_every_tag_is_closed_and_nothing_runs() -> None:
    reader = _Balance()
    reader.feed(as_html(plans.report()))
    assert reader.open == []
    assert not reader.tags & {"script", "iframe", "link", "object", "form"}


def test_nothing_is_fetched_from_anywhere() -> None:
    text = as_html(plans.report())
    assert re.findall(r"(?:src|srcset)=|url\(|@import", text) == []


def test_what_a_plan_says_is_never_markup() -> None:
    text = as_html(plans.report(region=plans.HOSTILE, assumptions=(plans.HOSTILE,)))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_answer_stands_first_with_its_intervals() -> None:
    text = re.sub(r"<[^>]+>", " ", as_html(plans.report()).partition("</style>")[2])
    assert text.index("800 devices: 100 replicas") < text.index("In pictures")
    for told in ("$2,400", "$1,600 to $3,600", "30.0 ms", "1.00 MW", "weights of 79.0 GB leave no room"):
        assert told in text


def test_every_source_is_numbered_once_and_referred_to() -> None:
    text = as_html(plans.report())
    assert text.count("<li>F14</li>") == 1
    assert re.search(r'<a href="https://example.org/paper" rel="noreferrer">', text)
    assert re.search(r"<td>between two tokens</td>.*?<td>3, 4</td>", text)


def test_many_rejected_layouts_are_cut_and_counted() -> None:
    rejected = plans.plan().considered[:1] * 100
    assert "60 more stand in the JSON." in as_html(plans.report(considered=rejected))


def test_colours_are_there_for_light_dark_and_paper() -> None:
    style = as_html(plans.report()).partition("</style>")[0]
    assert "prefers-color-scheme:dark" in style
    assert "@media print" in style
