"""The main text of a page by its blocks: what navigates is left out, and so are blocks that are mostly links.

Knows HTML's elements and the words by which pages name their parts; knows no language. The element that the page
itself calls its main part is taken where it holds a good share of the text. Source of the idea: Kohlschütter et al.,
"Boilerplate detection using shallow text features", 2010 (link density).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zaphod.core.errors import MissingExtraError

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_UNREAD: Final = frozenset(
    {
        *("script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "canvas", "audio"),
        *("video", "map", "head", "nav", "footer", "aside", "dialog", "button", "select", "input", "textarea", "form"),
        *("option", "label", "fieldset", "applet", "frameset", "noframes"),
    }
)
_BLOCKS: Final = frozenset(
    {
        *("p", "div", "section", "article", "main", "body", "html", "header", "h1", "h2", "h3", "h4", "h5", "h6", "ul"),
        *("ol", "li", "dl", "dt", "dd", "table", "tbody", "thead", "tfoot", "tr", "caption", "blockquote", "pre"),
        *("figure", "figcaption", "address", "details", "summary", "hr", "center", "colgroup", "form"),
    }
)
_HEADING_TAGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_SPACED: Final = {"br": "\n", "td": " ", "th": " "}
_IS_LINK, _IS_BLOCK, _IS_UNREAD, _IS_VERBATIM, _IS_HEADING, _IS_MAIN, _IS_WHOLE, _IS_BOX, _IS_SPACED = (
    1 << bit for bit in range(9)
)
_IS_COUNTED: Final = _IS_LINK | _IS_VERBATIM | _IS_HEADING | _IS_MAIN
_KINDS: Final = {
    **dict.fromkeys(_BLOCKS, _IS_BLOCK),
    **dict.fromkeys(("div", "ul", "ol", "table", "header"), _IS_BLOCK | _IS_BOX),
    **dict.fromkeys(_HEADING_TAGS, _IS_BLOCK | _IS_HEADING),
    **dict.fromkeys(("main", "article"), _IS_BLOCK | _IS_MAIN | _IS_WHOLE),
    **dict.fromkeys(("html", "body"), _IS_BLOCK | _IS_WHOLE),
    "pre": _IS_BLOCK | _IS_VERBATIM,
    **dict.fromkeys(_SPACED, _IS_SPACED),
    **dict.fromkeys(_UNREAD, _IS_UNREAD),
}
"""What an element is by its name; `_IS_WHOLE` are those whose class says what kind of page it is, and no more; only a
box is named by its id, since the id of a section is made of its heading (`contents`, `copyright`)."""
_UNREAD_ROLES: Final = frozenset(
    {"navigation", "banner", "contentinfo", "complementary", "search", "menu", "menubar", "toolbar", "dialog", "alert"}
)
_UNREAD_NAMES: Final = frozenset(
    {
        *("nav", "navbar", "navigation", "navheader", "navfooter", "sidebar", "footer", "menu", "breadcrumb", "toc"),
        *("breadcrumbs", "cookie", "cookies", "banner", "advert", "advertisement", "ads", "share", "sharing", "social"),
        *("related", "comments", "pagination", "pager", "headerlink", "permalink", "skip", "masthead", "topbar"),
        *("toolbar", "dropdown", "popup", "modal", "newsletter", "subscribe", "promo", "sponsored", "signup", "login"),
        *("sphinxsidebar", "sphinxsidebarwrapper", "contents", "submenu", "navlinks", "shortcuts", "picker", "edit"),
        *("srclink", "anchor", "copyright", "disclaimer", "hidden", "noprint", "tabs", "widget", "consent"),
    }
)
_ABOUT_OTHERS: Final = frozenset({"for", "with", "without", "has", "no", "not"})
"""`grid-for-nav` and `page-with-sidebar` stand beside what they name."""
_NAME: Final = re.compile(r"[a-z]+")
_MAX_LINK_SHARE: Final = 0.5
_LEAST_MAIN_SHARE: Final = 0.4
"""Of the text that is left a part that is called main must hold so much, or the name is taken for a mistake."""


@dataclass(slots=True)
class _Block:
    """A run of text without a break in it."""

    pieces: list[str]
    num_link_characters: int = 0
    is_verbatim: bool = False
    is_heading: bool = False
    is_main: bool = False

    def text(self) -> str:
        joined = "".join(self.pieces)
        return joined.strip("\n") if self.is_verbatim else " ".join(joined.split())


def main_text(html: str) -> str:
    """The text of the page's main part, a line for each block; empty where there is none.

    Raises:
        MissingExtraError: lxml is not installed.
    """
    tree = _parsed(html)
    if tree is None:
        return ""
    blocks = [(block, text) for block in _blocks(tree) if (text := block.text())]
    num_main = sum(len(text) for block, text in blocks if block.is_main)
    if num_main >= _LEAST_MAIN_SHARE * sum(len(text) for _, text in blocks):
        blocks = [(block, text) for block, text in blocks if block.is_main]
    return "\n".join(_without_links(blocks))


def _parsed(html: str) -> Element | None:
    try:
        from lxml import etree
    except ImportError as error:
        raise MissingExtraError("lxml", "data") from error
    # An encoding that the page declares is that of its bytes, which have been decoded: bytes in UTF-8 are parsed.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    return etree.fromstring(html.encode("utf-8", "replace"), parser=parser)


class _Walk:
    """A way through a page: where it is, and the blocks so far."""

    def __init__(self) -> None:
        self.blocks = [_Block([])]
        self._stack: list[int] = []
        self._links = self._verbatim = self._headings = self._mains = 0

    def enter(self, element: Element) -> bool:
        """Whether what is inside the element is to be read."""
        kind = _KINDS.get(element.tag, 0)
        if not kind & _IS_UNREAD and (attributes := element.items()):
            kind |= _kind_by_attributes(kind, attributes)
        self._stack.append(kind)
        if kind & _IS_UNREAD:
            return False
        if kind & _IS_COUNTED:
            self._count(kind, 1)
        if kind & _IS_BLOCK:
            self._break()
        if text := element.text:
            self._add(text)
        return True

    def leave(self, element: Element) -> None:
        kind = self._stack.pop()
        if kind & _IS_COUNTED and not kind & _IS_UNREAD:
            self._count(kind, -1)
        if kind & _IS_BLOCK:
            self._break()
        elif kind & _IS_SPACED:
            self._add(_SPACED[element.tag])
        if tail := element.tail:
            self._add(tail)

    def _count(self, kind: int, by: int) -> None:
        self._links += by * (kind & _IS_LINK)
        self._verbatim += by * (kind & _IS_VERBATIM)
        self._headings += by * (kind & _IS_HEADING)
        self._mains += by * (kind & _IS_MAIN)

    def _break(self) -> None:
        block = self.blocks[-1]
        if block.pieces:
            self.blocks.append(block := _Block([]))
        block.is_verbatim, block.is_heading, block.is_main = self._verbatim > 0, self._headings > 0, self._mains > 0

    def _add(self, text: str) -> None:
        block = self.blocks[-1]
        block.pieces.append(text)
        if self._links:
            block.num_link_characters += len(text)


def _blocks(tree: Element) -> list[_Block]:
    """The page's runs of text in order, without what is not read."""
    from lxml import etree

    walk, steps = _Walk(), etree.iterwalk(tree, events=("start", "end"))
    for event, element in steps:
        if event == "end":
            walk.leave(element)
        elif not walk.enter(element):
            steps.skip_subtree()
    return walk.blocks


