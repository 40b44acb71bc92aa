"""The main text of pages whose parts are known, and what any page is read without."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document, Dropped
from zaphod.data.extraction.main_text import main_text
from zaphod.data.extraction.precise import precise_text
from zaphod.data.extraction.stage import Extraction

_FRAMES = (
    "<nav>{links}</nav><main>{main}</main><footer>{junk}</footer>",
    "<div class='site-header'><ul class='nav main-nav'>{links}</ul></div>{main}<div id='footer'>{junk}</div>",
    "<header role='banner'>{junk}</header><div role='main'>{main}</div><aside>{links}</aside>",
    "<table><tr><td class='sidebar'>{links}</td><td>{main}</td></tr></table><p class='copyright'>{junk}</p>",
    "<ul>{links}</ul><article>{main}</article><div class='related-posts'>{links}</div><script>var a = 1 < 2;</script>",
)


def sentence(rng: random.Random) -> str:
    return " ".join(rng.choice(("water", "engine", "reads", "a", "file", "of", "each")) for _ in range(12)) + "."


def page(seed: int) -> tuple[str, str]:
    """A page and its main text."""
    rng = random.Random(seed)
    told = [sentence(rng) for _ in range(rng.randrange(3, 9))]
    inner = "".join(f"<p>{text.replace('engine', '<a href=/e>engine</a>', 1)}</p>" for text in told)
    links = "".join(f"<li><a href='/{i}'>Go to item {i}</a></li>" for i in range(10))
    frame = rng.choice(_FRAMES).format(main=f"<h2>Heading here</h2>{inner}", links=links, junk="All rights reserved")
    return f"<html><head><title>Page</title></head><body>{frame}</body></html>", " ".join(["Heading here", *told])


def f1(found: str, wanted: str) -> float:
    left, right = Counter(found.split()), Counter(wanted.split())
    return 2 * (left & right).total() / max(1, left.total() + right.total())


def test_the_main_text_is_found_on_pages_of_known_parts():
    scores = [f1(main_text(html), wanted) for html, wanted in map(page, range(60))]
    assert min(scores) > 0.95, "on each of the five kinds of page"
    assert f1(*reversed(page(0))) < 0.8, "the page itself would not pass"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One <b>bold</b>\n word</p><p>Two</p>", "One bold word\nTwo"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<p>a<br>b</p><table><tr><td>c</td><td>d</td></tr></table>", "a b\nc d"),
        ("<h1>Alone</h1>", ""),
        ("<h1>Title</h1><p>Text.</p>", "Title\nText."),
        ("<ul><li><a href=/a>Only a link</a></ul><p>Text.</p>", "Text."),
        ("<p hidden>unseen</p><p aria-hidden=true>unseen</p><p>seen</p>", "seen"),
        ("<main></main><p>The part called main is empty here.</p>", "The part called main is empty here."),
        ("<section id=contents><p>Of it.</p></section><div id=contents><p>Unread.</p></div>", "Of it."),
        ("<div class='grid-for-nav'><p>Beside.</p></div>", "Beside."),
        ("<body class='page-with-sidebar'><p>Body.</p></body>", "Body."),
        ("<div>Grüße &amp; mehr &copy;</div>", "Grüße & mehr ©"),
        ("<meta charset=latin-1><p>Grüße</p>", "Grüße"),
        ("", ""),
        ("<!-- nothing -->", ""),
    ],
)
def test_what_is_read_of_a_page(html, text):
    assert main_text(html) == text


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(html):
    main_text(html)


_TAGS = (
    *("<p>", "</p>", "<div class=nav>", "</div>", "<a href=x>", "</a>", "<pre>", "<td>", "x", "</body>", "<!--"),
    *("<main>", "</main>", "<script>", "&#0;", "&#xd800;", "\x00", "<h1>", "<br>"),
)


@given(st.lists(st.sampled_from(_TAGS), max_size=60))
def test_no_order_of_tags_breaks_the_reader(tags):
    text = main_text("".join(tags))
    text.encode()


def test_very_deep_pages_are_read():
    assert "end" in main_text("<div>" * 200 + "end")
    main_text("<div>" * 100_000 + "end")


def read(text: str, media_type: str = "text/html", **settings):
    return Extraction(**settings).judge(Document(id="", text=text, metadata={"media_type": media_type}))


def test_trafilatura_reads_pages_when_asked():
    html, wanted = page(0)
    assert f1(read(html, html="trafilatura").text, wanted) > 0.9
    assert precise_text("<p></p>") == ""


def test_each_media_type_has_its_reader():
    assert read(".SH NAME\nls \\- list", "text/troff").text == "NAME\nls - list"
    assert read("plain <b>\r\n\r\n\r\n\r\ntext", "text/plain").text == "plain <b>\n\ntext"
    assert read("\x1f\nFile: a, Node: Top\n\nText.\n", "text/x-info").text == "Text."


def test_what_holds_no_text_is_dropped():
    assert read("<nav>x</nav>") == Dropped("no text in it")
    assert read("x" * 11, max_characters=10) == Dropped("source too long")


def test_an_unknown_method_is_refused():
    with pytest.raises(ConfigError, match="blocks"):
        Extraction(html="guess")


def test_settings_build_an_equal_stage():
    stage = Extraction(html="trafilatura")
    assert Extraction(**stage.settings()).settings() == stage.settings()
