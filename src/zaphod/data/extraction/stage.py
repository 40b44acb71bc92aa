"""The stage that turns what sources read into plain text, each media type by its own reader; knows no source.

A source says in `metadata["media_type"]` what it has read. Text that says nothing is plain already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal, get_args

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.extraction.info_files import text_of_info
from zaphod.data.extraction.main_text import main_text
from zaphod.data.extraction.man_pages import text_of_man_page
from zaphod.data.extraction.plain_text import tidied
from zaphod.data.extraction.precise import precise_text

HtmlMethod = Literal["blocks", "trafilatura"]

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_READERS: Final[Mapping[str, Callable[[str], str]]] = {
    "text/troff": text_of_man_page,
    "text/x-info": text_of_info,
}


class Extraction(DocumentStage):
    """Replaces each document's text by what a reader would read of it; drops documents that hold none.

    Args:
        html: `blocks` keeps the blocks of the page's main part that are not mostly links (fast); `trafilatura` asks
            that library with its precision favoured (see docs/data-cleaning.md for both beside each other).
        max_characters: longer sources are dropped; they are data or an attack.
    """

    name = "extraction"

    def __init__(self, *, html: HtmlMethod = "blocks", max_characters: int = 20_000_000) -> None:
        super().__init__()
        if html not in get_args(HtmlMethod):
            raise ConfigError(
                f"There is no way to read HTML called {html!r}.",
                f"Ways are {', '.join(get_args(HtmlMethod))}.",
                "Choose one of them.",
            )
        self.html, self.max_characters = html, max_characters

    def settings(self) -> Mapping[str, Any]:
        return {"html": self.html, "max_characters": self.max_characters}

    def judge(self, document: Document) -> Document | Dropped:
        if len(document.text) > self.max_characters:
            return Dropped("source too long")
        media_type = document.metadata.get("media_type", "text/plain")
        if media_type in _HTML:
            text = precise_text(document.text) if self.html == "trafilatura" else main_text(document.text)
        else:
            text = _READERS.get(media_type, str)(document.text)
        text = tidied(text)
        return replace(document, text=text) if text else Dropped("no text in it")