def _kind_by_attributes(kind: int, attributes: list[tuple[str, str]]) -> int:
    """What its attributes make of an element."""
    more = 0
    for name, value in attributes:
        if name == "class":
            more |= _IS_UNREAD * (not kind & _IS_WHOLE and _names_unread(value))
        elif name == "id":
            more |= _IS_UNREAD * (bool(kind & _IS_BOX) and _names_unread(value))
        elif name == "role":
            more |= _IS_UNREAD * (value in _UNREAD_ROLES) | _IS_MAIN * (value == "main")
        elif name == "href":
            more |= _IS_LINK * (not kind & _IS_BLOCK)
        elif name == "hidden" or (name == "aria-hidden" and value == "true"):
            more |= _IS_UNREAD
    return more


@functools.lru_cache(maxsize=20_000)
def _names_unread(named: str) -> bool:
    """Whether a class or an id begins or ends with a word for what is not read: `page-footer`, `nav_main`."""
    for name in named.lower().split():
        words = _NAME.findall(name)
        if words and (words[0] in _UNREAD_NAMES or words[-1] in _UNREAD_NAMES) and _ABOUT_OTHERS.isdisjoint(words):
            return True
    return False


def _without_links(blocks: list[tuple[_Block, str]]) -> list[str]:
    """The texts of blocks that are not mostly links, and of headings that have a text below them."""
    lines: list[str] = []
    waiting: list[str] = []
    for block, text in blocks:
        if block.is_heading:
            waiting.append(text)
        elif block.num_link_characters <= _MAX_LINK_SHARE * len(text):
            lines += (*waiting, text)
            waiting = []
    return lines
